/** Payment card numbers: issuer ranges (ISO/IEC 7812, the schemes' published ranges), lengths, and the Luhn digit. */
import { isFiller, luhn } from "../checksums.ts";
import { tag } from "../keywords.ts";
import type { NumberRule } from "./rule.ts";

/** First and last prefix, and the lengths in use. Lengths 12 to 19 for the Maestro ranges. */
const issuers: readonly (readonly [from: number, to: number, digits: number, lengths: readonly number[]])[] = [
  [4, 4, 1, [13, 16, 19]],
  [51, 55, 2, [16]],
  [2221, 2720, 4, [16]],
  [34, 34, 2, [15]],
  [37, 37, 2, [15]],
  [6011, 6011, 4, [16, 17, 18, 19]],
  [644, 659, 3, [16, 17, 18, 19]],
  [300, 305, 3, [14, 15, 16, 17, 18, 19]],
  [309, 309, 3, [14, 15, 16, 17, 18, 19]],
  [36, 36, 2, [14, 15, 16, 17, 18, 19]],
  [38, 39, 2, [14, 15, 16, 17, 18, 19]],
  [3528, 3589, 4, [16, 17, 18, 19]],
  [1800, 1800, 4, [15]],
  [2131, 2131, 4, [15]],
  [62, 62, 2, [16, 17, 18, 19]],
  [81, 81, 2, [16, 17, 18, 19]],
  [2200, 2204, 4, [16, 17, 18, 19]],
  [9792, 9792, 4, [16]],
  [50, 50, 2, [16, 17, 18, 19]],
  [56, 69, 2, [16, 17, 18, 19]],
];
const maestro = /^(?:50|5[6-9]|6)/;

export function isIssued(digits: string): boolean {
  return issuers.some(([from, to, length, lengths]) => {
    const prefix = Number(digits.slice(0, length));
    return prefix >= from && prefix <= to && lengths.includes(digits.length);
  });
}

export const cardRules: readonly NumberRule[] = [
  {
    type: "credit-card",
    shapes: "d13|d14|d15|d16|d17|d18|d19|d4_d4_d4_d4|d4_d4_d4_d4_d3|d4_d6_d5|d4_d6_d4|d4_d4_d5",
    check: (digits) => luhn(digits) && isIssued(digits) && !isFiller(digits),
    context: tag.card,
    announced: 0.99,
    bare: 0.93,
    bareDigits: 0.85,
  },
  {
    // Short Maestro numbers, and ranges that nobody has published: only where the text says that it is a card.
    type: "credit-card",
    shapes: "d12|d13|d14|d15|d16|d17|d18|d19|d4_d4_d4_d4|d4_d4_d4",
    check: (digits) => luhn(digits) && (digits.length > 12 || maestro.test(digits)) && !isFiller(digits),
    context: tag.card,
    announced: 0.8,
    bare: 0,
  },
];
