/**
 * Texts that run from one event to the next in formats that nobody told us about: Gemini's `candidates[0].content.parts[0].text`,
 * Cohere's `delta.message.content.text`, Ollama's `response`, an application's own `token`. In: events, each with its JSON. Out: the
 * events that may be sent now.
 *
 * What has the same place in each event is one text (`event-places.ts`). An event waits, whole and in its place, until all that it
 * says has been let go of, so that nothing has to be said by events of our own making, which no client might know. A text is over
 * with the stream, when an event says so, when what was thought is followed by an answer in the same object, or when 32 events
 * have said something else. All of that follows from the events alone, and not from what is found. What said that it was over,
 * and went on, is not believed again.
 */
import type { JsonValue } from "../../contract/strict-json.ts";
import type { ContentGuard, RunningText } from "./content-guard.ts";
import { EventPlaces, jsonNames, refilled, type End, type Place } from "./event-places.ts";
import { refuseOverHeld } from "./framing.ts";
import { holdsCall } from "./voices.ts";

/** Texts that run at the same time. */
const maxFields = 64;
/** Events without a word of a text, after which it is over. */
const longestSilence = 32;
/** Most that waits, in UTF-16 code units. */
const maxWaitingLength = 4 * 1024 * 1024;
/** Ends that are remembered. */
const mostEnds = 256;
/** What an event costs that says next to nothing. */
const leastLength = 64;

/** A piece of a text in an event. */
interface Piece {
  readonly text: string;
  /** Code units of it that are held. */
  left: number;
  /** What may be sent in its place. */
  out: string;
}

interface Field {
  readonly text: RunningText;
  readonly name: string;
  /** The object that it is a property of. */
  readonly parent: string;
  /** Pieces of which something is held, first to last, and what of them is held, as it came. */
  readonly pieces: Piece[];
  raw: string;
  /** The number of the event that said something of it last. */
  seen: number;
}

interface Waiting<Source> {
  readonly source: Source;
  readonly tree: JsonValue;
  readonly runs: readonly boolean[];
  /** The same, with what it says beside its running texts filtered. */
  readonly rest: JsonValue;
  readonly restChanged: boolean;
  readonly pieces: readonly Piece[];
  readonly length: number;
}

export class RunningFields<Source> {
  readonly #guard: ContentGuard;
  readonly #write: (source: Source, tree: JsonValue | undefined) => string;
  readonly #fields = new Map<string, Field>();
  readonly #places: EventPlaces;
  /** What said that a place was over, and whether it has said something since. */
  readonly #ends = new Map<string, { readonly place: string; wentOn: boolean }>();
  readonly #waiting: Waiting<Source>[] = [];
  #waitingLength = 0;
  #events = 0;

  /** @param write an event with other JSON than it came with, or as it came */
  constructor(guard: ContentGuard, write: (source: Source, tree: JsonValue | undefined) => string) {
    this.#guard = guard;
    this.#write = write;
    this.#places = new EventPlaces(guard.isToldApart);
  }

  /**
   * Takes an event; returns the events that may be sent.
   *
   * @param length of the event as it came
   * @param name the event's own, where it has one beside its JSON
   * @param isLast whether all texts are over with it, whatever it says
   * @throws {Error} where more waits than is kept
   */
  take(source: Source, tree: JsonValue, length: number, { name = "", isLast = false } = {}): string {
    const guard = this.#guard;
    const { found, over, runs } = this.#places.read(tree, name, maxFields);
    if (guard.isHeard && holdsCall(tree)) guard.barrier();
    // What says nothing keeps a connection alive.
    if (found.length > 0) this.#events += 1;
    const bare = found.length === 0 ? tree : refilled(tree, tree, runs, () => "");
    const rest = guard.tree(bare, nothing, jsonNames);
    if (guard.blocked !== undefined) return "";
    // Names that were masked may have become one: then what was where cannot be told.
    if (rest !== bare && found.length > 0) refilled(tree, rest, runs, () => "");
    const pieces = found.map(({ text }): Piece => ({ text, left: text.length, out: "" }));
    this.#keep({ source, tree, runs, rest, restChanged: rest !== bare, pieces, length: length + leastLength });
    for (const [index, each] of found.entries()) {
      this.#push(each, pieces[index] as Piece);
      if (guard.blocked !== undefined) return "";
    }
    this.#noteGoneOn(found);
    const ends = over.filter((end) => this.#isBelieved(end));
    // Clients wait for no more once they have read why an answer ended.
    if (guard.isHeard && (isLast || ends.some(({ of }) => of === undefined))) guard.barrier();
    for (const [key, field] of this.#fields)
      if (isLast || ends.some((end) => isWithin(key, end)) || this.#isOver(key, field, found)) this.#end(key, field);
    if (guard.blocked !== undefined) return "";
    const out = this.#sent();
    if (this.#waitingLength > maxWaitingLength)
      throw new Error(`more than ${maxWaitingLength} characters of the answer wait for what follows them`);
    return out;
  }

  /** The texts are over: returns every event that waits. */
  end(): string {
    for (const [key, field] of this.#fields) this.#end(key, field);
    return this.#guard.blocked === undefined ? this.#sent() : "";
  }

  #isOver(key: string, { parent, name, seen }: Field, found: readonly Place[]): boolean {
    if (seen === this.#events) return false;
    if (this.#events - seen > longestSilence) return true;
    return isThought(name) && found.some((each) => each.parent === parent && each.key !== key && !isThought(each.name));
  }

  /** What says again and again that something is over is no end of it. What waits for somebody does end. */
  #isBelieved({ place, sign }: End): boolean {
    if (/required$/i.test(sign)) return true;
    const known = this.#ends.get(`${place} ${sign}`);
    if (known !== undefined) return !known.wentOn;
    // Who says it in ever new words is not believed either.
    if (this.#ends.size >= mostEnds) return false;
    this.#ends.set(`${place} ${sign}`, { place, wentOn: false });
    return true;
  }

  #noteGoneOn(found: readonly Place[]): void {
    for (const end of this.#ends.values())
      if (!end.wentOn) end.wentOn = found.some(({ key }) => isWithin(key, { place: end.place, sign: "" }));
  }

  #keep(event: Waiting<Source>): void {
    this.#waiting.push(event);
    this.#waitingLength += event.length;
    this.#guard.undoable(() => {
      this.#waiting.pop();
      this.#waitingLength -= event.length;
    });
  }

  #push(place: Place, piece: Piece): void {
    const field = this.#fields.get(place.key) ?? this.#open(place);
    const { seen, raw, pieces } = field;
    this.#guard.undoable(() => {
      field.seen = seen;
      field.raw = raw;
      pieces.pop();
    });
    field.seen = this.#events;
    field.raw += piece.text;
    pieces.push(piece);
    const out = field.text.push(piece.text, place.own);
    if (this.#guard.blocked === undefined && out !== "") this.#settle(field, out, field.raw.length - field.text.held);
  }

  /** Where too many run already, the one of which nothing was said for longest is over. */
  #open({ key, parent, name }: Place): Field {
    if (this.#fields.size >= maxFields) {
      const [silent] = [...this.#fields].toSorted(([, a], [, b]) => a.seen - b.seen);
      if (silent !== undefined) this.#end(...silent);
    }
    const text = jsonNames.has(name) ? wholeJson(this.#guard) : this.#guard.open({ inEvents: true });
    const field: Field = { text, name, parent, pieces: [], raw: "", seen: this.#events };
    this.#fields.set(key, field);
    this.#guard.undoable(() => this.#fields.delete(key));
    return field;
  }

  #end(key: string, field: Field): void {
    const out = field.text.end();
    if (this.#guard.blocked !== undefined) return;
    this.#fields.delete(key);
    this.#guard.undoable(() => this.#fields.set(key, field));
    this.#settle(field, out, field.raw.length);
  }

  /**
   * Deals what was let go of to the pieces that it came from: letter by letter but for what lies from the first change to the last
   * one, which stands where it begins.
   *
   * @param length code units of what was held that are held no longer
   */
  #settle(field: Field, out: string, length: number): void {
    const { pieces, raw } = field;
    if (length === 0) return;
    const came = raw.slice(0, length);
    const start = commonStart(came, out);
    const end = length - commonEnd(came, out, start);
    const changed = out.slice(start, out.length - (length - end));
    const before: { readonly piece: Piece; readonly left: number; readonly out: string }[] = [];
    let from = 0;
    let dealt = false;
    for (const piece of pieces) {
      if (from === length) break;
      before.push({ piece, left: piece.left, out: piece.out });
      const to = from + Math.min(piece.left, length - from);
      piece.out += came.slice(from, Math.min(to, start));
      if (!dealt && (to > start || to === length)) {
        piece.out += changed;
        dealt = true;
      }
      piece.out += came.slice(Math.max(from, end), to);
      piece.left -= to - from;
      from = to;
    }
    const gone = before.filter(({ piece }) => piece.left === 0).map(({ piece }) => piece);
    field.raw = raw.slice(length);
    pieces.splice(0, gone.length);
    this.#guard.undoable(() => {
      field.raw = raw;
      pieces.unshift(...gone);
      for (const { piece, left, out: sent } of before) Object.assign(piece, { left, out: sent });
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

  #written({ source, tree, runs, rest, restChanged, pieces }: Waiting<Source>): string {
    if (!restChanged && pieces.every(({ text, out }) => text === out)) return this.#write(source, undefined);
    let next = 0;
    return this.#write(
      source,
      refilled(tree, rest, runs, () => pieces[next++]?.out ?? ""),
    );
  }
}

const nothing: ReadonlySet<string> = new Set();

/** Whether an end is this text's: it lies within the place, and its type begins as the end's does. */
function isWithin(key: string, { place, of = "" }: End): boolean {
  if (
    place !== "" &&
    !(key.startsWith(place) && (key.length === place.length || "/?#".includes(key.charAt(place.length))))
  )
    return false;
  return of === "" || key.toLowerCase().includes(`=${of}`) || key.toLowerCase().startsWith(`@${of}`);
}

function isThought(name: string): boolean {
  return name.startsWith("think") || name.startsWith("thought") || name.startsWith("reasoning");
}

/** JSON in pieces, such as a tool call's arguments: held until it is whole, so that its escapes hide nothing. */
function wholeJson(guard: ContentGuard): RunningText {
  let all = "";
  let isOwn = true;
  let changed = false;
  return {
    push: (piece, own = true) => {
      const before = all;
      guard.undoable(() => (all = before));
      isOwn &&= own;
      all += piece;
      refuseOverHeld(all.length);
      return "";
    },
    end: () => {
      guard.barrier(); // a call is whole
      const out = guard.json(all, isOwn ? "arguments" : "others");
      changed = out !== all;
      return out;
    },
    get held() {
      return all.length;
    },
    get changed() {
      return changed;
    },
  };
}

/** Code units that two texts have in common at their beginning. */
function commonStart(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  if (a === b) return most;
  let at = 0;
  while (at < most && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  return at;
}

/** And at their end, behind `start` of both. */
function commonEnd(a: string, b: string, start: number): number {
  const most = Math.min(a.length, b.length) - start;
  let count = 0;
  while (count < most && a.charCodeAt(a.length - 1 - count) === b.charCodeAt(b.length - 1 - count)) count += 1;
  return count;
}
