/**
 * The hold-back: filters a text that arrives in pieces. In: pieces. Out: what may be released of it now. Text that could
 * still become part of a finding, or change one, waits; everything before it flows. What comes out, put together, equals
 * what {@link filterText} makes of the whole text, whatever the pieces were; a blocked text ends where that one ends.
 *
 * Each detector says from where on it must wait, and is asked about the text before that with as much context in front
 * as it declares. Text leaves when no detector waits, and never through the middle of a span or of a surrogate pair.
 */
import type { Finding, SpanDetector } from "../finding.ts";
import { compareSpans, groupAt, type JudgedSpan, type SpanRules } from "./span-rules.ts";

/** Spans that overlap are held together; a chain of them that is longer than this, in UTF-16 code units, is an error. */
const maxHeldLength = 1024 * 1024;
/** Findings of pieces by themselves that are remembered: what is forgotten counts twice. */
const maxAlone = 1024;
/** The end of the text stands by itself, at least so long: most detectors look no further back, and it is short to copy. */
const tailLength = 2048;

interface Cursor {
  readonly detector: SpanDetector;
  /** Its place among the detectors. */
  readonly rank: number;
  /** Findings that start before this are known, and stand. */
  settled: number;
}

interface RankedSpan extends JudgedSpan {
  readonly rank: number;
}

export class HoldBack {
  readonly #rules: SpanRules;
  readonly #cursors: readonly Cursor[];
  /** The one that waited longest last time: it is asked first, and most of the others need not be asked at all. */
  #slowest: Cursor | undefined;
  /** The text from {@link #base} on, in two pieces: all that some detector looks at or that is not released. */
  #head = "";
  #tail = "";
  #base = 0;
  #tailBase = 0;
  #released = 0;
  /** What is known and not released yet, sorted. */
  #spans: RankedSpan[] = [];
  /** What was found in pieces by themselves: found in the text as well it is the same. */
  readonly #alone = new Set<string>();
  #blocked: Finding | undefined;
  #masked = false;

  constructor(rules: SpanRules) {
    this.#rules = rules;
    this.#cursors = rules.detectors.map((detector, rank) => ({ detector, rank, settled: 0 }));
  }

  /** The finding that ended the text. Nothing is released after it. */
  get blocked(): Finding | undefined {
    return this.#blocked;
  }

  /** Whether what came out is other than what went in. */
  get changed(): boolean {
    return this.#masked || this.#blocked !== undefined;
  }

  /** How many code units have come in and are not released. */
  get held(): number {
    return this.#blocked === undefined ? this.#end - this.#released : 0;
  }

  /** What is held, as it came in: for whoever lets a text pass that could not be read. */
  get rest(): string {
    return this.#blocked === undefined ? this.#slice(this.#released) : "";
  }

  /**
   * Takes in a piece; returns what may be released now.
   *
   * @param alone whether the piece is read by itself as well: somebody may read it without what stands beside it
   */
  push(piece: string, alone = false): string {
    if (piece === "" || this.#blocked !== undefined) return "";
    this.#tail += piece;
    if (alone) this.#readAlone(piece);
    const out = this.#advance(false);
    if (this.held > maxHeldLength) throw new Error(`a span of the answer is longer than ${maxHeldLength} characters`);
    return out;
  }

  /** The text is whole; returns the rest of it. */
  end(): string {
    return this.#blocked === undefined ? this.#advance(true) : "";
  }

  get #end(): number {
    return this.#tailBase + this.#tail.length;
  }

  #advance(ended: boolean): string {
    let safe = this.#end;
    const first = this.#slowest;
    if (first !== undefined) safe = this.#settledUpTo(first, safe, ended);
    for (const cursor of this.#cursors) if (cursor !== first) safe = this.#settledUpTo(cursor, safe, ended);
    if (!ended && safe > this.#released && isHighSurrogate(this.#unit(safe - 1))) safe -= 1;
    const out = this.#release(safe);
    this.#forget();
    return out;
  }

  /** How far a detector lets go, `safe` at most. One that has settled as much before is not asked again. */
  #settledUpTo(cursor: Cursor, safe: number, ended: boolean): number {
    if (cursor.settled < safe) this.#settle(cursor, ended);
    if (cursor.settled >= safe) return safe;
    this.#slowest = cursor;
    return cursor.settled;
  }

  /** Settles as much as a detector lets go of, and takes note of what it found in that. */
  #settle(cursor: Cursor, ended: boolean): void {
    const { detector, settled } = cursor;
    const from = Math.max(this.#base, settled - detector.maxSpan);
    const window = this.#slice(from);
    const known = settled - from;
    if (window.length === known) return;
    const open = ended ? window.length : detector.openFrom(window);
    if (!(open >= window.length - detector.maxSpan && open >= 0 && open <= window.length))
      throw new Error(`detector \`${detector.name}\` keeps text from ${open} of ${window.length}, past its maxSpan`);
    if (open <= known) return;
    for (const finding of detector.detect(window, known))
      if (finding.start >= known && finding.start < open && finding.end > finding.start) {
        const placed = { ...finding, start: finding.start + from, end: finding.end + from };
        if (this.#alone.size === 0 || !this.#alone.delete(keyOf(placed))) this.#note(placed, cursor.rank);
      }
    cursor.settled = from + open;
  }

  #readAlone(piece: string): void {
    const from = this.#end - piece.length;
    for (const { detector, rank } of this.#cursors)
      for (const finding of detector.detect(piece)) {
        if (finding.end <= finding.start) continue;
        const placed = { ...finding, start: finding.start + from, end: finding.end + from };
        this.#alone.add(keyOf(placed));
        this.#note(placed, rank);
      }
  }

  #note(finding: Finding, rank: number): void {
    const action = this.#rules.decide(finding);
    if (action === "release") return;
    const span = { finding, action, rank };
    // Behind those that it does not come before: of equal spans, the detector that comes first speaks.
    let at = this.#spans.length;
    while (at > 0 && compareRanked(this.#spans[at - 1] as RankedSpan, span) > 0) at -= 1;
    this.#spans.splice(at, 0, span);
  }

  /** Releases up to `safe`, or to the start of a span that reaches over it. */
  #release(safe: number): string {
    let out = "";
    let limit = safe;
    let taken = 0;
    for (let group = groupAt(this.#spans, 0); group !== undefined; group = groupAt(this.#spans, taken)) {
      if (group.start >= safe) break;
      if (group.end > safe) {
        limit = group.start;
        break;
      }
      out += this.#slice(this.#released, group.start);
      if (group.blocked !== undefined) {
        this.#blocked = group.blocked;
        this.#head = "";
        this.#tail = "";
        this.#spans = [];
        return out;
      }
      out += this.#rules.replace(group.finding, this.#slice(group.start, group.end), group.action);
      this.#masked = true;
      this.#released = group.end;
      taken += group.count;
    }
    if (taken > 0) this.#spans.splice(0, taken);
    if (limit > this.#released) {
      out += this.#slice(this.#released, limit);
      this.#released = limit;
    }
    return out;
  }

  #unit(at: number): number {
    return at >= this.#tailBase ? this.#tail.charCodeAt(at - this.#tailBase) : this.#head.charCodeAt(at - this.#base);
  }

  #slice(start: number, end: number = this.#end): string {
    if (start >= this.#tailBase) return this.#tail.slice(start - this.#tailBase, end - this.#tailBase);
    return (this.#head + this.#tail).slice(start - this.#base, end - this.#base);
  }

  /** Drops what is released and no detector looks back at, a good piece at a time. */
  #forget(): void {
    if (this.#alone.size > maxAlone) this.#alone.clear();
    if (this.#blocked !== undefined || this.#tail.length < 2 * tailLength) return;
    let keep = this.#released;
    for (const { settled, detector } of this.#cursors) keep = Math.min(keep, settled - detector.maxSpan);
    const text = this.#head + this.#tail;
    const kept = Math.max(0, keep - this.#base);
    this.#base += kept;
    this.#tailBase = Math.max(this.#base, this.#end - tailLength);
    this.#head = text.slice(kept, this.#tailBase - this.#base + kept);
    this.#tail = text.slice(this.#tailBase - this.#base + kept);
  }
}

function keyOf({ detector, start, end }: Finding): string {
  return `${start} ${end} ${detector}`;
}

function compareRanked(a: RankedSpan, b: RankedSpan): number {
  return compareSpans(a, b) || a.rank - b.rank;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
