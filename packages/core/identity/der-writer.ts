/** Writes DER (X.690), the other direction of `der.ts`. In: tags and content. Out: encodings, lengths minimal. */
import { tag } from "./der.ts";

/** One element with its length. */
export function writeElement(elementTag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  const header = [elementTag];
  if (length < 0x80) header.push(length);
  else {
    const bytes: number[] = [];
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
    header.push(0x80 | bytes.length, ...bytes);
  }
  return Buffer.concat([Uint8Array.from(header), ...content]);
}

export function writeSequence(...content: readonly Uint8Array[]): Uint8Array {
  return writeElement(tag.sequence, ...content);
}

/** A non-negative integer, minimal. */
export function writeInteger(value: bigint | number): Uint8Array {
  let hex = value.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  if (Number.parseInt(hex.slice(0, 2), 16) >= 0x80) hex = `00${hex}`;
  return writeElement(tag.integer, Buffer.from(hex, "hex"));
}

/** A bit string of whole bytes. */
export function writeBitString(bytes: Uint8Array): Uint8Array {
  return writeElement(tag.bitString, Uint8Array.of(0), bytes);
}

export function writeOid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const septets = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      septets.unshift((left % 128) | 0x80);
    bytes.push(...septets);
  }
  return writeElement(tag.oid, Uint8Array.from(bytes));
}
