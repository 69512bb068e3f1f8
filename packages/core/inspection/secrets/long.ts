/**
 * Secrets that may be thousands of characters long: private key blocks, signed tokens, encoded keys. In: a text. Out:
 * `secret/<type>` findings. Apart from the other secrets, so that a filter need keep a long context for these alone; their
 * marks are few and sought directly.
 */
import type { Finding, SpanDetector } from "../finding.ts";
import { contextOf } from "./context.ts";
import { findKeyBlocks, maxBlock, openBlockFrom } from "./blocks.ts";
import { scanner } from "../kernels/scanner.ts";
import { resolve, toFinding, type Candidate } from "./candidate.ts";
import { markedEnd } from "./provider.ts";
import { longProviders } from "./providers.ts";
import { entropy } from "./value.ts";
import { wordStart } from "./word.ts";

/** No token is longer: a JWT's parts have at most 2,000, 4,000 and 1,400 characters, an encoded key 7,900. */
const longestWord = 8192;

/** The last part of a signed token has 16 units or more, the others' longest run 20. */
const leastRun = 16;

export const longSecretDetector: SpanDetector = {
  name: "secret",
  version: "1",
  maxSpan: longestWord + 2 * maxBlock,
  detect(text: string, from = 0): readonly Finding[] {
    // Each of them holds a run of base64's alphabet of at least so many units.
    const asked = from === 0 ? text : text.slice(from);
    if ((scanner()?.longestRun(asked) ?? leastRun) < leastRun) return [];
    const out: Candidate[] = [];
    for (const provider of longProviders) {
      for (const mark of provider.marks) {
        for (let start = markFrom(text, mark, 0); start >= 0;) {
          const end = markedEnd(text, start, provider);
          if (end > 0) out.push({ type: provider.type, start, end, score: 0.96 });
          start = markFrom(text, mark, Math.max(end, start + 1));
        }
      }
    }
    findLongValues(text, out);
    findKeyBlocks(text, (start, end) => out.push({ type: "private-key", start, end, score: 0.97 }));
    return resolve(out).map(toFinding);
  },
  openFrom(text: string): number {
    const word = wordStart(text, text.length, text.length - longestWord);
    const block = openBlockFrom(text, word);
    // A block's first dash may stand right behind a word that it is part of.
    return block === word ? word : openBlockFrom(text, wordStart(text, block, block - longestWord));
  },
};

/** A shorter value is the other detector's (`randoms.ts`). */
const leastValue = 513;

/** Thousands of random signs under the name of a credential, as signed tokens of a form of their own are. */
function findLongValues(text: string, out: Candidate[]): void {
  for (let at = 0; at + leastValue <= text.length;) {
    let back = at + leastValue - 1;
    while (back >= at && isTokenSign(text.charCodeAt(back))) back--;
    if (back >= at) {
      at = back + 1;
      continue;
    }
    let end = at + leastValue;
    while (end < text.length && isTokenSign(text.charCodeAt(end))) end++;
    const value = text.slice(at, Math.min(end, at + leastValue));
    const context = end - at > longestWord - 64 ? undefined : contextOf(text, at);
    const named =
      context !== undefined &&
      context.joined &&
      !context.open &&
      (context.strong || context.keyed || (context.issuer && context.weak));
    if (named && entropy(value) > 4.2 && /\d.*\d/.test(value))
      out.push({ type: "credential", start: at, end, score: 0.7 });
    at = end + 1;
  }
}

/** The alphabet of URL-safe base64, and dots. */
function isTokenSign(unit: number): boolean {
  return (
    (unit >= 97 && unit <= 122) ||
    (unit >= 65 && unit <= 90) ||
    (unit >= 48 && unit <= 57) ||
    unit === 95 ||
    unit === 45 ||
    unit === 46
  );
}

/** The most that a token's first part has, before the dot. */
const longestHeader = 2048;

/**
 * The next place of a mark. A signed token's `eyJ` begins with the commonest letter there is; its second part stands
 * behind a dot, which is rarer, and the first is found from there.
 */
function markFrom(text: string, mark: string, from: number): number {
  if (mark !== "eyJ") return text.indexOf(mark, from);
  for (let dot = text.indexOf(".eyJ", from); dot >= 0; dot = text.indexOf(".eyJ", dot + 1)) {
    let start = dot;
    while (start > from && dot - start < longestHeader && /[A-Za-z0-9_-]/.test(text.charAt(start - 1))) start--;
    const header = text.slice(start, dot).indexOf(mark);
    if (header >= 0) return start + header;
  }
  return -1;
}
