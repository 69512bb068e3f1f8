/** Cedar's `decimal`: a number with up to four digits after the point. In: its text. Out: ten-thousandths, in 64 bits. */
import { fail } from "./evaluation-error.ts";
import type { ExtensionValue } from "./extension-value.ts";

const shape = /^(-?)(\d{1,4000})\.(\d{1,4000})$/;
const least = -(2n ** 63n);
const most = 2n ** 63n - 1n;

/** @throws {EvaluationError} for anything but digits, a point, and one to four digits, within 64 bits */
export function parseDecimal(text: string): ExtensionValue {
  const match = shape.exec(text);
  if (match === null)
    fail(`error while evaluating \`decimal\` extension function: \`${text}\` is not a well-formed decimal value`);
  const [, sign, whole = "", fraction = ""] = match;
  if (fraction.length > 4)
    fail(`error while evaluating \`decimal\` extension function: too many digits after the decimal in \`${text}\``);
  const size = BigInt(whole) * 10_000n + BigInt(fraction.padEnd(4, "0"));
  const amount = sign === "-" ? -size : size;
  if (amount < least || amount > most)
    fail("error while evaluating `decimal` extension function: overflow when converting to decimal");
  return { kind: "decimal", amount };
}
