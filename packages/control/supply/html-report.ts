/**
 * A report for people who were not there. In: a title, facts and findings. Out: one HTML page without scripts or anything
 * fetched; every text in it is escaped, because file names and cards are a stranger's.
 */
import type { SupplyFinding } from "./finding.ts";

export interface ReportFact {
  readonly name: string;
  readonly value: string;
}

/** Makes the page. */
export function htmlReport(
  title: string,
  verdict: string,
  facts: readonly ReportFact[],
  findings: readonly SupplyFinding[],
): string {
  const rows = facts.map(({ name, value }) => `<tr><th scope="row">${escape(name)}</th><td>${escape(value)}</td></tr>`);
  const found = findings.map(
    ({ rule, severity, message, subject, atlas }) =>
      `<tr><td>${severity}</td><td>${escape(rule)}</td><td>${escape(message)}</td><td>${escape(subject ?? "")}</td><td>${escape([...atlas.techniques, ...atlas.mitigations].join(" "))}</td></tr>`,
  );
  const table =
    found.length === 0
      ? "<p>No findings.</p>"
      : `<table><thead><tr><th>severity</th><th>rule</th><th>what</th><th>where</th><th>MITRE ATLAS ${escape(findings[0]?.atlas.version ?? "")}</th></tr></thead><tbody>\n${found.join("\n")}\n</tbody></table>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escape(title)}</title>
<style>body{font:16px/1.5 sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ccc;overflow-wrap:anywhere}</style>
</head><body>
<h1>${escape(title)}: ${escape(verdict)}</h1>
<table><tbody>
${rows.join("\n")}
</tbody></table>
<h2>Findings</h2>
${table}
</body></html>
`;
}

function escape(text: string): string {
  return text
    .replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`)
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}
