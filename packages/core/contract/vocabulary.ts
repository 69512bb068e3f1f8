/**
 * Cordon's vocabulary: the closed sets of words that configuration, policy, API, ledger and console share.
 * In: nothing. Out: types, and the arrays that parsers check against.
 */

/** What can be registered. Each kind is also a path segment of the component's SPIFFE ID. */
export const componentKinds = [
  "service",
  "agent",
  "pipeline",
  "model",
  "endpoint",
  "dataset",
  "tool",
  "external",
] as const;
export type ComponentKind = (typeof componentKinds)[number];

/** The four segmentation boundaries; every component sits in exactly one. */
export const boundaries = ["data", "model", "pipeline", "api"] as const;
export type Boundary = (typeof boundaries)[number];

/** What a data set is for. */
export const datasetPurposes = ["training", "evaluation", "retrieval", "operational"] as const;
export type DatasetPurpose = (typeof datasetPurposes)[number];

/** What a principal can ask to do. */
export const actions = [
  "infer",
  "embed",
  "read",
  "write",
  "train",
  "evaluate",
  "deploy",
  "callTool",
  // What a tool server asks of whoever calls it: an answer of its model, of its person, its folders.
  "sample",
  "elicit",
  "listRoots",
  "egress",
  "detokenize",
  "releaseKey",
  "administer",
] as const;
export type Action = (typeof actions)[number];

/**
 * Actions that may overlap their decision's disk write with the upstream's own latency (DESIGN 6.2): they change
 * nothing at an internal upstream, so it is enough that the entry is durable before the first response byte.
 */
export const actionsWithoutEffects: ReadonlySet<Action> = new Set(["infer", "embed", "read", "evaluate"]);

/** Sensitivity, least to most. Compare by index. */
export const sensitivities = ["public", "internal", "confidential", "restricted"] as const;
export type Sensitivity = (typeof sensitivities)[number];

export const integrities = ["trusted", "untrusted"] as const;
export type Integrity = (typeof integrities)[number];

/** What is known of the information in, or from, a component. */
export interface Labels {
  readonly sensitivity: Sensitivity;
  /** Regulatory categories, such as `PDPA-SG` or `GDPR`. Sorted, without duplicates. */
  readonly categories: readonly string[];
  readonly integrity: Integrity;
}

export const riskTiers = ["low", "medium", "high", "critical"] as const;
export type RiskTier = (typeof riskTiers)[number];

/**
 * What a policy's denial does on a route: `enforce` refuses the call; `observe` lets it through and records that it would
 * have been refused. Nothing but the denial of a policy, or of a boundary whose own mode says so, is ever softened.
 */
export const modes = ["enforce", "observe"] as const;
export type Mode = (typeof modes)[number];

/** A team's own space within a trust domain: lower-case letters, digits and inner hyphens, at most 63 characters. */
export type Namespace = string & { readonly __brand: "Namespace" };

/** The store's revision: a whole number, from 1, without gaps, in commit order. */
export type Revision = number & { readonly __brand: "Revision" };

const namePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** True for a name that Cordon accepts for namespaces, components, routes and upstreams (an RFC 1123 label). */
export function isName(value: string): boolean {
  return namePattern.test(value);
}
