/**
 * Streams for property tests of framings: texts that come near to matches, cut into deltas and the deltas' bytes cut
 * anywhere, and the filter run over them. In: events. Out: what a client would parse.
 */
import fc from "fast-check";
import { EventStreamFilter } from "../answer-filter.ts";
import { ContentGuard } from "../content-guard.ts";
import type { EventFraming } from "../framing.ts";
import type { SpanAction, SpanRules } from "../span-rules.ts";
import { emailDetector, wordDetector } from "./detectors.ts";
import { cutBytes, pieces } from "./pieces.ts";

const detectors = [
  emailDetector,
  wordDetector("test-secret", ["hunter2", "hunter22"], "secret"),
  wordDetector("test-badge", ["S1234567D", "😀🔑"], "pii"),
];

export function rules(actionOf: (detector: string) => SpanAction): SpanRules {
  return {
    detectors,
    decide: (finding) => actionOf(finding.detector),
    replace: (finding, span) => `[${finding.detector.split("/")[0]}:${span.length}]`,
  };
}

export const masking = rules(() => "mask");
export const blocking = rules((detector) => (detector.startsWith("test-secret") ? "block" : "mask"));

const part = fc.oneof(
  fc.constantFrom("a@b.co", "hunter2", "hunter22", "S1234567D", "😀", "😀🔑", "x@y.com", " ", "\n", '"', "\\u0068"),
  fc.constantFrom("hunter", "S123", "b.c", "é", "so ", "the "),
);
export const texts = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(""));
export const deltas = pieces(texts);
/** Deltas too short to be read by themselves as well, as those of unknown formats are. */
export const shortDeltas = deltas.map((all) => all.flatMap((each) => each.match(/.{1,15}/gs) ?? [""]));
/** Where the bytes of a stream are cut; none means after each byte. */
export const byteCuts = fc.array(fc.nat(100_000), { maxLength: 20 });

/** JSON as a server may write it: with every character beyond ASCII escaped, or not. */
export function json(value: unknown, ascii: boolean): string {
  const text = JSON.stringify(value);
  return ascii
    ? text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    : text;
}

/** Takes turns between lists: the next of list `turn % lists` each time, then what is left. */
export function interleaved<T>(lists: readonly (readonly T[])[], turns: readonly number[]): T[] {
  const left = lists.map((list) => [...list]);
  const out: T[] = [];
  for (const turn of turns) {
    const next = left[turn % left.length]?.shift();
    if (next !== undefined) out.push(next);
  }
  return [...out, ...left.flat()];
}

/** Parsed freely: a test that reads what is not there fails on it. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface Filtered {
  readonly text: string;
  readonly cut: boolean;
}

/** Runs a stream through the filter, in the given pieces. */
export function filtered(
  stream: string,
  cuts: readonly number[],
  with_: SpanRules,
  framing: (guard: ContentGuard) => EventFraming,
): Filtered {
  const guard = new ContentGuard(with_, { repeats: true });
  const filter = new EventStreamFilter({
    guard,
    framing: framing(guard),
    words: () => "found something",
    onFailure: (error) => {
      throw error;
    },
  });
  return run(filter, stream, cuts);
}

/** As {@link filtered}, with detectors that let everything stand and crash at the `crash`th look; what cannot be read passes. */
export function crashing(
  stream: string,
  cuts: readonly number[],
  crash: number,
  framing: (guard: ContentGuard) => EventFraming,
): Filtered & { readonly crashed: boolean } {
  let left = crash;
  let crashed = false;
  const look = detectors.map((detector) => ({
    ...detector,
    detect: (text: string, known?: number) => {
      if (left-- <= 0) throw new Error("the detector crashed");
      return detector.detect(text, known);
    },
  }));
  const guard = new ContentGuard({ ...rules(() => "release"), detectors: look });
  const filter = new EventStreamFilter({
    ...{ guard, framing: framing(guard), words: () => "found something" },
    onFailure: () => {
      crashed = true;
      return "open";
    },
  });
  return { ...run(filter, stream, cuts), crashed };
}

function run(filter: EventStreamFilter, stream: string, cuts: readonly number[]): Filtered {
  const out: Uint8Array[] = [];
  for (const piece of cutBytes(Buffer.from(stream), cuts)) {
    const released = filter.push(piece);
    out.push(released.bytes);
    if (released.cut !== undefined) return { text: Buffer.concat(out).toString(), cut: true };
  }
  const last = filter.end();
  out.push(last.bytes);
  return { text: Buffer.concat(out).toString(), cut: last.cut !== undefined };
}

/** The data of a stream's events, read line by line, as simple clients do. */
export function dataOf(stream: string): string[] {
  return stream
    .split("\n\n")
    .flatMap((event) => event.split("\n").filter((line) => line.startsWith("data: ")))
    .map((line) => line.slice("data: ".length));
}
