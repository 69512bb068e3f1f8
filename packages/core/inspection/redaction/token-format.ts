/**
 * How a token for a value looks in a text: `tok_sg-nric_f…`. In: a text. Out: what has the shape of a token, and from where
 * on a text that still arrives may hold one.
 *
 * A token says its own length (the letter behind the type counts groups of eight), so a parser of a stream knows where it
 * ends without what follows. Letters and digits of RFC 4648 base32 in lower case: nothing that JSON, URLs or a language
 * model would escape. The shape claims nothing: only the sealer's key tells a token from an imitation.
 */

export const tokenMark = "tok_";
const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
const groupLength = 8;
const groupBytes = 5;
export const maxTypeLength = 40;
/** Groups that one letter can count. */
export const maxTokenBytes = (alphabet.length - 1) * groupBytes;
export const maxTokenLength = tokenMark.length + maxTypeLength + 2 + (alphabet.length - 1) * groupLength;

export interface TokenShape {
  readonly start: number;
  readonly end: number;
  readonly type: string;
  /** The base32 letters. */
  readonly letters: string;
}

/** `pii/sg-nric` as a token's type. */
export function tokenType(detector: string): string {
  const name = detector.slice(detector.indexOf("/") + 1).toLowerCase();
  return name.replaceAll(/[^a-z0-9]+/g, "-").slice(0, maxTypeLength) || "value";
}

/** @param bytes a multiple of five, at most {@link maxTokenBytes} */
export function formatToken(type: string, bytes: Uint8Array): string {
  return `${tokenMark}${type}_${alphabet[bytes.length / groupBytes] ?? ""}${encode(bytes)}`;
}

/** Where the next token may begin; -1 where none does. It is sought by its rarer half: `t` is everywhere. */
export function tokenMarkFrom(text: string, from: number): number {
  for (let half = text.indexOf("k_", from + 2); half >= 0; half = text.indexOf("k_", half + 1))
    if (text.charCodeAt(half - 2) === 0x74 && text.charCodeAt(half - 1) === 0x6f) return half - 2;
  return -1;
}

/** Everything of a text that has the shape of a whole token, by start. Shapes may overlap: one may stand inside another. */
export function tokenShapes(text: string): readonly TokenShape[] {
  const found: TokenShape[] = [];
  for (let at = tokenMarkFrom(text, 0); at >= 0; at = tokenMarkFrom(text, at + 1)) {
    const shape = shapeAt(text, at);
    if (typeof shape === "object") found.push(shape);
  }
  return found;
}

/** The first index from which a text may hold the beginning of a token that is not whole. */
export function openTokenFrom(text: string): number {
  const tail = Math.max(0, text.length - maxTokenLength);
  for (let at = tokenMarkFrom(text, tail); at >= 0; at = tokenMarkFrom(text, at + 1))
    if (shapeAt(text, at) === "unfinished") return at;
  const last = tokenMark.indexOf(text.charAt(text.length - 1));
  const begun = last >= 0 && last < tokenMark.length - 1 && text.endsWith(tokenMark.slice(0, last + 1));
  return begun ? text.length - last - 1 : text.length;
}

/** The bytes behind base32 letters. */
export function decodeLetters(letters: string): Buffer {
  const bytes = Buffer.alloc((letters.length / groupLength) * groupBytes);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let index = 0; index < letters.length; index++) {
    held = ((held << 5) | valueOf(letters.charCodeAt(index))) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (held >> bits) & 0xff;
    }
  }
  return bytes;
}

function shapeAt(text: string, start: number): TokenShape | "unfinished" | undefined {
  const typeStart = start + tokenMark.length;
  let at = typeStart;
  while (at < text.length && at - typeStart < maxTypeLength && isTypeUnit(text.charCodeAt(at))) at += 1;
  if (at === text.length) return "unfinished";
  if (at === typeStart || text.charCodeAt(at) !== 0x5f) return undefined;
  const counted = at + 1;
  if (counted === text.length) return "unfinished";
  const groups = valueOf(text.charCodeAt(counted));
  if (groups < 1) return undefined;
  const end = counted + 1 + groups * groupLength;
  for (let index = counted + 1; index < Math.min(end, text.length); index++)
    if (valueOf(text.charCodeAt(index)) < 0) return undefined;
  if (end > text.length) return "unfinished";
  return { start, end, type: text.slice(typeStart, at), letters: text.slice(counted + 1, end) };
}

function isTypeUnit(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39) || unit === 0x2d;
}

function valueOf(unit: number): number {
  if (unit >= 0x61 && unit <= 0x7a) return unit - 0x61;
  return unit >= 0x32 && unit <= 0x37 ? unit - 0x32 + 26 : -1;
}

function encode(bytes: Uint8Array): string {
  let out = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0x1fff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += alphabet[(held >> bits) & 31];
    }
  }
  return out;
}
