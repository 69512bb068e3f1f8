/**
 * Identity numbers of South-East Asia. Sources: ICA (NRIC, FIN), JPN (MyKad place codes), Permendagri 137/2017 (NIK), DJP
 * (NPWP), Thai DOPA (13 digits, modulus 11), Vietnam Circular 59/2021/TT-BCA (CCCD), PSA (PhilSys), SSS, BIR (TIN).
 */
import { isDay, isFiller, weighted } from "../checksums.ts";
import { tag } from "../keywords.ts";
import type { NumberRule } from "./rule.ts";

const nricWeights = [2, 7, 6, 5, 4, 3, 2];
/** Letter by remainder of eleven, and what the prefix adds to the sum. */
const nricLetters: Readonly<Record<string, readonly [added: number, letters: string]>> = {
  S: [0, "JZIHGFEDCBA"],
  T: [4, "JZIHGFEDCBA"],
  F: [0, "XWUTRQPNMLK"],
  G: [4, "XWUTRQPNMLK"],
  M: [3, "XWUTRQPNJLK"],
};

export function isNric(compact: string): boolean {
  const [added, letters] = nricLetters[compact.charAt(0)] ?? [0, ""];
  const rest = (weighted(compact.slice(1), nricWeights) + added) % 11;
  return letters.charAt(rest) === compact.charAt(8) && letters !== "";
}

/** Places that the National Registration Department of Malaysia has not given out. */
const noPlace: ReadonlySet<number> = new Set([0, 17, 18, 19, 20, 69, 70, 73, 80, 81, 94, 95, 96, 97]);

function isMyKad(digits: string): boolean {
  return isDay(Number(digits.slice(2, 4)), Number(digits.slice(4, 6))) && !noPlace.has(Number(digits.slice(6, 8)));
}

const provincesOfIndonesia: ReadonlySet<number> = new Set([
  ...[11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 31, 32, 33, 34, 35, 36, 51, 52, 53, 61, 62, 63, 64, 65],
  ...[71, 72, 73, 74, 75, 76, 81, 82, 91, 92, 93, 94, 95, 96],
]);

/** Province, regency, district, day of birth (women: 40 more), month, year, serial. */
function isNik(digits: string): boolean {
  const day = Number(digits.slice(6, 8));
  return (
    provincesOfIndonesia.has(Number(digits.slice(0, 2))) &&
    digits.slice(2, 4) !== "00" &&
    digits.slice(4, 6) !== "00" &&
    isDay(Number(digits.slice(8, 10)), day > 40 ? day - 40 : day) &&
    digits.slice(12) !== "0000"
  );
}

function isThaiId(digits: string): boolean {
  const sum = weighted(digits, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
  return (
    digits.charAt(0) !== "0" &&
    digits.charAt(0) !== "9" &&
    (11 - (sum % 11)) % 10 === Number(digits.charAt(12)) &&
    !isFiller(digits)
  );
}

/** Province of birth 001 to 096, century and sex, year. Before 2100 the century digit is 0 to 3. */
function isCccd(digits: string): boolean {
  const province = Number(digits.slice(0, 3));
  return province >= 1 && province <= 96 && Number(digits.charAt(3)) <= 3;
}

/** Not one digit over and over. */
const notSame = (digits: string): boolean => !/^(\d)\1*$/.test(digits);

export const southEastAsiaRules: readonly NumberRule[] = [
  {
    type: "sg-nric",
    shapes: "a1d7a1|a1 d7 a1|a1d7-a1|a1-d7-a1",
    check: isNric,
    context: tag.singapore | tag.identity,
    announced: 0.99,
    bare: 0.93,
  },
  {
    type: "my-mykad",
    shapes: "d12|d6-d2-d4|d6 d2 d4",
    check: isMyKad,
    context: tag.malaysia,
    announced: 0.97,
    bare: 0.88,
    bareDigits: 0,
  },
  {
    type: "id-nik",
    shapes: "d16|d4_d4_d4_d4|d6.d6.d4|d6 d6 d4",
    check: isNik,
    context: tag.indonesia,
    announced: 0.97,
    bare: 0.5,
    bareDigits: 0.55,
  },
  {
    type: "id-npwp",
    shapes: "d2.d3.d3.d1-d3.d3|d2.d3.d3.d1.d3.d3|d2 d3 d3 d1 d3 d3",
    check: (digits) => digits !== "000000000000000",
    context: tag.indonesia | tag.tax,
    announced: 0.98,
    bare: 0.93,
  },
  {
    type: "id-npwp",
    shapes: "d15|d16",
    check: notSame,
    context: tag.tax,
    reach: 40,
    announced: 0.85,
    bare: 0,
  },
  {
    type: "th-citizen-id",
    shapes: "d13|d1-d4-d5-d2-d1|d1 d4 d5 d2 d1",
    check: isThaiId,
    context: tag.thailand | tag.identity,
    announced: 0.97,
    bare: 0.95,
    bareDigits: 0,
  },
  {
    type: "vn-cccd",
    shapes: "d12|d3_d3_d3_d3|d4_d4_d4",
    check: isCccd,
    context: tag.vietnam | tag.identity,
    announced: 0.95,
    bare: 0,
  },
  { type: "vn-cmnd", shapes: "d9|d3_d3_d3", check: notSame, context: tag.vietnam, announced: 0.85, bare: 0 },
  { type: "vn-tax-code", shapes: "d10|d10-d3", check: notSame, context: tag.vietnam, announced: 0.8, bare: 0 },
  {
    type: "ph-philsys",
    shapes: "d12|d16|d4-d4-d4-d4|d4 d4 d4 d4|d4-d7-d1|d4-d4-d4",
    check: notSame,
    context: tag.philippines,
    announced: 0.92,
    bare: 0,
  },
  {
    type: "ph-tin",
    shapes: "d3-d3-d3|d3-d3-d3-d3|d3-d3-d3-d5|d9|d12",
    check: notSame,
    context: tag.philippines | tag.tax,
    reach: 40,
    announced: 0.9,
    bare: 0,
  },
  {
    type: "ph-sss",
    shapes: "d2-d7-d1|d10",
    check: notSame,
    context: tag.philippines,
    announced: 0.95,
    bare: 0.8,
    bareDigits: 0,
  },
  { type: "ph-crn", shapes: "d4-d7-d1|d2-d9-d1", check: notSame, context: tag.philippines, announced: 0.94, bare: 0.8 },
];
