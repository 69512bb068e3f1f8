/**
 * Watches an answer for the id of the object that it made, without changing or delaying a byte. In: chunks as they
 * pass. Out: the id, as soon as it can be known.
 */
const maxWatchedBytes = 4 * 1024 * 1024;

export interface CreatedObjectWatch {
  /** Returns the id the first time it is known. */
  push(chunk: Uint8Array): string | undefined;
  end(): string | undefined;
}

/** @param eventStream whether the answer is `text/event-stream`; else it is one JSON object */
export function watchCreatedObject(eventStream: boolean): CreatedObjectWatch {
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
