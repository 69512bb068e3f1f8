/**
 * Instructions that set other instructions aside, in plain words of many languages: "ignore all previous instructions".
 * In: a part. Out: a finding for each place where the ideas of overriding, of what came before and of instructions stand
 * close together. Cheap, and explainable without a model.
 */
import type { Finding } from "../finding.ts";
import type { PartDetector } from "../inspect.ts";
import { fold, originalOffset } from "../normalise/fold.ts";
import { tokenize } from "../normalise/tokens.ts";
import { classified } from "../taxonomy.ts";
import { concepts, findIdeas } from "./lexicon.ts";

const [override, instruction, prior, you] = ["override", "instruction", "prior", "you"].map((each) =>
  concepts.indexOf(each),
);
/** How far apart, in tokens, the first and the last of the three ideas may stand. */
const reach = 7;
const probability = 0.9;
/** Findings of one part: more say nothing new. */
const maxFindings = 32;

export const overrideDetector: PartDetector = {
  name: "injection",
  version: "1",
  judge(part) {
    if (part.origin === "instructions") return { probability: 0, findings: [] };
    const folded = fold(part.text);
    const tokens = tokenize(folded.text);
    const ideas = findIdeas(tokens);
    const findings: Finding[] = [];
    for (let at = 0; at < ideas.count && findings.length < maxFindings; at++) {
      if (ideas.idea[at] !== override) continue;
      const last = findTarget(ideas, at);
      if (last === undefined) continue;
      const start = originalOffset(folded, tokens.start[ideas.token[at] ?? 0] ?? 0);
      const end = originalOffset(folded, tokens.end[ideas.token[last] ?? 0] ?? 0);
      const category = part.origin === "untrusted" ? "indirect-injection" : "prompt-injection";
      findings.push(classified({ detector: "injection/override", category, start, end, score: probability }));
    }
    return { probability: findings.length > 0 ? probability : 0, findings };
  },
};

/** The idea that completes the pattern begun at `at`. */
function findTarget(ideas: { count: number; token: Int32Array; idea: Uint8Array }, at: number): number | undefined {
  let sawInstruction = false;
  let sawScope = false;
  for (let next = at + 1; next < ideas.count; next++) {
    if ((ideas.token[next] ?? 0) - (ideas.token[at] ?? 0) > reach) return undefined;
    sawInstruction ||= ideas.idea[next] === instruction;
    sawScope ||= ideas.idea[next] === prior || ideas.idea[next] === you;
    if (sawInstruction && sawScope) return next;
  }
  return undefined;
}
