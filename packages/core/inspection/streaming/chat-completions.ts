/**
 * OpenAI's Chat Completions while they stream, and legacy Completions. In: chunks. Out: chunks whose texts may be
 * released: content, refusals, reasoning and whatever else a server puts into a delta, each choice for itself.
 *
 * A chunk passes byte for byte where all its text does. Text that waits leaves with the next chunk of the same kind, or in
 * a chunk of its own before the choice finishes: nothing that ends a choice overtakes its text. Tool calls are taken out,
 * held whole, decided, and sent in one chunk before the choice finishes. Log probabilities spell the text again, so they
 * leave only with chunks that are unchanged.
 */
import { isLongNumber } from "../../contract/long-numbers.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../contract/strict-json.ts";
import type { ContentGuard, RunningText } from "./content-guard.ts";
import { withData, type ServerSentEvent } from "./event-stream.ts";
import { formatWords } from "./format-words.ts";
import { RepeatedEvent } from "./repeated-event.ts";
import { indexOf, noCalls, type HeldCalls } from "./held-calls.ts";
import { keep, parseAnswer, refuseOverHeld, saysError, textOf, type Ending, type EventFraming } from "./framing.ts";
import { RunningReadings } from "./log-probabilities.ts";
import { isModels, toItem, toProperty, Turns, under, type Voice, type Way } from "./voices.ts";

/** Properties of a delta that are no text of the model's, or whose text is not running. */
const notRunning: ReadonlySet<string> = new Set(["role", "type", "id", "index", "tool_calls", "function_call"]);
/** Read elsewhere, or text that is already decided. */
const readApart: ReadonlySet<string> = new Set(["choices", "logprobs"]);
const nothing: ReadonlySet<string> = new Set();
const maxChoices = 128;
const maxTexts = 512;

/** A text of one choice: where it is in the delta, and what is held of it. */
interface Channel {
  readonly choice: number;
  readonly path: readonly string[];
  readonly text: RunningText;
}

/** A message that chunks repeat, as far as it goes, and what was sent of it; `facts` is all of it but its content. */
interface Said {
  readonly content: string;
  readonly released: string;
  readonly facts: string;
  readonly text: RunningText;
  readonly isOver?: boolean;
}

export class ChatCompletionsFraming implements EventFraming {
  readonly #guard: ContentGuard;
  readonly #channels = new Map<string, Channel>();
  readonly #calls = new Map<number, HeldCalls>();
  readonly #said = new Map<number, Said>();
  readonly #readings = new Map<number, RunningReadings>();
  readonly #open = new Set<number>();
  readonly #repeated = new RepeatedEvent();
  readonly #turns = new Turns();
  #heldLength = 0;
  /** What every chunk of this answer says of itself. */
  #envelope: JsonObject = {};
  /** Whether this is the legacy API, whose choices hold `text`. */
  #legacy = false;

  constructor(guard: ContentGuard) {
    this.#guard = guard;
  }

  event(event: ServerSentEvent): string {
    if (event.data === undefined) return event.raw;
    const repeated = this.#repeated.released(event);
    if (repeated !== undefined) return repeated;
    if (event.data.trim() === "[DONE]") {
      const rest = this.end();
      this.#guard.barrier();
      return this.#guard.blocked === undefined ? rest + event.raw : rest;
    }
    const tree = parseAnswer(event.data);
    if (!isJsonObject(tree) || !Array.isArray(tree["choices"])) {
      // JavaScript reads `choices[0]` of an object as well.
      if (isJsonObject(tree) && (tree["choices"] ?? null) !== null)
        throw new Error("the choices of the answer are no list");
      // What fails does so after the text that was said so far.
      const rest = saysError(event, tree) ? this.end() : "";
      if (this.#guard.blocked !== undefined) return rest;
      const filtered = this.#guard.tree(tree);
      if (this.#guard.blocked !== undefined) return rest;
      return rest + (filtered === tree ? event.raw : withData(event, JSON.stringify(filtered)));
    }
    return this.#chunk(event, tree, tree["choices"]);
  }

  end(): string {
    let out = "";
    for (const choice of new Set([...this.#open, ...this.#calls.keys()])) out += this.#finish(choice);
    return out;
  }

  ending(unsent = false): Ending {
    const open = this.#open.size > 0 && !unsent ? [...this.#open] : [0];
    const ends = open.map((index) =>
      this.#legacy
        ? { index, text: "", finish_reason: "content_filter", logprobs: null }
        : { index, delta: unsent ? opening : {}, finish_reason: "content_filter", logprobs: null },
    );
    const last = `${this.#written({ ...(unsent ? {} : this.#envelope), choices: ends })}data: [DONE]\n\n`;
    return () => last;
  }

  #chunk(event: ServerSentEvent, tree: JsonObject, choices: readonly JsonValue[]): string {
    const envelope = this.#guard.tree(tree, readApart) as JsonObject;
    if (this.#guard.blocked !== undefined) return "";
    this.#repeated.forget();
    let changed = envelope !== tree;
    const { choices: _choices, usage: _usage, ...facts } = envelope;
    this.#envelope = facts;
    let before = "";
    const open = new Set(this.#open);
    const kept: JsonObject[] = [];
    const alone = envelope === tree && choices.length === 1 && (tree["usage"] ?? null) === null ? event : undefined;
    for (const [place, value] of choices.entries()) {
      if (!isJsonObject(value)) throw new Error("a choice of the answer is not an object");
      const index = indexOf(value, place);
      const finishes = (value["finish_reason"] ?? null) !== null;
      const choice = this.#choice(index, value, finishes, alone);
      if (choice !== value) changed = true;
      if (finishes) {
        this.#guard.barrier();
        before += this.#finish(index);
        if (this.#open.delete(index)) this.#guard.undoable(() => this.#open.add(index));
      }
      if (choice !== undefined) kept.push(choice);
    }
    if (this.#guard.blocked !== undefined) {
      // What ends the answer comes after; until then nothing of it has finished.
      for (const index of open) this.#open.add(index);
      const said = kept.map((choice) => ({ ...choice, finish_reason: null }));
      return before + this.#written({ ...facts, choices: said });
    }
    if (!changed) return before + event.raw;
    if (choices.length > 0 && kept.length === 0 && (envelope["usage"] ?? null) === null) return before;
    return before + withData(event, JSON.stringify({ ...envelope, choices: kept }));
  }

  /** A chunk that says a piece of one text, and nothing else: those that come next are often like it. */
  #learn(event: ServerSentEvent, index: number, { delta, text, logprobs, ...rest }: JsonObject): void {
    if (!isJsonObject(delta) || text !== undefined || "message" in rest || (logprobs ?? null) !== null) return;
    if ((rest["finish_reason"] ?? null) !== null || !Object.keys(delta).every((name) => formatWords.has(name))) return;
    const said = Object.entries(delta).filter(([, value]) => value !== null && value !== "");
    const [name = "", piece] = said[0] ?? [];
    const channel = this.#channels.get(`${index}/${name}`);
    if (said.length === 1 && typeof piece === "string" && channel !== undefined)
      this.#repeated.learn(event, name, piece, channel.text);
  }

  /**
   * A choice with what may be released of it: the same object where that is all, `undefined` where it is nothing.
   *
   * @param alone the chunk, where nothing else in it says anything
   */
  #choice(
    index: number,
    choice: JsonObject,
    finishes: boolean,
    alone: ServerSentEvent | undefined,
  ): JsonObject | undefined {
    if (!Number.isInteger(index) || index < 0 || index >= maxChoices) throw new Error("a choice has no usable index");
    this.#open.add(index);
    const { delta, text, logprobs, message, ...rest } = choice;
    const filteredRest = this.#guard.tree(rest) as JsonObject;
    let filtered: JsonObject = filteredRest;
    let changed = filteredRest !== rest;
    if (message !== undefined) {
      const said = this.#soFar(index, message, finishes);
      changed ||= said !== message;
      filtered = { ...filtered, message: said };
    }
    if (typeof text === "string") {
      this.#legacy = true;
      const voice = this.#turns.within(this.#guard.voice, choice, wayOf(index));
      const released = this.#push(index, ["text"], text, isModels(under(voice, "text")));
      changed ||= released !== text;
      filtered = { ...filtered, text: released };
    }
    if (isJsonObject(delta)) {
      const released = this.#delta(index, delta);
      changed ||= released !== delta;
      filtered = { ...filtered, delta: released };
    } else if (delta !== undefined && delta !== null) throw new Error("a delta of the answer is not an object");
    if (alone !== undefined && filteredRest === rest) this.#learn(alone, index, choice);
    if (this.#spells(index, logprobs, delta, text) && !changed) return choice;
    if (logprobs !== undefined) filtered = { ...filtered, logprobs: null };
    const released = filtered["delta"];
    const saysNothing =
      (filtered["finish_reason"] ?? null) === null &&
      (isJsonObject(released) ? isSilent(released) : filtered["text"] === "");
    const saidSomething = isJsonObject(delta) ? !isSilent(delta) : text !== "";
    return saysNothing && saidSomething ? undefined : filtered;
  }

  /**
   * The message so far, which some servers repeat in every chunk: what is new of it is the text's next piece. What else it holds
   * is said once or again.
   */
  #soFar(index: number, message: JsonValue, finishes: boolean): JsonValue {
    const said = isJsonObject(message) ? message : { content: message };
    const { content, ...others } = said;
    const rest = typeof content === "string" ? others : said;
    const facts = JSON.stringify(rest);
    const before = this.#said.get(index) ?? { content: "", released: "", facts, text: this.#guard.open() };
    if (facts !== before.facts || !textOf(content).startsWith(before.content))
      throw new Error("a choice of the answer says two messages");
    const own = isModels(under(this.#turns.within(this.#guard.voice, said, wayOf(index)), "content"));
    let released = before.released + before.text.push(textOf(content).slice(before.content.length), own);
    if (finishes) released += before.text.end();
    keep(this.#guard, this.#said, index, { ...before, content: textOf(content), released, isOver: finishes });
    const filtered = this.#guard.tree(rest) as JsonObject;
    if (filtered === rest && released === textOf(content)) return message;
    return typeof content === "string" ? { ...filtered, content: released } : filtered;
  }

  /** Whether log probabilities spell the chunk's own text and nothing that may not be sent; where there are none they do. */
  #spells(
    index: number,
    logprobs: JsonValue | undefined,
    delta: JsonValue | undefined,
    text: JsonValue | undefined,
  ): boolean {
    if (logprobs === undefined || logprobs === null) return true;
    const own = isJsonObject(delta)
      ? { content: textOf(delta["content"]), refusal: textOf(delta["refusal"]) }
      : { tokens: textOf(text) };
    let readings = this.#readings.get(index);
    if (readings === undefined) this.#readings.set(index, (readings = new RunningReadings(this.#guard)));
    return readings.areOf(own, logprobs);
  }

  #delta(index: number, delta: JsonObject): JsonObject {
    const { tool_calls: calls, function_call: call, ...rest } = delta;
    const filtered = this.#running(index, [], rest, this.#guard.voice, wayOf(index)) as JsonObject;
    const held = calls ?? call ?? null;
    if (held === null) return filtered === rest ? delta : filtered;
    let holding = this.#calls.get(index) ?? noCalls;
    for (const [place, entry] of Array.isArray(calls) ? calls.entries() : []) {
      holding = holding.with(entry, place);
      this.#heldLength += JSON.stringify(entry).length;
    }
    if (call !== undefined && call !== null) {
      holding = holding.withLegacy(call);
      this.#heldLength += JSON.stringify(call).length;
    }
    refuseOverHeld(this.#heldLength);
    keep(this.#guard, this.#calls, index, holding);
    return filtered;
  }

  /** Every string below a delta is a text that runs on in later chunks, told from others by where it is. */
  #running(index: number, path: readonly string[], value: JsonValue, voice: Voice, way: Way): JsonValue {
    if (typeof value === "string") return this.#push(index, path, value, isModels(voice));
    if (typeof value !== "object" || value === null || isLongNumber(value)) return this.#guard.tree(value);
    if (path.length > 8) throw new Error("a delta of the answer nests too deep");
    if (Array.isArray(value)) {
      const items = value.map((item, place) =>
        this.#running(index, [...path, placeOf(item, place)], item, voice, toItem(way, item, place)),
      );
      return items.some((item, place) => item !== value[place]) ? items : value;
    }
    let changed = false;
    const here = this.#turns.within(voice, value, way);
    const out: [string, JsonValue][] = [];
    for (const [name, item] of Object.entries(value)) {
      const filtered = notRunning.has(name)
        ? this.#guard.tree(item, nothing, nothing, "others")
        : this.#running(index, [...path, name], item, under(here, name), toProperty(way, name));
      const filteredName = this.#guard.fixed(name);
      changed ||= filtered !== item || filteredName !== name;
      out.push([filteredName, filtered]);
    }
    return changed ? Object.fromEntries(out) : value;
  }

  #push(choice: number, path: readonly string[], piece: string, own: boolean): string {
    const key = `${choice}/${path.join("/")}`;
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      if (piece === "") return "";
      if (this.#channels.size >= maxTexts) throw new Error(`the answer has more than ${maxTexts} texts`);
      channel = { choice, path, text: this.#guard.open() };
      this.#channels.set(key, channel);
    }
    return channel.text.push(piece, own);
  }

  /** Everything of a choice that is still held, in chunks of its own. */
  #finish(choice: number): string {
    this.#repeated.forget();
    let out = "";
    for (const [key, channel] of this.#channels) {
      if (channel.choice !== choice) continue;
      const rest = channel.text.end();
      keep(this.#guard, this.#channels, key, undefined);
      if (rest !== "")
        out += this.#synthetic(
          choice,
          channel.path[0] === "text" && this.#legacy ? { text: rest } : { delta: nested(channel.path, rest) },
        );
      if (this.#guard.blocked !== undefined) return out;
    }
    const said = this.#said.get(choice);
    if (said !== undefined && said.isOver !== true) {
      said.text.end(); // nobody said that it was over, and it is judged all the same
      keep(this.#guard, this.#said, choice, { ...said, isOver: true });
      if (this.#guard.blocked !== undefined) return out;
    }
    const held = this.#calls.get(choice);
    if (held === undefined) return out;
    const delta = held.released(this.#guard);
    keep(this.#guard, this.#calls, choice, undefined);
    return this.#guard.blocked === undefined ? out + this.#synthetic(choice, { delta }) : out;
  }

  #synthetic(index: number, said: JsonObject): string {
    return this.#written({ ...this.#envelope, choices: [{ index, ...said, finish_reason: null }] });
  }

  #written(chunk: JsonObject): string {
    return `data: ${JSON.stringify(chunk)}\n\n`;
  }
}

/** What the first delta of an answer says: clients' helpers do not put one together without. */
const opening: JsonObject = { role: "assistant", content: "" };

function wayOf(choice: number): Way {
  return { names: "", ids: `#${choice}` };
}

function placeOf(item: JsonValue, place: number): string {
  return isJsonObject(item) && typeof item["index"] === "number" ? `#${item["index"]}` : `#${place}`;
}

/** `["audio", "transcript"]` and a text as `{ audio: { transcript: text } }`. */
function nested(path: readonly string[], text: string): JsonObject {
  let value: JsonValue = text;
  for (const name of path.toReversed()) {
    if (!name.startsWith("#")) value = { [name]: value };
    else if (isJsonObject(value)) value = [Object.assign({ index: Number(name.slice(1)) }, value)];
    else value = [value];
  }
  return isJsonObject(value) ? value : {};
}

/** Whether a delta says nothing: no text, no role, no call. */
function isSilent(delta: JsonObject): boolean {
  return Object.values(delta).every((value) => value === null || value === "");
}
