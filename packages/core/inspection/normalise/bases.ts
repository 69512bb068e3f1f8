/**
 * Runs of letters and digits that are bytes in some base: binary, hexadecimal, base64, base32, base58; quoted-printable and UTF-7, whose signs
 * are base64's too. In: a run. Out: what it is and says; the empty string where it says nothing.
 */
import { readable } from "./readable.ts";

export const shortestRun = 16;
/** Base 58 takes the square of its length. */
const longestBase58 = 512;

type Read = readonly [encoding: string, text: string];

/** @param in58 whether to try base 58 */
export function readBase(run: string, in58: boolean): Read {
  if (/^[01]+$/.test(run)) return ["binary", run.length % 8 === 0 ? readable(bytesOfBits(run)) : ""];
  if (/^[0-9a-f]+$/i.test(run)) return ["hex", run.length % 2 === 0 ? readable(Buffer.from(run, "hex")) : ""];
  if (/^(?:=[0-9A-F]{2}){4}/i.test(run)) return ["quoted-printable", fromQuoted(run)];
  if (/^[A-Z2-7]+=*$/.test(run)) {
    const text = readable(fromBase32(run));
    if (text !== "") return ["base32", text];
  }
  if (isProse(run)) return ["base64", ""];
  // UTF-7 begins with a plus, and ends with a hyphen: neither is part of the code.
  const code = run[0] === "+" ? run.slice(1).replace(/-+$/, "") : run;
  const text = readable(Buffer.from(code, "base64"));
  if (text !== "" || !in58 || run.length > longestBase58 || !/^[1-9A-HJ-NP-Za-km-z]+$/.test(run))
    return ["base64", text];
  return ["base58", readable(fromBase58(run))];
}

/** A long run of letters that is a word or a path rather than base64: no capital after a small letter, or no digit. */
function isProse(run: string): boolean {
  let turns = 0;
  for (let at = 1; at < run.length; at++)
    if (isCapital(run.charCodeAt(at)) && !isCapital(run.charCodeAt(at - 1))) turns += 1;
  return turns < 3;
}

function isCapital(unit: number): boolean {
  return unit >= 0x41 && unit <= 0x5a;
}

export function bytesOfBits(bits: string): Uint8Array {
  const bytes = new Uint8Array(bits.length >> 3);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(bits.slice(at * 8, at * 8 + 8), 2);
  return bytes;
}

function fromQuoted(run: string): string {
  return readable(
    Buffer.from(
      run.replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      "latin1",
    ),
  );
}

function fromBase32(run: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((run.length * 5) / 8));
  let [value, bits, count] = [0, 0, 0];
  for (let at = 0; at < run.length && run[at] !== "="; at++) {
    const unit = run.charCodeAt(at);
    value = ((value << 5) | (unit < 0x41 ? unit - 0x32 + 26 : unit - 0x41)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[count++] = (value >> bits) & 0xff;
  }
  return bytes.subarray(0, count);
}

const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

function fromBase58(run: string): Uint8Array {
  const bytes: number[] = [];
  for (const sign of run) {
    let carry = base58.indexOf(sign);
    for (let at = 0; at < bytes.length; at++) {
      carry += (bytes[at] as number) * 58;
      bytes[at] = carry & 0xff;
      carry >>= 8;
    }
    for (; carry > 0; carry >>= 8) bytes.push(carry & 0xff);
  }
  return Uint8Array.from(bytes.toReversed());
}
