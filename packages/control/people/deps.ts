/** What the rooms of people and grants stand on; whoever builds the process hands it in. */
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import type { PublicKeyJwk } from "@cordon/core/contract/people-api";
import type { Configuration } from "@cordon/core/contract/configuration";
import type { Namespace, Revision } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import type { SpiffeId, TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import type { ChangeEntry, LedgerEntry } from "@cordon/core/ledger/entry";
import type { User } from "@cordon/core/policy/people";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { ObjectKey, StateStore, StateTransaction, StoredObject } from "../store/state-store.ts";
import type { FailedAttempt } from "./failed-attempts.ts";
import type { RelyingParty } from "./verify-passkey.ts";

export interface PeopleDeps {
  readonly store: Pick<StateStore, "transact" | "get" | "list">;
  readonly trustDomain: TrustDomain;
  readonly snapshot: () => Snapshot;
  readonly settings: Configuration["people"];
  /** Where passkeys are made and used; known once the console listens. */
  readonly relyingParty: () => RelyingParty;
  /** What administering Cordon is decided on. */
  readonly administered: SpiffeId;
  /** Writes to the ledger; what cannot be recorded does not happen. */
  readonly record: (entry: LedgerEntry) => Promise<unknown>;
  /** Loud news for the operator. */
  readonly warn: (event: string, words: string) => void;
  /** Told of each attempt to come in that failed, and where it came from. */
  readonly attemptFailed?: ((attempt: FailedAttempt & { readonly address: string }) => void) | undefined;
  readonly now: () => Instant;
}

/** The group whose members may ask to administer Cordon; the namespace `default`'s. */
export const administrators = "administrators";
export const administratorsGroup = `default/${administrators}`;

/** Whether somebody is in a group, `namespace/group`: the same name in another namespace is another group. */
export function isIn(user: Pick<User, "namespace" | "groups">, group: string): boolean {
  return group.startsWith(`${user.namespace}/`) && user.groups.includes(group.slice(user.namespace.length + 1));
}

/** A change to people or grants. */
export interface PersonChange {
  readonly actor: string;
  /** What happened, for the ledger's reader. */
  readonly words: string;
  readonly objects: readonly (ObjectKey & { readonly op?: "put" | "delete" })[];
}

/**
 * Changes the state, records it in words, and waits until it is in force here. What cannot be recorded is taken back, object
 * by object, where nobody has changed it since; with `stays` it holds all the same: a lock, a sign-out, a revocation.
 */
export async function change<T>(
  deps: Pick<PeopleDeps, "store" | "now" | "snapshot"> & { readonly record: (entry: ChangeEntry) => Promise<unknown> },
  describe: PersonChange | ((result: T) => PersonChange),
  work: (transaction: StateTransaction) => Promise<T>,
  options: { readonly stays?: boolean } = {},
): Promise<T> {
  const at = deps.now();
  const actor = typeof describe === "function" ? "people" : describe.actor;
  let touched = new Map<string, Touched>();
  const { revision, result } = await deps.store.transact(actor, at, (transaction) => {
    touched = new Map(); // the store may run it again
    return work(remembering(transaction, touched));
  });
  const told = typeof describe === "function" ? describe(result) : describe;
  try {
    await deps.record({
      ...{ v: 1, kind: "change", at, revision, actor: told.actor, words: told.words },
      objects: told.objects.map(({ op = "put", kind, namespace, name }) => ({ op, kind, namespace, name })),
    });
  } catch (error) {
    if (options.stays !== true) await takeBack(deps, touched, revision);
    throw error;
  }
  await inForce(deps.snapshot, revision);
  return result;
}

/** An object that a change touched, as it was before. */
interface Touched {
  readonly key: ObjectKey;
  readonly before: StoredObject | undefined;
}

function remembering(transaction: StateTransaction, touched: Map<string, Touched>): StateTransaction {
  const remember = async ({ kind, namespace, name }: ObjectKey): Promise<void> => {
    const id = `${kind}/${namespace}/${name}`;
    const key = { kind, namespace, name };
    if (!touched.has(id)) touched.set(id, { key, before: await transaction.get(key) });
  };
  return {
    get: (key) => transaction.get(key),
    list: (kind) => transaction.list(kind),
    eraseHistory: (key) => transaction.eraseHistory(key),
    async put(key, value, source) {
      await remember(key);
      await transaction.put(key, value, source);
    },
    async delete(key, source) {
      await remember(key);
      await transaction.delete(key, source);
    },
  };
}

async function takeBack(
  deps: Pick<PeopleDeps, "store" | "now">,
  touched: ReadonlyMap<string, Touched>,
  revision: Revision,
): Promise<void> {
  await deps.store.transact("people", deps.now(), async (transaction) => {
    for (const { key, before } of touched.values()) {
      const now = await transaction.get(key);
      if (now !== undefined && now.revision !== revision) continue;
      if (before !== undefined) await transaction.put(key, before.value, before.source);
      else if (now !== undefined) await transaction.delete(key, now.source);
    }
  });
}

/** Waits, for two seconds at most, until this process decides on a revision. */
async function inForce(snapshot: () => Snapshot, revision: Revision): Promise<void> {
  for (let tries = 0; tries < 400 && snapshot().revision < revision; tries++)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

/** SHA-256 of a key's SubjectPublicKeyInfo, lower-case hex: what names a session. @throws `REQUEST_MALFORMED` */
export function keyFingerprint(publicKey: PublicKeyJwk): string {
  return createHash("sha256")
    .update(importKey(publicKey).export({ type: "spki", format: "der" }))
    .digest("hex");
}

/** @throws {CordonError} `REQUEST_MALFORMED` when this is no point of the curve */
export function importKey(publicKey: PublicKeyJwk): KeyObject {
  try {
    return createPublicKey({ key: { ...publicKey }, format: "jwk" });
  } catch (cause) {
    throw new CordonError("REQUEST_MALFORMED", "The public key is not a point of P-256.", { cause });
  }
}

/** `name` or `namespace/name`, as people type it. */
export function parsePersonName(text: string): { readonly namespace: Namespace; readonly name: string } {
  const [first = "", second] = text.split("/");
  return second === undefined
    ? { namespace: "default" as Namespace, name: first }
    : { namespace: first as Namespace, name: second };
}

/** Lower-case hex SHA-256 of lines: what a passkey confirms is always one of these. */
export function digestOfLines(...lines: readonly string[]): string {
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}
