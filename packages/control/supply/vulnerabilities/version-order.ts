/**
 * Which version comes first, by ecosystem. In: an OSV ecosystem's name and a range's type. Out: how versions are ordered
 * there, or nothing: where nobody here knows the order, a range cannot be judged, and that is `unknown`, never clean.
 */
import { eq, gt, valid as validGem } from "@renovatebot/ruby-semver";
import maven from "mvncmp";
import { compareDebian, isDebianVersion } from "./dpkg-order.ts";
import { comparePython, isPep440, publicVersion } from "./pypi-order.ts";
import { compareSemantic, parseSemantic } from "./semver-order.ts";

export interface VersionOrder {
  /** True for a text that this order has a place for. */
  readonly knows: (version: string) => boolean;
  /** Negative, zero or positive; a guess where it does not know a version. */
  readonly compare: (a: string, b: string) => number;
  /** Other spellings of one version that an advisory about it means as well. */
  readonly alsoMeans: (version: string) => readonly string[];
}

const python: VersionOrder = {
  knows: isPep440,
  compare: comparePython,
  alsoMeans: (version) => (version.includes("+") ? [publicVersion(version)] : []),
};

const semantic: VersionOrder = {
  knows: (version) => parseSemantic(version)?.strict === true,
  compare: compareSemanticTexts,
  alsoMeans: () => [],
};

const debian: VersionOrder = { knows: isDebianVersion, compare: compareDebian, alsoMeans: () => [] };

const gems: VersionOrder = {
  knows: (version) => version.length <= 256 && validGem(version) !== null,
  compare: (a, b) => (eq(a, b) ? 0 : gt(a, b) ? 1 : -1),
  alsoMeans: () => [],
};

const mavenOrder: VersionOrder = {
  knows: (version) => /^[0-9A-Za-z._+-]{1,256}$/.test(version),
  compare: (a, b) => maven.compare(a, b),
  alsoMeans: () => [],
};

/** Ecosystems whose versions are semantic ones, or ordered like them. */
const semanticEcosystems = ["npm", "Go", "crates.io", "Hex", "Pub", "SwiftURL", "GitHub Actions", "Julia"];

const orders: ReadonlyMap<string, VersionOrder> = new Map([
  ["PyPI", python],
  ["Debian", debian],
  ["Ubuntu", debian],
  ["RubyGems", gems],
  ["Maven", mavenOrder],
  ...semanticEcosystems.map((name) => [name, semantic] as const),
]);

/**
 * How versions of a range are ordered.
 *
 * @param ecosystem such as `PyPI` or `Debian:12`; what follows the colon does not matter here
 * @param rangeType `SEMVER` ranges are semantic whatever the ecosystem
 */
export function versionOrder(
  ecosystem: string,
  rangeType: "SEMVER" | "ECOSYSTEM" = "ECOSYSTEM",
): VersionOrder | undefined {
  return rangeType === "SEMVER" ? semantic : orders.get(ecosystemName(ecosystem));
}

/** `Debian:12` is `Debian`. */
export function ecosystemName(ecosystem: string): string {
  const colon = ecosystem.indexOf(":");
  return colon < 0 ? ecosystem : ecosystem.slice(0, colon);
}

/** Order of two texts as semantic versions; a text that is none comes before every one that is. */
export function compareSemanticTexts(a: string, b: string): number {
  const [left, right] = [parseSemantic(a), parseSemantic(b)];
  if (left === undefined || right === undefined) return Number(left !== undefined) - Number(right !== undefined);
  return compareSemantic(left, right);
}
