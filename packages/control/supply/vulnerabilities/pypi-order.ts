/**
 * Order of Python versions. In: two versions. Out: their order by PEP 440, and what is older than PEP 440 by the rule of
 * the time (setuptools): such a version is below every one that PEP 440 knows. So every text has a place, as it has in
 * the package index's own history.
 */
import { compare, valid } from "@renovatebot/pep440";

/** Longer is no version of anything, and bounds the comparison. */
const maxVersionLength = 256;

/** Negative, zero or positive. */
export function comparePython(a: string, b: string): number {
  const [left, right] = [isPep440(a), isPep440(b)];
  if (left && right) return compare(a.trim(), b.trim());
  if (left !== right) return left ? 1 : -1;
  return compareParts(legacyParts(a), legacyParts(b));
}

export function isPep440(version: string): boolean {
  return version.length <= maxVersionLength && valid(version.trim()) !== null;
}

/** The public part: PEP 440 compares `2.1.0+cu118` above `2.1.0`, and an advisory about 2.1.0 means both. */
export function publicVersion(version: string): string {
  const plus = version.indexOf("+");
  return plus < 0 ? version : version.slice(0, plus);
}

const meaning: Readonly<Record<string, string>> = { pre: "c", preview: "c", "-": "final-", rc: "c", dev: "@" };

/** Numbers are padded and words starred, so that all parts compare as texts; `*final` closes the list. */
function legacyParts(version: string): string[] {
  const parts: string[] = [];
  const pieces =
    version
      .slice(0, maxVersionLength)
      .toLowerCase()
      .match(/\d+|[a-z]+|\.|-|[^\da-z.-]+/g) ?? [];
  for (const piece of [...pieces, "final"]) {
    const named = Object.hasOwn(meaning, piece) ? (meaning[piece] ?? piece) : piece;
    if (named === ".") continue;
    if (/^\d/.test(named)) {
      parts.push(named.padStart(8, "0"));
      continue;
    }
    const word = `*${named}`;
    if (word < "*final") while (parts.at(-1) === "*final-") parts.pop();
    while (parts.at(-1) === "00000000") parts.pop();
    parts.push(word);
  }
  return parts;
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [left, right] = [a[at], b[at]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}
