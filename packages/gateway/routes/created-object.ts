/**
 * Watches an answer for the id of the object that it made, without changing or delaying a byte. In: chunks as they
 * pass. Out: the id, as soon as it can be known.
 */
import type { ObjectType } from "./ownership.ts";

const maxUploadAnswer = 65_536;
const maxWatchedBytes = 4 * 1024 * 1024;

export interface CreatedObjectWatch {
  /** Returns the id the first time it is known. */
  push(chunk: Uint8Array): string | undefined;
  end(): string | undefined;
}

/**
 * @param fields the answer's headers: an MCP session is named in one; other objects in the body, which is an event stream
 *   or one JSON object
 */
export function watchCreatedObject(type: ObjectType, fields: Readonly<Record<string, unknown>>): CreatedObjectWatch {
  if (type === "mcp-session") return watchHeader(fields["mcp-session-id"]);
  if (type === "s3-upload") return watchUpload();
  const contentType = fields["content-type"];
  return watchBody(typeof contentType === "string" && contentType.startsWith("text/event-stream"));
}

/** Known before the body; told with its first piece, which no client needs to have seen to use it. */
function watchHeader(value: unknown): CreatedObjectWatch {
  let id = typeof value === "string" && value.length <= 256 ? value : undefined;
  const once = (): string | undefined => {
    const told = id;
    id = undefined;
    return told;
  };
  return { push: once, end: once };
}

/** `<UploadId>` of an InitiateMultipartUploadResult. */
function watchUpload(): CreatedObjectWatch {
  let text = "";
  return {
    push(chunk) {
      if (text.length < maxUploadAnswer) text += Buffer.from(chunk).toString("latin1");
      return undefined;
    },
    end: () => /<UploadId>([A-Za-z0-9._~+/=-]{1,1024})<\/UploadId>/.exec(text.slice(0, maxUploadAnswer))?.[1],
  };
}

function watchBody(eventStream: boolean): CreatedObjectWatch {
  const decoder = new TextDecoder();
  let text = "";
  let done = false;
  const found = (id: unknown): string | undefined => {
    if (typeof id !== "string" || id.length === 0 || id.length > 128) return undefined;
    done = true;
    text = "";
    return id;
  };
  const scanEvents = (): string | undefined => {
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      const line = text.slice(0, end).trimEnd();
      text = text.slice(end + 1);
      if (!line.startsWith("data:")) continue;
      const event = parse(line.slice(5)) as { response?: { id?: unknown } } | undefined;
      const id = found(event?.response?.id);
      if (id !== undefined) return id;
    }
    return undefined;
  };
  return {
    push(chunk) {
      if (done) return undefined;
      text += decoder.decode(chunk, { stream: true });
      if (text.length > maxWatchedBytes) {
        // Give up: the object stays without an owner, so nobody can reach it through the gateway.
        done = true;
        text = "";
        return undefined;
      }
      return eventStream ? scanEvents() : undefined;
    },
    end() {
      if (done || eventStream) return undefined;
      return found((parse(text) as { id?: unknown } | undefined)?.id);
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not the answer we watch for; the client gets it all the same
  }
}
