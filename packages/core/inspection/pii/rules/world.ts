/**
 * Identity, tax and bank numbers of the Americas, Australia and India, and what travels under a keyword alone: passports,
 * licences, patient and account numbers. Sources: SSA (number ranges), IRS (ITIN), ABA, ATO (TFN, ABN), Services Australia,
 * UIDAI (Verhoeff), CBDT (PAN), Receita Federal (CPF, CNPJ).
 */
import { isDay, isFiller, verhoeff, weighted } from "../checksums.ts";
import { tag } from "../keywords.ts";
import type { NumberRule } from "./rule.ts";

function isSsn(digits: string): boolean {
  return (
    !/^(?:000|666|9)/.test(digits) &&
    digits.slice(3, 5) !== "00" &&
    digits.slice(5) !== "0000" &&
    !/^(\d)\1{8}$/.test(digits)
  );
}

function isItin(digits: string): boolean {
  const group = Number(digits.slice(3, 5));
  return (
    digits.startsWith("9") &&
    ((group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group !== 93))
  );
}

function isRouting(digits: string): boolean {
  const district = Number(digits.slice(0, 2));
  const issued =
    district <= 12 || (district >= 21 && district <= 32) || (district >= 61 && district <= 72) || district === 80;
  return issued && weighted(digits, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0 && !isFiller(digits);
}

function isTfn(digits: string): boolean {
  return weighted(digits, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0 && !isFiller(digits);
}

function isMedicare(digits: string): boolean {
  return /^[2-6]/.test(digits) && weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === Number(digits.charAt(8));
}

function isAbn(digits: string): boolean {
  return !digits.startsWith("0") && (weighted(digits, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0;
}

function isAadhaar(digits: string): boolean {
  return /^[2-9]/.test(digits) && verhoeff(digits) && !isFiller(digits);
}

/** Two digits, each eleven less the weighted rest, or 0. */
function isCpf(digits: string): boolean {
  const one = (weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11;
  const two = (weighted(digits, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11;
  return one % 10 === Number(digits.charAt(9)) && two % 10 === Number(digits.charAt(10)) && !isFiller(digits);
}

function isCnpj(digits: string): boolean {
  const one = (weighted(digits, [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11;
  const two = (weighted(digits, [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11;
  return one % 10 === Number(digits.charAt(12)) && two % 10 === Number(digits.charAt(13)) && !isFiller(digits);
}

/** Not one digit over and over. A row such as 123456789 counts: where a keyword announces it people mean it. */
const notFiller = (compact: string): boolean => !/^[A-Z]*(\d)\1*[A-Z]*$/.test(compact);

export const worldRules: readonly NumberRule[] = [
  {
    type: "us-ssn",
    shapes: "d3-d2-d4|d3 d2 d4|d9|d3.d2.d4",
    check: isSsn,
    context: tag.ssn,
    announced: 0.97,
    bare: 0.85,
    bareDigits: 0,
  },
  {
    // What somebody calls a social security number, though none was ever given out: a typing error, or an invented one.
    type: "us-ssn",
    shapes: "d3-d2-d4",
    check: (digits) => !/^(\d)\1{8}$/.test(digits),
    context: tag.ssn,
    reach: 40,
    announced: 0.8,
    bare: 0,
  },
  {
    type: "us-itin",
    shapes: "d3-d2-d4|d9",
    check: isItin,
    context: tag.tax,
    announced: 0.95,
    bare: 0.75,
    bareDigits: 0,
  },
  { type: "us-ein", shapes: "d2-d7", check: notFiller, context: tag.tax, announced: 0.9, bare: 0 },
  {
    type: "us-routing",
    shapes: "d9|d4-d4-d1",
    check: isRouting,
    context: tag.routing | tag.bank,
    announced: 0.93,
    bare: 0,
  },
  { type: "au-tfn", shapes: "d9|d3 d3 d3|d3-d3-d3", check: isTfn, context: tag.australia, announced: 0.96, bare: 0 },
  {
    type: "au-medicare",
    shapes: "d10|d11|d4 d5 d1|d4-d5-d1",
    check: isMedicare,
    context: tag.australia,
    announced: 0.96,
    bare: 0.7,
    bareDigits: 0,
  },
  {
    type: "au-abn",
    shapes: "d11|d2 d3 d3 d3",
    check: isAbn,
    context: tag.australia,
    announced: 0.97,
    bare: 0.8,
    bareDigits: 0,
  },
  {
    type: "in-aadhaar",
    shapes: "d12|d4 d4 d4|d4-d4-d4",
    check: isAadhaar,
    context: tag.india,
    announced: 0.98,
    bare: 0.85,
    bareDigits: 0,
  },
  {
    type: "in-pan",
    shapes: "a5d4a1",
    check: (compact) => /^.{3}[ABCFGHJLPT]/.test(compact),
    context: tag.india | tag.tax,
    announced: 0.98,
    bare: 0.85,
  },
  {
    type: "br-cpf",
    shapes: "d3.d3.d3-d2|d11",
    check: isCpf,
    context: tag.europe | tag.tax | tag.identity,
    announced: 0.98,
    bare: 0.95,
    bareDigits: 0,
  },
  {
    type: "br-cnpj",
    shapes: "d2.d3.d3/d4-d2|d14",
    check: isCnpj,
    context: tag.europe | tag.tax,
    announced: 0.98,
    bare: 0.95,
    bareDigits: 0,
  },
  {
    type: "passport",
    shapes: "a1d6|a1d7|a1d8|a2d6|a2d7|a3d6|a1d7a1|a2d7a1|d8|d9|a2d5a2|a1d2a2d5|d2a2d5|a1 d7|a2 d7",
    check: notFiller,
    context: tag.passport,
    reach: 40,
    announced: 0.93,
    bare: 0,
  },
  {
    type: "driver-licence",
    shapes:
      "a1d5|a1d6|a1d7|a1d8|a1d9|a1d12|a1d13|a1d14|a2d6|a2d7|a2d5a1|a2d6a1|a3d6|d6|d7|d8|d9|d10|d11|d12|d14|d7a1|d8a1|d9a1|d2a3d5|d3a2d4|d4-d4-d6|a5d6a2d1a2|a1d2-d2-d6|a1-d3-d3-d3-d3|a1d3-d4-d4-d2|d3-d3-d3|d2-d3-d4|d4-d2-d4|d6a2|a1d3-d3-d4|a1d3-d3-d3|a2d8",
    check: notFiller,
    context: tag.licence,
    reach: 32,
    announced: 0.85,
    bare: 0,
  },
  {
    type: "patient-number",
    shapes:
      "d5|d6|d7|d8|d9|d10|d12|a1d6|a2d6|a3d6|a1d7|a2d7|a3d7|a2d8|a3d8|a3d9|a3-d6|d3-d3-d3|d4-d4|a2-d6|a3-d5|a3-d7|a3-d8",
    check: notFiller,
    context: tag.health,
    reach: 28,
    announced: 0.8,
    bare: 0,
  },
  {
    type: "bank-account",
    shapes:
      "d7|d8|d9|d10|d11|d12|d13|d14|d15|d16|d17|d18|d19|d8a1|a4d12|d3-d5-d1|d3-d6-d1|d3-d1-d5-d1|d3-d6-d3|d3-d2-d5|d4-d4-d4|d4 d4 d4|d2-d2-d2|d3-d3-d4|d3-d7-d1|d3-d3-d3|d4-d3-d3|d3-d2-d6-d1",
    check: notFiller,
    context: tag.bank,
    reach: 24,
    announced: 0.8,
    bare: 0,
  },
  {
    type: "dk-cpr",
    shapes: "d6-d4",
    check: (digits) => isDay(Number(digits.slice(2, 4)), Number(digits.slice(0, 2))),
    context: tag.europe,
    announced: 0.9,
    bare: 0,
  },
];
