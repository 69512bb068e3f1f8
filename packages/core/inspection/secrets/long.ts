/**
 * Secrets that may be thousands of characters long: private key blocks, signed tokens, encoded keys; and those that a table's first
 * line names, thousands of characters before. In: a text. Out: `secret/<type>` findings. Apart from the other secrets, so that a filter need keep a long context for these alone; their
 * marks are few and sought directly.
 */
import type { Finding, SpanDetector } from "../finding.ts";
import { contextOf } from "./context.ts";
import { findColumns } from "./columns.ts";
import { findKeyBlocks, maxBlock, openBlockFrom } from "./blocks.ts";
import { scanner } from "../kernels/scanner.ts";
import { resolve, toFinding, type Candidate } from "./candidate.ts";
import { markedEnd } from "./provider.ts";
import { longProviders, signedToken } from "./providers.ts";
import { credentialHead } from "./randoms.ts";
import { findPuttyKeys, openPuttyFrom } from "./putty.ts";
import { findRuns } from "./runs.ts";
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
    const asked = from === 0 ? text : text.slice(from);
    const out: Candidate[] = [];
    const line = from === 0 ? 0 : text.lastIndexOf("\n", from - 1) + 1;
    if (from === 0 || /[|\t;,]/.test(text.slice(line)))
      findColumns(text, (found) => out.push({ type: "password", ...found }), from);
    // Each of the others holds a run of base64's alphabet of at least so many units.
    if ((scanner()?.longestRun(asked) ?? leastRun) < leastRun) return resolve(out).map(toFinding);
    findSigned(text, out);
    findRuns(text, 0, (start, end) => {
      if (end - start >= leastMarked) findMarks(text, start, end, out);
    });
    findLongValues(text, out);
    findKeyBlocks(text, (start, end) => out.push({ type: "private-key", start, end, score: 0.97 }));
    findPuttyKeys(text, (start, end) => out.push({ type: "private-key", start, end, score: 0.97 }));
    return resolve(out).map(toFinding);
  },
  openFrom(text: string): number {
    const word = wordStart(text, text.length, text.length - longestWord);
    const block = openBlockFrom(text, word);
    // A block's first dash may stand right behind a word that it is part of.
    const whole = block === word ? word : openBlockFrom(text, wordStart(text, block, block - longestWord));
    return openPuttyFrom(text, whole);
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
    const fits = end - at <= longestWord - 64;
    const name = fits ? (credentialHead.exec(text.slice(at, at + 80))?.[0].length ?? 0) : 0;
    const value = text.slice(at + name, Math.min(end, at + leastValue));
    const context = fits ? contextOf(text, at) : undefined;
    const named =
      name > 0 ||
      (context !== undefined &&
        context.joined &&
        !context.open &&
        (context.strong || context.keyed || (context.issuer && context.weak)));
    if (named && entropy(value) > 4.2 && /\d.*\d/.test(value))
      out.push({ type: "credential", start: at + name, end, score: 0.7 });
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

/** A long token's mark and what must follow it within one run. */
const leastMarked = 20;
const marks = new RegExp(longProviders.flatMap((provider) => provider.marks).join("|"), "g");

/** Long tokens that begin within a run. */
function findMarks(text: string, start: number, end: number, out: Candidate[]): void {
  const run = text.slice(start, end);
  marks.lastIndex = 0;
  for (let found = marks.exec(run); found !== null; found = marks.exec(run)) {
    const [mark] = found;
    for (const provider of longProviders) {
      if (!provider.marks.includes(mark)) continue;
      const stop = markedEnd(text, start + found.index, provider);
      if (stop === 0) continue;
      out.push({ type: provider.type, start: start + found.index, end: stop, score: 0.96 });
      marks.lastIndex = Math.max(marks.lastIndex, stop - start);
    }
  }
}

/** The most that a token's first part has, before the dot. */
const longestHeader = 2048;

/**
 * Signed tokens. Their `eyJ` begins with the commonest letter there is; the second part stands behind a dot, which is rarer, and the
 * first is found from there.
 */
function findSigned(text: string, out: Candidate[]): void {
  let done = 0;
  for (let dot = text.indexOf(".eyJ"); dot >= 0; dot = text.indexOf(".eyJ", dot + 1)) {
    let start = dot;
    while (start > done && dot - start < longestHeader && /[A-Za-z0-9_-]/.test(text.charAt(start - 1))) start--;
    const header = text.slice(start, dot);
    for (let at = header.indexOf("eyJ"); at >= 0; at = header.indexOf("eyJ", at + 1)) {
      done = start + at + 1;
      const end = markedEnd(text, start + at, signedToken);
      if (end === 0) continue;
      out.push({ type: signedToken.type, start: start + at, end, score: 0.96 });
      done = end;
      dot = Math.max(dot, end - 1);
      break;
    }
  }
}
