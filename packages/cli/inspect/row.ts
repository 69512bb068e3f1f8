/**
 * One line of `cordon inspect --jsonl`, read and answered. In: the line's text. Out: the row, or words why it is none; and
 * the answer's line, in the field order of its contract.
 */
import type { InspectionResult } from "@cordon/core/inspection/inspect";
import type { InspectionText } from "@cordon/core/inspection/subject";

export interface Row {
  readonly id: string | number;
  readonly subject: InspectionText;
}

/** A row, or what is wrong with the line, in words that go after "line N ". */
export function parseRow(text: string): Row | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `is not JSON: ${(error as Error).message}`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "is no JSON object";
  const { id, text: content, messages } = value as Readonly<Record<string, unknown>>;
  if (typeof id !== "string" && typeof id !== "number") return "has no `id` that is a string or a number";
  if (typeof id === "number" && !(Number.isInteger(id) ? Number.isSafeInteger(id) : Number.isFinite(id)))
    return "has an `id` that is beyond the numbers which can be given back as they are: make it a string";
  if (content !== undefined && messages !== undefined) return "has both `text` and `messages`: give one";
  if (typeof content === "string") return { id, subject: { text: content } };
  if (content !== undefined) return "has a `text` that is no string";
  if (Array.isArray(messages)) return { id, subject: { messages } };
  return messages === undefined ? "has neither `text` nor `messages`" : "has `messages` that are no array";
}

/** The answer's line, with its line feed. Scores are rounded to six decimals. */
export function formatAnswer(id: string | number, result: InspectionResult): string {
  const { verdict, score, findings, redacted } = result;
  const rounded = findings.map((finding) => ({ ...finding, score: round(finding.score) }));
  return `${JSON.stringify({ id, verdict, score: round(score), findings: rounded, redacted })}\n`;
}

function round(score: number): number {
  return Math.round(score * 1e6) / 1e6;
}
