/**
 * Where each category of finding stands in the two vocabularies that security teams report in. In: a category. Out: the
 * entry of the OWASP Top 10 for LLM applications (2025) and the MITRE ATLAS technique.
 */
import type { Finding, FindingCategory } from "./finding.ts";

interface Entry {
  readonly owasp: string;
  /** The empty string where ATLAS has no technique that fits. */
  readonly atlas: string;
}

/** ATLAS 4.9 names: T0051 LLM Prompt Injection, T0054 LLM Jailbreak, T0056 Extract LLM System Prompt, T0057 LLM Data
 * Leakage, T0077 LLM Response Rendering, T0043 Craft Adversarial Data, T0034 Cost Harvesting, T0015 Evade AI Model. */
const entries: Readonly<Record<FindingCategory, Entry>> = {
  "prompt-injection": { owasp: "LLM01:2025", atlas: "AML.T0051.000" },
  "indirect-injection": { owasp: "LLM01:2025", atlas: "AML.T0051.001" },
  jailbreak: { owasp: "LLM01:2025", atlas: "AML.T0054" },
  "prompt-extraction": { owasp: "LLM07:2025", atlas: "AML.T0056" },
  exfiltration: { owasp: "LLM02:2025", atlas: "AML.T0077" },
  "adversarial-suffix": { owasp: "LLM01:2025", atlas: "AML.T0043" },
  "resource-exhaustion": { owasp: "LLM10:2025", atlas: "AML.T0034" },
  "out-of-distribution": { owasp: "LLM04:2025", atlas: "AML.T0015" },
  pii: { owasp: "LLM02:2025", atlas: "AML.T0057" },
  secret: { owasp: "LLM02:2025", atlas: "AML.T0057" },
  canary: { owasp: "LLM02:2025", atlas: "AML.T0057" },
  proprietary: { owasp: "LLM02:2025", atlas: "AML.T0057" },
  uninspectable: { owasp: "LLM01:2025", atlas: "" },
};

/** A finding with its category's entries filled in, its fields in the order in which they are printed. */
export function classified(finding: Omit<Finding, "owasp" | "atlas">): Finding {
  const { detector, category, start, end, score, ...place } = finding;
  const { owasp, atlas } = entries[category];
  return { detector, category, owasp, atlas, start, end, score, ...place };
}
