/**
 * What the encoder is asked about where a request has many texts in doubt: a stretch costs milliseconds, and a conversation may
 * have dozens. In: the parts of a request, a number of questions. Out: their judgements.
 *
 * A text is asked about whole or not at all. The likeliest attacks come first, of equally likely ones the later: whoever wants a
 * text left out must hide it behind others that look worse. What is not asked about has the classifier's word. What was asked before is
 * remembered and costs nothing: so with each turn of a conversation, which brings all turns before it, more of it has been asked about.
 */
import type { PartJudgement } from "../inspect.ts";
import type { Part } from "../subject.ts";
import type { SecondOpinion } from "./classifier.ts";

type Logits = readonly (number | undefined)[];

/**
 * Asks about the stretches of one text. Out: their logits, of which one may be `undefined` as the encoder cannot read it; or that
 * nobody is asked.
 *
 * @param first what the classifier alone says of the text
 */
export type Asking = (stretches: readonly string[], first: number) => Logits | undefined;

/** Whoever asks waits. */
export function directly(second: SecondOpinion | undefined): Asking {
  return (stretches) => (second === undefined ? undefined : stretches.map((stretch) => second.logit(stretch)));
}

/** A text that is in doubt, with what is not remembered of it. */
interface Doubted {
  readonly part: number;
  readonly first: number;
  readonly unknown: readonly string[];
}

/**
 * @param most new questions for all parts
 * @param judge judges one part, whose texts ask as it is told
 */
export function askedTogether(
  parts: readonly Part[],
  second: SecondOpinion | undefined,
  most: number,
  judge: (part: Part, asks: Asking) => PartJudgement,
): readonly PartJudgement[] {
  const held = new Map<string, { readonly logit: number | undefined }>();
  const doubted: Doubted[] = [];
  /** By memory alone: what is not in it is noted. */
  const noting =
    (part: number): Asking =>
    (stretches, first) => {
      for (const stretch of stretches) {
        const known = held.get(stretch) ?? second?.known?.(stretch);
        if (known !== undefined) held.set(stretch, known);
      }
      const unknown = stretches.filter((stretch) => !held.has(stretch));
      if (unknown.length > 0) doubted.push({ part, first, unknown });
      return unknown.length > 0 ? undefined : stretches.map((stretch) => held.get(stretch)?.logit);
    };
  const judged = parts.map((part, at) => judge(part, noting(at)));
  if (second === undefined || doubted.length === 0) return judged;

  doubted.sort((a, b) => b.first - a.first || b.part - a.part);
  let left = most;
  const again = new Set<number>();
  for (const { part, unknown } of doubted) {
    const asked = [...new Set(unknown)].filter((stretch) => !held.has(stretch));
    if (asked.length > left) continue;
    left -= asked.length;
    for (const stretch of asked) held.set(stretch, { logit: second.logit(stretch) });
    again.add(part);
  }
  const told: Asking = (stretches) =>
    stretches.every((stretch) => held.has(stretch)) ? stretches.map((stretch) => held.get(stretch)?.logit) : undefined;
  return judged.map((before, at) => (again.has(at) ? judge(parts[at] as Part, told) : before));
}
