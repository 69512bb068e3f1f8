/**
 * Who is enrolled, and with which passkeys. In: people and passkeys to add, to lock, to forget. Out: whose passkey has just
 * confirmed something. A passkey whose counter goes back may have been copied: it is locked, loudly, and confirms nothing.
 */
import { createHash } from "node:crypto";
import type { Assertion } from "@cordon/core/contract/people-api";
import { CordonError, isCordonError } from "@cordon/core/errors";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { User } from "@cordon/core/policy/people";
import { systemNamespace } from "../keys/key-vault.ts";
import { readValue } from "../registry/objects.ts";
import type { ObjectKey, StateTransaction, StoredObject } from "../store/state-store.ts";
import type { Challenges } from "./challenges.ts";
import { change, parsePersonName, type PeopleDeps } from "./deps.ts";
import { blame } from "./failed-attempts.ts";
import { passkeyKind, passkeyValue, sessionKind, sessionValue, userKey, userOf, userValue } from "./objects.ts";
import type { PasskeyValue } from "./objects.ts";
import { refused, verifyPasskey } from "./verify-passkey.ts";

/** Passkeys of one person at most. */
export const maxPasskeys = 10;

export interface Confirmed {
  readonly user: User;
  /** Object name of the passkey. */
  readonly passkey: string;
}

/** A passkey is named by its credential id, so that it is found without knowing whose it is. */
export function passkeyKey(credentialId: string): ObjectKey {
  const name = createHash("sha256").update(credentialId).digest("hex").slice(0, 40);
  return { kind: passkeyKind, namespace: systemNamespace, name };
}

export function shortNameOf(user: Pick<User, "namespace" | "name">): string {
  return `${user.namespace}/${user.name}`;
}

export async function findUser(deps: Pick<PeopleDeps, "store" | "trustDomain">, name: string) {
  const object = await deps.store.get(userKey(parsePersonName(name)));
  if (object === undefined) return undefined;
  return { user: userOf(object, deps.trustDomain), value: readValue(userValue, object) };
}

/** @throws {CordonError} `COMPONENT_UNKNOWN` */
export async function requireUser(deps: Pick<PeopleDeps, "store" | "trustDomain">, name: string) {
  const found = await findUser(deps, name);
  if (found === undefined)
    throw new CordonError(
      "COMPONENT_UNKNOWN",
      `nobody is enrolled as \`${name}\`; \`cordon people list\` shows who is`,
    );
  return found;
}

export async function passkeysOf(
  store: { list: (kind: string) => Promise<readonly StoredObject[]> },
  user: Pick<User, "namespace" | "name">,
): Promise<readonly (PasskeyValue & { readonly name: string })[]> {
  const objects = await store.list(passkeyKind);
  return objects
    .map((object) => ({ name: object.name, ...readValue(passkeyValue, object) }))
    .filter((passkey) => passkey.user === shortNameOf(user));
}

/**
 * Verifies that a passkey has just confirmed `purpose` over `digest`, once.
 *
 * @param by when given, only a passkey of theirs will do
 * @throws {CordonError} `SIGNATURE_INVALID` for anything that is wrong with it, `ACCESS_DENIED` where it is locked
 */
export async function confirmWithPasskey(
  deps: PeopleDeps,
  challenges: Challenges,
  confirmation: PasskeyConfirmation,
): Promise<Confirmed> {
  // Filled in as far as it was told whose passkey it is, before anything of it is believed.
  const owner: { id?: SpiffeId } = {};
  return confirm(deps, challenges, confirmation, owner).catch((error: unknown) => {
    const isRefusal = isCordonError(error, "SIGNATURE_INVALID") || isCordonError(error, "ACCESS_DENIED");
    throw isRefusal ? blame(error, owner.id) : error;
  });
}

interface PasskeyConfirmation {
  readonly purpose: string;
  readonly digest: string;
  readonly assertion: Assertion;
  readonly by?: User;
}

async function confirm(
  deps: PeopleDeps,
  challenges: Challenges,
  { purpose, digest, assertion, by }: PasskeyConfirmation,
  owner: { id?: SpiffeId },
): Promise<Confirmed> {
  const expected = challenges.expected(assertion.id, purpose, digest);
  if (expected === undefined) throw refused("its challenge is too old, or was for something else; try again");
  const key = passkeyKey(assertion.response.id);
  const object = await deps.store.get(key);
  if (object === undefined) throw refused("no such passkey is known here");
  const passkey = readValue(passkeyValue, object);
  const found = await findUser(deps, passkey.user);
  if (found === undefined) throw refused("its owner is not enrolled");
  const { user } = found;
  owner.id = by?.id ?? user.id;
  if (by !== undefined && by.id !== user.id) throw refused(`it is not a passkey of ${by.name}`);
  const { counter } = await verifyPasskey(assertion, expected, deps.relyingParty(), passkey);
  if (!challenges.spend(assertion.id)) throw refused("it was used before");
  if (passkey.locked !== undefined) throw locked(`this passkey of ${user.name} is locked: ${passkey.locked}`);
  if (user.locked !== undefined) throw locked(`the account ${user.name} is locked: ${user.locked}`);
  if (await isCopy(deps, key, counter)) {
    await lockPasskey(deps, key, user, counter);
    throw locked(
      `this passkey of ${user.name} is locked now: its counter went back, which a copied security key would do. ` +
        "Sign in with another passkey and tell an administrator.",
    );
  }
  return { user, passkey: key.name };
}

function locked(words: string): CordonError {
  return new CordonError("ACCESS_DENIED", words);
}

/** Compares and keeps the counter in one transaction: of two answers with the same count, one is a copy's. */
async function isCopy(deps: PeopleDeps, key: ObjectKey, counter: number): Promise<boolean> {
  const { result } = await deps.store.transact("people", deps.now(), async (transaction) => {
    const object = await transaction.get(key);
    if (object === undefined) throw refused("it was removed just now");
    const held = readValue(passkeyValue, object);
    // Synced passkeys count nothing: always 0. What has counted once must go on counting.
    if (counter === 0 && held.counter === 0) return false;
    if (counter <= held.counter) return true;
    await transaction.put(key, { ...held, counter }, "api");
    return false;
  });
  return result;
}

async function lockPasskey(deps: PeopleDeps, key: ObjectKey, user: User, counter: number): Promise<void> {
  const words = `a passkey of ${user.name} is locked: its counter went back to ${counter}, as a copy's would`;
  deps.warn("passkey-locked", words);
  const lock = async (transaction: StateTransaction): Promise<void> => {
    const object = await transaction.get(key);
    if (object !== undefined)
      await transaction.put(key, { ...readValue(passkeyValue, object), locked: `its counter went back` }, "api");
    // Whoever signed in with it may be the copy.
    for (const session of await transaction.list(sessionKind))
      if (readValue(sessionValue, session).passkey === key.name) await transaction.delete(session, "api");
  };
  await change(deps, { actor: user.id, words, objects: [key] }, lock, { stays: true });
}
