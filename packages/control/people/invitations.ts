/**
 * Invitations: who may make a first passkey. In: a name, and who invites. Out: a code of 50 random bits, good once, for a
 * day, void after five wrong tries; only its digest is kept. The first administrator's is made at start, while nobody is
 * enrolled, is kept nowhere and lives as long as the process.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { CordonError } from "@cordon/core/errors";
import { systemNamespace } from "../keys/key-vault.ts";
import { newPairingCode } from "../console/pairing.ts";
import { readValue } from "../registry/objects.ts";
import type { ObjectKey, StateTransaction } from "../store/state-store.ts";
import { blame } from "./failed-attempts.ts";
import { change, parsePersonName, type PeopleDeps } from "./deps.ts";

export const invitationKind = "invitation";
export const invitationTtlMs = 24 * 3_600_000;
export const maxWrongCodes = 5;

export const invitationValue = z.strictObject({
  user: z.string(),
  displayName: z.string(),
  groups: z.array(z.string()),
  codeSha256: z.string(),
  expiresAt: z.int(),
  wrong: z.int(),
  by: z.string(),
  /** A recovery: the person is enrolled already, and their passkeys and sessions fall when the code is used. */
  recovers: z.boolean(),
  /** Who this is at the company's identity provider, which is what the account will be linked to. */
  oidc: z.strictObject({ issuer: z.string(), subject: z.string() }).exactOptional(),
});
export type InvitationValue = z.output<typeof invitationValue>;

export interface Invited {
  readonly code: string;
  readonly expiresAt: number;
}

export function invitationKey(name: string): ObjectKey {
  const { namespace, name: last } = parsePersonName(name);
  const digest = createHash("sha256").update(`${namespace}/${last}`).digest("hex").slice(0, 40);
  return { kind: invitationKind, namespace: systemNamespace, name: digest };
}

/** Invites, or lets somebody back in; a code that they had before is void. */
export async function invite(
  deps: PeopleDeps,
  invitation: Pick<InvitationValue, "displayName" | "groups" | "recovers" | "oidc"> & { readonly name: string },
  by: string,
): Promise<Invited> {
  const { namespace, name: last } = parsePersonName(invitation.name);
  const user = `${namespace}/${last}`;
  const code = newPairingCode();
  const expiresAt = deps.now() + invitationTtlMs;
  const key = invitationKey(user);
  const { displayName, groups, recovers, oidc } = invitation;
  const value: InvitationValue = {
    user,
    displayName,
    groups,
    codeSha256: digestOfCode(code),
    expiresAt,
    wrong: 0,
    by,
    recovers,
    ...(oidc && { oidc }),
  };
  const words = recovers
    ? `${user} may enrol anew: recovery`
    : `${user} is invited, with groups: ${groups.join(", ") || "none"}`;
  await change(deps, { actor: by, words, objects: [key] }, (transaction) => transaction.put(key, value, "api"));
  return { code, expiresAt };
}

/**
 * Checks a code as a person typed it; wrong tries are counted whoever makes them, and recorded where there was a code to
 * guess: five at most for each, so that strangers fill no ledger.
 *
 * @throws {CordonError} `ACCESS_DENIED`, the same words whatever is wrong
 */
export async function checkInvitation(deps: PeopleDeps, name: string, code: string): Promise<InvitationValue> {
  const key = invitationKey(name);
  const { result } = await deps.store.transact("people", deps.now(), async (transaction) => {
    const object = await transaction.get(key);
    if (object === undefined) return "none";
    const held = readValue(invitationValue, object);
    if (deps.now() >= held.expiresAt) return "none";
    if (matches(held.codeSha256, code)) return held;
    const wrong = held.wrong + 1;
    if (wrong >= maxWrongCodes) await transaction.delete(key, "api");
    else await transaction.put(key, { ...held, wrong }, "api");
    return "wrong";
  });
  if (result === "none") throw blame(wrongCode());
  if (result !== "wrong") return result;
  await deps.record({
    ...{ v: 1, kind: "refusal", at: deps.now(), code: "ACCESS_DENIED", from: "the console", count: 1 },
    words: `an enrolment code for ${name.slice(0, 130)} was wrong`,
  });
  throw blame(wrongCode());
}

/** Uses a code up, within the transaction that enrols; of two who hold it, one comes too late. */
export async function takeInvitation(
  transaction: StateTransaction,
  name: string,
  code: string,
  now: number,
): Promise<InvitationValue> {
  const key = invitationKey(name);
  const object = await transaction.get(key);
  const held = object === undefined ? undefined : readValue(invitationValue, object);
  if (held === undefined || now >= held.expiresAt || !matches(held.codeSha256, code)) throw wrongCode();
  await transaction.delete(key, "api");
  return held;
}

export function wrongCode(): CordonError {
  return new CordonError(
    "ACCESS_DENIED",
    "That code does not enrol this name: it is wrong, used up, too old, or void after five wrong tries. An administrator makes a new one: `cordon people invite NAME`.",
  );
}

function matches(codeSha256: string, typed: string): boolean {
  return timingSafeEqual(Buffer.from(codeSha256, "hex"), Buffer.from(digestOfCode(typed), "hex"));
}

/** Of the code as it was meant, as Crockford reads it. */
export function digestOfCode(typed: string): string {
  const meant = typed.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  return createHash("sha256").update(meant).digest("hex");
}
