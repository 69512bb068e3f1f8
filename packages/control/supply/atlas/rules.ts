/**
 * From a finding's rule to MITRE ATLAS. In: a rule, `area/what`. Out: the techniques that the finding is evidence of, the
 * mitigations that raising it applies, and the version of the catalogue both are numbered in. The most specific entry of
 * the table wins; `atlas.test.ts` holds that every id exists in the catalogue.
 */
import catalogue from "./catalogue.json" with { type: "json" };

export interface AtlasReference {
  /** Version of the ATLAS catalogue, such as `5.6.0`. */
  readonly version: string;
  /** Such as `AML.T0010.003`. */
  readonly techniques: readonly string[];
  /** Such as `AML.M0013`. */
  readonly mitigations: readonly string[];
}

export const atlasVersion: string = catalogue.version;

type Row = readonly [rule: string, techniques: readonly string[], mitigations: readonly string[]];

/** Rules by prefix; a longer prefix stands before a shorter one in effect, whatever the order here. */
export const atlasRows: readonly Row[] = [
  ["signature/", ["AML.T0010.003", "AML.T0058"], ["AML.M0013", "AML.M0014"]],
  ["signature/unsigned-file", ["AML.T0010.003", "AML.T0011.000"], ["AML.M0013", "AML.M0014"]],
  ["signature/rollback", ["AML.T0010.003", "AML.T0109"], ["AML.M0013", "AML.M0014"]],
  ["signature/revoked", ["AML.T0010.003", "AML.T0109"], ["AML.M0013"]],
  ["integrity/", ["AML.T0010.003", "AML.T0018", "AML.T0076"], ["AML.M0014"]],
  ["vulnerability/", ["AML.T0010.001"], ["AML.M0016", "AML.M0023"]],
  ["vulnerability/malicious-package", ["AML.T0010.001", "AML.T0011.001"], ["AML.M0016", "AML.M0023"]],
  ["scorecard/", ["AML.T0010.001", "AML.T0111"], ["AML.M0016"]],
  ["bom/", ["AML.T0010"], ["AML.M0023"]],
  ["bom/dataset", ["AML.T0010.002"], ["AML.M0023", "AML.M0025"]],
  ["card/", ["AML.T0010.003", "AML.T0058"], ["AML.M0014", "AML.M0023"]],
  ["card/training-data", ["AML.T0010.002", "AML.T0020"], ["AML.M0025"]],
  ["data/", ["AML.T0010.002", "AML.T0019", "AML.T0020", "AML.T0059"], ["AML.M0007", "AML.M0025"]],
  ["scan/", ["AML.T0010.003", "AML.T0011.000", "AML.T0018.002"], ["AML.M0011", "AML.M0014"]],
  ["admission/", ["AML.T0010.003"], ["AML.M0014", "AML.M0023"]],
];

/** ATLAS ids for a rule; none for a rule of no known area. */
export function atlasFor(rule: string): AtlasReference {
  const row = atlasRows.filter(([prefix]) => rule.startsWith(prefix)).toSorted((a, b) => b[0].length - a[0].length)[0];
  return { version: atlasVersion, techniques: row?.[1] ?? [], mitigations: row?.[2] ?? [] };
}

/** The catalogue's name of a technique or mitigation. */
export function atlasName(id: string): string | undefined {
  return new Map(Object.entries({ ...catalogue.techniques, ...catalogue.mitigations })).get(id);
}
