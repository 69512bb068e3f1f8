/**
 * What a new snapshot changes, as keys of what decisions depend on. In: two snapshots. Out: the keys whose decisions have to
 * be taken again, or `everything` where that is the honest answer. Snapshots share what did not change, so most of this is
 * comparing references.
 *
 * A key too many costs a decision; a key too few would let a stream run that no longer stands. So what is not told apart
 * here counts as everything, and a property test holds this to decisions on random estates.
 */
import type { Namespace } from "../contract/vocabulary.ts";
import { componentId, userId, type SpiffeId } from "../identity/spiffe-id.ts";
import type { VerifiedSvid } from "../identity/svid.ts";
import type { ComponentKind } from "../contract/vocabulary.ts";
import { dependsOnKey, type DependencyKey } from "./decision.ts";
import type { CompiledPolicies, PolicySource } from "./engine.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Changes {
  /** Every decision may be another. */
  readonly everything: boolean;
  readonly keys: ReadonlySet<DependencyKey>;
  /** Threat intelligence changed: whose address or upstream is now told otherwise is for whoever knows those to say. */
  readonly threats: boolean;
}

const all: Changes = Object.freeze({ everything: true, keys: new Set<DependencyKey>(), threats: true });

/** What is told apart below. Whatever else a snapshot holds, now or later, changes everything when it changes. */
const told: ReadonlySet<keyof Snapshot> = new Set([
  ...(["formatVersion", "revision", "components", "policies", "users", "sessions", "grants"] as const),
  ...(["devices", "subjects", "overlays", "admissions", "revocations", "threats", "incidents"] as const),
]);

export function changesBetween(before: Snapshot, after: Snapshot): Changes {
  const parts = Object.keys({ ...before, ...after }) as (keyof Snapshot)[];
  if (parts.some((part) => !told.has(part) && before[part] !== after[part])) return all;
  // Where there are no devices none is missed, and the first one changes that for everybody.
  if (((before.devices?.size ?? 0) === 0) !== ((after.devices?.size ?? 0) === 0)) return all;
  const keys = new Set<DependencyKey>();
  const add = (kind: Parameters<typeof dependsOnKey>[0], name: string): void => void keys.add(dependsOnKey(kind, name));
  const who = (id: string): void => {
    add("component", id);
    add("user", id);
  };
  if (!policiesAlike(before.policies, after.policies, (namespace) => add("policies", namespace))) return all;
  for (const id of differing(before.components, after.components)) add("component", id);
  for (const id of differing(before.users, after.users)) who(id);
  for (const id of differing(before.sessions, after.sessions)) add("session", id);
  for (const id of differing(before.grants, after.grants)) add("grant", id);
  for (const name of differing(before.devices, after.devices)) add("device", name);
  for (const entity of differing(before.subjects, after.subjects)) who(idOfEntity(entity, after));
  for (const id of differing(before.overlays.isolated, after.overlays.isolated)) who(id);
  for (const id of differing(before.incidents, after.incidents)) who(id);
  if (before.admissions !== after.admissions) {
    const digests = new Set(differing(before.admissions, after.admissions));
    for (const { id, modelDigest } of after.components.values())
      if (modelDigest !== undefined && digests.has(modelDigest)) add("component", id);
  }
  if (before.revocations !== after.revocations) {
    for (const id of added(before.revocations.workloads, after.revocations.workloads)) who(id);
    for (const id of added(after.revocations.workloads, before.revocations.workloads)) who(id);
    for (const digest of added(before.revocations.certificates, after.revocations.certificates))
      add("credential", digest);
    for (const digest of added(before.revocations.keys, after.revocations.keys)) add("credential", digest);
  }
  return { everything: false, keys, threats: before.threats !== after.threats };
}

/** What of a credential may be withdrawn: itself, its key, and every authority above it. */
export function credentialKeys({
  fingerprint,
  twinFingerprint,
  keyFingerprint,
  authorities,
}: VerifiedSvid): DependencyKey[] {
  const digests = [fingerprint, twinFingerprint, keyFingerprint, ...authorities];
  return digests.flatMap((digest) => (digest === undefined ? [] : [dependsOnKey("credential", digest)]));
}

function differing<K, V>(before: ReadonlyMap<K, V> = new Map(), after: ReadonlyMap<K, V> = new Map()): readonly K[] {
  if (before === after) return [];
  const keys: K[] = [];
  for (const [key, value] of before) if (after.get(key) !== value) keys.push(key);
  for (const key of after.keys()) if (!before.has(key)) keys.push(key);
  return keys;
}

function added<T>(before: ReadonlySet<T>, after: ReadonlySet<T>): readonly T[] {
  return before === after ? [] : [...after].filter((one) => !before.has(one));
}

/** False where it cannot be told which namespaces' policies changed. */
function policiesAlike(
  before: CompiledPolicies,
  after: CompiledPolicies,
  changed: (namespace: Namespace) => void,
): boolean {
  if (before === after) return true;
  const [old, own] = [textsOf(before), textsOf(after)];
  if (old === undefined || own === undefined) return false;
  for (const namespace of new Set([...old.keys(), ...own.keys()]))
    if (old.get(namespace) !== own.get(namespace)) changed(namespace);
  return true;
}

/** All policies of each namespace as one text; order counts, for reasons follow it. */
function textsOf(policies: CompiledPolicies): ReadonlyMap<Namespace, string> | undefined {
  const { sources } = policies as { readonly sources?: readonly PolicySource[] };
  if (sources === undefined) return undefined;
  const texts = new Map<Namespace, string>();
  for (const { namespace, origin, text } of sources)
    texts.set(namespace, `${texts.get(namespace) ?? ""}${origin.length}:${origin}${text.length}:${text}`);
  return texts;
}

/** The SPIFFE ID behind an entity id. */
function idOfEntity(entity: string, { trustDomain }: Snapshot): SpiffeId {
  if (entity.startsWith("spiffe://")) return entity as SpiffeId;
  const [namespace = "", kind = "", name = ""] = entity.split("/");
  return kind === "user"
    ? userId(trustDomain, namespace as Namespace, name)
    : componentId(trustDomain, namespace as Namespace, kind as ComponentKind, name);
}
