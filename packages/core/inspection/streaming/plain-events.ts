/**
 * Server-sent events of an API that is not known beforehand. In: events. Out: the same, filtered: as one of the known
 * framings as soon as an event shows which; else JSON event by event, and plain text, or JSON strings, as one text that
 * runs through the events. MCP's Streamable HTTP is the second case: each event is a whole JSON-RPC message.
 *
 * Fields of unknown JSON events are not joined from one event to the next: nothing says which of them run on.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "../../contract/strict-json.ts";
import { isCordonError } from "../../errors.ts";
import { ChatCompletionsFraming } from "./chat-completions.ts";
import type { ContentGuard, RunningText } from "./content-guard.ts";
import type { ServerSentEvent } from "./event-stream.ts";
import { parseAnswer, type Ending, type EventFraming } from "./framing.ts";
import { MessagesFraming } from "./messages.ts";
import { ResponsesFraming } from "./responses.ts";

const asArguments: ReadonlySet<string> = new Set(["arguments"]);
const nothing: ReadonlySet<string> = new Set();

export class PlainEventsFraming implements EventFraming {
  readonly #guard: ContentGuard;
  #known: EventFraming | undefined;
  #text: RunningText | undefined;
  #quoted = false;
  /** The JSON-RPC id of the message that came last. */
  #rpcId: JsonValue | undefined;

  constructor(guard: ContentGuard) {
    this.#guard = guard;
  }

  event(event: ServerSentEvent): string {
    if (this.#known !== undefined) return this.#known.event(event);
    if (event.data === undefined) return event.raw;
    const tree = asTree(event.data);
    if (tree === undefined || typeof tree === "string") return this.#running(event, event.data, tree);
    const known = isJsonObject(tree) ? framingOf(tree, this.#guard) : undefined;
    if (known !== undefined) {
      const rest = this.end();
      this.#known = known;
      this.#guard.undoable(() => (this.#known = undefined));
      return rest + known.event(event);
    }
    if (isJsonObject(tree) && tree["jsonrpc"] === "2.0") this.#rpc(tree);
    const filtered = this.#guard.tree(tree, nothing, asArguments);
    if (this.#guard.blocked !== undefined) return "";
    return filtered === tree ? event.raw : withText(event, JSON.stringify(filtered));
  }

  /** What was asked is answered by a result, and by an error: clients wait for no more. */
  #rpc(message: JsonObject): void {
    this.#rpcId = message["id"];
    if ("result" in message || "error" in message) this.#guard.barrier();
  }

  end(): string {
    if (this.#known !== undefined) return this.#known.end();
    const text = this.#text;
    const rest = text?.end() ?? "";
    this.#text = undefined;
    this.#guard.undoable(() => (this.#text = text));
    return rest === "" ? "" : withText({ others: "", lineEnd: "\n" }, this.#quoted ? JSON.stringify(rest) : rest);
  }

  ending(unsent = false): Ending {
    if (this.#known !== undefined) return this.#known.ending(unsent);
    const id = this.#rpcId ?? null;
    return (words) => {
      const error = { code: -32_001, message: words };
      if (id !== null) return `event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", id, error })}\n\n`;
      return `event: error\ndata: ${JSON.stringify({ error: { code: "inspection", message: words } })}\n\n`;
    };
  }

  /** @param quoted the text, where the event holds it as a JSON string */
  #running(event: ServerSentEvent, data: string, quoted: string | undefined): string {
    this.#quoted = quoted !== undefined;
    const piece = quoted ?? data;
    const released = (this.#text ??= this.#guard.open()).push(piece);
    if (released === piece) return event.raw;
    if (released === "") return "";
    return withText(event, quoted === undefined ? released : JSON.stringify(released));
  }
}

function framingOf(tree: JsonObject, guard: ContentGuard): EventFraming | undefined {
  if (Array.isArray(tree["choices"])) return new ChatCompletionsFraming(guard);
  const { type } = tree;
  if (typeof type !== "string") return undefined;
  if (type === "message_start" || type.startsWith("content_block_")) return new MessagesFraming(guard);
  return type.startsWith("response.") ? new ResponsesFraming(guard) : undefined;
}

/** What JSON an event holds; `undefined` where it is plain text. */
function asTree(data: string): JsonValue | undefined {
  try {
    const tree = parseAnswer(data);
    return typeof tree === "string" || (typeof tree === "object" && tree !== null) ? tree : undefined;
  } catch (error) {
    if (isCordonError(error, "REQUEST_MALFORMED") && !/^\s*[[{]/.test(data)) return undefined;
    throw error;
  }
}

/** An event with other data, which may have several lines. */
function withText({ others, lineEnd }: Pick<ServerSentEvent, "others" | "lineEnd">, text: string): string {
  const lines = text.split("\n").map((line) => `data: ${line}${lineEnd}`);
  return `${others}${lines.join("")}${lineEnd}`;
}
