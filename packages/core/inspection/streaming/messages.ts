/**
 * Anthropic's Messages while they stream. In: events. Out: events whose texts may be released: text, thinking and
 * whatever else a content block streams.
 *
 * Text that waits leaves with the block's next delta, or in a delta of its own before the block stops. A block that calls
 * a tool is held whole, from its start to its stop, and decided before any of it is sent. A signature over thinking that
 * was changed is not passed on: it would vouch for other words.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "../../contract/strict-json.ts";
import type { ContentGuard, RunningText } from "./content-guard.ts";
import { withData, type ServerSentEvent } from "./event-stream.ts";
import { RepeatedEvent } from "./repeated-event.ts";
import { keep, namedEvent, parseAnswer, refuseOverHeld, textOf, type Ending, type EventFraming } from "./framing.ts";
import { isModels, under, within, type Voice } from "./voices.ts";

/** A content block that is open. */
interface Block {
  /** Its running texts by the name of the delta's field, and the type of delta that carries each. */
  readonly texts: Map<string, { readonly type: string; readonly text: RunningText }>;
  /** What is held of a tool call: its start, and its input so far. */
  readonly call: { readonly start: string; readonly input: string } | undefined;
  /** Who says it, where that is told. */
  readonly voice: Voice;
  /** Whether its signature has come. */
  readonly signed?: boolean;
}

/** What blocks start with and go on with, and the type of delta that goes on with it. */
const runningField: Readonly<Record<string, string>> = {
  text_delta: "text",
  thinking_delta: "thinking",
  compaction_delta: "content",
};
/** Fields of a delta that are said once. */
const saidOnce: ReadonlySet<string> = new Set(["type", "signature"]);
const maxBlocks = 256;

export class MessagesFraming implements EventFraming {
  readonly #guard: ContentGuard;
  readonly #blocks = new Map<number, Block>();
  readonly #repeated = new RepeatedEvent();
  #heldLength = 0;
  #started = false;
  /** How many blocks have begun. */
  #begun = 0;

  constructor(guard: ContentGuard) {
    this.#guard = guard;
  }

  event(event: ServerSentEvent): string {
    if (event.data === undefined) return event.raw;
    const repeated = this.#repeated.released(event);
    if (repeated !== undefined) return repeated;
    this.#repeated.forget();
    const tree = parseAnswer(event.data);
    if (!isJsonObject(tree)) return this.#whole(event, tree);
    switch (tree["type"]) {
      case "content_block_start":
        return this.#start(event, tree);
      case "content_block_delta":
        return this.#delta(event, tree);
      case "content_block_stop":
        return this.#stop(event, tree);
      case "message_start": {
        const out = this.#whole(event, tree);
        this.#started = this.#guard.blocked === undefined;
        return out;
      }
      case "message_delta":
      case "message_stop":
      case "error": {
        this.#guard.barrier();
        const rest = this.end();
        return this.#guard.blocked === undefined ? rest + this.#whole(event, tree) : rest;
      }
      default:
        return this.#whole(event, tree);
    }
  }

  end(): string {
    let out = "";
    for (const index of this.#blocks.keys()) {
      out += this.#rest(index);
      if (this.#guard.blocked !== undefined) break;
    }
    return out;
  }

  /** A refusal, which is how the API itself ends an answer that a classifier stopped. */
  ending(unsent = false): Ending {
    if (!this.#started || unsent)
      return (words) => namedEvent({ type: "error", error: { type: "permission_error", message: words } });
    let out = "";
    for (const [index, { call }] of this.#blocks)
      if (call === undefined) out += namedEvent({ type: "content_block_stop", index });
    return (words) => {
      const details = { type: "refusal", category: null, explanation: words };
      const delta = { stop_reason: "refusal", stop_sequence: null, stop_details: details };
      const end = namedEvent({ type: "message_delta", delta, usage: { output_tokens: 0 } });
      return out + end + namedEvent({ type: "message_stop" });
    };
  }

  #whole(event: ServerSentEvent, tree: JsonValue): string {
    const filtered = this.#guard.tree(tree);
    if (this.#guard.blocked !== undefined) return "";
    return filtered === tree ? event.raw : withData(event, JSON.stringify(filtered));
  }

  #start(event: ServerSentEvent, tree: JsonObject): string {
    const index = indexOf(tree);
    // Clients find a block by its place in the order in which they began.
    if (index !== this.#begun) throw new Error("the content blocks of the answer do not begin in their order");
    this.#begun += 1;
    this.#guard.undoable(() => (this.#begun -= 1));
    if (this.#blocks.size >= maxBlocks) throw new Error(`the answer has more than ${maxBlocks} open content blocks`);
    const block = tree["content_block"];
    if (!isJsonObject(block)) throw new Error("a content block of the answer is not an object");
    const type = textOf(block["type"]);
    if (type.endsWith("tool_use")) {
      // Under this name the official client keeps the input that has come so far.
      if ("__json_buf" in block) throw new Error("a tool call of the answer begins with a client's own notes");
      const start = this.#whole(event, tree);
      this.#hold(start.length);
      keep(this.#guard, this.#blocks, index, { texts: new Map(), voice: "call", call: { start, input: "" } });
      return "";
    }
    const voice = within(this.#guard.voice, block);
    keep(this.#guard, this.#blocks, index, { texts: new Map(), voice, call: undefined });
    // What a block starts with runs on in its deltas.
    let started = block;
    for (const [delta, field] of Object.entries(runningField)) {
      const text = block[field];
      if (typeof text !== "string" || text === "") continue;
      const released = this.#push(index, delta, field, text, isModels(under(voice, field)));
      if (released !== text) started = { ...started, [field]: released };
    }
    if (started === block) return this.#whole(event, tree);
    const filtered = this.#guard.tree({ ...tree, content_block: started });
    return withData(event, JSON.stringify(filtered));
  }

  #delta(event: ServerSentEvent, tree: JsonObject): string {
    const index = indexOf(tree);
    const delta = tree["delta"];
    const block = this.#blocks.get(index);
    if (block === undefined || !isJsonObject(delta)) throw new Error("a delta of the answer has no content block");
    const type = textOf(delta["type"]);
    if (block.call !== undefined) {
      if (type !== "input_json_delta" || typeof delta["partial_json"] !== "string")
        throw new Error("a tool call of the answer has a delta that is not its input");
      this.#hold(delta["partial_json"].length);
      keep(this.#guard, this.#blocks, index, {
        ...block,
        call: { start: block.call.start, input: block.call.input + delta["partial_json"] },
      });
      return "";
    }
    if (type === "input_json_delta") throw new Error("a block of the answer that is no call has input");
    if (type === "signature_delta") return this.#signature(event, tree, index, block);
    // Whatever a delta's type, its texts may run on in the next.
    const voice = this.#guard.voice === "others" ? "others" : within(block.voice, delta);
    const texts: [string, string][] = [];
    let changed = false;
    for (const [name, text] of Object.entries(delta)) {
      if (typeof text !== "string" || text === "" || saidOnce.has(name)) continue;
      const released = this.#push(index, type, name, text, isModels(under(voice, name)));
      changed ||= released !== text;
      texts.push([name, released]);
    }
    if (texts.length === 0) return this.#whole(event, tree);
    const plain = { ...tree, delta: { ...delta, ...Object.fromEntries(texts.map(([name]) => [name, ""])) } };
    const rest = this.#guard.tree(plain) as typeof plain;
    const [only, another] = texts;
    const running = another === undefined && only !== undefined ? block.texts.get(only[0]) : undefined;
    if (rest === plain && running !== undefined && only !== undefined)
      this.#repeated.learn(event, only[0], textOf(delta[only[0]]), running.text);
    if (!changed && rest === plain && this.#guard.blocked === undefined) return event.raw;
    if (texts.every(([, text]) => text === "")) return "";
    return withData(event, JSON.stringify({ ...rest, delta: { ...rest.delta, ...Object.fromEntries(texts) } }));
  }

  /** A signature says that the thinking before it is whole. */
  #signature(event: ServerSentEvent, tree: JsonObject, index: number, block: Block): string {
    if (block.signed === true) throw new Error("a content block of the answer is signed twice");
    const rest = this.#rest(index);
    if (this.#guard.blocked !== undefined) return rest;
    keep(this.#guard, this.#blocks, index, { ...block, signed: true });
    const changed = [...block.texts.values()].some(({ text }) => text.changed);
    return changed ? rest : rest + this.#whole(event, tree);
  }

  #stop(event: ServerSentEvent, tree: JsonObject): string {
    const index = indexOf(tree);
    const rest = this.#rest(index);
    if (this.#guard.blocked !== undefined) return rest;
    keep(this.#guard, this.#blocks, index, undefined);
    return rest + this.#whole(event, tree);
  }

  #push(index: number, type: string, field: string, piece: string, own: boolean): string {
    const block = this.#blocks.get(index) as Block;
    let running = block.texts.get(field);
    if (running === undefined) block.texts.set(field, (running = { type, text: this.#guard.open() }));
    return running.text.push(piece, own);
  }

  /** What is held of a block: the tail of its texts, or a whole tool call. */
  #rest(index: number): string {
    const block = this.#blocks.get(index);
    if (block === undefined) return "";
    let out = "";
    for (const [field, { type, text }] of block.texts) {
      const rest = text.end();
      if (rest !== "") out += namedEvent({ type: "content_block_delta", index, delta: { type, [field]: rest } });
      if (this.#guard.blocked !== undefined) return out;
    }
    if (block.call === undefined) return out;
    this.#guard.barrier();
    const { start, input } = block.call;
    const decided = input === "" ? "" : this.#guard.json(input);
    keep(this.#guard, this.#blocks, index, { ...block, call: undefined });
    if (input === "") return out + start;
    if (this.#guard.blocked !== undefined) {
      keep(this.#guard, this.#blocks, index, undefined); // of a call that nobody saw begin, nobody needs to see the end
      return out;
    }
    const delta = { type: "input_json_delta", partial_json: decided };
    return `${out}${start}${namedEvent({ type: "content_block_delta", index, delta })}`;
  }

  #hold(length: number): void {
    this.#heldLength += length;
    refuseOverHeld(this.#heldLength);
  }
}

function indexOf(tree: JsonObject): number {
  const { index } = tree;
  if (typeof index !== "number" || !Number.isInteger(index) || index < 0)
    throw new Error("a content block of the answer has no index");
  return index;
}
