/**
 * Check digits of identity, bank and card numbers. In: digits (and letters) without separators, already of the right
 * length. Out: whether the check digit agrees. Nothing here looks at context.
 */

/** ISO/IEC 7812-1 annex B (Luhn). */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let at = digits.length - 1, twice = false; at >= 0; at--, twice = !twice) {
    const digit = digits.charCodeAt(at) - 48;
    const value = twice ? digit * 2 : digit;
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

/** ISO/IEC 7064 MOD 97-10 over a string of digits and capitals, as IBAN uses it after moving four to the end. */
export function mod97(text: string): number {
  let rest = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    rest = code < 58 ? (rest * 10 + code - 48) % 97 : (rest * 100 + code - 55) % 97;
  }
  return rest;
}

/** The sum of each digit times its weight. */
export function weighted(digits: string, weights: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < weights.length; at++) sum += (digits.charCodeAt(at) - 48) * (weights[at] ?? 0);
  return sum;
}

const multiply: readonly string[] = [
  ...["0123456789", "1234067895", "2340178956", "3401289567", "4012395678"],
  ...["5987604321", "6598710432", "7659821043", "8765932104", "9876543210"],
];
const permute: readonly string[] = [
  ...["0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258"],
];

/** Verhoeff 1969, as Aadhaar uses it: the last digit is the check digit. */
export function verhoeff(digits: string): boolean {
  let check = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 48;
    const permuted = (permute[at % 8]?.charCodeAt(digit) ?? 48) - 48;
    check = (multiply[check]?.charCodeAt(permuted) ?? 48) - 48;
  }
  return check === 0;
}

/** ISO/IEC 7064 MOD 11,10: DE Steuer-ID and others. */
export function mod11_10(digits: string): boolean {
  let product = 10;
  for (let at = 0; at < digits.length - 1; at++) {
    const sum = (digits.charCodeAt(at) - 48 + product) % 10;
    product = ((sum === 0 ? 10 : sum) * 2) % 11;
  }
  return (11 - product) % 10 === digits.charCodeAt(digits.length - 1) - 48;
}

/** All digits alike, or counting up or down: what people type as an example. */
export function isFiller(digits: string): boolean {
  let same = true;
  let up = true;
  let down = true;
  for (let at = 1; at < digits.length; at++) {
    const step = digits.charCodeAt(at) - digits.charCodeAt(at - 1);
    same &&= step === 0;
    up &&= step === 1 || step === -9;
    down &&= step === -1 || step === 9;
  }
  return same || up || down;
}

const daysOfMonth: readonly number[] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a month (1 to 12) has that day, in some year. */
export function isDay(month: number, day: number): boolean {
  return day >= 1 && day <= (daysOfMonth[month - 1] ?? 0);
}
