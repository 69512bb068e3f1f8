/**
 * Order of semantic versions, as OSV's SEMVER ranges need it. In: two versions. Out: their order (semver.org, section 11),
 * or that one of them is none. A leading `v` is let pass; more than three numbers count as a pre-release of the first
 * three, as the OSV tools read them, and only where the caller asks for that.
 */

export interface SemanticVersion {
  readonly release: readonly [bigint, bigint, bigint];
  readonly prerelease: readonly string[];
  /** Exactly three numbers, as the specification wants. */
  readonly strict: boolean;
}

const form = /^[vV=]?\s*(\d{1,30}(?:\.\d{1,30}){0,9})((?:-[0-9A-Za-z.-]{1,256})?)(?:\+[0-9A-Za-z.-]{0,256})?$/;

/** Parses; `undefined` for what is no version. */
export function parseSemantic(text: string): SemanticVersion | undefined {
  const match = form.exec(text.trim());
  if (match === null) return undefined;
  const [, numbers = "", suffix = ""] = match;
  const [major = "0", minor = "0", patch = "0", ...extra] = numbers.split(".");
  const more = extra.map((number) => `.${number}`).join("");
  const prerelease = `${more}${suffix.slice(more === "" ? 1 : 0)}`;
  return {
    release: [BigInt(major), BigInt(minor), BigInt(patch)],
    prerelease: prerelease === "" ? [] : prerelease.split("."),
    strict: numbers.split(".").length === 3 && !(suffix !== "" && suffix.split(".").includes("")),
  };
}

/** Negative, zero or positive. */
export function compareSemantic(a: SemanticVersion, b: SemanticVersion): number {
  for (const index of [0, 1, 2] as const)
    if (a.release[index] !== b.release[index]) return a.release[index] < b.release[index] ? -1 : 1;
  const [left, right] = [a.prerelease, b.prerelease];
  if (left.length === 0 || right.length === 0) return right.length - left.length;
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [x, y] = [left[at], right[at]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const order = compareIdentifiers(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

/** Numbers before words; numbers by size, words by code unit (ASCII). */
function compareIdentifiers(a: string, b: string): number {
  const [x, y] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (x !== y) return x ? -1 : 1;
  if (!x) return a < b ? -1 : a > b ? 1 : 0;
  const [left, right] = [BigInt(a), BigInt(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
