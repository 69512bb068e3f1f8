/**
 * IBAN (ISO 13616, lengths of the SWIFT registry), BIC (ISO 9362) in context, and wallet addresses: Bitcoin base58check
 * and bech32 (BIP 173, 350), Ethereum. In: a text and its atoms. Out: candidates.
 */
import { createHash } from "node:crypto";
import type { Atoms } from "./atoms.ts";
import type { Candidate } from "./candidate.ts";
import { mod97 } from "./checksums.ts";
import { tag, type Context } from "./keywords.ts";

const lengths: Readonly<Record<string, number>> = Object.fromEntries(
  (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 " +
    "FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 " +
    "LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 " +
    "SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
  )
    .split(" ")
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

export function findIbans(text: string, atoms: Atoms, context: Context, out: Candidate[]): void {
  for (let first = 0; first < atoms.count; first++) {
    const start = atoms.starts[first] ?? 0;
    if ((atoms.ends[first] ?? 0) - start < 4 || !isDigit(text, start + 2) || !isDigit(text, start + 3)) continue;
    const length = lengths[text.slice(start, start + 2).toUpperCase()];
    if (length === undefined) continue;
    const end = gather(text, start, length);
    if (end === 0) continue;
    const compact = text.slice(start, end).replace(/[ -]/g, "").toUpperCase();
    const valid = mod97(compact.slice(4) + compact.slice(0, 4)) === 1;
    if (valid) out.push({ type: "iban", start, end, score: 0.99 });
    // Right country and length, wrong check digits: a typing error or an invented one, where the text calls it an account.
    else if ((context.before(start) & tag.bank) !== 0) out.push({ type: "iban", start, end, score: 0.75 });
  }
}

/** One past `length` letters and digits, in one run or in groups of four; 0 when they are not there, or go on. */
function gather(text: string, start: number, length: number): number {
  let seen = 0;
  let at = start;
  while (seen < length && at < text.length) {
    if (isAlphanumeric(text, at)) seen++;
    else if (seen % 4 !== 0 || seen === 0 || !isAlphanumeric(text, at + 1) || !/[ -]/.test(text.charAt(at))) return 0;
    at++;
  }
  if (seen !== length || isAlphanumeric(text, at)) return 0;
  // Groups parted by spaces are written in capitals; anything else would be words.
  return at - start > length && /[a-z]/.test(text.slice(start, at)) ? 0 : at;
}

function isDigit(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 48 && unit < 58;
}

function isAlphanumeric(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return (unit >= 48 && unit < 58) || (unit >= 65 && unit < 91) || (unit >= 97 && unit < 123);
}

const bicWords = ["BIC", "SWIFT", "Swift"] as const;
const bic = /^(?:[^\w\n]|(?:code|is|no|number|BIC)\b){0,6}([A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?)(?![A-Za-z0-9])/;

/** Behind each of {@link bicWords} that is a word by itself. */
export function findBics(text: string, out: Candidate[]): void {
  for (const word of bicWords)
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
      const end = at + word.length;
      if (/[A-Za-z0-9_]/.test(text.charAt(at - 1)) || /[A-Za-z]/.test(text.charAt(end))) continue;
      const found = bic.exec(text.slice(end, end + 40));
      const value = found?.[1];
      if (found === null || value === undefined) continue;
      const start = end + found[0].length - value.length;
      out.push({ type: "bic", start, end: start + value.length, score: 0.9 });
    }
}

export function findWallets(text: string, atoms: Atoms, out: Candidate[]): void {
  for (let at = 0; at < atoms.count; at++) {
    const start = atoms.starts[at] ?? 0;
    const end = atoms.ends[at] ?? 0;
    const length = end - start;
    if (length < 26 || length > 90) continue;
    const value = text.slice(start, end);
    if (length === 42 && /^0x[0-9a-fA-F]{40}$/.test(value))
      out.push({ type: "crypto-address", start, end, score: 0.85 });
    else if (length <= 35 && /^[13mn2]/.test(value) && isBase58Check(value))
      out.push({ type: "crypto-address", start, end, score: 0.99 });
    else if (/^(?:bc|tb)1/i.test(value) && isBech32(value))
      out.push({ type: "crypto-address", start, end, score: 0.99 });
  }
}

const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** 25 bytes of which the last four are the double SHA-256 of the rest. */
export function isBase58Check(value: string): boolean {
  let number = 0n;
  for (const char of value) {
    const digit = base58.indexOf(char);
    if (digit < 0) return false;
    number = number * 58n + BigInt(digit);
  }
  const hex = number.toString(16);
  if (hex.length > 50) return false;
  const bytes = Buffer.from(hex.padStart(50, "0"), "hex");
  const once = createHash("sha256").update(bytes.subarray(0, 21)).digest();
  return createHash("sha256").update(once).digest().subarray(0, 4).equals(bytes.subarray(21));
}

const bech32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** BIP 173's polymod is 1, or BIP 350's constant. */
export function isBech32(value: string): boolean {
  const lower = value.toLowerCase();
  if (lower !== value && value.toUpperCase() !== value) return false;
  const prefix = lower.slice(0, 2);
  const values = [prefix.charCodeAt(0) >> 5, prefix.charCodeAt(1) >> 5];
  values.push(0, prefix.charCodeAt(0) & 31, prefix.charCodeAt(1) & 31);
  for (const char of lower.slice(3)) {
    const digit = bech32.indexOf(char);
    if (digit < 0) return false;
    values.push(digit);
  }
  let check = 1;
  for (const digit of values) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ digit;
    generators.forEach((generator, bit) => {
      if (((top >>> bit) & 1) === 1) check ^= generator;
    });
  }
  return check === 1 || check === 0x2bc830a3;
}
