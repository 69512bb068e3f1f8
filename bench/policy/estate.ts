/**
 * What the policy benchmark asks about. In: a number of policies. Out: components, and policies of the kinds that people
 * write: one workload and one dataset by name, everything with a label, a boundary, a condition on the request.
 */
import type { Boundary, ComponentKind, Namespace } from "@cordon/core/contract/vocabulary";
import { componentId, parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import type { Component } from "@cordon/core/policy/snapshot";

export const trustDomain = parseTrustDomain("bench.example");

const kinds = ["agent", "service", "pipeline"] as const;
const sensitivities = ["public", "internal", "confidential", "restricted"] as const;

const boundaryOf: Partial<Record<ComponentKind, Boundary>> = {
  dataset: "data",
  pipeline: "pipeline",
  endpoint: "model",
};

export const agents: readonly Component[] = Array.from({ length: 1_000 }, (_, n) =>
  component(kinds[n % kinds.length] ?? "agent", `a-${n}`, n),
);
export const datasets: readonly Component[] = Array.from({ length: 1_000 }, (_, n) =>
  component("dataset", `d-${n}`, n),
);

export function component(kind: ComponentKind, name: string, n: number): Component {
  return {
    id: componentId(trustDomain, "default" as Namespace, kind, name),
    namespace: "default" as Namespace,
    kind,
    name,
    boundary: boundaryOf[kind] ?? "api",
    labels: {
      sensitivity: sensitivities[n % sensitivities.length] ?? "internal",
      categories: n % 5 === 0 ? ["PDPA-SG"] : [],
      integrity: n % 2 === 0 ? "trusted" : "untrusted",
    },
    description: "",
    bearerTokens: false,
  };
}

/** `count` policies: nine in ten name a workload and a dataset, by scope or by condition; one in ten is general. */
export function policyTexts(
  count: number,
  principals: readonly Component[] = agents,
  resources: readonly Component[] = datasets,
): readonly string[] {
  return Array.from({ length: count }, (_, n) => {
    const agent = principals[(n * 31) % principals.length] as Component;
    const dataset = resources[(n * 17) % resources.length] as Component;
    const from = `Workload::"default/${agent.kind}/${agent.name}"`;
    const to = `Component::"default/${dataset.kind}/${dataset.name}"`;
    if (n % 10 === 0 && n < 400) return `@id("p${n}") ${generals[(n / 10) % generals.length] ?? ""}`;
    if (n % 3 === 0) return `@id("p${n}") permit(principal == ${from}, action == Action::"read", resource == ${to});`;
    if (n % 3 === 1)
      return `@id("p${n}") permit(principal == ${from}, action in [Action::"read", Action::"write"], resource) when { resource.labels.sensitivity == "internal" && context.method == "GET" };`;
    return `@id("p${n}") permit(principal, action, resource) when { resource.name == "${dataset.name}" && principal.kind == "${agent.kind}" && principal.sensitivityRank >= resource.sensitivityRank };`;
  });
}

const generals = [
  `permit(principal, action == Action::"read", resource) when { resource.labels.sensitivity == "public" };`,
  `forbid(principal, action, resource) when { resource.labels.sensitivity == "restricted" && principal.boundary != "pipeline" };`,
  `forbid(principal, action == Action::"write", resource) unless { context.assurance == "x509-svid" };`,
  `permit(principal in Namespace::"default", action == Action::"read", resource) when { principal.kind == "pipeline" && resource.boundary == "data" };`,
  `forbid(principal, action, resource) when { resource.labels.categories.contains("PDPA-SG") && context.external };`,
];
