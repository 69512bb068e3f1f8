/**
 * One shape of a credential that its issuer marks. In: a text and where the mark stands. Out: its end.
 *
 * Every pattern is one row of bounded repetitions over character classes that do not overlap their neighbours' first
 * character where they are open-ended, so that trying it costs no more than the text it covers.
 */
import { entropy, isPlaceholder } from "./value.ts";

export interface Provider {
  /** The part of the detector's id after `secret/`. */
  readonly type: string;
  /** What it begins with. */
  readonly marks: readonly string[];
  /** The whole of it; sticky. */
  readonly pattern: RegExp;
  /** What a pattern cannot say, such as a checksum. */
  readonly check?: (value: string) => boolean;
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
let crcTable: Uint32Array | undefined;

function crc32(text: string): number {
  crcTable ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    return crc >>> 0;
  });
  let crc = 0xffffffff;
  for (let at = 0; at < text.length; at++) crc = (crc >>> 8) ^ (crcTable[(crc ^ text.charCodeAt(at)) & 255] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * GitHub and npm: the last six characters are the CRC-32 of the random part before them, in base 62.
 *
 * @see https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
 */
export function hasTokenChecksum(value: string): boolean {
  const random = value.slice(value.indexOf("_") + 1, -6);
  let rest = crc32(random);
  let digits = "";
  for (; rest > 0; rest = Math.floor(rest / 62)) digits = base62.charAt(rest % 62) + digits;
  return digits.padStart(6, "0") === value.slice(-6);
}

/** One past a marked credential that starts at `start`; 0 where none does. */
export function markedEnd(text: string, start: number, { pattern, check }: Provider): number {
  if (isGlued(text, start)) return 0;
  pattern.lastIndex = start;
  const value = pattern.exec(text)?.[0];
  if (value === undefined || check?.(value) === false || entropy(value) < 3 || isPlaceholder(value)) return 0;
  const end = start + value.length;
  return isMasked(text, end) ? 0 : end;
}

/** `xoxp-123-456-####…`: the part that would be secret was taken out. */
export function isMasked(text: string, end: number): boolean {
  return /^(?:#{3}|\*{3}|\.{2}|…|•{3})/.test(text.slice(end, end + 3));
}

/** In the middle of a longer word; an escaped line end before it is none. */
function isGlued(text: string, start: number): boolean {
  if (!/[A-Za-z0-9]/.test(text.charAt(start - 1))) return false;
  return !/^\\[nrt]$/.test(text.slice(Math.max(0, start - 2), start));
}

export function provider(type: string, marks: string, tail: string, check?: (value: string) => boolean): Provider {
  const list = marks.split("|");
  const head = list.map((mark) => mark.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  const shape = { type, marks: list, pattern: new RegExp(`(?:${head})${tail}`, "y") };
  return check === undefined ? shape : { ...shape, check };
}
