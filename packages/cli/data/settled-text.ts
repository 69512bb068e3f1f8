/**
 * Text that arrives in pieces, cut where what is sought in it is settled. In: chunks of UTF-8, what finds spans, and from
 * where on an unfinished text is open. Out: stretches of text with their spans; memory is bounded by the longest span.
 */
import { TextDecoder } from "node:util";
import { CordonError } from "@cordon/core/errors";

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Seeker<S extends Span> {
  /** As a detector's: no span, with what is looked at around it, is longer. */
  readonly maxSpan: number;
  /** All spans of a text that start at `from` or later, by start, none of which overlap. */
  spans(text: string, from: number): readonly S[];
  /** Nothing before it can become part of, or change, a span, whatever follows. */
  openFrom(text: string): number;
}

export interface Stretch<S extends Span> {
  readonly text: string;
  /** In the stretch's own offsets. */
  readonly spans: readonly S[];
}

/** Looked at together, in code units; at least four times the longest span, so that each look releases most of it. */
const windowLength = 64 * 1024;

/** @throws {CordonError} `REQUEST_MALFORMED` where the input is not UTF-8 */
export async function* settledStretches<S extends Span>(
  chunks: AsyncIterable<Uint8Array>,
  seeker: Seeker<S>,
): AsyncGenerator<Stretch<S>> {
  const window = Math.max(windowLength, 4 * seeker.maxSpan);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  let from = 0;
  const release = function* (to: number): Generator<Stretch<S>> {
    if (to <= from) return;
    const spans = seeker.spans(text, from).filter(({ start, end }) => start >= from && end <= to);
    yield {
      text: text.slice(from, to),
      spans: spans.map((span) => ({ ...span, start: span.start - from, end: span.end - from })),
    };
    // What stands before is context for what comes.
    const keep = Math.max(0, to - seeker.maxSpan);
    text = text.slice(keep);
    from = to - keep;
  };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += window) {
      text += decoded(decoder, chunk.subarray(at, at + window));
      if (text.length - from >= window) yield* release(seeker.openFrom(text));
    }
  }
  text += decoded(decoder);
  yield* release(text.length);
}

function decoded(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw new CordonError("REQUEST_MALFORMED", "the input is not UTF-8; convert it first", { cause });
  }
}

/** The text with each span replaced by what `instead` gives for it; where it gives nothing, it stays. */
export function replaced<S extends Span>(
  { text, spans }: Stretch<S>,
  instead: (span: S, value: string) => string | undefined,
): string {
  let out = "";
  let at = 0;
  for (const span of spans) {
    if (span.start < at) continue;
    const value = text.slice(span.start, span.end);
    const other = instead(span, value);
    if (other === undefined) continue;
    out += text.slice(at, span.start) + other;
    at = span.end;
  }
  return out + text.slice(at);
}
