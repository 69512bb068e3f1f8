/**
 * People as the store keeps them. In: stored objects. Out: their typed values: who is enrolled (kind `user`), with which
 * passkeys (`passkey`), who is signed in where (`session`). A user is `namespace/name`; passkeys lie in the user's namespace;
 * a session is named by the SHA-256 of the key that its credential is bound to, in the system's namespace.
 */
import { z } from "zod";
import { name } from "@cordon/core/contract/schema-parts";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { parseSpiffeId, userId, type SpiffeId, type TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { User, UserSession } from "@cordon/core/policy/people";
import { systemNamespace } from "../keys/key-vault.ts";
import { readValue } from "../registry/objects.ts";
import type { ObjectKey, StateTransaction, StoredObject } from "../store/state-store.ts";

export const userKind = "user";
export const passkeyKind = "passkey";
export const sessionKind = "session";

export const userValue = z.strictObject({
  displayName: z.string().regex(/^\P{C}{1,100}$/u),
  groups: z.array(name).max(64),
  createdAt: z.int(),
  locked: z.string().exactOptional(),
  /** Who this is at the company's identity provider. */
  oidc: z.strictObject({ issuer: z.string(), subject: z.string() }).exactOptional(),
  /** One-time codes that are sealed away, as SHA-256 of salt and code, hex; each leaves when it is used. */
  recovery: z
    .array(z.strictObject({ salt: z.string(), sha256: z.string() }))
    .max(16)
    .exactOptional(),
});

export const passkeyValue = z.strictObject({
  /** `namespace/name` of the user. */
  user: z.string(),
  /** base64url, as WebAuthn gives it. */
  credentialId: z.string(),
  /** COSE, base64url. */
  publicKey: z.string(),
  counter: z.int().nonnegative(),
  transports: z.array(z.string()).max(8),
  /** The model of authenticator, by its own word unless `attestation` says that the word was proven. */
  aaguid: z.string(),
  /** Whether it may be copied to other devices by whoever keeps it. */
  synced: z.boolean(),
  attestation: z.enum(["none", "proven"]),
  label: z.string(),
  createdAt: z.int(),
  locked: z.string().exactOptional(),
});

export const sessionValue = z.strictObject({
  user: z.string().startsWith("spiffe://"),
  kind: z.enum(["console", "cli", "oauth"]),
  /** Of kind `oauth`: the program, what it may use, and for what. */
  client: z.string().exactOptional(),
  resource: z.string().exactOptional(),
  scopes: z.array(z.string()).max(64).exactOptional(),
  passkey: z.string(),
  label: z.string(),
  authenticatedAt: z.int(),
  ends: z.int(),
  grant: z.string().exactOptional(),
  device: z.string().exactOptional(),
});

export type UserValue = z.output<typeof userValue>;
export type PasskeyValue = z.output<typeof passkeyValue>;
export type SessionValue = z.output<typeof sessionValue>;

export function userKey(user: { readonly namespace: Namespace; readonly name: string }): ObjectKey {
  return { kind: userKind, namespace: user.namespace, name: user.name };
}

export function sessionKey(id: string): ObjectKey {
  return { kind: sessionKind, namespace: systemNamespace, name: id };
}

/** Whether somebody is enrolled, and not locked. */
export async function accountStands(
  transaction: Pick<StateTransaction, "get">,
  user: Pick<User, "namespace" | "name">,
): Promise<boolean> {
  const account = await transaction.get(userKey(user));
  return account !== undefined && readValue(userValue, account).locked === undefined;
}

/** Whether an account stands, not locked, with a passkey of its own that is neither locked nor removed. */
export async function stillStands(
  transaction: Pick<StateTransaction, "get">,
  user: Pick<User, "namespace" | "name">,
  passkey: string,
): Promise<boolean> {
  const held = await transaction.get({ kind: passkeyKind, namespace: systemNamespace, name: passkey });
  if (held === undefined) return false;
  const { locked, user: owner } = readValue(passkeyValue, held);
  const own = owner === `${user.namespace}/${user.name}`;
  return own && locked === undefined && accountStands(transaction, user);
}

/** @throws {CordonError} `STORE_CORRUPT` when one cannot be read: nobody is let in by leaving an object out */
export function usersFrom(objects: readonly StoredObject[], trustDomain: TrustDomain): ReadonlyMap<SpiffeId, User> {
  return new Map(objects.map((object) => userOf(object, trustDomain)).map((user) => [user.id, user]));
}

export function userOf(object: StoredObject, trustDomain: TrustDomain): User {
  const { displayName, groups, locked, oidc } = readValue(userValue, object);
  const { namespace, name: last } = object;
  const id = userId(trustDomain, namespace, last);
  return Object.freeze({
    ...{ id, namespace, kind: "user", name: last, displayName },
    groups: Object.freeze([...new Set(groups)].toSorted()),
    ...(locked === undefined ? {} : { locked }),
    ...(oidc === undefined ? {} : { oidc }),
  } as const);
}

export function sessionsFrom(objects: readonly StoredObject[]): ReadonlyMap<string, UserSession> {
  return new Map(
    objects.map((object) => {
      const { user, kind, authenticatedAt, ends, grant, device, client } = readValue(sessionValue, object);
      const session: UserSession = { id: object.name, user: parseSpiffeId(user), kind, authenticatedAt, ends };
      return [
        object.name,
        Object.freeze({ ...session, ...(grant && { grant }), ...(device && { device }), ...(client && { client }) }),
      ];
    }),
  );
}
