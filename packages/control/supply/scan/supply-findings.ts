/** Findings of a scan in the shape that all supply chain rooms share, for SARIF and HTML. In: reports. Out: findings. */
import { atlasFor } from "../atlas/rules.ts";
import type { SupplyFinding, SupplySeverity } from "../finding.ts";
import type { FileReport, Refusal } from "./verdict.ts";

const severities: Readonly<Record<Refusal, SupplySeverity>> = {
  dangerous: "critical",
  encrypted: "high",
  malformed: "high",
  "unknown-import": "medium",
  unsupported: "medium",
};

export function supplyFindings(reports: readonly FileReport[]): SupplyFinding[] {
  const { version, mitigations } = atlasFor("scan/");
  return reports.flatMap(({ path, findings }) =>
    findings.map(({ rule, verdict, atlas, member, offset, words }) => ({
      rule: `scan/${rule}`,
      severity: severities[verdict],
      message: `${verdict}${member === undefined ? "" : ` in ${member}`}${offset === undefined ? "" : ` at byte ${offset}`}: ${words}`,
      subject: path,
      atlas: { version, techniques: [atlas], mitigations },
    })),
  );
}
