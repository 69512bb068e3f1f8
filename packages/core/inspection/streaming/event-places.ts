/**
 * Where the events of a format that nobody told us about say their texts. In: an event's JSON, and what the events before it were like.
 * Out: the strings in it that run on, each with a key that is the same in every event that goes on with it; and what is over with it.
 *
 * Which strings run on is told by the name that they stand under. What tells texts of one name apart is part of the key: the event's own
 * name, the types and message ids of the objects around them, and an item's own `index` in a list; of items without one, one goes
 * on where another ends, as clients read Gemini's parts. An `id` tells texts apart once it has come back after another one.
 */
import { isLongNumber } from "../../contract/long-numbers.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../contract/strict-json.ts";
import { isBinary } from "./binary.ts";
import { shortestAlone } from "./content-guard.ts";
import {
  isModels,
  isPlainSpeech,
  rootWay,
  toItem,
  toProperty,
  Turns,
  under,
  voiceOfEvent,
  type Voice,
  type Way,
} from "./voices.ts";

/** Names under which formats keep the pieces of a text, in small letters. */
const textNames = setOf(
  "text content delta token response completion completions generation generated_text output output_text answer message msg reply",
  "chunk data value result thinking thought reasoning reasoning_content reasoning_text summary transcript translation refusal partial",
  "partial_text body markdown html completion_text streaming_text token_text word words line lines code bot assistant final tool_plan",
  "outputtext generatedtext bodytext responsetext textresponse contentdelta textdelta inputtextdelta messagedelta text_delta",
  "content_delta delta_text new_text answer_piece observation parts v stringvalue",
);
/** Of these, names that numbers stand under as well: a piece without a letter is one, unless its text has said a letter. */
const valueNames = setOf("data value result code line word body final v");
/** Names of JSON that a text holds. */
export const jsonNames: ReadonlySet<string> = setOf(
  "arguments partial_json input_json args args_delta parameters tool_input arguments_delta",
);
/** What tells the texts of one name apart, at once ... */
const tellingNames =
  "type event kind channel path jsonPath messageId message_id toolCallId tool_call_id artifactId".split(" ");
/** ... and where it has come back. */
const recurringNames = ["id", "run_id"] as const;
const longestTelling = 128;
/** What stands further away runs on nowhere: each time that a place is looked up costs as much as it is long. */
const longestKey = 8192;
/** What is remembered of a stream, at most: of what each place said, and of the texts that had letters. */
const remembered = 1024;

const endFlags = "done stop final is_finished isFinished finished last lastChunk is_last is_final is_end".split(" ");
const endReasons = "finishReason finish_reason stop_reason stopReason".split(" ");
const noReason = /^(?:null|none|.*unspecified)?$/i;
const endTypes = "type event kind event_type status".split(" ");
/** A type, or an event's name, that says that something is over: what, and that. */
const endType =
  /^(?:(.{0,64})[-_.:])?(?:end|ended|done|stop|stopped|close|complete|completed|finish|finished|final|required)$/i;
/** Types of ends that are everything's. */
const everything = setOf("message stream response workflow chat run step input answer");

/** Of an event with more texts than this none runs on: it is read by itself. */
const maxPieces = 1024;
const maxDepth = 64;
/** What begins twice in a row with all that its place said last, and goes on, says all that was said so far. */
const fewestGrowths = 2;

export interface Place {
  readonly key: string;
  /** The key of the object that it is a property of. */
  readonly parent: string;
  readonly name: string;
  readonly text: string;
  /** Whether the model wrote it, where that is told. */
  readonly own: boolean;
}

/** The end of the texts within a place; of a type it may be of those alone whose type begins alike. */
export interface End {
  readonly place: string;
  readonly sign: string;
  readonly of?: string | undefined;
}

export interface Places {
  readonly found: readonly Place[];
  readonly over: readonly End[];
  /** Whether it runs on, for each string of the event. */
  readonly runs: readonly boolean[];
}

/** Where a value stands. */
interface Where {
  readonly parent: string;
  readonly key: string;
  readonly depth: number;
  readonly isItem: boolean;
  readonly voice: Voice;
  readonly way: Way;
}

/** What the events of a stream were like. All of it follows from the events, and not from what is found in them. */
export class EventPlaces {
  readonly #lettered = new Set<string>();
  readonly #said = new Map<string, { readonly text: string; readonly grown: number }>();
  readonly #growing = new Set<string>();
  readonly #ids = new Map<string, { last: string; readonly seen: Set<string>; tells: boolean }>();
  readonly #turns = new Turns();
  readonly #toldApart: boolean;

  /** @param toldApart whether to tell who says what */
  constructor(toldApart = false) {
    this.#toldApart = toldApart;
  }

  /**
   * @param name the event's own
   * @param maxKeys an event with more different texts than this is read by itself
   * @throws {Error} where it is nested too deep
   */
  read(tree: JsonValue, name: string, maxKeys: number): Places {
    const found: Place[] = [];
    const over: End[] = [];
    const runs: boolean[] = [];
    const root = name === "" || name === "message" ? "" : `@${name}`;
    const end = endOfType(name);
    if (end !== undefined) over.push({ place: "", sign: name, of: end });
    const voice = this.#toldApart ? voiceOfEvent(name) : "others";
    this.#collect(
      tree,
      "text",
      { parent: root, key: root, depth: 0, isItem: false, voice, way: rootWay },
      { found, over, runs },
    );
    if (found.length <= maxPieces && new Set(found.map(({ key }) => key)).size <= maxKeys) return { found, over, runs };
    return { found: [], over, runs: runs.map(() => false) };
  }

  #collect(
    value: JsonValue,
    name: string,
    where: Where,
    into: { readonly found: Place[]; readonly over: End[]; readonly runs: boolean[] },
  ): void {
    const { parent, key, depth, isItem, voice, way } = where;
    const isFar = key.length > longestKey;
    if (typeof value === "string") {
      const runs =
        name !== "" && !isFar && into.found.length <= maxPieces && this.#runsOn(name.toLowerCase(), key, value);
      into.runs.push(runs);
      const own = isModels(voice) && (depth > 0 || isPlainSpeech(value));
      if (runs) into.found.push({ key, parent, name: name.toLowerCase(), text: value, own });
      return;
    }
    if (typeof value !== "object" || value === null || isLongNumber(value)) return;
    if (depth > maxDepth) throw new Error(`the answer nests deeper than ${maxDepth} levels`);
    if (Array.isArray(value)) {
      value.forEach((item, at) => {
        const place = isJsonObject(item) ? `${key}/` : `${key}/${at}`;
        const to = this.#toldApart ? toItem(way, item, at) : way;
        const there = { parent: `${key}/`, key: place, depth: depth + 1, isItem: true, voice, way: to };
        this.#collect(item, name, there, into);
      });
      return;
    }
    const { index } = value;
    const here = isItem && typeof index === "number" ? `${key}#${index}` : key;
    if (!isFar) endsOf(value, here, into.over);
    const place = isFar ? here : here + this.#tellingOf(value, here, isItem);
    // What is special is no text: clients leave such tokens out.
    const isSpecial = value["special"] === true;
    const said = this.#toldApart ? this.#turns.within(voice, value, way) : voice;
    for (const [property, item] of Object.entries(value))
      this.#collect(
        item,
        isSpecial ? "" : property,
        {
          ...{ parent: place, key: `${place}/${property}`, depth: depth + 1, isItem: false },
          ...(this.#toldApart ? { voice: under(said, property), way: toProperty(way, property) } : { voice, way }),
        },
        into,
      );
  }

  #tellingOf(fields: JsonObject, here: string, isItem: boolean): string {
    let telling = fields["thought"] === true ? "?thought" : "";
    for (const name of tellingNames) {
      const value = fields[name];
      if (typeof value === "string" && value.length <= longestTelling) telling += `?${name}=${value}`;
    }
    for (const name of recurringNames) {
      const value = fields[name];
      if (typeof value === "string" && value.length <= longestTelling && this.#tells(`${here} ${name}`, value))
        telling += `?${name}=${value}`;
    }
    const { index } = fields;
    if (!isItem && typeof index === "number" && this.#tells(`${here} index`, String(index)))
      telling += `?index=${index}`;
    return telling;
  }

  /** Whether something has come back after something else: then two texts take turns. */
  #tells(what: string, value: string): boolean {
    let known = this.#ids.get(what);
    if (known === undefined) {
      if (this.#ids.size >= remembered) return false;
      this.#ids.set(what, (known = { last: value, seen: new Set(), tells: false }));
    }
    if (known.tells) return true;
    if (value !== known.last && known.seen.has(value)) return (known.tells = true);
    if (known.seen.size < maxPieces) known.seen.add(value);
    known.last = value;
    return false;
  }

  #runsOn(name: string, key: string, text: string): boolean {
    // A whole picture or sound is read as what it is.
    if (text === "" || isBinary(text)) return false;
    if (jsonNames.has(name)) return !isWholeJson(text);
    if (!textNames.has(name) || this.#isGrowing(key, text)) return false;
    if (!valueNames.has(name) || this.#lettered.has(key)) return true;
    if (!/\p{L}/u.test(text)) return false;
    if (this.#lettered.size < remembered) this.#lettered.add(key);
    return true;
  }

  /** Whether a place says all that it has said so far each time: then each event is read by itself. */
  #isGrowing(key: string, text: string): boolean {
    if (this.#growing.has(key)) return true;
    const last = this.#said.get(key);
    // Shorter pieces are not read by themselves, and words are repeated.
    const grows =
      last !== undefined &&
      last.text.length >= shortestAlone &&
      text.length > last.text.length &&
      text.startsWith(last.text);
    const grown = grows ? last.grown + 1 : 0;
    if (this.#said.size < remembered || last !== undefined) this.#said.set(key, { text, grown });
    if (grown < fewestGrowths || this.#growing.size >= remembered) return false;
    this.#growing.add(key);
    return true;
  }
}

function endsOf(fields: JsonObject, place: string, over: End[]): void {
  for (const name of endFlags) if (fields[name] === true) over.push({ place, sign: name });
  for (const name of endReasons) {
    const reason = fields[name];
    if (typeof reason === "string" && !noReason.test(reason)) over.push({ place, sign: name });
  }
  for (const name of endTypes) {
    const type = fields[name];
    if (typeof type !== "string" || type.length > longestTelling) continue;
    const of = endOfType(type);
    if (of !== undefined)
      over.push({ place, sign: `${name} ${type.replace(/\d+/g, "0")}`, of: name === "status" ? "" : of });
  }
}

/** What a type says is over: empty for everything; `undefined` where it says nothing of the kind. */
function endOfType(type: string): string | undefined {
  const match = endType.exec(type);
  if (match === null) return undefined;
  const what = (match[1] ?? "").toLowerCase();
  return everything.has(what) ? "" : what;
}

function isWholeJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * An event with other texts in place of those that run on, one after the other.
 *
 * @param rest the same event, filtered: where it holds something else beside them, that stands
 * @param runs whether each string of the event runs on, as {@link Places} has it
 * @param next the next one, given what `rest` holds in its place
 * @throws {Error} where two of its names have become one
 */
export function refilled(
  tree: JsonValue,
  rest: JsonValue,
  runs: readonly boolean[],
  next: (left: string) => string,
): JsonValue {
  let at = 0;
  const refill = (from: JsonValue, to: JsonValue): JsonValue => {
    if (typeof from === "string") return runs[at++] === true ? next(typeof to === "string" ? to : "") : to;
    if (typeof from !== "object" || from === null || isLongNumber(from)) return to;
    if (Array.isArray(from)) return from.map((item, place) => refill(item, (to as JsonValue[])[place] as JsonValue));
    const entries = Object.entries(from);
    const filtered = from === to ? entries : Object.entries(to as JsonObject);
    if (filtered.length !== entries.length) throw new Error("two names of the answer became one");
    return Object.fromEntries(
      entries.map(([, item], place) => {
        const [written, left] = filtered[place] as [string, JsonValue];
        return [written, refill(item, left)];
      }),
    );
  };
  return refill(tree, rest);
}

function setOf(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(" ")));
}
