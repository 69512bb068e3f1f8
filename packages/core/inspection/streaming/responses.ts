/**
 * OpenAI's Responses while they stream. In: events. Out: events whose texts may be released: output text, refusals,
 * reasoning and its summaries, transcripts, and the arguments of calls.
 *
 * Text that waits leaves with its next delta, or in a delta of its own before the event that says it is done. The events
 * that repeat a text whole (`done`, `part`, `item`, the response itself) are filtered as whole texts, which gives the same
 * words. A call is held from its item's start until its arguments are whole, and decided before any of it is sent.
 * Sequence numbers stay gapless: once an event was added or left out, those that follow are numbered anew.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "../../contract/strict-json.ts";
import type { ContentGuard, RunningText } from "./content-guard.ts";
import { withData, type ServerSentEvent } from "./event-stream.ts";
import {
  keep,
  namedEvent,
  parseAnswer,
  refuseOverHeld,
  saysError,
  textOf,
  type Ending,
  type EventFraming,
} from "./framing.ts";
import { mayBeSent, RunningReadings, withoutLogprobs } from "./log-probabilities.ts";
import { isModels, under, within } from "./voices.ts";

interface Running {
  /** The last delta, without its text: what a further one looks like. */
  envelope: JsonObject;
  readonly item: string;
  readonly text: RunningText;
  readonly readings: RunningReadings;
}

/** A call whose arguments are not whole yet: its events so far, as trees. */
interface HeldCall {
  readonly events: JsonObject[];
}

const callTypes: ReadonlySet<string> = new Set([
  ...["function_call", "custom_tool_call", "mcp_call", "computer_call", "local_shell_call", "shell_call"],
  ...["apply_patch_call", "code_interpreter_call"],
]);
/** Binary, in base64: nothing reads it, and the record says so. */
const binaryDeltas: ReadonlySet<string> = new Set(["response.audio.delta"]);
const logprobs: ReadonlySet<string> = new Set(["logprobs"]);
const maxTexts = 512;

export class ResponsesFraming implements EventFraming {
  readonly #guard: ContentGuard;
  readonly #running = new Map<string, Running>();
  readonly #calls = new Map<string, HeldCall>();
  #heldLength = 0;
  /** The next sequence number, once numbers are given anew. */
  #next = 0;
  #renumbered = false;
  /** The response as its last event of life showed it. */
  #response: JsonObject | undefined;

  constructor(guard: ContentGuard) {
    this.#guard = guard;
  }

  event(event: ServerSentEvent): string {
    if (event.data === undefined) return event.raw;
    if (event.data.trim() === "[DONE]") {
      const rest = this.end();
      return this.#guard.blocked === undefined ? rest + event.raw : rest;
    }
    const tree = parseAnswer(event.data);
    const type = isJsonObject(tree) && typeof tree["type"] === "string" ? tree["type"] : "";
    // What fails does so after the text that was said so far.
    const said = saysError(event, tree) ? this.end() : "";
    if (this.#guard.blocked !== undefined) return said;
    if (said !== "" || !isJsonObject(tree) || type === "") return said + this.#whole(event, tree);
    const item = itemOf(tree);
    if (type === "response.output_item.added" && isCall(tree["item"])) {
      keep(this.#guard, this.#calls, item, { events: [] });
      return this.#hold(item, tree);
    }
    // Arguments of a call that nobody saw begin are arguments all the same.
    if (type.endsWith("arguments.delta") && !this.#calls.has(item))
      keep(this.#guard, this.#calls, item, { events: [] });
    const call = this.#calls.get(item);
    if (call !== undefined) return this.#ofCall(event, tree, type, item);
    if (type.endsWith(".delta") && typeof tree["delta"] === "string" && !binaryDeltas.has(type))
      return this.#delta(event, tree, type, item);
    if (isJsonObject(tree["response"])) return this.#lifecycle(event, tree, tree["response"], type);
    // Whatever else is said of an item or a part of it comes after the text that was said of it so far.
    const rest = type.startsWith("response.") ? this.#rest(item, partOf(tree)) : "";
    return this.#guard.blocked === undefined ? rest + this.#whole(event, tree) : rest;
  }

  end(): string {
    let out = "";
    for (const { item } of [...this.#running.values()]) {
      out += this.#rest(item, undefined);
      if (this.#guard.blocked !== undefined) return out;
    }
    for (const item of [...this.#calls.keys()]) {
      out += this.#release(item);
      if (this.#guard.blocked !== undefined) return out;
    }
    return out;
  }

  /** An incomplete response, for the reason that the API gives where its own filter stopped one. */
  ending(unsent = false): Ending {
    const number = unsent ? 0 : this.#next;
    if (this.#response === undefined || unsent) {
      const error = { type: "error", code: "content_filter", param: null, sequence_number: number };
      return (words) => namedEvent({ ...error, message: words });
    }
    const { output: _, ...facts } = this.#response;
    // Without `output`, clients keep what they have put together so far.
    const response = { ...facts, status: "incomplete", incomplete_details: { reason: "content_filter" } };
    const last = namedEvent({ type: "response.incomplete", sequence_number: number, response });
    return () => last;
  }

  #delta(event: ServerSentEvent, tree: JsonObject, type: string, item: string): string {
    const { delta, logprobs: _, ...envelope } = tree;
    const key = `${item}|${partOf(tree)}|${type}`;
    let running = this.#running.get(key);
    if (running === undefined) {
      if (this.#running.size >= maxTexts) throw new Error(`the answer has more than ${maxTexts} open texts`);
      this.#running.set(
        key,
        (running = { envelope, item, text: this.#guard.open(), readings: new RunningReadings(this.#guard) }),
      );
    }
    running.envelope = envelope;
    const released = running.text.push(delta as string, isModels(under(within(this.#guard.voice, envelope), "delta")));
    const bare = this.#guard.tree(envelope) as JsonObject;
    const isSpelt =
      isNone(tree["logprobs"]) || running.readings.areOf({ "": delta as string }, tree["logprobs"] ?? null);
    if (released === delta && bare === envelope && isSpelt) return this.#pass(event, tree);
    if (released === "") return this.#dropped();
    return this.#changed(event, { ...bare, delta: released, ...("logprobs" in tree ? { logprobs: [] } : {}) });
  }

  #lifecycle(event: ServerSentEvent, tree: JsonObject, response: JsonObject, type: string): string {
    const ends = /^response\.(?:completed|incomplete|failed|cancelled)$/.test(type);
    if (ends) this.#guard.barrier();
    const rest = ends ? this.end() : "";
    if (this.#guard.blocked !== undefined) return rest;
    const out = rest + this.#whole(event, tree);
    const shown = this.#guard.tree(response);
    if (this.#guard.blocked === undefined && isJsonObject(shown)) this.#response = shown;
    return out;
  }

  /** An event of a call that is held. It is let go once its arguments are whole. */
  #ofCall(event: ServerSentEvent, tree: JsonObject, type: string, item: string): string {
    if (!type.endsWith(".done")) return this.#hold(item, tree);
    const released = this.#release(item);
    return this.#guard.blocked === undefined ? released + this.#whole(event, tree) : released;
  }

  #hold(item: string, tree: JsonObject): string {
    this.#heldLength += JSON.stringify(tree).length;
    refuseOverHeld(this.#heldLength);
    const { events = [] } = this.#calls.get(item) ?? {};
    events.push(tree);
    this.#guard.undoable(() => void events.pop());
    return this.#dropped();
  }

  /** The events of a held call: its arguments in one delta, everything else as it came. */
  #release(item: string): string {
    this.#guard.barrier();
    const events = this.#calls.get(item)?.events ?? [];
    keep(this.#guard, this.#calls, item, undefined);
    const whole = new Map<string, JsonObject>();
    const kept: JsonObject[] = [];
    for (const tree of events) {
      const { delta } = tree;
      const type = textOf(tree["type"]);
      if (typeof delta !== "string") {
        kept.push(tree);
        continue;
      }
      const known = whole.get(type);
      if (known !== undefined) known["delta"] = textOf(known["delta"]) + delta;
      else {
        const first = { ...tree };
        whole.set(type, first);
        kept.push(first);
      }
    }
    const filtered = kept.map((tree) => this.#ofArguments(tree));
    if (this.#guard.blocked !== undefined) return "";
    return filtered.map((tree) => namedEvent(this.#numbered(tree))).join("");
  }

  /** What is held of an item's texts, or of one part of them. */
  #rest(item: string, part: string | undefined): string {
    let out = "";
    for (const [key, running] of this.#running) {
      if (running.item !== item || (part !== undefined && !isWithin(key, item, part))) continue;
      const delta = running.text.end();
      keep(this.#guard, this.#running, key, undefined);
      const { envelope } = running;
      if (delta !== "")
        out += namedEvent(
          this.#numbered({ ...(this.#guard.tree(envelope) as JsonObject), delta, ...emptyLogprobs(envelope) }),
        );
      if (this.#guard.blocked !== undefined) return out;
    }
    return out;
  }

  #whole(event: ServerSentEvent, tree: JsonValue): string {
    const filtered = this.#filtered(tree);
    if (this.#guard.blocked !== undefined) return "";
    if (filtered === tree) return this.#pass(event, tree);
    return this.#changed(event, isJsonObject(filtered) ? filtered : {});
  }

  /** A tree that holds whole texts. Log probabilities spell texts: they go where anything was changed. */
  #filtered(tree: JsonValue): JsonValue {
    const filtered = this.#guard.tree(tree, logprobs, asArguments);
    return withoutLogprobs(filtered, [], (each) => filtered !== tree || !mayBeSent(each, this.#guard));
  }

  /** An event of a call; its arguments are JSON, also where a delta carries them. */
  #ofArguments(tree: JsonObject): JsonObject {
    const { delta, ...rest } = tree;
    const filtered = this.#guard.tree(rest, nothing, asArguments) as JsonObject;
    if (typeof delta !== "string") return filtered;
    const isJson = textOf(tree["type"]).includes("arguments");
    return { ...filtered, delta: isJson ? this.#guard.json(delta) : this.#guard.fixed(delta) };
  }

  #pass(event: ServerSentEvent, tree: JsonValue): string {
    if (!isJsonObject(tree)) return event.raw;
    if (this.#renumbered && typeof tree["sequence_number"] === "number") return this.#changed(event, tree);
    if (typeof tree["sequence_number"] === "number") this.#next = tree["sequence_number"] + 1;
    return event.raw;
  }

  #changed(event: ServerSentEvent, tree: JsonObject): string {
    return withData(event, JSON.stringify(this.#numbered(tree)));
  }

  #dropped(): string {
    this.#renumbered = true;
    return "";
  }

  #numbered(tree: JsonObject): JsonObject {
    if (typeof tree["sequence_number"] !== "number") return tree;
    const numbered = { ...tree, sequence_number: this.#next };
    if (tree["sequence_number"] !== this.#next) this.#renumbered = true;
    this.#next += 1;
    return numbered;
  }
}

const nothing: ReadonlySet<string> = new Set();
/** Calls carry JSON in a string. */
const asArguments: ReadonlySet<string> = new Set(["arguments"]);

function itemOf(tree: JsonObject): string {
  const { output_index: index, item_id: id } = tree;
  return typeof index === "number" ? `#${index}` : typeof id === "string" ? id : "";
}

function partOf(tree: JsonObject): string {
  const { content_index: content, summary_index: summary } = tree;
  return `${typeof content === "number" ? content : ""}/${typeof summary === "number" ? summary : ""}`;
}

/** An event that names no part speaks of the whole item. */
function isWithin(key: string, item: string, part: string): boolean {
  return part === "/" || key.startsWith(`${item}|${part}|`);
}

function isCall(item: JsonValue | undefined): boolean {
  return isJsonObject(item) && typeof item["type"] === "string" && callTypes.has(item["type"]);
}

function isNone(tokens: JsonValue | undefined): boolean {
  return tokens === undefined || tokens === null || (Array.isArray(tokens) && tokens.length === 0);
}

function emptyLogprobs(envelope: JsonObject): JsonObject {
  return envelope["type"] === "response.output_text.delta" ? { logprobs: [] } : {};
}
