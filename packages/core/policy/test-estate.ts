/** A small estate for the tests of this room: components, snapshots and requests, with only what a test cares for. */
import type { ComponentKind, Namespace, Revision } from "../contract/vocabulary.ts";
import { componentId, parseTrustDomain, type SpiffeId } from "../identity/spiffe-id.ts";
import { compilePolicies, type CedarPolicies, type CompileOptions } from "./cedar-engine.ts";
import type { AccessRequest, RequestContext } from "./decision.ts";
import type { PolicySource } from "./engine.ts";
import type { BoundaryRules } from "./boundaries.ts";
import type { Component, Snapshot } from "./snapshot.ts";
import { Windows } from "./windows.ts";

/** Every boundary enforced, no exception. */
export const strictBoundaries: BoundaryRules = {
  modes: { data: "enforce", model: "enforce", pipeline: "enforce", api: "enforce" },
  exceptions: new Map(),
};

export const trustDomain = parseTrustDomain("bank.example");

export function component(name: `${string}/${ComponentKind}/${string}`, more: Partial<Component> = {}): Component {
  const [namespace, kind, last] = name.split("/") as [Namespace, ComponentKind, string];
  return {
    id: componentId(trustDomain, namespace, kind, last),
    namespace,
    kind,
    name: last,
    boundary: "api",
    labels: { sensitivity: "internal", categories: [], integrity: "trusted" },
    description: "",
    bearerTokens: false,
    ...more,
  };
}

export const assistant = component("default/agent/assistant");
export const chat = component("default/endpoint/chat", { boundary: "model" });
export const trainingData = component("default/dataset/training-data", {
  boundary: "data",
  labels: { sensitivity: "restricted", categories: ["GDPR", "PDPA-SG"], integrity: "trusted" },
});
export const payments = component("payments/agent/clerk");
export const accounts = component("payments/dataset/accounts", { boundary: "data" });
const estate = [assistant, chat, trainingData, payments, accounts];

export const context: RequestContext = {
  assurance: "x509-svid",
  route: "chat",
  method: "POST",
  stream: false,
  external: false,
};

export function request(principal: Component, action: AccessRequest["action"], resource: Component): AccessRequest {
  return { principal: principal.id, action, resource: resource.id, context };
}

/** A source from lines of Cedar, by namespace. */
export function source(text: string, namespace = "default", origin = `${namespace}.cedar`): PolicySource {
  return { namespace: namespace as Namespace, origin, text };
}

export function compile(text: string, options: Partial<CompileOptions> = {}): CedarPolicies {
  return compilePolicies([source(text)], { trustDomain, ...options });
}

export function snapshot(
  policies: string | Snapshot["policies"],
  more: Partial<Omit<Snapshot, "components">> = {},
  components: readonly Component[] = estate,
): Snapshot {
  return {
    formatVersion: 1,
    revision: 7 as Revision,
    trustDomain,
    components: new Map<SpiffeId, Component>(components.map((each) => [each.id, each])),
    routes: [],
    observing: new Map(),
    policies: typeof policies === "string" ? compile(policies) : policies,
    bundles: new Map(),
    revocations: { certificates: new Set(), keys: new Set(), workloads: new Set() },
    overlays: { isolated: new Map(), rerouted: new Map() },
    stalenessLimitMs: 60_000,
    boundaries: strictBoundaries,
    windows: new Windows([]),
    ...more,
  };
}
