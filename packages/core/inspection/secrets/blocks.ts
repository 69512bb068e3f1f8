/**
 * Private keys in PEM (RFC 7468), OpenPGP armour or the frame of OpenVPN, whole. In: a text. Out: spans from the first dash to the last, or to a
 * bound where the end is missing; and where an unfinished one begins.
 */

/** A key of 8,192 bits is 6,500 code units with line ends; escaped line ends add some. */
export const maxBlock = 8192;

const mark = "-----BEGIN";
const header =
  /^-----BEGIN (?:(?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?|OpenVPN (?:Static key V\d|tls-crypt-v2 (?:client|server) key))-----/;
const possibleHeader = /^-----BEGIN(?: [A-Za-z0-9 -]{0,53})?$/;

/** Something that could be a key, not `...` or an empty frame. */
const keyRun = /[A-Za-z0-9+/=]{20}/g;

export function findKeyBlocks(text: string, out: (start: number, end: number) => void): void {
  // What is sought ahead is sought once: a text of many headers and no end is read as fast as any other.
  let close = -1;
  let key = -1;
  for (let start = text.indexOf(mark); start >= 0; start = text.indexOf(mark, start + 1)) {
    const found = header.exec(text.slice(start, start + 80));
    if (found === null) continue;
    const body = start + found[0].length;
    const most = Math.min(text.length, start + maxBlock);
    if (close < body) close = indexOrEnd(text, text.indexOf("-----END", body));
    if (key < body) {
      keyRun.lastIndex = body;
      key = indexOrEnd(text, keyRun.exec(text)?.index ?? -1);
    }
    const dashes = close < most ? text.slice(close + 8, most).indexOf("-----") : -1;
    const end = dashes < 0 ? most : close + 8 + dashes + 5;
    if (key + 20 > Math.min(close, end)) continue;
    out(start, end);
    start = end - 1;
  }
}

function indexOrEnd(text: string, index: number): number {
  return index < 0 ? text.length : index;
}

/** Where a block begins that ends after `from`, or that what follows may still be part of; `from` where there is none. */
export function openBlockFrom(text: string, from: number): number {
  const least = Math.max(0, from - maxBlock);
  for (let start = text.indexOf(mark, least); start >= 0 && start < from; start = text.indexOf(mark, start + 1)) {
    const head = text.slice(start, start + 80);
    if (head.length <= 72 && possibleHeader.test(head)) return start;
    const found = header.exec(head);
    if (found === null) continue;
    const rest = text.slice(start, start + maxBlock);
    const close = rest.indexOf("-----END", found[0].length);
    const dashes = close < 0 ? -1 : rest.indexOf("-----", close + 8);
    const end = dashes < 0 ? start + maxBlock : start + dashes + 5;
    if (end > from) return start;
  }
  return from;
}
