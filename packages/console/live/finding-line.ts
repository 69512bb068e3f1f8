/** A finding as it is recorded, in one line of words. In: the record's own shape, read leniently. Out: words. */
import { z } from "zod";

const recorded = z.looseObject({
  detector: z.string(),
  category: z.string(),
  direction: z.string().optional(),
  action: z.string().optional(),
  observed: z.boolean().optional(),
  count: z.number().optional(),
  score: z.number().optional(),
});

/** `pii/sg-nric in the answer, 2 times: redacted` */
export function findingLine(finding: unknown): string {
  const read = recorded.safeParse(finding);
  if (!read.success) return "a finding of a kind that this console does not know";
  const { detector, direction, action, observed, count = 1, score } = read.data;
  const where = direction === "response" ? " in the answer" : direction === "request" ? " in the request" : "";
  const often = count > 1 ? `, ${count} times` : "";
  const sure = score === undefined || score === 1 ? "" : ` (${Math.round(score * 100)} %)`;
  const done = action === undefined ? "" : `: ${observed === true ? "would be " : ""}${doneWords[action] ?? action}`;
  return `${detector}${where}${often}${sure}${done}`;
}

const doneWords: Readonly<Record<string, string>> = {
  allow: "let through",
  flag: "flagged",
  redact: "redacted",
  block: "blocked",
};
