/**
 * Identity numbers of East Asia. Sources: GB 11643-1999 (resident identity card of China), Taiwan's Ministry of the Interior
 * (national identification card), Hong Kong's Immigration Department (HKID), Korea's resident registration, Japan's My Number
 * (Ministerial Ordinance 85 of 2014, article 5).
 */
import { isDay, weighted } from "../checksums.ts";
import { tag } from "../keywords.ts";
import type { NumberRule } from "./rule.ts";

function isBirth(year: number, month: number, day: number): boolean {
  return year >= 1900 && year < 2100 && isDay(month, day);
}

/** Region, date of birth, order, and ISO 7064 MOD 11-2. */
export function isResidentId(compact: string): boolean {
  const date = isBirth(Number(compact.slice(6, 10)), Number(compact.slice(10, 12)), Number(compact.slice(12, 14)));
  if (!date || !/^[1-9]/.test(compact)) return false;
  const sum = weighted(compact, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
  return "10X98765432".charAt(sum % 11) === compact.charAt(17);
}

const taiwanLetters = "ABCDEFGHJKLMNPQRSTUVXYWZIO";

/** A letter that counts as two digits, 1 or 2 for the sex (8 or 9 for residents), and a weighted sum of ten. */
export function isTaiwanId(compact: string): boolean {
  const place = taiwanLetters.indexOf(compact.charAt(0)) + 10;
  if (place < 10 || !/^.[1289]/.test(compact)) return false;
  const sum = Math.floor(place / 10) + (place % 10) * 9 + weighted(compact.slice(1), [8, 7, 6, 5, 4, 3, 2, 1, 1]);
  return sum % 10 === 0;
}

/** One letter or two, six digits, and a check digit modulo 11, in parentheses as it is printed. */
export function isHongKongId(compact: string): boolean {
  const padded = compact.padStart(9, " ");
  let sum = 0;
  for (let at = 0; at < 8; at++) {
    const unit = padded.charCodeAt(at);
    sum += (9 - at) * (unit === 32 ? 36 : unit < 58 ? unit - 48 : unit - 55);
  }
  const check = (11 - (sum % 11)) % 11;
  return padded.charAt(8) === (check === 10 ? "A" : String(check));
}

/** Date of birth, and the century and sex after the hyphen. The last digit is no check digit since October 2020. */
function isKoreanId(compact: string): boolean {
  return /^.{6}[1-8]/.test(compact) && isDay(Number(compact.slice(2, 4)), Number(compact.slice(4, 6)));
}

function isMyNumber(digits: string): boolean {
  const rest = weighted(digits, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
  return (rest <= 1 ? 0 : 11 - rest) === Number(digits.charAt(11));
}

export const eastAsiaRules: readonly NumberRule[] = [
  {
    type: "cn-resident-id",
    shapes: "d18|d17a1|d6 d8 d4|d6 d8 d3a1|d6-d8-d4|d6-d8-d3a1",
    check: isResidentId,
    context: tag.eastAsia | tag.identity,
    announced: 0.98,
    bare: 0.9,
    bareDigits: 0.85,
  },
  {
    type: "tw-national-id",
    shapes: "a1d9",
    check: isTaiwanId,
    context: tag.eastAsia | tag.identity,
    announced: 0.97,
    bare: 0.8,
  },
  {
    type: "kr-resident-id",
    shapes: "d6-d7|d13",
    check: isKoreanId,
    context: tag.eastAsia,
    announced: 0.96,
    bare: 0.6,
    bareDigits: 0,
  },
  { type: "jp-my-number", shapes: "d12|d4_d4_d4", check: isMyNumber, context: tag.eastAsia, announced: 0.95, bare: 0 },
  {
    type: "hk-id",
    shapes: "a1d6(d1|a2d6(d1|a1d7|a1d6(a1|a2d6(a1",
    check: isHongKongId,
    context: tag.eastAsia,
    announced: 0.95,
    bare: 0,
  },
];
