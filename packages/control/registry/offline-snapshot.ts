/**
 * A configuration as the snapshot it would become, without a store or a running Cordon. In: the path of a `cordon.yaml`.
 * Out: the snapshot and its policies. What only the state knows (revocations, isolations, foreign bundles) is not in it;
 * every model that a component states is taken for admitted, so that the answer is about policies.
 */
import type { Revision } from "@cordon/core/contract/vocabulary";
import { parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import { compilePolicies, type CedarPolicies } from "@cordon/core/policy/cedar-engine";
import { isWatched, ownMachine } from "@cordon/core/policy/served-model";
import type { ModelStanding, Snapshot } from "@cordon/core/policy/snapshot";
import { revocationsFrom } from "../authority/revocation.ts";
import { buildSnapshot } from "./build-snapshot.ts";
import { configurationObjects } from "./configuration-objects.ts";
import { loadConfiguration } from "./load-configuration.ts";

export interface OfflineSnapshot {
  readonly snapshot: Snapshot;
  readonly policies: CedarPolicies;
}

/** @throws {CordonError} what `cordon up` would say of the configuration or its policies */
export async function loadOfflineSnapshot(path: string): Promise<OfflineSnapshot> {
  const { configuration, policyTexts, folder } = await loadConfiguration(path);
  const trustDomain = parseTrustDomain(configuration.trustDomain);
  const revision = 1 as Revision;
  const objects = configurationObjects(configuration, policyTexts, folder).map(({ key, value }) => ({
    ...key,
    value,
    source: "config" as const,
    revision,
  }));
  const compiled: CedarPolicies[] = [];
  const declared = configuration.components.flatMap(({ modelDigest }) => modelDigest ?? []);
  const admissions = new Map<string, ModelStanding>(declared.map((digest) => [digest, { validUntil: Infinity }]));
  const snapshot = buildSnapshot(
    { revision, objects },
    {
      trustDomain,
      compile: (sources) => {
        const policies = compilePolicies(sources, { trustDomain });
        compiled.push(policies);
        return policies;
      },
      readRevocations: revocationsFrom,
      readAdmissions: () => admissions,
    },
  );
  // Nobody watches files here: they are taken for what the components state, as their admissions are.
  const servedFiles = new Map(
    [...snapshot.components.values()]
      .filter(isWatched)
      .map(({ id, modelDigest = "" }) => [id, [{ where: ownMachine, digest: modelDigest }]]),
  );
  return { snapshot: { ...snapshot, servedFiles }, policies: compiled[0] ?? compilePolicies([], { trustDomain }) };
}
