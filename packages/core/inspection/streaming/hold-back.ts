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

interface Cursor {
  readonly detector: SpanDetector;
  /** Findings that start before this are known, and stand. */
  settled: number;
}

export class HoldBack {
  readonly #rules: SpanRules;
  readonly #cursors: readonly Cursor[];
  /** The text from {@link #base} on: all that some detector looks at or that is not released. */
  #text = "";
  #base = 0;
  #released = 0;
  /** What is known and not released yet, sorted. */
  #spans: JudgedSpan[] = [];
  #blocked: Finding | undefined;
  #masked = false;

  constructor(rules: SpanRules) {
    this.#rules = rules;
    this.#cursors = rules.detectors.map((detector) => ({ detector, settled: 0 }));
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
    return this.#blocked === undefined ? this.#base + this.#text.length - this.#released : 0;
  }

  /** What is held, as it came in: for whoever lets a text pass that could not be read. */
  get rest(): string {
    return this.#blocked === undefined ? this.#text.slice(this.#released - this.#base) : "";
  }

  /** Takes in a piece; returns what may be released now. */
  push(piece: string): string {
    if (piece === "" || this.#blocked !== undefined) return "";
    this.#text += piece;
    const out = this.#advance(false);
    if (this.held > maxHeldLength) throw new Error(`a span of the answer is longer than ${maxHeldLength} characters`);
    return out;
  }

  /** The text is whole; returns the rest of it. */
  end(): string {
    return this.#blocked === undefined ? this.#advance(true) : "";
  }

  #advance(ended: boolean): string {
    let safe = this.#base + this.#text.length;
    for (const cursor of this.#cursors) {
      this.#settle(cursor, ended);
      if (cursor.settled < safe) safe = cursor.settled;
    }
    if (!ended && safe > this.#released && isHighSurrogate(this.#text.charCodeAt(safe - 1 - this.#base))) safe -= 1;
    const out = this.#release(safe);
    this.#forget();
    return out;
  }

  /** Settles as much as a detector lets go of, and takes note of what it found in that. */
  #settle(cursor: Cursor, ended: boolean): void {
    const { detector, settled } = cursor;
    const from = Math.max(this.#base, settled - detector.maxSpan);
    const window = from === this.#base ? this.#text : this.#text.slice(from - this.#base);
    const known = settled - from;
    if (window.length === known) return;
    const open = ended ? window.length : detector.openFrom(window);
    if (!(open >= window.length - detector.maxSpan && open >= 0 && open <= window.length))
      throw new Error(`detector \`${detector.name}\` keeps text from ${open} of ${window.length}, past its maxSpan`);
    if (open <= known) return;
    for (const finding of detector.detect(window, known))
      if (finding.start >= known && finding.start < open && finding.end > finding.start)
        this.#note({ ...finding, start: finding.start + from, end: finding.end + from });
    cursor.settled = from + open;
  }

  #note(finding: Finding): void {
    const action = this.#rules.decide(finding);
    if (action === "release") return;
    const span = { finding, action };
    // Behind those that it does not come before: of equal spans, the detector that comes first speaks.
    let at = this.#spans.length;
    while (at > 0 && compareSpans(this.#spans[at - 1] as JudgedSpan, span) > 0) at -= 1;
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
        this.#text = "";
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

  #slice(start: number, end: number): string {
    return this.#text.slice(start - this.#base, end - this.#base);
  }

  /** Drops what is released and no detector looks back at. */
  #forget(): void {
    if (this.#blocked !== undefined) return;
    let keep = this.#released;
    for (const { settled, detector } of this.#cursors) keep = Math.min(keep, settled - detector.maxSpan);
    if (keep <= this.#base) return;
    this.#text = this.#text.slice(keep - this.#base);
    this.#base = keep;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
