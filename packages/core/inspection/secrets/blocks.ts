/**
 * Private keys in PEM (RFC 7468) or OpenPGP armour, whole. In: a text. Out: spans from the first dash to the last, or to a
 * bound where the end is missing; and where an unfinished one begins.
 */

/** A key of 8,192 bits is 6,500 code units with line ends; escaped line ends add some. */
export const maxBlock = 8192;

const mark = "-----BEGIN";
const header = /^-----BEGIN (?:[A-Z0-9]+ ){0,4}(?:PRIVATE KEY|PRIVATE KEY BLOCK)-----/;
const possibleHeader = /^-----BEGIN(?: [A-Z0-9 ]{0,48}-{0,5})?$/;

export function findKeyBlocks(text: string, out: (start: number, end: number) => void): void {
  for (let start = text.indexOf(mark); start >= 0; start = text.indexOf(mark, start + 1)) {
    const found = header.exec(text.slice(start, start + 80));
    if (found === null) continue;
    const body = start + found[0].length;
    const most = Math.min(text.length, start + maxBlock);
    const close = text.slice(body, most).indexOf("-----END");
    const dashes = close < 0 ? -1 : text.indexOf("-----", body + close + 8);
    const end = dashes < 0 || dashes + 5 > most ? most : dashes + 5;
    if (hasKey(text, body, close < 0 ? end : body + close)) out(start, end);
  }
}

/** Something that could be a key, not `...` or an empty frame. */
function hasKey(text: string, from: number, to: number): boolean {
  return /[A-Za-z0-9+/=]{20}/.test(text.slice(from, to));
}

/** Where a block begins that ends after `from`, or that what follows may still be part of; `from` where there is none. */
export function openBlockFrom(text: string, from: number): number {
  const least = Math.max(0, from - maxBlock);
  for (let start = text.indexOf(mark, least); start >= 0 && start < from; start = text.indexOf(mark, start + 1)) {
    const rest = text.slice(start, start + maxBlock);
    if (possibleHeader.test(rest.slice(0, 72)) && rest.length <= 72) return start;
    const found = header.exec(rest.slice(0, 80));
    if (found === null) continue;
    const close = rest.indexOf("-----END", found[0].length);
    const dashes = close < 0 ? -1 : rest.indexOf("-----", close + 8);
    const end = dashes < 0 ? start + maxBlock : start + dashes + 5;
    if (end > from) return start;
  }
  return from;
}
