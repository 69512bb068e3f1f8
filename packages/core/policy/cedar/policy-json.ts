/**
 * Cedar text as JSON with exact integers. In: one policy's or template's text. Out: its JSON form; longs that a
 * JavaScript number does not hold are bigints.
 *
 * The engine's binding gives longs as doubles: `9007199254740993` would come back as ...992, and a policy would compare
 * with another number than it says. So long literals travel through the parser as marked strings.
 */
import { policyToJson, templateToJson, type DetailedError, type PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";

const mark = "\u{f8ff}long:";

export type PolicyJsonAnswer =
  | { readonly type: "success"; readonly json: PolicyJson }
  | { readonly type: "failure"; readonly errors: DetailedError[] };

/** Parses a policy; errors and their places are those of the text as it was given. May trap as the engine may. */
export function exactPolicyJson(text: string): PolicyJsonAnswer {
  return exact(text, policyToJson) as PolicyJsonAnswer;
}

/** Parses a template; its slots are `{"Slot": "?principal"}` and `{op, slot}`. */
export function exactTemplateJson(text: string): PolicyJsonAnswer {
  return exact(text, templateToJson) as PolicyJsonAnswer;
}

function exact(text: string, parse: (text: string) => { type: string }): unknown {
  const answer = parse(text);
  if (answer.type !== "success" || !/\d{16}/.test(text)) return answer;
  const marked = parse(markLongs(text));
  return marked.type === "success" ? unmark(marked) : answer;
}

/** Strings and comments are stepped over; what else is sixteen digits or more is an integer literal. */
function markLongs(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|(?<![\w.])\d{16,}/gs, (token) =>
    /^\d/.test(token) ? `"${mark}${token}"` : token,
  );
}

function unmark(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(unmark);
  if (typeof node !== "object" || node === null) return node;
  const whole = markedIn((node as { Value?: unknown }).Value);
  if (whole !== undefined) return { Value: narrow(whole) };
  const negated = (node as { neg?: { arg?: { Value?: unknown } } }).neg?.arg?.Value;
  const size = markedIn(negated);
  if (size !== undefined) return { Value: narrow(-size) };
  return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, unmark(value)]));
}

function markedIn(value: unknown): bigint | undefined {
  return typeof value === "string" && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : undefined;
}

function narrow(exactly: bigint): number | bigint {
  const number = Number(exactly);
  return Number.isSafeInteger(number) ? number : exactly;
}
