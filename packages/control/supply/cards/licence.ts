/**
 * Whether a licence is one. In: what a card or a BOM says. Out: its SPDX id or expression, its common name where it is
 * one of the licences that models have and SPDX does not, or why it is none.
 */
import { fixupSpdxId } from "@cyclonedx/cyclonedx-library/SPDX";
import parseExpression from "spdx-expression-parse";

/** Licences of models outside SPDX's list, by the names that Hugging Face gives them. */
const modelLicences: ReadonlySet<string> = new Set([
  ...["openrail", "bigscience-bloom-rail-1.0", "bigscience-openrail-m", "creativeml-openrail-m", "bigcode-openrail-m"],
  ...["openrail++", "apple-ascl", "apple-amlr", "gemma", "deepfloyd-if-license", "fair-noncommercial-research-license"],
  ...["llama2", "llama3", "llama3.1", "llama3.2", "llama3.3", "llama4", "grok2-community", "intel-research"],
  ...["h-research", "etalab-2.0", "c-uda", "gfdl", "cc", "gpl", "lgpl", "bsd", "odc-by", "pddl"],
]);

export type Licence =
  | { readonly kind: "spdx"; readonly id: string }
  | { readonly kind: "expression"; readonly expression: string }
  | { readonly kind: "named"; readonly name: string; readonly link?: string }
  | { readonly kind: "implausible"; readonly why: string };

/** Judges a licence as a card states it; `name` and `link` go with `other`. */
export function readLicence(stated: string, name?: string | null, link?: string | null): Licence {
  const text = stated.trim();
  if (text === "" || /^(?:unknown|none|n\/a|tbd|todo|license|licence)$/i.test(text) || /[{}[\]<>]/.test(text))
    return { kind: "implausible", why: `\`${text.slice(0, 60)}\` is no licence` };
  if (text.toLowerCase() === "other") {
    if (name === undefined || name === null || name === "")
      return { kind: "implausible", why: "`other` needs `license_name`, and `license_link` to its text" };
    return { kind: "named", name, ...(link === undefined || link === null ? {} : { link }) };
  }
  if (modelLicences.has(text.toLowerCase())) return { kind: "named", name: text };
  const id = fixupSpdxId(text);
  if (id !== undefined) return { kind: "spdx", id };
  if (isExpression(text)) return { kind: "expression", expression: text };
  return {
    kind: "implausible",
    why: `\`${text.slice(0, 60)}\` is no SPDX licence and none that models are known to have`,
  };
}

function isExpression(text: string): boolean {
  if (text.length > 500) return false;
  try {
    parseExpression(text);
    return true;
  } catch {
    return false;
  }
}
