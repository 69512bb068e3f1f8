/**
 * Adversarial suffixes: what a search over a model's tokens (GCG, Zou et al. 2023, and its kin) appends to a request, words and
 * parts of words and signs of no order. In: a part. Out: `suffix/gibberish` where the end of the text is like that, and not
 * what the rest of it is like. It judges by how letters, signs and words are joined, whatever the language.
 */
import type { Finding } from "../finding.ts";
import type { PartDetector } from "../inspect.ts";
import { classified } from "../taxonomy.ts";
import { judgeEnd } from "./judge.ts";
import { surprises as packed, weights } from "./weights.ts";

/** From here on it is a finding; a score of 0.5. */
const least = 0.8;
let surprises: Uint8Array | undefined;

export const suffixDetector: PartDetector = {
  name: "suffix",
  version: "1",
  judge({ text, origin }) {
    if (origin === "instructions" || origin === "model") return { probability: 0, findings: [] };
    surprises ??= Buffer.from(packed, "base64");
    const { probability, start } = judgeEnd(text, surprises, weights);
    if (probability < least) return { probability: 0, findings: [] };
    const score = Math.min(0.95, 0.5 + (probability - least) * 2.25);
    const findings: Finding[] = [
      classified({ detector: "suffix/gibberish", category: "adversarial-suffix", start, end: text.length, score }),
    ];
    return { probability: 0, findings };
  },
};
