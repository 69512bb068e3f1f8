/**
 * The encoder as the classifier's second opinion. In: a stretch of plain text. Out: its logit, and what that is worth.
 *
 * Worth was weighed on texts that neither had seen (`tools/injection/encoder/weigh.py`): at these numbers as many honest texts are
 * blocked as without the encoder, and more attacks.
 */
import { deployedEncoder } from "../encoder/deployed.ts";
import type { Worth } from "./classifier.ts";

export const worth: { readonly user: Worth; readonly untrusted: Worth } = {
  user: { slope: 0.5, offset: 0.3, from: 0.08, to: 0.95 },
  untrusted: { slope: 0.5, offset: -0.2, from: 0.08, to: 0.95 },
};

/** Conversations are sent whole with each turn: what was judged a moment ago need not be judged again. */
const remembered = 256;
const known = new Map<string, number | undefined>();

/** The encoder's logit; `undefined` for what it cannot read. The longest unused of the texts that are known goes first. */
export function encoderLogit(stretch: string): number | undefined {
  const held = known.has(stretch);
  const logit = held ? known.get(stretch) : deployedEncoder.logit(stretch);
  if (held) known.delete(stretch);
  else if (known.size === remembered) known.delete(known.keys().next().value as string);
  known.set(stretch, logit);
  return logit;
}
