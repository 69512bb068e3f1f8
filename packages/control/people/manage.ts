/** What administrators do to accounts: lock, unlock, forget passkeys. In: a name and why. Out: it holds, everywhere, at once. */
import { CordonError } from "@cordon/core/errors";
import { readValue } from "../registry/objects.ts";
import type { StateTransaction } from "../store/state-store.ts";
import { passkeysOf, requireUser, shortNameOf } from "./accounts.ts";
import { change, type PeopleDeps } from "./deps.ts";
import { passkeyKind, passkeyValue, userKey, userValue } from "./objects.ts";
import { endSessions } from "./sessions.ts";
import type { User } from "@cordon/core/policy/people";
import { systemNamespace } from "../keys/key-vault.ts";

/** Locks an account: its sessions end, what runs is cut, and no passkey of its signs anybody in. */
export async function lockUser(deps: PeopleDeps, name: string, reason: string, actor: string): Promise<void> {
  const { user } = await requireUser(deps, name);
  const words = `${shortNameOf(user)} is locked: ${reason}`;
  const lock = async (transaction: StateTransaction): Promise<void> => {
    const object = await transaction.get(userKey(user));
    if (object !== undefined)
      await transaction.put(userKey(user), { ...readValue(userValue, object), locked: reason }, "api");
  };
  await change(deps, { actor, words, objects: [userKey(user)] }, lock, { stays: true });
  await endSessions(deps, (session) => session.user === user.id, {
    actor,
    words: `the sessions of ${shortNameOf(user)} ended: locked`,
  });
}

export async function unlockUser(deps: PeopleDeps, name: string, reason: string, actor: string): Promise<void> {
  const { user } = await requireUser(deps, name);
  const words = `${shortNameOf(user)} is unlocked: ${reason}`;
  await change(deps, { actor, words, objects: [userKey(user)] }, async (transaction) => {
    const object = await transaction.get(userKey(user));
    if (object === undefined) return;
    const { locked: _, ...kept } = readValue(userValue, object);
    await transaction.put(userKey(user), kept, "api");
  });
}

/** Forgets one of one's own passkeys, never the last that works; sessions that it opened end. */
export async function removePasskey(deps: PeopleDeps, user: User, name: string): Promise<void> {
  const own = await passkeysOf(deps.store, user);
  const found = own.find((passkey) => passkey.name === name);
  if (found === undefined) throw new CordonError("COMPONENT_UNKNOWN", "You have no such passkey.");
  const left = own.filter((passkey) => passkey.name !== name && passkey.locked === undefined);
  if (left.length === 0)
    throw new CordonError("STORE_CONFLICT", "That is your last passkey that works: add another first.");
  const key = { kind: passkeyKind, namespace: systemNamespace, name };
  const words = `${user.name} removed the passkey ${found.label}`;
  await change(deps, { actor: user.id, words, objects: [{ ...key, op: "delete" }] }, async (transaction) => {
    const object = await transaction.get(key);
    if (object !== undefined && readValue(passkeyValue, object).user === shortNameOf(user))
      await transaction.delete(key, "api");
  });
  await endSessions(deps, (session) => session.passkey === name, {
    actor: user.id,
    words: `sessions of a removed passkey of ${user.name} ended`,
  });
}
