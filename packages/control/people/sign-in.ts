/**
 * Enrolling and signing in. In: a code and a new passkey, or a passkey that is known, each with the key of the browser that
 * asks. Out: a session bound to that browser's key.
 *
 * What the passkey signs names that key: an answer that was lured out of somebody on another page, or read off the wire,
 * signs in that one browser and no other. Nobody can be signed in to somebody else's session either: whose it is, is what
 * the passkey says.
 */
import { randomBytes } from "node:crypto";
import { generateAuthenticationOptions, generateRegistrationOptions } from "@simplewebauthn/server";
import type { Assertion, PublicKeyJwk } from "@cordon/core/contract/people-api";
import { CordonError } from "@cordon/core/errors";
import { isName } from "@cordon/core/contract/vocabulary";
import { userId } from "@cordon/core/identity/spiffe-id";
import type { User } from "@cordon/core/policy/people";
import type { ConsoleKeys } from "../console/console-keys.ts";
import type { PairingDesk } from "../console/pairing.ts";
import { readValue } from "../registry/objects.ts";
import type { StateTransaction } from "../store/state-store.ts";
import { confirmWithPasskey, findUser, maxPasskeys, passkeyKey } from "./accounts.ts";
import { passkeysOf, requireUser, shortNameOf } from "./accounts.ts";
import type { Challenges } from "./challenges.ts";
import {
  administrators,
  change,
  digestOfLines,
  importKey,
  keyFingerprint,
  parsePersonName,
  type PeopleDeps,
} from "./deps.ts";
import { blame } from "./failed-attempts.ts";
import { checkInvitation, digestOfCode, takeInvitation, wrongCode, type InvitationValue } from "./invitations.ts";
import {
  passkeyKind,
  passkeyValue,
  sessionKind,
  sessionValue,
  userKey,
  userKind,
  userOf,
  userValue,
} from "./objects.ts";
import type { UserValue } from "./objects.ts";
import { openSession, type OpenedSession } from "./sessions.ts";
import { algorithms, verifyNewPasskey, type NewPasskey } from "./verify-passkey.ts";

export interface SignInRooms {
  readonly deps: PeopleDeps;
  readonly challenges: Challenges;
  readonly keys: Pick<ConsoleKeys, "add">;
  /** Has the first administrator's code, while nobody is enrolled. */
  readonly first: PairingDesk;
  /** Gives the first administrator what they need to invite others; within their enrolment. */
  readonly bootstrap: (transaction: StateTransaction, user: User) => Promise<void>;
}

export interface Start {
  readonly id: string;
  readonly options: Record<string, unknown>;
}

export interface Enrolment {
  readonly name: string;
  readonly code: string;
  readonly publicKey: PublicKeyJwk;
}

export async function startSignIn({ deps, challenges }: SignInRooms, publicKey: PublicKeyJwk): Promise<Start> {
  const { id, bytes } = challenges.issue("sign-in", keyFingerprint(publicKey));
  const { rpId: rpID } = deps.relyingParty();
  const options = await generateAuthenticationOptions({
    rpID,
    challenge: bytes,
    userVerification: "required",
    timeout: 120_000,
  });
  return { id, options: { ...options } };
}

export async function finishSignIn(
  { deps, challenges, keys }: SignInRooms,
  {
    publicKey,
    label,
    assertion,
  }: { readonly publicKey: PublicKeyJwk; readonly label: string; readonly assertion: Assertion },
): Promise<OpenedSession> {
  const confirmed = await confirmWithPasskey(deps, challenges, {
    purpose: "sign-in",
    digest: keyFingerprint(publicKey),
    assertion,
  });
  await refuseWithoutProvider(deps, confirmed.user);
  const ends = deps.now() + deps.settings.sessionMinutes * 60_000;
  return openSession(deps, keys, { ...confirmed, kind: "console", publicKey, label, ends });
}

/** Who is linked to the company's provider comes through it, so that whom it shuts out is out here as well. */
async function refuseWithoutProvider(deps: PeopleDeps, user: User): Promise<void> {
  const { oidc } = deps.settings;
  if (oidc?.required !== true) return;
  const found = await findUser(deps, shortNameOf(user));
  if (found?.value.oidc !== undefined)
    throw blame(
      new CordonError(
        "ACCESS_DENIED",
        `${user.name} signs in through ${oidc.issuer}: use the company account, then the passkey.`,
      ),
      user.id,
      true,
    );
}

/** The passkey on top of the provider's word: a challenge for exactly this person, in exactly this browser. */
export async function startStepUp(
  { deps, challenges }: SignInRooms,
  publicKey: PublicKeyJwk,
  name: string,
): Promise<Start> {
  const { user } = await requireUser(deps, name);
  const { id, bytes } = challenges.issue("oidc-sign-in", digestOfLines(keyFingerprint(publicKey), user.id));
  const passkeys = (await passkeysOf(deps.store, user)).filter(({ locked }) => locked === undefined);
  const { rpId: rpID } = deps.relyingParty();
  const allowCredentials = passkeys.map(({ credentialId }) => ({ id: credentialId }));
  const options = await generateAuthenticationOptions({
    rpID,
    challenge: bytes,
    allowCredentials,
    userVerification: "required",
  });
  return { id, options: { ...options } };
}

/** Only a challenge that was issued after the provider's word, for this person and this key, is answered here. */
export async function finishStepUp(
  { deps, challenges, keys }: SignInRooms,
  step: {
    readonly publicKey: PublicKeyJwk;
    readonly label: string;
    readonly name: string;
    readonly assertion: Assertion;
  },
): Promise<OpenedSession> {
  const { publicKey, label, name, assertion } = step;
  const { user: by } = await requireUser(deps, name);
  const digest = digestOfLines(keyFingerprint(publicKey), by.id);
  const confirmed = await confirmWithPasskey(deps, challenges, { purpose: "oidc-sign-in", digest, assertion, by });
  const ends = deps.now() + deps.settings.sessionMinutes * 60_000;
  return openSession(deps, keys, { ...confirmed, kind: "console", publicKey, label, ends });
}

export async function startEnrolment(rooms: SignInRooms, enrolment: Enrolment): Promise<Start> {
  const { deps, challenges } = rooms;
  importKey(enrolment.publicKey);
  const invitation = await invitationFor(rooms, enrolment);
  const { namespace, name } = parsePersonName(enrolment.name);
  const { id, bytes } = challenges.issue("enrol", digestOfEnrolment(enrolment));
  return {
    id,
    options: await registrationOptions(deps, { namespace, name, displayName: invitation.displayName }, bytes, []),
  };
}

export async function finishEnrolment(
  rooms: SignInRooms,
  enrolment: Enrolment & { readonly displayName?: string; readonly label: string; readonly credential: Assertion },
): Promise<OpenedSession> {
  const { deps, first } = rooms;
  const { namespace, name } = parsePersonName(enrolment.name);
  const invitation = await invitationFor(rooms, enrolment);
  const made = await verifyAnswer(
    rooms,
    "enrol",
    digestOfEnrolment(enrolment),
    enrolment.credential,
    invitation.groups,
  );
  const at = deps.now();
  const id = userId(deps.trustDomain, namespace, name);
  const isFirst = invitation.by === "first";
  // The first one's code is in memory: used up before anything is written, so that it is good for one only.
  if (isFirst && first.redeem(enrolment.code) !== "paired") throw wrongCode();
  const passkey = passkeyKey(made.credentialId);
  const how = isFirst
    ? "as the first administrator"
    : invitation.recovers
      ? "anew, after a recovery"
      : `as ${invitation.by} invited`;
  const words = `${name} enrolled ${how}, with a passkey${made.attestation === "proven" ? ` of proven model ${made.aaguid}` : ""}`;
  const user = await change(
    deps,
    { actor: id, words, objects: [userKey({ namespace, name }), passkey] },
    async (transaction) => {
      const held = isFirst
        ? await firstOnly(transaction, invitation)
        : await takeInvitation(transaction, enrolment.name, enrolment.code, at);
      const value = await accountFor(transaction, held, { namespace, name, displayName: enrolment.displayName, at });
      await transaction.put(userKey({ namespace, name }), value, "api");
      await putPasskey(transaction, made, { namespace, name }, enrolment.label, at);
      const object = await transaction.get(userKey({ namespace, name }));
      if (object === undefined) throw wrongCode();
      const enrolled = userOf(object, deps.trustDomain);
      if (isFirst) await rooms.bootstrap(transaction, enrolled);
      return enrolled;
    },
  );
  if (isFirst)
    deps.warn(
      "first-administrator",
      `${name} enrolled as the first administrator, with a grant to administer for four hours`,
    );
  // A way back is to a passkey, not past the provider; a first enrolment that is linked has just come from there.
  if (invitation.recovers) await refuseWithoutProvider(deps, user);
  const ends = at + deps.settings.sessionMinutes * 60_000;
  return openSession(deps, rooms.keys, {
    user,
    passkey: passkey.name,
    kind: "console",
    publicKey: enrolment.publicKey,
    label: enrolment.label,
    ends,
  });
}

/** One more passkey for somebody who is signed in, and has confirmed it with one that they have. */
export async function startPasskey({ deps, challenges }: SignInRooms, user: User): Promise<Start> {
  const own = await passkeysOf(deps.store, user);
  const { id, bytes } = challenges.issue("new-passkey", user.id);
  return {
    id,
    options: await registrationOptions(
      deps,
      user,
      bytes,
      own.map(({ credentialId }) => credentialId),
    ),
  };
}

export async function finishPasskey(
  rooms: SignInRooms,
  user: User,
  label: string,
  credential: Assertion,
): Promise<void> {
  const { deps } = rooms;
  const made = await verifyAnswer(rooms, "new-passkey", user.id, credential, user.groups);
  const words = `${user.name} added a passkey (${label})`;
  await change(deps, { actor: user.id, words, objects: [passkeyKey(made.credentialId)] }, async (transaction) => {
    await putPasskey(transaction, made, user, label, deps.now());
  });
}

async function invitationFor({ deps, first }: SignInRooms, { name, code }: Enrolment): Promise<InvitationValue> {
  const { namespace, name: last } = parsePersonName(name);
  if (!isName(namespace) || !isName(last))
    throw new CordonError(
      "REQUEST_MALFORMED",
      "A name is lower-case letters, digits and inner hyphens, such as `mei`.",
    );
  if ((await deps.store.list(userKind)).length === 0 && first.holds(code)) {
    if (namespace !== "default")
      throw new CordonError(
        "REQUEST_MALFORMED",
        "The first administrator is of the namespace `default`: give a name alone.",
      );
    const groups = [administrators];
    return {
      user: `${namespace}/${last}`,
      displayName: last,
      groups,
      codeSha256: digestOfCode(code),
      expiresAt: 0,
      wrong: 0,
      by: "first",
      recovers: false,
    };
  }
  return checkInvitation(deps, name, code);
}

async function firstOnly(transaction: StateTransaction, invitation: InvitationValue): Promise<InvitationValue> {
  if ((await transaction.list(userKind)).length > 0) throw wrongCode();
  return invitation;
}

/** The account as it will be. A recovery keeps who somebody is, and takes every passkey and session that they had. */
async function accountFor(
  transaction: StateTransaction,
  { displayName, groups, recovers, oidc }: InvitationValue,
  {
    namespace,
    name,
    displayName: chosen,
    at,
  }: Pick<User, "namespace" | "name"> & { readonly displayName: string | undefined; readonly at: number },
): Promise<UserValue> {
  const object = await transaction.get(userKey({ namespace, name }));
  if (!recovers) {
    if (object !== undefined)
      throw new CordonError(
        "STORE_CONFLICT",
        `\`${name}\` is enrolled already; their administrators can let them back in`,
      );
    return { displayName: chosen ?? displayName, groups: [...groups], createdAt: at, ...(oidc && { oidc }) };
  }
  if (object === undefined) throw wrongCode();
  // What was locked stays locked: coming back is not being forgiven.
  const { recovery: _, ...kept } = readValue(userValue, object);
  for (const each of await transaction.list(passkeyKind))
    if (readValue(passkeyValue, each).user === shortNameOf({ namespace, name })) await transaction.delete(each, "api");
  for (const each of await transaction.list(sessionKind))
    if (readValue(sessionValue, each).user.endsWith(`/ns/${namespace}/user/${name}`))
      await transaction.delete(each, "api");
  return kept;
}

async function putPasskey(
  transaction: StateTransaction,
  made: NewPasskey,
  user: Pick<User, "namespace" | "name">,
  label: string,
  at: number,
): Promise<void> {
  const key = passkeyKey(made.credentialId);
  if ((await transaction.get(key)) !== undefined)
    throw new CordonError("STORE_CONFLICT", "That passkey is enrolled already.");
  const own = (await transaction.list(passkeyKind)).filter(
    (each) => readValue(passkeyValue, each).user === shortNameOf(user),
  );
  if (own.length >= maxPasskeys)
    throw new CordonError("STORE_CONFLICT", `${maxPasskeys} passkeys are enrolled already; remove one`);
  await transaction.put(key, { ...made, user: shortNameOf(user), label, createdAt: at }, "api");
}

async function verifyAnswer(
  { deps, challenges }: SignInRooms,
  purpose: string,
  digest: string,
  answer: Assertion,
  groups: readonly string[],
): Promise<NewPasskey> {
  const expected = challenges.expected(answer.id, purpose, digest);
  if (expected === undefined)
    throw new CordonError(
      "SIGNATURE_INVALID",
      "That took longer than two minutes, or was for something else; try again.",
    );
  const policy = groups.includes(administrators) ? deps.settings.administrators : undefined;
  const made = await verifyNewPasskey(answer, expected, deps.relyingParty(), policy);
  if (!challenges.spend(answer.id)) throw new CordonError("SIGNATURE_INVALID", "That answer was used before.");
  return made;
}

async function registrationOptions(
  deps: PeopleDeps,
  user: Pick<User, "namespace" | "name" | "displayName">,
  challenge: Uint8Array<ArrayBuffer>,
  exclude: readonly string[],
): Promise<Record<string, unknown>> {
  const asksProof = deps.settings.administrators.authenticators.length > 0;
  const options = await generateRegistrationOptions({
    rpName: `Cordon ${deps.trustDomain}`,
    rpID: deps.relyingParty().rpId,
    userName: shortNameOf(user),
    userDisplayName: user.displayName,
    userID: Uint8Array.from(randomBytes(32)),
    challenge,
    timeout: 120_000,
    attestationType: asksProof ? "direct" : "none",
    excludeCredentials: exclude.map((id) => ({ id })),
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
    supportedAlgorithmIDs: algorithms,
  });
  return { ...options };
}

function digestOfEnrolment({ name, code, publicKey }: Enrolment): string {
  return digestOfLines(name, digestOfCode(code), keyFingerprint(publicKey));
}
