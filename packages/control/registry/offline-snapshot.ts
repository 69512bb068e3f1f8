/**
 * A configuration as the snapshot it would become, without a running Cordon. In: the path of a `cordon.yaml`, and a state
 * folder where there is one. Out: the snapshot and its policies. What only the state knows (revocations, isolations, grants,
 * people, admissions) is in it where the state was read; else every model that a component states is taken for admitted, so
 * that the answer is about policies.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Revision } from "@cordon/core/contract/vocabulary";
import { parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import { compilePolicies, type CedarPolicies } from "@cordon/core/policy/cedar-engine";
import { isWatched, ownMachine } from "@cordon/core/policy/served-model";
import type { ModelStanding, Snapshot } from "@cordon/core/policy/snapshot";
import type { Configuration } from "@cordon/core/contract/configuration";
import { CordonError } from "@cordon/core/errors";
import { revocationsFrom } from "../authority/revocation.ts";
import { configuredStoreUrl } from "../store/configured-url.ts";
import { openStateStore } from "../store/open-state-store.ts";
import type { StoredObject } from "../store/state-store.ts";
import { readAdmissionKey } from "../supply/admission/admission-key.ts";
import { admissionsFrom } from "../supply/admission/registry.ts";
import { buildSnapshot } from "./build-snapshot.ts";
import { configurationObjects } from "./configuration-objects.ts";
import { loadConfiguration } from "./load-configuration.ts";

export interface OfflineOptions {
  /** A state folder; its store is read as the configuration names it. Nothing is written there. */
  readonly state?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface OfflineSnapshot {
  readonly snapshot: Snapshot;
  readonly policies: CedarPolicies;
}

/** @throws {CordonError} what `cordon up` would say of the configuration, its policies, or the state */
export async function loadOfflineSnapshot(
  path: string,
  { state, env = {} }: OfflineOptions = {},
): Promise<OfflineSnapshot> {
  const { configuration, policyTexts, folder } = await loadConfiguration(path);
  const trustDomain = parseTrustDomain(configuration.trustDomain);
  const revision = 1 as Revision;
  const own = configurationObjects(configuration, policyTexts, folder).map(({ key, value }) => ({
    ...key,
    value,
    source: "config" as const,
    revision,
  }));
  const taken = new Set(own.map(keyOf));
  const stored = state === undefined ? [] : await storedObjects(configuration, folder, resolve(state), env);
  // What the candidate says itself stands in the place of what is in force.
  const objects = [...own, ...stored.filter((object) => object.source !== "config" && !taken.has(keyOf(object)))];
  const admissionKey = state === undefined ? undefined : await readAdmissionKey(configuration, folder);
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
      ...(state === undefined
        ? { readAdmissions: () => admissions }
        : admissionKey && { readAdmissions: (all) => admissionsFrom(all, admissionKey) }),
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

function keyOf({ kind, namespace, name }: Pick<StoredObject, "kind" | "namespace" | "name">): string {
  return `${kind}\n${namespace}\n${name}`;
}

async function storedObjects(
  configuration: Configuration,
  folder: string,
  stateFolder: string,
  env: NonNullable<OfflineOptions["env"]>,
): Promise<readonly StoredObject[]> {
  const url = await configuredStoreUrl(configuration, { folder, stateFolder, env });
  // A store is made where there is none: that is not what reading one is for.
  if (url.startsWith("sqlite:") && !existsSync(url.slice("sqlite:".length)))
    throw new CordonError("USAGE", `there is no state in ${stateFolder}: no ${url.slice("sqlite:".length)}`);
  await using store = await openStateStore(url);
  return (await store.snapshot()).objects;
}
