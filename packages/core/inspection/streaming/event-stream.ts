/**
 * Server-sent events as the WHATWG HTML standard reads them (section 9.2.6), split anywhere. In: decoded text. Out: events,
 * each with the exact text it was made of, so that one that needs no change passes as it came.
 *
 * Lines end with CR, LF or CRLF. What any client may read as `data` is read here, and what clients disagree about is not
 * passed on: byte order marks, which some drop at the start only and the official clients of OpenAI and Anthropic before every
 * line, and lines other than `data` that Python's `splitlines` would cut, as `httpx-sse` does. Bounded: an event that is larger
 * than the limit throws.
 */
import { CordonError } from "../../errors.ts";

export interface ServerSentEvent {
  /** What it was made of, its blank line included, without what clients read differently. */
  readonly raw: string;
  /** The `event` field; empty where there was none. */
  readonly name: string;
  /** The `data` lines, joined; `undefined` where there was none, and then no client dispatches it. */
  readonly data: string | undefined;
  /** Every line that is not `data` (comments, `event`, `id`, `retry`), as it stood. */
  readonly others: string;
  /** How its lines end. */
  readonly lineEnd: string;
}

/** Largest event, in UTF-16 code units: room for a generated image. */
export const maxEventLength = 16 * 1024 * 1024;

/** Where `str.splitlines` ends a line and the standard does not. */
// oxlint-disable-next-line no-control-regex
const pythonLineEnds = /[\v\f\x1c-\x1e\x85\u2028\u2029]/;

export class EventReader {
  readonly #maxLength: number;
  /** An unfinished line. */
  #line = "";
  #raw = "";
  #others = "";
  #name = "";
  #data: string | undefined;
  #lineEnd = "\n";
  /** The last line ended with a CR at the end of what there was: an LF that follows belongs to it. */
  #afterReturn = false;
  /** Whether that line was data. */
  #afterData = false;
  #started = false;

  constructor(maxLength: number = maxEventLength) {
    this.#maxLength = maxLength;
  }

  /**
   * Takes in text; returns the events that it completed.
   *
   * @throws {CordonError} `REQUEST_TOO_LARGE`
   */
  push(piece: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    let text = piece;
    let at = 0;
    if (text !== "" && this.#line.endsWith("\r")) {
      text = `\r${text}`;
      this.#line = this.#line.slice(0, -1);
    }
    if (this.#afterReturn && text !== "") {
      this.#afterReturn = false;
      if (text.startsWith("\n")) {
        this.#raw += "\n";
        if (!this.#afterData) this.#others += "\n";
        this.#lineEnd = "\r\n";
        at = 1;
      }
    }
    // Each is looked for again only once it is passed: a text without any CR is searched for one once.
    let feed = text.indexOf("\n", at);
    let back = text.indexOf("\r", at);
    while (feed >= 0 || back >= 0) {
      const end = feed < 0 || (back >= 0 && back < feed) ? back : feed;
      let next = end + 1;
      if (text.charCodeAt(end) === 0x0d) {
        if (text.charCodeAt(next) === 0x0a) next += 1;
        else if (next === text.length && this.#lineEnd === "\r\n") break; // half of a line end, as those before
        else if (next === text.length) this.#afterReturn = true;
      }
      const event = this.#takeLine(this.#line + text.slice(at, end), text.slice(end, next));
      this.#line = "";
      if (event !== undefined) events.push(event);
      at = next;
      if (feed >= 0 && feed < at) feed = text.indexOf("\n", at);
      if (back >= 0 && back < at) back = text.indexOf("\r", at);
    }
    this.#line += text.slice(at);
    if (this.#line.length + this.#raw.length > this.#maxLength) throw tooLarge(this.#maxLength);
    return events;
  }

  /**
   * What is left at the end. The standard drops an event without its blank line; some clients do not, so it counts.
   */
  end(): ServerSentEvent | undefined {
    const ending = this.#line.endsWith("\r") ? "\r" : "";
    const line = this.#line.slice(0, this.#line.length - ending.length);
    this.#line = "";
    const event = line + ending === "" ? undefined : this.#takeLine(line, ending);
    if (event !== undefined) return event;
    return this.#raw === "" ? undefined : this.#event();
  }

  /** What has come in and is not an event yet, as it stood. */
  rest(): string {
    return this.#raw + this.#line;
  }

  #takeLine(written: string, lineEnd: string): ServerSentEvent | undefined {
    if (lineEnd !== "") this.#lineEnd = lineEnd;
    let line = written;
    if (!this.#started) {
      this.#started = true;
      line = line.replace(/^(?:\uFEFF|\u00EF\u00BB\u00BF)+/, "");
    } else if (line.charCodeAt(0) === 0xfeff) line = line.replace(/^\uFEFF+/, "");
    this.#raw += line + lineEnd;
    this.#afterData = false;
    if (line === "") return this.#event();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const start = colon < 0 ? line.length : line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1;
    const value = line.slice(start);
    if (field === "data") {
      this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
      this.#afterData = true;
    } else {
      if (pythonLineEnds.test(line)) {
        this.#raw = this.#raw.slice(0, this.#raw.length - line.length - lineEnd.length);
        return undefined;
      }
      if (field === "event") this.#name = value;
      this.#others += line + lineEnd;
    }
    return undefined;
  }

  #event(): ServerSentEvent {
    const event = {
      raw: this.#raw,
      name: this.#name,
      data: this.#data,
      others: this.#others,
      lineEnd: this.#lineEnd,
    };
    this.#raw = "";
    this.#others = "";
    this.#name = "";
    this.#data = undefined;
    return event;
  }
}

/** An event with other data in place of its own. `data` has no line ends, as JSON text has none. */
export function withData(event: ServerSentEvent, data: string): string {
  return `${event.others}data: ${data}${event.lineEnd}${event.lineEnd}`;
}

/**
 * An event's text with other ids. `id` lines whose id has none are left out: the client goes on from an earlier place.
 *
 * @param idFor the id in place of another; the empty id, which forgets the place, stays
 */
export function withIds(text: string, idFor: (id: string) => string | undefined): string {
  if (!/(?:^|[\r\n])\uFEFF?id/.test(text)) return text;
  return text.replaceAll(/[^\r\n]*(?:\r\n|\r|\n|$)/g, (line) => {
    const [, mark = "", value = "", end = ""] = /^(\uFEFF?)id(?::[ ]?([^\r\n]*))?(\r\n|\r|\n|)$/.exec(line) ?? [];
    if (line === "" || !/^\uFEFF?id(?:[:\r\n]|$)/.test(line)) return line;
    if (value === "") return line;
    const id = idFor(value);
    return id === undefined ? mark : `${mark}id: ${id}${end}`;
  });
}

function tooLarge(limit: number): CordonError {
  return new CordonError("REQUEST_TOO_LARGE", `an event of the answer is longer than ${limit} characters`);
}
