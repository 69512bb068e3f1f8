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

/** A content block that is open. */
interface Block {
  /** Its running texts by the name of the delta's field, and the type of delta that carries each. */
  readonly texts: Map<string, { readonly type: string; readonly text: RunningText }>;
  /** What is held of a tool call: its start, and its input so far. */
  readonly call: { readonly start: string; readonly input: string } | undefined;
}

/** The field of each kind of delta that is a running text. */
const runningField: Readonly<Record<string, string>> = {
  text_delta: "text",
  thinking_delta: "thinking",
  compaction_delta: "content",
};
const maxBlocks = 256;

export class MessagesFraming implements EventFraming {
  readonly #guard: ContentGuard;
  readonly #blocks = new Map<number, Block>();
  readonly #repeated = new RepeatedEvent();
  #heldLength = 0;
  #started = false;

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
    if (this.#blocks.has(index)) throw new Error("a content block of the answer starts twice");
    if (this.#blocks.size >= maxBlocks) throw new Error(`the answer has more than ${maxBlocks} open content blocks`);
    const block = tree["content_block"];
    if (!isJsonObject(block)) throw new Error("a content block of the answer is not an object");
    const type = textOf(block["type"]);
    if (type.endsWith("tool_use")) {
      const start = this.#whole(event, tree);
      this.#hold(start.length);
      keep(this.#guard, this.#blocks, index, { texts: new Map(), call: { start, input: "" } });
      return "";
    }
    keep(this.#guard, this.#blocks, index, { texts: new Map(), call: undefined });
    // What a block starts with runs on in its deltas.
    let started = block;
    for (const [delta, field] of Object.entries(runningField)) {
      const text = block[field];
      if (typeof text !== "string" || text === "") continue;
      const released = this.#push(index, delta, field, text);
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
    const field = runningField[type];
    if (type === "signature_delta") return this.#signature(event, tree, index, block);
    if (field === undefined || typeof delta[field] !== "string") return this.#whole(event, tree);
    const text = delta[field];
    const released = this.#push(index, type, field, text);
    const bare = { ...tree, delta: { ...delta, [field]: "" } };
    const rest = this.#guard.tree(bare) as typeof bare;
    const running = block.texts.get(field);
    if (rest === bare && running !== undefined) this.#repeated.learn(event, field, text, running.text);
    if (released === text && rest === bare && this.#guard.blocked === undefined) return event.raw;
    if (released === "") return "";
    return withData(event, JSON.stringify({ ...rest, delta: { ...rest.delta, [field]: released } }));
  }

  /** A signature says that the thinking before it is whole. */
  #signature(event: ServerSentEvent, tree: JsonObject, index: number, block: Block): string {
    const rest = this.#rest(index);
    if (this.#guard.blocked !== undefined) return rest;
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

  #push(index: number, type: string, field: string, piece: string): string {
    const block = this.#blocks.get(index) as Block;
    let running = block.texts.get(field);
    if (running === undefined) block.texts.set(field, (running = { type, text: this.#guard.open() }));
    return running.text.push(piece);
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
