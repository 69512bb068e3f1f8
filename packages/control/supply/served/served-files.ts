/**
 * What is known of the files that components serve, as objects of the store (kind `served-files`). In: what each watcher
 * says. Out: for a snapshot, what each saw last. Only news is written: a watcher that says the same again costs nothing.
 *
 * Nothing that was seen before a start counts after it: whoever could swap a file could do so while nobody looked.
 */
import { z } from "zod";
import { filesSeen, type FilesSeen } from "@cordon/core/contract/served-files";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import { isWatched, ownMachine } from "@cordon/core/policy/served-model";
import type { Component, FilesSeenAt } from "@cordon/core/policy/snapshot";
import type { ObjectKey, StateStore, StateTransaction, StoredObject } from "../../store/state-store.ts";

export const servedFilesKind = "served-files";

/** A node's agent, among the names of watchers. */
export const onNode = (node: string): string => `on node ${node}`;

/** The node whose agent it was; nothing for another watcher. */
export function nodeOf(where: string): string | undefined {
  return where.startsWith("on node ") ? where.slice("on node ".length) : undefined;
}

/** The watcher of a machine that runs a control plane, among the names of watchers. */
export const onMachine = (writer: string): string => `on the machine ${writer}`;

/** Whether it is the watcher of a machine, as the store names it. */
export const isMachine = (where: string): boolean => where.startsWith(onMachine(""));

const servedFilesValue = z.strictObject({ seen: z.record(z.string(), filesSeen) });
type ServedFilesValue = z.infer<typeof servedFilesValue>;

function keyOf({ namespace, name }: Pick<Component, "namespace" | "name">): ObjectKey {
  return { kind: servedFilesKind, namespace, name };
}

async function read(transaction: StateTransaction, key: ObjectKey): Promise<ServedFilesValue["seen"]> {
  return servedFilesValue.safeParse((await transaction.get(key))?.value).data?.seen ?? {};
}

/** Writes what watchers say. It is in force with the revision that it makes. */
export async function recordSeen(
  store: Pick<StateStore, "transact">,
  reports: readonly { readonly component: Pick<Component, "namespace" | "name">; readonly seen: FilesSeen }[],
  { where, actor, now }: { readonly where: string; readonly actor: string; readonly now: Instant },
): Promise<void> {
  await store.transact(actor, now, async (transaction) => {
    for (const { component, seen } of reports) {
      const key = keyOf(component);
      const before = await read(transaction, key);
      await transaction.put(key, { seen: { ...before, [where]: seen } } satisfies ServedFilesValue, "system");
    }
  });
}

export interface Forgetting {
  readonly actor: string;
  readonly now: Instant;
  /** Of these watchers only. */
  readonly of?: (where: string) => boolean;
  /** Of this component only. */
  readonly component?: Pick<Component, "namespace" | "name">;
}

/** Forgets what watchers said, all of it or of some: at a start, and of a node that is gone. */
export async function forgetSeen(
  store: Pick<StateStore, "transact">,
  { actor, now, of, component }: Forgetting,
): Promise<void> {
  await store.transact(actor, now, async (transaction) => {
    for (const object of await transaction.list(servedFilesKind)) {
      if (component !== undefined && (object.namespace !== component.namespace || object.name !== component.name))
        continue;
      const before = Object.entries(servedFilesValue.safeParse(object.value).data?.seen ?? {});
      const kept = before.filter(([where]) => of !== undefined && !of(where));
      const key = { kind: object.kind, namespace: object.namespace, name: object.name };
      if (kept.length === 0) await transaction.delete(key, "system");
      else await transaction.put(key, { seen: Object.fromEntries(kept) } satisfies ServedFilesValue, "system");
    }
  });
}

/**
 * What was seen, for the components whose files are watched.
 *
 * @param machine the watcher of this machine: the one who must have looked, and is told apart from other machines' by its name
 */
export function servedFilesFrom(
  objects: readonly StoredObject[],
  components: ReadonlyMap<string, Component>,
  machine?: string,
): ReadonlyMap<SpiffeId, readonly FilesSeenAt[]> {
  const found = new Map<SpiffeId, readonly FilesSeenAt[]>();
  for (const { namespace, name, value } of objects) {
    const component = components.get(`${namespace}/${name}`);
    if (component === undefined || !isWatched(component)) continue;
    const seen = servedFilesValue.safeParse(value).data?.seen ?? {};
    found.set(
      component.id,
      Object.entries(seen).map(([where, one]) => ({ where: nameHere(where, machine), ...one })),
    );
  }
  return found;
}

/** An older Cordon calls its own machine so, whichever it is: that must not pass for this one. */
function nameHere(where: string, machine: string | undefined): string {
  if (where === machine) return ownMachine;
  return where === ownMachine && machine !== undefined ? "on another machine" : where;
}
