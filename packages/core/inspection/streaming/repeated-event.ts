/**
 * Events that say the same around each few letters of a text. In: an event that was read and taken, and the running text in it.
 * Out: for an event that differs from it in that text alone, what may be sent, without its JSON being read and written anew.
 *
 * What stands around the text was filtered when it was learned, and is the same letter by letter: there is nothing new in it.
 */
import type { RunningText } from "./content-guard.ts";
import { withData, type ServerSentEvent } from "./event-stream.ts";

interface Learned {
  /** Up to the text's first letter, and from the quote behind it on. */
  readonly before: string;
  readonly behind: string;
  readonly text: RunningText;
}

export class RepeatedEvent {
  #learned: Learned | undefined;

  /** What of an event may be sent now; `undefined` where it is none that was learned, or says nothing. */
  released(event: ServerSentEvent): string | undefined {
    if (this.#learned === undefined || event.data === undefined) return undefined;
    const { before, behind, text } = this.#learned;
    const piece = pieceBetween(event.data, before, behind);
    if (piece === undefined || piece === "") return undefined;
    const out = text.push(piece);
    if (out === piece) return event.raw;
    return out === "" ? "" : withData(event, before + JSON.stringify(out).slice(1, -1) + behind);
  }

  /**
   * Learns an event that said nothing but a piece of a text, and in which only that text had to be changed.
   *
   * @param name of the property that holds the piece
   */
  learn({ data = "" }: ServerSentEvent, name: string, piece: string, text: RunningText): void {
    this.#learned = undefined;
    // Without escapes each quote begins or ends a string: a name that stands there once is the property, and nothing else.
    if (piece === "" || /[\\\r\n]/.test(data)) return;
    const written = `"${name}"`;
    const at = data.indexOf(written);
    if (at < 0 || data.includes(written, at + 1) || !data.startsWith(`:"${piece}"`, at + written.length)) return;
    const start = at + written.length + 2;
    this.#learned = { before: data.slice(0, start), behind: data.slice(start + piece.length), text };
  }

  /** The text is over. */
  forget(): void {
    this.#learned = undefined;
  }
}

/** The one string that stands between; `undefined` where something else does, or more. */
function pieceBetween(data: string, before: string, behind: string): string | undefined {
  const length = data.length - before.length - behind.length;
  if (length < 0 || !data.startsWith(before) || !data.endsWith(behind)) return undefined;
  const written = data.slice(before.length, before.length + length);
  // oxlint-disable-next-line no-control-regex
  if (!/["\\\u0000-\u001f]/.test(written)) return written;
  try {
    const piece: unknown = JSON.parse(`"${written}"`);
    return typeof piece === "string" ? piece : undefined;
  } catch {
    return undefined; // it is read as any other, and refused where it is none
  }
}
