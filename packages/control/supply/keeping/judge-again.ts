/**
 * Whether an admission still stands. In: the admission, and what is known now: a revocation list, the vulnerability database's
 * word on its packages, a scan of its files by today's rules. Out: why it does not stand any more, in a sentence; or nothing.
 * Pure: who asks, and when, is the keeper's.
 */
import { atLeast } from "../finding.ts";
import type { Admission } from "../admission/document.ts";
import { judgeScan } from "../admission/judge-admission.ts";
import type { Keep } from "../admission/keep.ts";
import type { FileReport } from "../scan/verdict.ts";
import { findRevocations, type RevocationList } from "../signatures/revocations.ts";
import type { Signer } from "../signatures/trust.ts";
import type { AuditReport, VulnerabilityHit } from "../vulnerabilities/audit.ts";

/** The signer as the admission names it. */
function signerOf({ predicate }: Admission): Signer | undefined {
  const { signer } = predicate.evidence;
  if (signer === undefined) return undefined;
  const { method, keySha256, identity, issuer, certificateSha256, authorities } = signer;
  return {
    method: method as Signer["method"],
    keyDigest: keySha256,
    ...(identity === undefined ? {} : { identity }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(certificateSha256 === undefined ? {} : { certificateDigest: certificateSha256 }),
    ...(authorities === undefined ? {} : { authorities }),
  };
}

/** A signer, an authority above, or the model itself is on the list. */
export function revokedWords(admission: Admission, list: RevocationList): string | undefined {
  return findRevocations(list, signerOf(admission), admission.rootDigest)[0]?.message;
}

type KeptVulnerabilities = NonNullable<Keep["vulnerabilities"]>;

/** A vulnerability that the policy minds, that nobody set aside; malware; or a database too old to know of any. */
export function vulnerableWords(keep: KeptVulnerabilities, report: AuditReport): string | undefined {
  const accepted = new Set(keep.accepted);
  const minds = ({ malicious, severity, id, aliases }: VulnerabilityHit): boolean =>
    malicious || (atLeast(severity, keep.failOn) && ![id, ...aliases].some((name) => accepted.has(name)));
  for (const { name, version, hits } of report.packages) {
    const hit = hits.find(minds);
    if (hit === undefined) continue;
    const what = hit.malicious ? "is malware" : `is affected by a vulnerability (${hit.severity})`;
    return `${name} ${version ?? ""} ${what}: ${[hit.id, ...hit.aliases.slice(0, 2)].join(", ")}`;
  }
  const stale = report.findings.find(({ rule }) => rule === "vulnerability/stale-database");
  return stale === undefined || keep.allowStale ? undefined : stale.message;
}

/** @param reports of every file, `path` within the model */
export function scanWords(
  keep: NonNullable<Keep["scan"]>,
  reports: readonly Pick<FileReport, "path" | "format" | "verdict" | "findings">[],
): string | undefined {
  const files = new Map(reports.map(({ path }) => [path, ""]));
  const [first] = judgeScan({ scan: reports, files }, { scan: keep }) ?? [];
  return first === undefined ? undefined : `a new scan refuses it: ${first.message}`;
}
