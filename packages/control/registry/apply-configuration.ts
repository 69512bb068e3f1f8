/**
 * Makes a configuration the state. In: the store, a configuration, the texts of its policy files. Out: the revision
 * that holds it. One transaction: whole or not at all; what the configuration no longer names is deleted; objects that
 * the API made are never touched.
 */
import { isDeepStrictEqual } from "node:util";
import { CordonError } from "@cordon/core/errors";
import type { Configuration } from "@cordon/core/contract/configuration";
import type { Revision } from "@cordon/core/contract/vocabulary";
import type { Instant } from "@cordon/core/instant";
import type { StateStore, StateTransaction, StoredObject } from "../store/state-store.ts";
import { configurationObjects, type ConfiguredObject, type PolicyTexts } from "./configuration-objects.ts";
import { configuredKinds, describeObject, objectKinds } from "./objects.ts";

export interface ApplyOptions {
  /** Who applies it, for the change log, such as `config:cordon.yaml`. */
  readonly actor: string;
  readonly now: Instant;
  /** Where the configuration's relative paths start. */
  readonly folder: string;
  /**
   * Throws unless a snapshot can be built from these objects (policies compile, references resolve), so that nothing
   * invalid ever becomes a revision. Runs inside the transaction, before it commits.
   */
  readonly validate: (objects: readonly StoredObject[]) => void | Promise<void>;
}

export interface Applied {
  /** The new revision; the present one when nothing changed. */
  readonly revision: Revision;
  readonly changed: { readonly added: number; readonly updated: number; readonly deleted: number };
}

/**
 * Applies a configuration.
 *
 * @throws {CordonError} `STORE_CONFLICT` when the API already made an object that the configuration names; whatever
 *   `validate` throws; `STORE_UNAVAILABLE`. After any of them the state is what it was.
 */
export async function applyConfiguration(
  store: StateStore,
  configuration: Configuration,
  policyTexts: PolicyTexts,
  options: ApplyOptions,
): Promise<Applied> {
  const wanted = configurationObjects(configuration, policyTexts, options.folder);
  const { revision, result } = await store.transact(options.actor, options.now, async (transaction) => {
    const present = await listAll(transaction, configuredKinds);
    refuseConflicts(wanted, present, options.actor);
    const changed = await writeDifference(transaction, wanted, present);
    if (changed.added + changed.updated + changed.deleted > 0)
      await options.validate([...(await listAll(transaction, objectKinds)).values()]);
    return changed;
  });
  return { revision, changed: result };
}

async function listAll(transaction: StateTransaction, kinds: readonly string[]): Promise<Map<string, StoredObject>> {
  const objects = new Map<string, StoredObject>();
  for (const kind of kinds) {
    for (const object of await transaction.list(kind)) objects.set(describeObject(object), object);
  }
  return objects;
}

function refuseConflicts(
  wanted: readonly ConfiguredObject[],
  present: ReadonlyMap<string, StoredObject>,
  actor: string,
): void {
  const conflicts = wanted.flatMap(({ key }) => {
    const owner = present.get(describeObject(key));
    return owner && owner.source !== "config" ? [`${describeObject(key)} (made by the ${owner.source})`] : [];
  });
  if (conflicts.length === 0) return;
  const named = conflicts.slice(0, 20).join(", ");
  throw new CordonError(
    "STORE_CONFLICT",
    `${actor} and other objects have the same names: ${named}. Delete those, or rename them in the configuration.`,
  );
}

async function writeDifference(
  transaction: StateTransaction,
  wanted: readonly ConfiguredObject[],
  present: ReadonlyMap<string, StoredObject>,
): Promise<Applied["changed"]> {
  const counts = { added: 0, updated: 0, deleted: 0 };
  const names = new Set(wanted.map(({ key }) => describeObject(key)));
  for (const [name, object] of present) {
    if (object.source !== "config" || names.has(name)) continue;
    await transaction.delete(object, "config");
    counts.deleted += 1;
  }
  for (const { key, value } of wanted) {
    const before = present.get(describeObject(key));
    if (before && isDeepStrictEqual(before.value, value)) continue;
    await transaction.put(key, value, "config");
    counts[before ? "updated" : "added"] += 1;
  }
  return counts;
}
