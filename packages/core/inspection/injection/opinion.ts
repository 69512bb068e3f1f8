/**
 * The encoder as the classifier's second opinion. In: a stretch of plain text. Out: its logit, and what that is worth.
 *
 * Worth was weighed on texts that neither had seen: every fifth row, `bench/inspection/unseen`, our own new texts before they were trained
 * on, and documents, code and logs of packages (docs/detection.md).
 */
import { deployedEncoder } from "../encoder/deployed.ts";
import type { Worth } from "./classifier.ts";

export const worth: { readonly user: Worth; readonly untrusted: Worth } = {
  user: { kept: 0.5, slope: 1, offset: -0.2, from: 0.08, fromOfShort: 0.03, to: 0.95 },
  untrusted: { kept: 0.7, slope: 1, offset: -0.5, from: 0.08, fromOfShort: 0.04, to: 0.95 },
};

/** Conversations are sent whole with each turn: what was judged a moment ago need not be judged again. */
const remembered = 2048;
const known = new Map<string, { readonly logit: number | undefined }>();

/** The encoder's logit; `undefined` for what it cannot read. */
export function encoderLogit(stretch: string): number | undefined {
  const held = knownLogit(stretch);
  if (held !== undefined) return held.logit;
  const logit = deployedEncoder.logit(stretch);
  if (known.size === remembered) known.delete(known.keys().next().value as string);
  known.set(stretch, { logit });
  return logit;
}

/** The same where it is remembered: the longest unused of the texts that are known goes first. */
export function knownLogit(stretch: string): { readonly logit: number | undefined } | undefined {
  const held = known.get(stretch);
  if (held === undefined) return undefined;
  known.delete(stretch);
  known.set(stretch, held);
  return held;
}
