/**
 * Texts that run from one event to the next in formats that nobody told us about: Gemini's `candidates[0].content.parts[0].text`,
 * Cohere's `delta.message.content.text`, Ollama's `response`, an application's own `token`. In: events, each with its JSON. Out: the
 * events that may be sent now.
 *
 * Which strings run on is told by the name that they stand under; what has the same place in each event is one text. An event
 * waits, whole and in its place, until all that it says has been let go of, so that nothing has to be said by events of our own
 * making, which no client might know. A text is over with the stream; when the event says something under another name of the
 * same object instead (`thinking`, then `content`); or when 32 events have said nothing of it.
 */
import { isLongNumber } from "../../contract/long-numbers.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../contract/strict-json.ts";
import { isBinary, type ContentGuard, type RunningText } from "./content-guard.ts";

/** Names under which formats keep the pieces of a text. */
const textNames: ReadonlySet<string> = new Set(
  [
    "text content delta token response completion completions generation generated_text output output_text answer message msg reply",
    "chunk data value result thinking thought reasoning reasoning_content reasoning_text summary transcript translation refusal partial",
    "partial_text body markdown html completion_text streaming_text token_text word words line lines code bot assistant final tool_plan",
    "outputText generatedText bodyText responseText contentDelta textDelta messageDelta",
  ].flatMap((line) => line.split(" ")),
);
/** Names of JSON that a text holds. Pieces of it run on as they stand. */
const jsonNames: ReadonlySet<string> = new Set(["arguments", "partial_json", "input_json"]);
const nothing: ReadonlySet<string> = new Set();

/** Texts that run at the same time. */
const maxFields = 64;
/** Events without a word of a text, after which it is over. */
const longestSilence = 32;
/** Most that waits, in UTF-16 code units of JSON. */
const maxWaitingLength = 4 * 1024 * 1024;
const maxDepth = 64;

/** A piece of a text in an event. */
interface Piece {
  /** Where it stands, as the number of the property or item at each level. */
  readonly path: readonly number[];
  readonly text: string;
  /** Code units of it that are held. */
  left: number;
  /** What may be sent in its place. */
  out: string;
}

interface Field {
  readonly text: RunningText;
  /** The object that it is a property of. */
  readonly parent: string;
  /** Pieces of which something is held, first to last, and what of them is held, as it came. */
  readonly pieces: Piece[];
  raw: string;
  /** The number of the event that said something of it last. */
  seen: number;
}

interface Found {
  readonly key: string;
  readonly parent: string;
  readonly path: readonly number[];
  readonly text: string;
}

interface Waiting<Source> {
  readonly source: Source;
  /** What it says beside its running texts, filtered. */
  readonly rest: JsonValue;
  readonly restChanged: boolean;
  readonly pieces: readonly Piece[];
  readonly length: number;
}

export class RunningFields<Source> {
  readonly #guard: ContentGuard;
  readonly #write: (source: Source, tree: JsonValue | undefined) => string;
  readonly #fields = new Map<string, Field>();
  readonly #waiting: Waiting<Source>[] = [];
  #waitingLength = 0;
  #events = 0;

  /** @param write an event with other JSON than it came with, or as it came */
  constructor(guard: ContentGuard, write: (source: Source, tree: JsonValue | undefined) => string) {
    this.#guard = guard;
    this.#write = write;
  }

  /**
   * Takes an event; returns the events that may be sent.
   *
   * @param isLast whether all texts are over with it
   * @throws {Error} where more runs or waits than is kept
   */
  take(source: Source, tree: JsonValue, isLast = false): string {
    const guard = this.#guard;
    const found: Found[] = [];
    collect(tree, found);
    this.#events += 1;
    let bare = tree;
    for (const { path } of found) bare = withText(bare, path, "");
    const rest = guard.tree(bare, nothing, jsonNames);
    if (guard.blocked !== undefined) return "";
    const pieces = found.map(({ path, text }): Piece => ({ path, text, left: text.length, out: "" }));
    const length = found.reduce((sum, { text }) => sum + text.length, 64);
    this.#keep({ source, rest, restChanged: rest !== bare, pieces, length });
    for (const [index, each] of found.entries()) this.#push(each, pieces[index] as Piece);
    if (guard.blocked !== undefined) return "";
    for (const [key, field] of this.#fields) if (isLast || this.#isOver(key, field, found)) this.#end(key, field);
    return guard.blocked === undefined ? this.#sent() : "";
  }

  /** The texts are over: returns every event that waits. */
  end(): string {
    for (const [key, field] of this.#fields) this.#end(key, field);
    return this.#guard.blocked === undefined ? this.#sent() : "";
  }

  #isOver(key: string, { parent, seen }: Field, found: readonly Found[]): boolean {
    if (seen === this.#events) return false;
    return this.#events - seen > longestSilence || found.some((each) => each.parent === parent && each.key !== key);
  }

  #keep(event: Waiting<Source>): void {
    this.#waiting.push(event);
    this.#waitingLength += event.length;
    this.#guard.undoable(() => {
      this.#waiting.pop();
      this.#waitingLength -= event.length;
    });
    if (this.#waitingLength > maxWaitingLength)
      throw new Error(`more than ${maxWaitingLength} characters of the answer wait for what follows them`);
  }

  #push({ key, parent, text }: Found, piece: Piece): void {
    const guard = this.#guard;
    let field = this.#fields.get(key);
    if (field === undefined) {
      if (this.#fields.size === maxFields) throw new Error(`more than ${maxFields} texts of the answer run at once`);
      field = { text: guard.open({ endless: true }), parent, pieces: [], raw: "", seen: 0 };
      this.#fields.set(key, field);
      guard.undoable(() => this.#fields.delete(key));
    }
    const { seen, raw, pieces } = field;
    const kept = field;
    guard.undoable(() => {
      kept.seen = seen;
      kept.raw = raw;
      pieces.pop();
    });
    field.seen = this.#events;
    field.raw += text;
    pieces.push(piece);
    // By itself it is all that some client makes of it.
    guard.piece(text);
    const out = field.text.push(text);
    if (guard.blocked === undefined && out !== "") this.#settle(field, out, field.raw.length - field.text.held);
  }

  #end(key: string, field: Field): void {
    const out = field.text.end();
    if (this.#guard.blocked !== undefined) return;
    this.#fields.delete(key);
    this.#guard.undoable(() => this.#fields.set(key, field));
    this.#settle(field, out, field.raw.length);
  }

  /**
   * Deals what was let go of to the pieces that it came from: letter by letter where nothing was changed. What was masked stands
   * where it begins.
   *
   * @param length code units of what was held that are held no longer
   */
  #settle(field: Field, out: string, length: number): void {
    const { pieces, raw } = field;
    const asItCame = raw.startsWith(out) && out.length === length;
    const first = pieces[0];
    if (first === undefined) return;
    const before = pieces.map((piece) => ({ piece, left: piece.left, out: piece.out }));
    if (!asItCame) first.out += out;
    let from = 0;
    let taken = 0;
    for (const piece of pieces) {
      const share = Math.min(piece.left, length - from);
      if (asItCame) piece.out += raw.slice(from, from + share);
      piece.left -= share;
      from += share;
      if (piece.left > 0) break;
      taken += 1;
    }
    field.raw = raw.slice(length);
    pieces.splice(0, taken);
    this.#guard.undoable(() => {
      field.raw = raw;
      for (const { piece, left, out: sent } of before) Object.assign(piece, { left, out: sent });
      pieces.splice(0, pieces.length, ...before.map(({ piece }) => piece));
    });
  }

  /** The events in front that wait for nothing any more. */
  #sent(): string {
    const until = this.#waiting.findIndex(({ pieces }) => pieces.some(({ left }) => left > 0));
    const events = this.#waiting.splice(0, until < 0 ? this.#waiting.length : until);
    const length = events.reduce((sum, each) => sum + each.length, 0);
    this.#waitingLength -= length;
    this.#guard.undoable(() => {
      this.#waiting.unshift(...events);
      this.#waitingLength += length;
    });
    return events.map((event) => this.#written(event)).join("");
  }

  #written({ source, rest, restChanged, pieces }: Waiting<Source>): string {
    if (!restChanged && pieces.every(({ text, out }) => text === out)) return this.#write(source, undefined);
    return this.#write(
      source,
      pieces.reduce((tree, { path, out }) => withText(tree, path, out), rest),
    );
  }
}

/** The strings of an event that run on. */
function collect(
  value: JsonValue,
  into: Found[],
  name = "text",
  parent = "",
  key = "",
  path: readonly number[] = [],
): void {
  if (typeof value === "string") {
    if (value !== "" && runsOn(name, value)) into.push({ key, parent, path, text: value });
    return;
  }
  if (typeof value !== "object" || value === null || isLongNumber(value)) return;
  if (path.length > maxDepth) throw new Error(`the answer nests deeper than ${maxDepth} levels`);
  if (Array.isArray(value)) {
    value.forEach((item, at) => {
      // What says its own number has the same place wherever it stands in a list.
      const place = isJsonObject(item) && Number.isInteger(item["index"]) ? "" : `${at}`;
      collect(item, into, name, `${key}/`, `${key}/${place}`, [...path, at]);
    });
    return;
  }
  const index = value["index"];
  const place = typeof index === "number" && Number.isInteger(index) ? `${key}#${index}` : key;
  Object.entries(value).forEach(([property, item], at) =>
    collect(item, into, property, place, `${place}/${property}`, [...path, at]),
  );
}

function runsOn(name: string, text: string): boolean {
  // A whole picture or sound is read as what it is.
  if (isBinary(text)) return false;
  return jsonNames.has(name) ? !isWholeJson(text) : textNames.has(name);
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

/** The same tree with another text at a place. */
function withText(tree: JsonValue, path: readonly number[], text: string, depth = 0): JsonValue {
  const at = path[depth];
  if (at === undefined) return text;
  if (Array.isArray(tree)) return tree.with(at, withText(tree[at] as JsonValue, path, text, depth + 1));
  const entries = Object.entries(tree as JsonObject);
  const entry = entries[at];
  if (entry === undefined) throw new Error("two names of the answer became one");
  entries[at] = [entry[0], withText(entry[1], path, text, depth + 1)];
  return Object.fromEntries(entries);
}
