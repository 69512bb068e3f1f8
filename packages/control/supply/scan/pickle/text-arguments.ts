/**
 * Arguments that pickle writes as text. In: the bytes of a line or string. Out: the value that CPython makes of them;
 * undefined where it raises.
 */
import type { Value } from "./values.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Latin-1, which maps each byte to the character of the same number. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** UTF-8 with lone surrogates let through, as `surrogatepass` does. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  // Nearly all are ASCII, and the decoder costs more than the look.
  if (bytes.length < 64 && bytes.every((byte) => byte < 0x80)) return latin1(bytes);
  try {
    return utf8.decode(bytes);
  } catch {
    return surrogatePass(bytes);
  }
}

function surrogatePass(bytes: Uint8Array): string | undefined {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at + 2 < bytes.length; at++) {
    if (bytes[at] !== 0xed || ((bytes[at + 1] ?? 0) & 0xe0) !== 0xa0 || ((bytes[at + 2] ?? 0) & 0xc0) !== 0x80)
      continue;
    try {
      parts.push(utf8.decode(bytes.subarray(from, at)));
    } catch {
      return undefined;
    }
    parts.push(String.fromCharCode(0xd000 | (((bytes[at + 1] ?? 0) & 0x3f) << 6) | ((bytes[at + 2] ?? 0) & 0x3f)));
    from = at + 3;
    at += 2;
  }
  try {
    return parts.join("") + utf8.decode(bytes.subarray(from));
  } catch {
    return undefined;
  }
}

/** INT: a bool written `00`/`01`, else an integer; C reads it with base 0, so hexadecimal passes too. */
export function intText(line: Uint8Array): Value | undefined {
  const text = latin1(line).trim();
  if (text === "00") return false;
  if (text === "01") return true;
  if (!/^[+-]?(?:\d[\d_]*|0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+)L?$/.test(text)) return undefined;
  const value = Number(text.replace(/L$/, "").replaceAll("_", ""));
  return Number.isNaN(value) ? 0 : value;
}

/** LONG: decimal digits and an optional `L`. Python refuses more than 4300 digits since 3.11, and is quadratic before. */
export function longText(line: Uint8Array): Value | undefined {
  if (line.length > 100_000) return undefined;
  const text = latin1(line).trim().replace(/L$/, "");
  return /^[+-]?\d[\d_]*$/.test(text) ? Number(text.replaceAll("_", "")) : undefined;
}

/** FLOAT: what Python's `float` takes. */
export function floatText(line: Uint8Array): Value | undefined {
  const text = latin1(line).trim().toLowerCase();
  if (/^[+-]?(?:inf|infinity|nan)$/.test(text)) return text.includes("nan") ? NaN : Infinity;
  return /^[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?$/.test(text) ? Number(text.replaceAll("_", "")) : undefined;
}

/** STRING: a Python 2 string literal in quotes. */
export function quotedText(line: Uint8Array): string | undefined {
  const text = latin1(line).replace(/\s+$/, "");
  const quote = text.charAt(0);
  if (text.length < 2 || (quote !== "'" && quote !== '"') || !text.endsWith(quote)) return undefined;
  return text.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|\n|[\s\S])/g, (_, code: string) => unescapeOne(code));
}

const simpleEscapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "\n": "",
};

function unescapeOne(code: string): string {
  if (/^x[0-9a-fA-F]{2}$/.test(code)) return String.fromCharCode(parseInt(code.slice(1), 16));
  if (/^[0-7]+$/.test(code)) return String.fromCharCode(parseInt(code, 8) & 0xff);
  return simpleEscapes[code] ?? (code === "\\" || code === "'" || code === '"' ? code : `\\${code}`);
}

/** UNICODE: `raw-unicode-escape`. */
export function rawUnicodeText(line: Uint8Array): string | undefined {
  let bad = false;
  const text = latin1(line).replace(
    /(\\+)(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/g,
    (whole, slashes: string, code: string) => {
      // An even number of backslashes is not an escape.
      if (slashes.length % 2 === 0) return whole;
      const point = parseInt(code.slice(1), 16);
      if (point > 0x10ffff) {
        bad = true;
        return "";
      }
      return slashes.slice(1) + String.fromCodePoint(point);
    },
  );
  return bad ? undefined : text;
}
