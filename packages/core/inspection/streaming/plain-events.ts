/**
 * Server-sent events of an API that is not known beforehand. In: events. Out: the same, filtered: as one of the known
 * framings as soon as an event shows which; else the texts of JSON events, JSON strings and plain text run from one event to the
 * next (`running-fields.ts`). Not those of JSON-RPC, as in MCP's Streamable HTTP: each event is a whole message there, and the
 * next may be long in coming. A2A's streamed artifacts and statuses run on.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "../../contract/strict-json.ts";
import { isCordonError } from "../../errors.ts";
import { ChatCompletionsFraming } from "./chat-completions.ts";
import type { ContentGuard } from "./content-guard.ts";
import type { ServerSentEvent } from "./event-stream.ts";
import { parseAnswer, type Ending, type EventFraming } from "./framing.ts";
import { MessagesFraming } from "./messages.ts";
import { ResponsesFraming } from "./responses.ts";
import { RunningFields } from "./running-fields.ts";
import { holdsCall, isPlainSpeech, voiceOfEvent } from "./voices.ts";

const asArguments: ReadonlySet<string> = new Set(["arguments"]);
const nothing: ReadonlySet<string> = new Set();

/** An event whose data is JSON, or a text as it stands. */
interface Source {
  readonly event: ServerSentEvent;
  readonly isPlain: boolean;
}

export class PlainEventsFraming implements EventFraming {
  readonly #guard: ContentGuard;
  readonly #apart: boolean;
  readonly #fields: RunningFields<Source>;
  #known: EventFraming | undefined;
  /** The JSON-RPC id of the message that came last. */
  #rpcId: JsonValue | undefined;

  /** @param apart whether each event is read by itself: nothing then waits for the next one */
  constructor(guard: ContentGuard, { apart = false }: { readonly apart?: boolean } = {}) {
    this.#guard = guard;
    this.#apart = apart;
    this.#fields = new RunningFields(guard, ({ event, isPlain }, tree) => {
      if (tree === undefined) return event.raw;
      return withText(event, isPlain ? (tree as string) : JSON.stringify(tree));
    });
  }

  event(event: ServerSentEvent): string {
    const { name } = event;
    if (this.#guard.isToldApart) this.#guard.voice = voiceOfEvent(name);
    if (this.#known !== undefined) return this.#known.event(event);
    const { length } = event.raw;
    // A comment keeps the connection alive. An id says how far the client has come, and some act on a name alone: these keep their place.
    if (event.data === undefined)
      return keepsPlace.test(event.others)
        ? this.#fields.take({ event, isPlain: true }, "", length, { name })
        : event.raw;
    if (event.data.trim() === endOfStream) return this.#behind(event.raw);
    const tree = asTree(event.data);
    const known = isJsonObject(tree) ? framingOf(tree, this.#guard) : undefined;
    if (known !== undefined) {
      const rest = this.end();
      if (this.#guard.blocked !== undefined) return rest;
      this.#known = known;
      this.#guard.undoable(() => (this.#known = undefined));
      return rest + known.event(event);
    }
    const isRpc = isJsonObject(tree) && tree["jsonrpc"] === "2.0";
    if (isRpc) this.#rpc(tree);
    if (this.#apart || (isRpc && !isStreamed(tree))) return this.#fields.end() + this.#byItself(event, tree);
    return this.#fields.take({ event, isPlain: tree === undefined }, tree ?? event.data, length, { name });
  }

  /** What ends the stream, once all that was held is out. */
  #behind(raw: string): string {
    const rest = this.end();
    return this.#guard.blocked === undefined ? rest + raw : rest;
  }

  #byItself(event: ServerSentEvent, tree: JsonValue | undefined): string {
    const text = event.data ?? "";
    if (this.#guard.isHeard && tree !== undefined && holdsCall(tree)) this.#guard.barrier();
    const filtered =
      tree === undefined
        ? this.#guard.page(text, "", this.#guard.voice !== "others" && isPlainSpeech(text))
        : this.#guard.tree(tree, nothing, asArguments);
    if (this.#guard.blocked !== undefined) return "";
    if (tree === undefined) return filtered === text ? event.raw : withText(event, filtered as string);
    return filtered === tree ? event.raw : withText(event, JSON.stringify(filtered));
  }

  /** What was asked is answered by a result, and by an error: clients wait for no more. */
  #rpc(message: JsonObject): void {
    this.#rpcId = message["id"];
    if ("result" in message || "error" in message) this.#guard.barrier();
  }

  end(): string {
    return this.#known === undefined ? this.#fields.end() : this.#known.end();
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
}

const keepsPlace = /(?:^|[\r\n])(?:id|event)/;
/** How streams of several makers end. */
const endOfStream = "[DONE]";

/** A2A's streams, where several results answer one request (A2A specification 0.3, section 7.2). */
function isStreamed({ result }: JsonObject): boolean {
  if (!isJsonObject(result)) return false;
  const { kind } = result;
  return (
    kind === "artifact-update" || kind === "status-update" || "artifactUpdate" in result || "statusUpdate" in result
  );
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
  const lines = text.split(/\r\n|\r|\n/).map((line) => `data: ${line}${lineEnd}`);
  return `${others}${lines.join("")}${lineEnd}`;
}
