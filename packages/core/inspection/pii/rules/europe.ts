/**
 * Identity numbers of Europe, by check digit. Sources: the issuing offices' published algorithms, as OECD's and the EU's
 * TIN pages list them.
 */
import { isDay, isFiller, luhn, mod11_10, weighted } from "../checksums.ts";
import { tag } from "../keywords.ts";
import type { NumberRule } from "./rule.ts";

const dniLetters = "TRWAGMYFPDXBNJZSQVHLCKE";

export function isDni(compact: string): boolean {
  return dniLetters.charAt(Number(compact.slice(0, 8)) % 23) === compact.charAt(8);
}

export function isNie(compact: string): boolean {
  const first = "XYZ".indexOf(compact.charAt(0));
  return first >= 0 && dniLetters.charAt(Number(`${first}${compact.slice(1, 8)}`) % 23) === compact.charAt(8);
}

/** Values of characters in odd places (1st, 3rd, ...) of a codice fiscale, 0 to 9 and A to Z alike. */
const odd: Readonly<Record<string, number>> = {
  ...{ 0: 1, 1: 0, 2: 5, 3: 7, 4: 9, 5: 13, 6: 15, 7: 17, 8: 19, 9: 21 },
  ...{ A: 1, B: 0, C: 5, D: 7, E: 9, F: 13, G: 15, H: 17, I: 19, J: 21, K: 2, L: 4, M: 18 },
  ...{ N: 20, O: 11, P: 3, Q: 6, R: 8, S: 12, T: 14, U: 16, V: 10, W: 22, X: 25, Y: 24, Z: 23 },
};

export function isCodiceFiscale(compact: string): boolean {
  let sum = 0;
  for (let at = 0; at < 15; at++) {
    const char = compact.charAt(at);
    sum += at % 2 === 0 ? (odd[char] ?? 0) : char < "A" ? Number(char) : char.charCodeAt(0) - 65;
  }
  return compact.charCodeAt(15) - 65 === sum % 26;
}

function isPesel(digits: string): boolean {
  const month = Number(digits.slice(2, 4)) % 20;
  const check = (10 - (weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10;
  return isDay(month, Number(digits.slice(4, 6))) && check === Number(digits.charAt(10));
}

/** One digit of the first ten stands twice or three times, and none more. */
function isSteuerId(digits: string): boolean {
  if (digits.startsWith("0") || !mod11_10(digits)) return false;
  const counts = new Map<string, number>();
  for (const digit of digits.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  return counts.size >= 8 && counts.size <= 9;
}

/** Sex, year, month, department, commune, order; the key is 97 less the rest. */
function isNir(digits: string): boolean {
  const month = Number(digits.slice(3, 5));
  const born = (digits.startsWith("1") || digits.startsWith("2")) && month >= 1 && (month <= 12 || month >= 20);
  return born && (digits.length < 15 || 97 - Number(BigInt(digits.slice(0, 13)) % 97n) === Number(digits.slice(13)));
}

function isBsn(digits: string): boolean {
  return weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0 && !isFiller(digits);
}

function isHetu(compact: string): boolean {
  const digits = compact.replace(/[A-Z]/, "").slice(0, 9);
  const born = isDay(Number(compact.slice(2, 4)), Number(compact.slice(0, 2)));
  return born && "0123456789ABCDEFHJKLMNPRSTUVWXY".charAt(Number(digits) % 31) === compact.at(-1);
}

/** `YYMMDD-NNNC` or with the century; a coordination number has 60 added to the day. */
function isPersonnummer(digits: string): boolean {
  const ten = digits.slice(-10);
  const day = Number(ten.slice(4, 6));
  return isDay(Number(ten.slice(2, 4)), day > 60 ? day - 60 : day) && luhn(ten);
}

function isNino(compact: string): boolean {
  return (
    /^[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]/.test(compact) &&
    !/^(?:BG|GB|NK|KN|TN|NT|ZZ)/.test(compact) &&
    /[A-D]$/.test(compact)
  );
}

function isNhsNumber(digits: string): boolean {
  const check = 11 - (weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return (check === 11 ? 0 : check) === Number(digits.charAt(9)) && !isFiller(digits);
}

const europe = tag.europe | tag.identity | tag.tax;

export const europeRules: readonly NumberRule[] = [
  {
    type: "uk-nino",
    shapes: "a2d6a1|a2 d2 d2 d2 a1|a2 d6 a1",
    check: isNino,
    context: tag.britain,
    announced: 0.98,
    bare: 0.85,
  },
  {
    type: "uk-nhs",
    shapes: "d10|d3_d3_d4",
    check: isNhsNumber,
    context: tag.britain | tag.health,
    announced: 0.96,
    bare: 0,
  },
  { type: "es-dni", shapes: "d8a1|d8-a1|d8 a1", check: isDni, context: europe, announced: 0.98, bare: 0.85 },
  { type: "es-nie", shapes: "a1d7a1|a1-d7-a1", check: isNie, context: europe, announced: 0.98, bare: 0.9 },
  {
    type: "it-codice-fiscale",
    shapes: "a6d2a1d2a1d3a1",
    check: isCodiceFiscale,
    context: europe,
    announced: 0.99,
    bare: 0.97,
  },
  { type: "pl-pesel", shapes: "d11", check: isPesel, context: europe, announced: 0.96, bare: 0, bareDigits: 0 },
  {
    type: "de-steuer-id",
    shapes: "d11|d2 d3 d3 d3",
    check: isSteuerId,
    context: europe,
    announced: 0.96,
    bare: 0.7,
    bareDigits: 0,
  },
  {
    type: "fr-nir",
    shapes: "d15|d1_d2_d2_d2_d3_d3_d2|d13 d2",
    check: isNir,
    context: europe | tag.ssn,
    announced: 0.97,
    bare: 0.9,
    bareDigits: 0.7,
  },
  { type: "nl-bsn", shapes: "d9", check: isBsn, context: tag.europe, announced: 0.95, bare: 0 },
  { type: "fi-hetu", shapes: "d6-d3a1|d6a1d3a1|d6-d4", check: isHetu, context: europe, announced: 0.97, bare: 0.85 },
  {
    type: "se-personnummer",
    shapes: "d6-d4|d8-d4|d10|d12",
    check: isPersonnummer,
    context: europe,
    announced: 0.95,
    bare: 0.7,
    bareDigits: 0,
  },
];
