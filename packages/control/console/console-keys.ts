/**
 * The browsers that are paired: their public keys, as objects of the store (kind `console-key`), so that a restart keeps
 * them. In: keys to add and to revoke. Out: the key that an id names, while it stands. Each pairing and each revocation
 * is recorded in the ledger; a pairing that cannot be recorded does not happen.
 */
import { createPublicKey, randomBytes, type KeyObject } from "node:crypto";
import type { PairRequest } from "@cordon/core/contract/console-api";
import type { Revision } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { ChangeEntry } from "@cordon/core/ledger/entry";
import { z } from "zod";
import { systemNamespace } from "../keys/key-vault.ts";
import { readValue } from "../registry/objects.ts";
import { digestOf } from "../store/record-changes.ts";
import type { ObjectKey, StateStore, StateTransaction, StoredObject } from "../store/state-store.ts";

export const consoleKeyKind = "console-key";

/** How long a paired browser stays paired, in milliseconds: a working day. */
export const consoleKeyTtlMs = 12 * 3_600_000;

/** Browsers paired at one time. */
export const maxConsoleKeys = 100;

const consoleKeyValue = z.strictObject({
  label: z.string(),
  publicKey: z.strictObject({ kty: z.literal("EC"), crv: z.literal("P-256"), x: z.string(), y: z.string() }),
  createdAt: z.number().int(),
  expiresAt: z.number().int(),
  /** Of somebody who signed in with a passkey: who, and the session that it stands and falls with. */
  user: z.string().exactOptional(),
  session: z.string().exactOptional(),
});
type ConsoleKeyValue = z.output<typeof consoleKeyValue>;

export interface ConsoleKey {
  readonly id: string;
  readonly label: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  /** A person's, signed in with a passkey; absent for a browser that was paired with a code. */
  readonly user?: string;
  readonly session?: string;
}

/** Whose key it is, for a key of somebody who signed in. */
export interface KeyOwner {
  readonly user: string;
  readonly session: string;
  readonly expiresAt: Instant;
}

export interface ConsoleKeys {
  /** @throws {CordonError} `REQUEST_MALFORMED` (no point of the curve), `STORE_CONFLICT` (too many), `LEDGER_UNAVAILABLE` */
  add(publicKey: PairRequest["publicKey"], label: string, owner?: KeyOwner): Promise<ConsoleKey>;
  /** The key, if it stands now. */
  find(id: string): Promise<(ConsoleKey & { readonly publicKey: KeyObject }) | undefined>;
  /** Those that stand, newest first. */
  list(): Promise<readonly ConsoleKey[]>;
  /** @throws {CordonError} `COMPONENT_UNKNOWN` when no such key stands */
  revoke(id: string, actor: string): Promise<{ readonly revision: Revision; readonly key: ConsoleKey }>;
  /** Hears the id of each revoked key, before the revocation is recorded. Returns how to stop. */
  onRevoked(listener: (id: string) => void): () => void;
}

export interface ConsoleKeysOptions {
  readonly store: Pick<StateStore, "transact" | "get" | "list">;
  /** Writes to the ledger; rejects when it cannot. */
  readonly record: (change: ChangeEntry) => Promise<unknown>;
  readonly now: () => Instant;
  readonly ttlMs?: number;
  /** Whether a person's session stands; without it no key of a person does. */
  readonly sessionStands?: (session: string) => Promise<boolean>;
}

const pairingActor = "console:pairing";

export function openConsoleKeys({
  store,
  record,
  now,
  ttlMs = consoleKeyTtlMs,
  ...options
}: ConsoleKeysOptions): ConsoleKeys {
  const listeners = new Set<(id: string) => void>();
  const stands = (key: ConsoleKey): boolean => now() < key.expiresAt;
  const recordChange = (revision: Revision, actor: string, id: string, value?: ConsoleKeyValue): Promise<unknown> => {
    const change = value === undefined ? { op: "delete" as const } : { op: "put" as const, sha256: digestOf(value) };
    return record({ v: 1, kind: "change", at: now(), revision, actor, objects: [{ ...change, ...objectKey(id) }] });
  };
  const remove = (id: string, actor: string) =>
    store.transact(actor, now(), async (transaction) => {
      const object = await transaction.get(objectKey(id));
      if (object !== undefined) await transaction.delete(objectKey(id), "system");
      return object;
    });

  return {
    async add(publicKey, label, owner) {
      checkPublicKey(publicKey);
      const id = randomBytes(10).toString("hex");
      const createdAt = now();
      const value: ConsoleKeyValue = { label, publicKey, createdAt, expiresAt: createdAt + ttlMs, ...owner };
      const { revision } = await store.transact(pairingActor, createdAt, async (transaction) => {
        await makeRoom(transaction, createdAt);
        await transaction.put(objectKey(id), value, "system");
      });
      try {
        await recordChange(revision, pairingActor, id, value);
      } catch (error) {
        await remove(id, pairingActor);
        throw error;
      }
      return keyOf(id, value);
    },
    async find(id) {
      const object = await store.get(objectKey(id));
      if (object === undefined) return undefined;
      const value = readValue(consoleKeyValue, object);
      const key = keyOf(id, value);
      if (!stands(key)) return undefined;
      if (key.session !== undefined && (await options.sessionStands?.(key.session)) !== true) return undefined;
      return { ...key, publicKey: importKey(value.publicKey) };
    },
    async list() {
      const objects = await store.list(consoleKeyKind);
      const keys = objects.map((object) => keyOf(object.name, readValue(consoleKeyValue, object)));
      return keys.filter(stands).toSorted((a, b) => b.createdAt - a.createdAt);
    },
    async revoke(id, actor) {
      const { revision, result: object } = await remove(id, actor);
      if (object === undefined)
        throw new CordonError(
          "COMPONENT_UNKNOWN",
          `No browser is paired as ${id}. \`cordon console keys\` lists them.`,
        );
      for (const listener of listeners) listener(id);
      await recordChange(revision, actor, id);
      return { revision, key: keyOf(id, readValue(consoleKeyValue, object)) };
    },
    onRevoked(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function objectKey(id: string): ObjectKey {
  return { kind: consoleKeyKind, namespace: systemNamespace, name: id };
}

function keyOf(id: string, { publicKey: _publicKey, ...value }: ConsoleKeyValue): ConsoleKey {
  return { id, ...value };
}

/** Deletes what has expired, and refuses one more than there is room for. */
async function makeRoom(transaction: StateTransaction, now: Instant): Promise<void> {
  const objects: readonly StoredObject[] = await transaction.list(consoleKeyKind);
  const expired = objects.filter((object) => readValue(consoleKeyValue, object).expiresAt <= now);
  for (const object of expired) await transaction.delete(objectKey(object.name), "system");
  // People's keys are bounded by their sessions.
  const paired = objects.filter((object) => readValue(consoleKeyValue, object).session === undefined);
  if (paired.length - expired.length >= maxConsoleKeys)
    throw new CordonError(
      "STORE_CONFLICT",
      `${maxConsoleKeys} browsers are paired already. Revoke one: \`cordon console keys\`, \`cordon console revoke KEYID\`.`,
    );
}

/** @throws {CordonError} `REQUEST_MALFORMED` when this is no key */
export function checkPublicKey(publicKey: PairRequest["publicKey"]): void {
  importKey(publicKey);
}

function importKey(publicKey: PairRequest["publicKey"]): KeyObject {
  try {
    return createPublicKey({ key: { ...publicKey }, format: "jwk" });
  } catch (cause) {
    throw new CordonError("REQUEST_MALFORMED", "The public key is not a point of P-256.", { cause });
  }
}
