/**
 * Findings as SARIF 2.1.0, which code hosts and build servers show beside the code. In: findings and where they were
 * found. Out: one SARIF log. ATLAS ids are in each result's `properties`, since SARIF has no taxonomy of that name.
 */
import type { SupplyFinding, SupplySeverity } from "./finding.ts";

const levels: Readonly<Record<SupplySeverity, "note" | "warning" | "error">> = {
  info: "note",
  low: "note",
  medium: "warning",
  high: "error",
  critical: "error",
};

/** Code hosts order by this number (CVSS-like, 0 to 10). */
const securitySeverity: Readonly<Record<SupplySeverity, string>> = {
  info: "0.0",
  low: "2.0",
  medium: "5.0",
  high: "8.0",
  critical: "9.5",
};

/**
 * One run of one command.
 *
 * @param artefact what was judged, as the caller named it: the place of findings that name no file
 */
export function sarifLog(
  findings: readonly SupplyFinding[],
  options: { readonly artefact: string; readonly toolVersion: string },
): object {
  const rules = [...new Set(findings.map(({ rule }) => rule))].toSorted();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "Cordon",
            version: options.toolVersion,
            rules: rules.map((id) => ({
              id,
              name: id.replace(/[/-](\w)/g, (_, letter: string) => letter.toUpperCase()),
            })),
          },
        },
        results: findings.map((finding) => ({
          ruleId: finding.rule,
          ruleIndex: rules.indexOf(finding.rule),
          level: levels[finding.severity],
          message: { text: finding.message },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: asUri(finding.subject ?? options.artefact) },
                ...(finding.line === undefined ? {} : { region: { startLine: finding.line } }),
              },
            },
          ],
          properties: {
            "security-severity": securitySeverity[finding.severity],
            atlasVersion: finding.atlas.version,
            atlasTechniques: finding.atlas.techniques,
            atlasMitigations: finding.atlas.mitigations,
          },
        })),
      },
    ],
  };
}

/** A relative reference (RFC 3986); what is no path, such as a package's name, is escaped into one. */
function asUri(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
