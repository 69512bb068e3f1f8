/**
 * Whether a version is affected by a record. In: an ecosystem, a package's name and version, an OSV record. Out: yes with
 * the versions that are fixed, no, or unknown with the reason. The rule is the OSV schema's: listed, or in a range.
 */
import type { OsvAffected, OsvRange, OsvRecord } from "./osv-record.ts";
import { ecosystemName, versionOrder, type VersionOrder } from "./version-order.ts";

export type AffectedVerdict =
  | { readonly kind: "affected"; /** Versions that end the ranges this one is in. */ readonly fixed: readonly string[] }
  | { readonly kind: "not-affected" }
  | { readonly kind: "unknown"; readonly why: string };

export interface PackageVersion {
  /** OSV ecosystem, such as `PyPI` or `Debian:12`. */
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
}

/** Judges one package version against one record; withdrawn records affect nothing. */
export function judgeAffected(record: OsvRecord, subject: PackageVersion): AffectedVerdict {
  if (typeof record.withdrawn === "string") return { kind: "not-affected" };
  let unknown: AffectedVerdict | undefined;
  const fixed: string[] = [];
  let hit = false;
  for (const affected of record.affected ?? []) {
    if (!isAbout(affected, subject)) continue;
    const verdict = judgeEntry(affected, subject);
    if (verdict.kind === "affected") {
      hit = true;
      fixed.push(...verdict.fixed);
    } else if (verdict.kind === "unknown") unknown ??= verdict;
  }
  if (hit) return { kind: "affected", fixed: [...new Set(fixed)] };
  return unknown ?? { kind: "not-affected" };
}

/** The name that two spellings of one package share: PEP 503 for Python, Maven and the rest exactly. */
export function normalName(ecosystem: string, name: string): string {
  const family = ecosystemName(ecosystem);
  if (family === "PyPI") return name.toLowerCase().replace(/[-_.]+/g, "-");
  return family === "NuGet" || family === "Packagist" ? name.toLowerCase() : name;
}

function isAbout(affected: OsvAffected, subject: PackageVersion): boolean {
  const about = affected.package;
  if (about === undefined) return false;
  if (normalName(about.ecosystem, about.name) !== normalName(subject.ecosystem, subject.name)) return false;
  if (ecosystemName(about.ecosystem) !== ecosystemName(subject.ecosystem)) return false;
  // `Debian` without a release is about every release; `Debian:11` is not about 12.
  const [theirs, ours] = [about.ecosystem, subject.ecosystem].map((full) => full.slice(ecosystemName(full).length));
  return theirs === "" || ours === "" || theirs === ours;
}

function judgeEntry(affected: OsvAffected, subject: PackageVersion): AffectedVerdict {
  const { version, ecosystem } = subject;
  const order = versionOrder(ecosystem);
  const spellings = [version, ...(order?.alsoMeans(version) ?? [])];
  const listed = affected.versions ?? [];
  const isListed = spellings.some((spelling) => listed.some((other) => sameVersion(order, spelling, other)));
  const ranges = (affected.ranges ?? []).filter(({ type }) => type !== "GIT");
  let unknown: AffectedVerdict | undefined;
  let hit = isListed;
  const fixed: string[] = [];
  for (const range of ranges) {
    const verdict = judgeRange(range, spellings, ecosystem);
    if (verdict.kind === "affected") {
      hit = true;
      fixed.push(...verdict.fixed);
    } else if (verdict.kind === "unknown") unknown ??= verdict;
  }
  if (hit) return { kind: "affected", fixed };
  if (unknown !== undefined) return unknown;
  // Only commits are given: a version says nothing about them.
  if (ranges.length === 0 && listed.length === 0 && (affected.ranges ?? []).length > 0)
    return { kind: "unknown", why: "the record gives commits only, and no versions" };
  return { kind: "not-affected" };
}

function sameVersion(order: VersionOrder | undefined, a: string, b: string): boolean {
  if (a === b) return true;
  return order !== undefined && order.knows(a) && order.knows(b) && order.compare(a, b) === 0;
}

interface Event {
  readonly kind: "introduced" | "fixed" | "last_affected";
  readonly version: string;
}

function judgeRange(range: OsvRange, spellings: readonly string[], ecosystem: string): AffectedVerdict {
  const type = range.type === "SEMVER" ? "SEMVER" : "ECOSYSTEM";
  const order = versionOrder(ecosystem, type);
  if (order === undefined)
    return { kind: "unknown", why: `the order of ${ecosystemName(ecosystem)} versions is not known here` };
  const events = range.events.flatMap(eventsOf);
  const limits = range.events.flatMap(({ limit }) => (limit === undefined || limit === "*" ? [] : [limit]));
  const strange = [...spellings, ...limits, ...events.map(({ version }) => version)].find(
    (version) => version !== "0" && !order.knows(version),
  );
  const sorted = events.toSorted((a, b) => compareEvents(a, b, order));
  for (const version of spellings) {
    const found = walk(sorted, version, order);
    const within = limits.length === 0 || limits.some((limit) => order.compare(version, limit) < 0);
    if (found !== undefined && within) return { kind: "affected", fixed: found };
  }
  // A version that the order only guesses at may be affected by the guess; it is never cleared by it.
  if (strange !== undefined)
    return { kind: "unknown", why: `${JSON.stringify(strange.slice(0, 80))} has no place in the order of versions` };
  return { kind: "not-affected" };
}

function eventsOf(event: OsvRange["events"][number]): Event[] {
  return (["introduced", "fixed", "last_affected"] as const).flatMap((kind) => {
    const version = event[kind];
    return version === undefined ? [] : [{ kind, version }];
  });
}

/** By version, `0` before all; at one version a fix counts before an introduction, so that the doubtful is affected. */
function compareEvents(a: Event, b: Event, order: VersionOrder): number {
  const rank = { fixed: 0, introduced: 1, last_affected: 2 } as const;
  return compareBounds(a.version, b.version, order) || rank[a.kind] - rank[b.kind];
}

function compareBounds(a: string, b: string, order: VersionOrder): number {
  if (a === "0" || b === "0") return a === b ? 0 : a === "0" ? -1 : 1;
  return order.compare(a, b);
}

/** The fixes that follow, when `version` is in the range; `undefined` when it is not. */
function walk(events: readonly Event[], version: string, order: VersionOrder): readonly string[] | undefined {
  let vulnerable = false;
  for (const event of events) {
    const place = event.version === "0" ? 1 : order.compare(version, event.version);
    if (event.kind === "introduced" && place >= 0) vulnerable = true;
    else if (event.kind === "fixed" && place >= 0) vulnerable = false;
    else if (event.kind === "last_affected" && place > 0) vulnerable = false;
  }
  if (!vulnerable) return undefined;
  const after = events.find((event) => event.kind === "fixed" && order.compare(version, event.version) < 0);
  return after === undefined ? [] : [after.version];
}
