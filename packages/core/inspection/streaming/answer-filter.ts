/**
 * Filters an answer's bytes as they arrive. In: bytes. Out: the bytes that may be sent now, or that and the end of the
 * answer, in the API's own way. An answer that cannot be read ends too, unless it is to pass unread.
 */
import { linesName, type ContentGuard } from "./content-guard.ts";
import { EventReader, type ServerSentEvent } from "./event-stream.ts";
import type { Ending, EventFraming } from "./framing.ts";

export interface FilterCut {
  /** Why, for the record and for the client: never content. */
  readonly words: string;
  /** Whether the bytes beside it end the answer in a way that its clients understand. */
  readonly ended: boolean;
}

export interface Released {
  readonly bytes: Uint8Array;
  /** Set when nothing more comes. */
  readonly cut?: FilterCut;
}

export interface AnswerFilter {
  push(chunk: Uint8Array): Released;
  end(): Released;
  /**
   * Ends the answer for what was found elsewhere: nothing more comes out of it.
   *
   * @param after what the client has of it: `all` that came out so far; all but the `last` piece, or what its `end` gave; or
   *   `nothing`
   */
  stop(words: string, after: StoppedAfter): Released;
}

export type StoppedAfter = "all" | "last" | "nothing";

export interface AnswerFilterOptions {
  readonly guard: ContentGuard;
  readonly framing: EventFraming;
  /** Words for a blocked answer. */
  readonly words: () => string;
  /** Called when the answer cannot be read. `open` lets the rest pass as it is. */
  readonly onFailure: (error: Error) => "closed" | "open";
}

const encoder = new TextEncoder();
const nothing = new Uint8Array(0);

/** A `text/event-stream`. */
export class EventStreamFilter implements AnswerFilter {
  readonly #options: AnswerFilterOptions;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #reader = new EventReader();
  /** Bytes of a character that ends in the next chunk: no text yet. */
  #unfinished: Uint8Array = nothing;
  #state: "reading" | "unread" | "over" = "reading";
  /** How the answer ended if what was taken last had not been. */
  #before: Ending | undefined;

  constructor(options: AnswerFilterOptions) {
    this.#options = options;
  }

  push(chunk: Uint8Array): Released {
    if (this.#state === "unread") return { bytes: chunk };
    if (this.#state === "over") return { bytes: nothing };
    if (this.#options.guard.isHeard) this.#before = this.#options.framing.ending();
    let events: ServerSentEvent[];
    this.#options.guard.begin(); // the events before have happened, whatever comes of these
    try {
      const text = this.#decoder.decode(chunk, { stream: true });
      this.#unfinished = partialCharacter(this.#unfinished, chunk);
      events = this.#reader.push(text);
    } catch (error) {
      return this.#failed(error as Error, [], [], chunk);
    }
    return this.#take(events);
  }

  end(): Released {
    if (this.#state !== "reading") return { bytes: nothing };
    if (this.#options.guard.isHeard) this.#before = this.#options.framing.ending();
    const events: ServerSentEvent[] = [];
    this.#options.guard.begin();
    try {
      events.push(...this.#reader.push(this.#decoder.decode()));
      const unfinished = this.#reader.end();
      if (unfinished !== undefined) events.push(unfinished);
    } catch (error) {
      return this.#failed(error as Error, [], events, nothing);
    }
    const released = this.#take(events);
    if (released.cut !== undefined || this.#state !== "reading") return released;
    this.#state = "over";
    const out = [Buffer.from(released.bytes).toString()];
    this.#options.guard.begin();
    try {
      out.push(this.#options.framing.end());
    } catch (error) {
      return this.#failed(error as Error, out, [], nothing);
    }
    return this.#options.guard.blocked === undefined ? { bytes: encoded(out) } : this.#blocked(out);
  }

  stop(words: string, after: StoppedAfter): Released {
    // What passes unread may stand in the middle of an event.
    const ended = this.#state !== "unread";
    this.#state = "over";
    if (!ended) return { bytes: nothing, cut: { words, ended } };
    const last = after === "last" ? this.#before : undefined;
    const ending = last ?? this.#options.framing.ending(after === "nothing");
    return { bytes: encoder.encode(ending(words)), cut: { words, ended } };
  }

  #take(events: readonly ServerSentEvent[]): Released {
    const out: string[] = [];
    for (const [index, event] of events.entries()) {
      try {
        out.push(this.#event(event));
      } catch (error) {
        return this.#failed(error as Error, out, events.slice(index), nothing);
      }
      if (this.#options.guard.blocked !== undefined) return this.#blocked(out);
    }
    return { bytes: encoded(out) };
  }

  /** Lines that are not data are fixed texts; where one may not pass as it is, none of them does. */
  #event(event: ServerSentEvent): string {
    const { guard, framing } = this.#options;
    guard.begin();
    if (event.others === "" || guard.fixed(event.others, linesName) === event.others) return framing.event(event);
    if (event.data === undefined || guard.blocked !== undefined) return "";
    const data = event.data.split("\n").map((line) => `data: ${line}\n`);
    return framing.event({ ...event, raw: `${data.join("")}\n`, others: "" });
  }

  #blocked(out: string[]): Released {
    const words = this.#options.words();
    this.#state = "over";
    out.push(this.#options.framing.ending()(words));
    return { bytes: encoded(out), cut: { words, ended: true } };
  }

  /** @param unread events that were read off the stream and not taken; `chunk` was not even that */
  #failed(error: Error, out: string[], unread: readonly ServerSentEvent[], chunk: Uint8Array): Released {
    const { framing, guard, onFailure } = this.#options;
    if (onFailure(error) === "open") {
      this.#state = "unread";
      guard.letPass();
      // What was held is let go of as far as it can be; what failed passes as it came.
      out.push(
        settled(() => framing.end()),
        ...unread.map(({ raw }) => raw),
        this.#reader.rest(),
      );
      return { bytes: Buffer.concat([encoded(out), this.#unfinished, chunk]) };
    }
    const words = `the answer could not be inspected: ${error.message}`;
    this.#state = "over";
    out.push(framing.ending()(words));
    return { bytes: encoded(out), cut: { words, ended: true } };
  }
}

/** The bytes at the end that are the beginning of a character, of what was not whole before and a chunk: at most three. */
export function partialCharacter(before: Uint8Array, chunk: Uint8Array): Uint8Array {
  const last = chunk.at(-1);
  if (last === undefined) return before;
  if (last < 0x80) return nothing;
  const bytes = Buffer.concat([before, chunk.subarray(-3)]);
  for (let length = 1; length <= Math.min(3, bytes.length); length++) {
    const byte = bytes[bytes.length - length] as number;
    if (byte < 0xc0) continue; // goes on
    const whole = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length < whole ? bytes.subarray(bytes.length - length) : nothing;
  }
  return nothing;
}

function encoded(out: readonly string[]): Uint8Array {
  return out.length === 0 ? nothing : encoder.encode(out.length === 1 ? out[0] : out.join(""));
}

/** What can still be read after something failed; nothing where it fails again, as was said. */
export function settled(read: () => string): string {
  try {
    return read();
  } catch {
    return ""; // it failed before, and is said to have
  }
}
