/** Whether bytes are a text. In: bytes. Out: the text that they are in UTF-8 or UTF-16, or the empty string where they are none, or not readable. */

const shortest = 6;

export function readable(bytes: Uint8Array): string {
  const text = isWide(bytes, 0) ? swapped(bytes) : isWide(bytes, 1) ? units(bytes) : new TextDecoder().decode(bytes);
  let good = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0xfffd) return "";
    if (isLetter(unit) || unit === 0x20 || unit > 0x2ff) good += 1;
  }
  return text.length >= shortest && good >= text.length * 0.75 ? text : "";
}

/** Whether every second byte is zero: UTF-16 of Latin letters, as PowerShell's encoded commands and UTF-7 are. */
function isWide(bytes: Uint8Array, from: 0 | 1): boolean {
  if (bytes.length < shortest * 2) return false;
  for (let at = from; at < bytes.length - 1; at += 2) if (bytes[at] !== 0) return false;
  return bytes[1 - from] !== 0;
}

function units(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length & ~1).toString("utf16le");
}

function swapped(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, bytes.length & ~1))
    .swap16()
    .toString("utf16le");
}

function isLetter(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) || unit >= 0xc0;
}
