/** What the registry's tests share: a small estate, and the ways to make a store and a snapshot of it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfiguration, type Configuration } from "@cordon/core/contract/configuration";
import { CordonError } from "@cordon/core/errors";
import { parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import type { CompiledPolicies } from "@cordon/core/policy/engine";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { openStateStore } from "../store/open-state-store.ts";
import type { StateStore } from "../store/state-store.ts";
import type { SnapshotDeps } from "./build-snapshot.ts";

export const estate = `version: 1
trustDomain: bank.example
staleness: { limitSeconds: 30 }
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: assistant, kind: agent, boundary: api, labels: { sensitivity: internal, categories: [PDPA-SG, GDPR, GDPR] } }
  - { name: chat, kind: endpoint, boundary: model }
  - { name: spare, namespace: team, kind: model, boundary: model }
  - { name: records, kind: dataset, boundary: data, labels: { sensitivity: restricted } }
upstreams:
  - { name: chat, url: "https://127.0.0.1:9001", authentication: { spiffe: chat } }
  - { name: openai, url: "https://api.openai.com", external: true, authentication: { webpki: { caFile: ca.pem } },
      credential: { header: authorization, prefix: "Bearer ", secret: { file: key } } }
  - { name: store, url: "http://127.0.0.1:9002", authentication: loopback }
routes:
  - { name: chat, kind: openai, path: /v1, models: {
      one: { component: chat, upstream: chat, fallback: two },
      two: { component: team/spare, upstream: openai, upstreamModel: gpt } } }
  - { name: records, kind: http, path: /v1/records, resource: records, upstream: store, actions: { GET: read, PUT: write } }
policies:
  - { file: policies/default.cedar }
  - { name: more, namespace: team, text: "forbid more" }
`;

export const policyTexts: ReadonlyMap<string, string> = new Map([["policies/default.cedar", "permit all"]]);

/** The estate with lines replaced. */
export function configured(...replacements: (readonly [from: string, to: string])[]): Configuration {
  let text = estate;
  for (const [from, to] of replacements) {
    if (!text.includes(from)) throw new Error(`the estate does not hold ${from}`);
    text = text.replace(from, to);
  }
  return parseConfiguration(text, "cordon.yaml");
}

const evaluate: CompiledPolicies["evaluate"] = () => ({ permits: [], forbids: [], errors: [] });

/** Compiles to what it was given, so that two compilations can be compared; text that holds `broken` does not compile. */
export const deps: SnapshotDeps & { compilations: number } = {
  trustDomain: parseTrustDomain("bank.example"),
  compilations: 0,
  compile(sources) {
    deps.compilations += 1;
    if (sources.some((source) => source.text.includes("broken")))
      throw new CordonError("POLICY_INVALID", "a policy is broken");
    const compiled = { size: sources.length, sources, evaluate };
    return compiled;
  },
  readRevocations: (objects) => ({
    certificates: new Set(),
    keys: new Set(),
    workloads: new Set(objects.map((object) => object.name as SpiffeId)),
  }),
};

/** A folder that goes away with its scope. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "cordon-registry-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** An empty SQLite store that goes away with its scope. */
export async function temporaryStore(): Promise<AsyncDisposable & { readonly store: StateStore }> {
  const folder = await temporaryFolder();
  const store = await openStateStore(`sqlite:${join(folder.path, "cordon.db")}`);
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
