/**
 * What is known to be wrong with what is installed. In: packages, the database, VEX statements, now. Out: a verdict for
 * each package (clean, affected, malicious, unknown) and findings. Clean means: the database covers the ecosystem, every
 * record about the package was judged, and none holds. Everything less is unknown.
 */
import type { Instant } from "@cordon/core/instant";
import { supplyFinding, type SupplyFinding, type SupplySeverity } from "../finding.ts";
import { judgeAffected } from "./affected.ts";
import type { OsvDatabase } from "./database.ts";
import type { PackageFound, PackagesRead } from "./inputs/package-found.ts";
import { isMalicious, type OsvRecord } from "./osv-record.ts";
import { severityOf } from "./severity.ts";
import { ecosystemName } from "./version-order.ts";
import { findStatement, type VexStatement } from "./vex.ts";

export interface AuditOptions {
  readonly now: Instant;
  readonly vex?: readonly VexStatement[];
  /** What the lists are of, as VEX documents name it (a purl, or a `bom-ref`): statements about it hold for its parts. */
  readonly product?: string;
  /** A database whose newest record is older is a finding. */
  readonly maxAgeDays?: number;
}

export type PackageVerdict = "clean" | "affected" | "malicious" | "unknown";

/** One vulnerability of one package: every name that it goes by counts once. */
export interface VulnerabilityHit {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly severity: SupplySeverity;
  readonly score?: number;
  readonly summary?: string;
  readonly fixed: readonly string[];
  readonly malicious: boolean;
  /** The statement that says it does not apply, where one counts. */
  readonly vex?: { readonly status: string; readonly reason: string; readonly file: string };
}

export interface AuditedPackage extends PackageFound {
  readonly verdict: PackageVerdict;
  /** Why it is unknown. */
  readonly why?: string;
  readonly hits: readonly VulnerabilityHit[];
}

export interface AuditReport {
  readonly packages: readonly AuditedPackage[];
  readonly findings: readonly SupplyFinding[];
  readonly counts: Readonly<Record<PackageVerdict, number>>;
  readonly database: {
    readonly records: number;
    readonly newest: string | undefined;
    readonly sources: readonly { readonly path: string; readonly digest: string; readonly importedAt: string }[];
  };
}

export const defaultMaxAgeDays = 7;
const dayMs = 86_400_000;

/** Judges everything that was read. */
export function audit(read: readonly PackagesRead[], database: OsvDatabase, options: AuditOptions): AuditReport {
  const packages = read.flatMap((input) =>
    input.packages.map((found) => auditPackage(withProduct(found, options.product), database, options.vex ?? [])),
  );
  const findings = [
    ...judgeDatabase(database, options),
    ...read.flatMap(({ unread, packages: [first] }) =>
      unread.map(({ words, line }) =>
        supplyFinding("vulnerability/unread", "medium", words, { subject: first?.file, line }),
      ),
    ),
    ...packages.flatMap(findingsOf),
  ];
  const counts = { clean: 0, affected: 0, malicious: 0, unknown: 0 };
  for (const { verdict } of packages) counts[verdict] += 1;
  const { info } = database;
  return {
    packages,
    findings,
    counts,
    database: {
      records: info.records,
      newest: info.newest === undefined ? undefined : new Date(info.newest).toISOString(),
      sources: info.sources.map(({ path, digest, importedAt }) => ({
        path,
        digest,
        importedAt: new Date(importedAt).toISOString(),
      })),
    },
  };
}

function withProduct(found: PackageFound, product: string | undefined): PackageFound {
  return product === undefined ? found : { ...found, partOf: [...(found.partOf ?? []), product] };
}

function auditPackage(found: PackageFound, database: OsvDatabase, vex: readonly VexStatement[]): AuditedPackage {
  const { ecosystem, name, version } = found;
  if (ecosystem === undefined) return { ...found, verdict: "unknown", why: "OSV has no ecosystem for it", hits: [] };
  const records = database.recordsOf(ecosystem, name).filter(({ withdrawn }) => typeof withdrawn !== "string");
  if (version === undefined) {
    const malware = records.filter((record) => isMalicious(record) && namesEveryVersion(record));
    const hits = groupAliases(malware.map((record) => ({ record, fixed: [] }))).map((group) => toHit(group, found, []));
    const why = "its version is not pinned";
    return { ...found, verdict: hits.length > 0 ? "malicious" : "unknown", why, hits };
  }
  const judged = records.map((record) => ({ record, verdict: judgeAffected(record, { ecosystem, name, version }) }));
  const affecting = judged.flatMap(({ record, verdict }) =>
    verdict.kind === "affected" ? [{ record, fixed: verdict.fixed }] : [],
  );
  const hits = groupAliases(affecting).map((group) => toHit(group, { ...found, ecosystem, version }, vex));
  const open = hits.filter((hit) => hit.vex === undefined);
  if (open.some(({ malicious }) => malicious)) return { ...found, verdict: "malicious", hits };
  const doubtful = judged.find(({ verdict }) => verdict.kind === "unknown");
  const why =
    doubtful?.verdict.kind === "unknown"
      ? `${doubtful.record.id}: ${doubtful.verdict.why}`
      : database.info.ecosystems.has(ecosystemName(ecosystem))
        ? undefined
        : `the database holds nothing about ${ecosystemName(ecosystem)}`;
  const verdict = open.length > 0 ? "affected" : why !== undefined ? "unknown" : "clean";
  return { ...found, verdict, hits, ...(verdict === "unknown" && why !== undefined ? { why } : {}) };
}

/** Malware that was in every version, so that the version does not matter. */
function namesEveryVersion(record: OsvRecord): boolean {
  return (record.affected ?? []).some(({ ranges }) =>
    (ranges ?? []).some(
      ({ events }) =>
        events.some(({ introduced }) => introduced === "0") &&
        !events.some((event) => event.fixed !== undefined || event.last_affected !== undefined),
    ),
  );
}

interface Affecting {
  readonly record: OsvRecord;
  readonly fixed: readonly string[];
}

/** Records that share a name, directly or through another, are one vulnerability. */
function groupAliases(affecting: readonly Affecting[]): Affecting[][] {
  const groups: { names: Set<string>; members: Affecting[] }[] = [];
  for (const entry of affecting) {
    const names = new Set([entry.record.id, ...(entry.record.aliases ?? [])]);
    const same = groups.filter((group) => [...names].some((name) => group.names.has(name)));
    const merged = {
      names: new Set([...names, ...same.flatMap((group) => [...group.names])]),
      members: [...same.flatMap(({ members }) => members), entry],
    };
    for (const group of same) groups.splice(groups.indexOf(group), 1);
    groups.push(merged);
  }
  return groups.map(({ members }) => members);
}

const order: readonly SupplySeverity[] = ["info", "low", "medium", "high", "critical"];

function toHit(group: readonly Affecting[], subject: PackageFound, vex: readonly VexStatement[]): VulnerabilityHit {
  const names = new Set(group.flatMap(({ record }) => [record.id, ...(record.aliases ?? [])]));
  const malicious = group.some(({ record }) => isMalicious(record));
  const severities = group.flatMap(({ record }) => severityOf(record) ?? []);
  const severity = severities.map((each) => each.severity).toSorted((a, b) => order.indexOf(b) - order.indexOf(a))[0];
  const scores = severities.flatMap(({ score }) => score ?? []);
  const summary = group
    .map(({ record }) => record.summary ?? firstSentence(record.details))
    .find((words) => words !== "");
  const id = [...group.map(({ record }) => record.id)].toSorted((a, b) => preference(a) - preference(b))[0] ?? "";
  const statement = malicious ? undefined : statementFor(subject, names, vex);
  return {
    id,
    aliases: [...names].filter((name) => name !== id).toSorted(),
    // Where no record says how bad it is, unknown is not harmless.
    severity: malicious ? "critical" : (severity ?? "high"),
    ...(scores.length === 0 ? {} : { score: Math.max(...scores) }),
    ...(summary === undefined ? {} : { summary: summary.slice(0, 300) }),
    fixed: [...new Set(group.flatMap(({ fixed }) => fixed))],
    malicious,
    ...(statement === undefined ? {} : { vex: statement }),
  };
}

function statementFor(
  { ecosystem, name, version, purl, partOf }: PackageFound,
  names: ReadonlySet<string>,
  vex: readonly VexStatement[],
): VulnerabilityHit["vex"] {
  if (ecosystem === undefined || version === undefined) return undefined;
  const found = findStatement(vex, { ecosystem, name, version, purl, partOf }, names);
  const cleared = found?.status === "not_affected" || found?.status === "fixed";
  if (found === undefined || !cleared || found.reason === undefined || found.reason === "") return undefined;
  return { status: found.status, reason: found.reason, file: found.file };
}

/** Malware first, then the names that people search for. */
function preference(id: string): number {
  const at = ["MAL-", "GHSA-", "CVE-", "PYSEC-"].findIndex((prefix) => id.startsWith(prefix));
  return at < 0 ? 4 : at;
}

function firstSentence(details: string | null | undefined): string {
  return (details ?? "").trim().split(/\n|\. /, 1)[0] ?? "";
}

function judgeDatabase({ info }: OsvDatabase, { now, maxAgeDays = defaultMaxAgeDays }: AuditOptions): SupplyFinding[] {
  const findings: SupplyFinding[] = [];
  const ageDays = info.newest === undefined ? Number.POSITIVE_INFINITY : Math.floor((now - info.newest) / dayMs);
  if (ageDays > maxAgeDays)
    findings.push(
      supplyFinding(
        "vulnerability/stale-database",
        "medium",
        info.newest === undefined
          ? "the vulnerability database says of no record when it was changed"
          : `the newest record of the vulnerability database is ${ageDays} days old (${maxAgeDays} are allowed): import a newer export`,
      ),
    );
  for (const { path, unread } of info.sources)
    if (unread > 0)
      findings.push(
        supplyFinding(
          "vulnerability/unread-records",
          "low",
          `${unread} files of ${path} are no OSV records and were not read`,
        ),
      );
  return findings;
}

function findingsOf(found: AuditedPackage): SupplyFinding[] {
  const what = `${found.name} ${found.version ?? "(no version)"}`;
  const place = { subject: found.file, line: found.line };
  const findings = found.hits.map((hit) => {
    const names = [hit.id, ...hit.aliases.slice(0, 4)].join(", ");
    if (hit.malicious)
      return supplyFinding(
        "vulnerability/malicious-package",
        "critical",
        `${what} is malware (${names}): remove it, and treat the machine that installed it as taken`,
        place,
      );
    const words = hit.summary === undefined ? "" : `: ${hit.summary}`;
    if (hit.vex !== undefined)
      return supplyFinding(
        "vulnerability/not-applicable",
        "info",
        `${what}: ${names} does not apply (${hit.vex.reason}; ${hit.vex.file})`,
        place,
      );
    const remedy = hit.fixed.length > 0 ? `; fixed in ${hit.fixed.slice(0, 4).join(", ")}` : "; no fix is known";
    return supplyFinding(
      "vulnerability/affected",
      hit.severity,
      `${what} is affected by ${names}${words}${remedy}`,
      place,
    );
  });
  if (found.verdict === "unknown")
    findings.push(
      supplyFinding("vulnerability/unknown", "medium", `${what} was not judged: ${found.why ?? ""}`, place),
    );
  return findings;
}
