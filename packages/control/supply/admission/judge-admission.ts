/**
 * Whether a model may serve. In: a policy and what is known of one model, now. Out: admitted or refused, with a reason for
 * each part of the policy, and how long it stands. Pure: the same evidence gives the same answer, so an admission can be
 * decided again when anything changes. Missing evidence is a refusal, and malware is never excepted.
 */
import type { Instant } from "@cordon/core/instant";
import { atLeast, supplyFinding, type SupplyFinding } from "../finding.ts";
import type { BomEvidence, ModelEvidence } from "./evidence.ts";
import type { AdmissionException, AdmissionPolicy, LoadedPolicy } from "./policy.ts";

export const admissionParts = ["scan", "signature", "card", "bom", "vulnerabilities", "scorecard"] as const;
export type AdmissionPart = (typeof admissionParts)[number];

export interface PartVerdict {
  readonly part: AdmissionPart;
  /** `not-asked`: the policy switches it off, and there was no evidence. */
  readonly outcome: "met" | "unmet" | "missing" | "not-asked";
  /** Why, in a sentence. */
  readonly words: string;
}

export interface AdmissionDecision {
  readonly decision: "admitted" | "refused";
  readonly parts: readonly PartVerdict[];
  /** What counted against it. */
  readonly findings: readonly SupplyFinding[];
  /** What somebody answers for. */
  readonly excepted: readonly { readonly finding: SupplyFinding; readonly exception: AdmissionException }[];
  readonly decidedAt: Instant;
  /** The earliest of the policy's validity and the exceptions that were used. */
  readonly validUntil: Instant;
}

/** Rules that nobody can except. */
const absolute = new Set([
  "scan/dangerous",
  "vulnerability/malicious-package",
  "signature/invalid",
  "signature/revoked",
  "integrity/changed-file",
  "admission/other-model",
]);

const dayMs = 86_400_000;

/** Decides. */
export function judgeAdmission(evidence: ModelEvidence, { policy }: LoadedPolicy, now: Instant): AdmissionDecision {
  const raised: Readonly<Record<AdmissionPart, readonly SupplyFinding[] | undefined>> = {
    scan: judgeScan(evidence, policy),
    signature: judgeSignature(evidence, policy),
    card: judgeCardPart(evidence, policy),
    bom: evidence.bom === undefined ? undefined : judgeBom(evidence.bom, policy),
    vulnerabilities: judgeVulnerabilities(evidence, policy),
    scorecard: evidence.scorecard?.findings.filter(({ severity }) => atLeast(severity, policy.scorecard.failOn)),
  };
  const excepted: { finding: SupplyFinding; exception: AdmissionException }[] = [];
  const findings: SupplyFinding[] = [];
  const parts = admissionParts.map((part): PartVerdict => {
    const found = raised[part];
    if (found === undefined)
      return policy[part].required
        ? { part, outcome: "missing", words: `there is no evidence about ${words[part]}, and the policy asks for it` }
        : { part, outcome: "not-asked", words: `the policy does not ask about ${words[part]}` };
    const open: SupplyFinding[] = [];
    for (const finding of found) {
      const exception = exceptionFor(finding, policy, now);
      if (exception === undefined) open.push(finding);
      else excepted.push({ finding, exception });
    }
    findings.push(...open);
    const [first] = open;
    if (first === undefined) return { part, outcome: "met", words: `nothing stands against ${words[part]}` };
    const more = open.length > 1 ? ` (and ${open.length - 1} more)` : "";
    return { part, outcome: "unmet", words: `${first.message}${more}` };
  });
  const admitted = parts.every(({ outcome }) => outcome === "met" || outcome === "not-asked");
  const ends = excepted.map(({ exception }) => Date.parse(exception.until) + dayMs);
  return {
    decision: admitted ? "admitted" : "refused",
    parts,
    findings,
    excepted,
    decidedAt: now,
    validUntil: Math.min(now + policy.validDays * dayMs, ...ends),
  };
}

const words: Readonly<Record<AdmissionPart, string>> = {
  scan: "what loading it could do",
  signature: "who made it",
  card: "its card",
  bom: "what it is made of",
  vulnerabilities: "known vulnerabilities",
  scorecard: "how its libraries are kept",
};

/** An exception holds to the end of its day, in UTC. */
function exceptionFor(finding: SupplyFinding, policy: AdmissionPolicy, now: Instant): AdmissionException | undefined {
  if (absolute.has(finding.rule)) return undefined;
  return policy.exceptions.find(
    ({ rule, subject, until }) =>
      rule === finding.rule &&
      (subject === undefined || subject === finding.subject) &&
      now < Date.parse(until) + dayMs,
  );
}

/** Every file must be covered by a report that is good enough, except documents that no loader reads. */
export function judgeScan(
  { scan, files }: Pick<ModelEvidence, "scan" | "files">,
  policy: { readonly scan: Pick<AdmissionPolicy["scan"], "accept" | "documents"> },
): SupplyFinding[] | undefined {
  if (scan === undefined) return undefined;
  const isDocument = documentTest(policy.scan.documents);
  const reports = new Map(scan.map((report) => [report.path, report]));
  return [...files.keys()]
    .filter((path) => !isDocument(path))
    .flatMap((path): SupplyFinding[] => {
      const report = reports.get(path);
      if (report === undefined)
        return [supplyFinding("scan/not-scanned", "high", `${path} was not scanned`, { subject: path })];
      if (policy.scan.accept.includes(report.verdict)) return [];
      const [finding] = report.findings;
      const why = finding === undefined ? "" : `: ${finding.words}`;
      const severity = report.verdict === "dangerous" ? "critical" : "high";
      return [
        supplyFinding(`scan/${report.verdict}`, severity, `${path} is ${report.verdict} (${report.format})${why}`, {
          subject: path,
        }),
      ];
    });
}

/** `*` in a pattern stands for any characters of one name. Bounded patterns, compared without regular expressions. */
function documentTest(patterns: readonly string[]): (path: string) => boolean {
  return (path) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    return patterns.some((pattern) => {
      const [head = "", ...rest] = pattern.split("*");
      const tail = rest.at(-1);
      if (tail === undefined) return name === pattern;
      // One star is enough for file names; with more, the middle must appear in order.
      if (!name.startsWith(head) || !name.endsWith(tail) || name.length < head.length + tail.length) return false;
      let at = head.length;
      for (const middle of rest.slice(0, -1)) {
        const found = name.indexOf(middle, at);
        if (found < 0 || found + middle.length > name.length - tail.length) return false;
        at = found + middle.length;
      }
      return true;
    });
  };
}

function judgeSignature(
  { signature, rootDigest }: ModelEvidence,
  policy: AdmissionPolicy,
): SupplyFinding[] | undefined {
  if (signature === undefined) return undefined;
  const findings = signature.findings.filter(
    ({ rule, severity }) =>
      atLeast(severity, "high") || (rule === "signature/unsigned-file" && !policy.signature.allowUnsignedFiles),
  );
  if (signature.verdict !== "verified" && findings.length === 0)
    findings.push(supplyFinding("signature/invalid", "critical", "the signature was not verified"));
  // With files left out by the signer, what was judged is the signed part; it must be the same part everywhere.
  if (signature.verdict === "verified" && signature.rootDigest !== rootDigest)
    findings.push(
      supplyFinding(
        "admission/other-model",
        "critical",
        "the signature is of other files than those that were scanned: files that nobody signed are among them, or the model changed meanwhile",
      ),
    );
  if (policy.signature.versioned && (signature.version === undefined || signature.versions === undefined))
    findings.push(
      supplyFinding(
        "signature/rollback",
        "high",
        "the signature's version was not checked against a record of versions",
      ),
    );
  return findings;
}

function judgeCardPart({ card, files }: ModelEvidence, policy: AdmissionPolicy): SupplyFinding[] | undefined {
  if (card === undefined) return undefined;
  if (card === null)
    return policy.card.required ? [supplyFinding("card/missing", "medium", "the model has no card")] : [];
  const wanted = new Set<string>(policy.card.topics.map((topic) => `card/${topic}`));
  const findings = card.findings.filter(({ rule, severity }) => wanted.has(rule) || atLeast(severity, "high"));
  if (files.get(card.file) !== card.digest)
    findings.push(
      supplyFinding("admission/other-model", "critical", "the card that was judged is not the one in the model", {
        subject: card.file,
      }),
    );
  if (policy.card.bound && card.boundBy !== "signature")
    findings.push(
      supplyFinding("card/unbound", "medium", "the card is not under one signature with the weights", {
        subject: card.file,
      }),
    );
  return findings;
}

function judgeBom({ aboutThisModel, score }: BomEvidence, policy: AdmissionPolicy): SupplyFinding[] {
  const findings: SupplyFinding[] = [];
  if (!aboutThisModel)
    findings.push(
      supplyFinding(
        "admission/other-model",
        "critical",
        "the bill of materials does not name this model by its digest",
      ),
    );
  const percent = score.share * 100;
  if (percent < policy.bom.minimumPercent)
    findings.push(
      supplyFinding(
        "bom/incomplete",
        "medium",
        `it states ${Math.round(percent)}% of the minimum elements, and ${policy.bom.minimumPercent}% are wanted`,
      ),
    );
  return findings;
}

function judgeVulnerabilities(
  { vulnerabilities }: ModelEvidence,
  policy: AdmissionPolicy,
): SupplyFinding[] | undefined {
  const { failOn, allowUnknown, allowStale } = policy.vulnerabilities;
  return vulnerabilities?.findings.filter(({ rule, severity }) => {
    if (rule === "vulnerability/unknown" || rule === "vulnerability/unread" || rule === "vulnerability/unread-records")
      return !allowUnknown;
    if (rule === "vulnerability/stale-database") return !allowStale;
    return rule === "vulnerability/malicious-package" || atLeast(severity, failOn);
  });
}
