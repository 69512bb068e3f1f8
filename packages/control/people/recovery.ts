/**
 * Letting somebody back in who has lost every passkey. In: two other administrators' passkeys, or one of the codes that the
 * person sealed away. Out: a fresh enrolment code; using it takes every old passkey and session of theirs. It is loud, and in
 * the ledger, from the first word.
 */
import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Assertion } from "@cordon/core/contract/people-api";
import { CordonError } from "@cordon/core/errors";
import { parseSpiffeId, userPartsOf } from "@cordon/core/identity/spiffe-id";
import type { User } from "@cordon/core/policy/people";
import { newPairingCode } from "../console/pairing.ts";
import { readValue } from "../registry/objects.ts";
import type { ObjectKey } from "../store/state-store.ts";
import { confirmWithPasskey, requireUser, shortNameOf } from "./accounts.ts";
import type { Challenges } from "./challenges.ts";
import { administratorsGroup, change, digestOfLines, isIn, type PeopleDeps } from "./deps.ts";
import { blame } from "./failed-attempts.ts";
import { invitationKey, invite, type Invited } from "./invitations.ts";
import { accountsIn, isNewcomer, newcomerWords } from "./newcomers.ts";
import { accountStands, userKey, userValue } from "./objects.ts";

export const recoveryKind = "recovery";
export const recoveryApprovers = 2;
/** How long the second administrator may take. */
export const recoveryTtlMs = 24 * 3_600_000;
export const sealedCodes = 8;
/** Wrong codes for one person, after which none is looked at for a while. Nothing is voided: a stranger must not be able to. */
const maxWrongSealed = 5;
const pauseMs = 15 * 60_000;

export const recoveryValue = z.strictObject({
  user: z.string(),
  startedAt: z.int(),
  approvals: z.array(z.strictObject({ by: z.string(), at: z.int(), reason: z.string() })),
});

export interface RecoveryRooms {
  readonly deps: PeopleDeps;
  readonly challenges: Challenges;
}

export function recoveryDigest(name: string): string {
  return digestOfLines("recover", name);
}

function recoveryKey(name: string): ObjectKey {
  return { ...invitationKey(name), kind: recoveryKind };
}

/**
 * One administrator's word that somebody may enrol anew. The second one's makes the code.
 *
 * @throws {CordonError} `ACCESS_DENIED` for one's own recovery, a second word of the same person, or who is no administrator
 */
export async function approveRecovery(
  { deps, challenges }: RecoveryRooms,
  by: User,
  request: { readonly name: string; readonly reason: string; readonly assertion: Assertion },
): Promise<{ readonly approvals: number; readonly invited?: Invited }> {
  const { user, value } = await requireUser(deps, request.name);
  const name = shortNameOf(user);
  if (user.id === by.id)
    throw denied("Nobody recovers their own account: two other administrators do, or a sealed code.");
  if (!isIn(by, administratorsGroup)) throw denied("Only administrators let somebody back in.");
  const coolingMs = deps.settings.administrators.coolingHours * 3_600_000;
  const speaking = { by, groups: [administratorsGroup], concerned: [user.id], coolingMs, now: deps.now() };
  if (isNewcomer(await accountsIn(deps.store, deps.trustDomain), speaking)) throw newcomerWords(by, coolingMs);
  await confirmWithPasskey(deps, challenges, {
    purpose: "recover",
    digest: recoveryDigest(name),
    assertion: request.assertion,
    by,
  });
  const key = recoveryKey(name);
  const at = deps.now();
  const words = `${by.name} says that ${name} may enrol anew: ${request.reason}`;
  const approvals = await change(deps, { actor: by.id, words, objects: [key] }, async (transaction) => {
    const object = await transaction.get(key);
    const held = object === undefined ? undefined : readValue(recoveryValue, object);
    const fresh =
      held !== undefined && at < held.startedAt + recoveryTtlMs ? held : { user: name, startedAt: at, approvals: [] };
    if (fresh.approvals.some((one) => one.by === by.id))
      throw denied("You have said so already; another administrator must say it too.");
    const standing: typeof fresh.approvals = [];
    for (const one of fresh.approvals) {
      const who = userPartsOf(parseSpiffeId(one.by));
      // The word of an account that was locked since is no administrator's.
      if (who !== undefined && (await accountStands(transaction, who))) standing.push(one);
    }
    const next = [...standing, { by: by.id, at, reason: request.reason }];
    if (next.length >= recoveryApprovers) await transaction.delete(key, "api");
    else await transaction.put(key, { ...fresh, approvals: next }, "api");
    return next.length;
  });
  deps.warn("recovery", words);
  if (approvals < recoveryApprovers) return { approvals };
  const { displayName, groups } = value;
  return { approvals, invited: await invite(deps, { name, displayName, groups, recovers: true }, by.id) };
}

/** Who has said that somebody may enrol anew, by `namespace/name`. */
export async function recoveriesUnderWay(deps: PeopleDeps): Promise<ReadonlyMap<string, readonly string[]>> {
  const objects = await deps.store.list(recoveryKind);
  const held = objects.map((object) => readValue(recoveryValue, object));
  return new Map(
    held
      .filter(({ startedAt }) => deps.now() < startedAt + recoveryTtlMs)
      .map(({ user, approvals }) => [user, approvals.map(({ by }) => by)]),
  );
}

/** Makes eight codes to be sealed away; those made before are void. They are shown once and kept as salted digests. */
export async function sealCodes(deps: PeopleDeps, user: User): Promise<readonly string[]> {
  const codes = Array.from({ length: sealedCodes }, () => `${newPairingCode()}-${newPairingCode()}`);
  const recovery = codes.map((code) => {
    const salt = randomBytes(16).toString("hex");
    return { salt, sha256: digestOf(code, salt) };
  });
  const words = `${user.name} made ${sealedCodes} recovery codes; earlier ones are void`;
  await change(deps, { actor: user.id, words, objects: [userKey(user)] }, async (transaction) => {
    const object = await transaction.get(userKey(user));
    if (object === undefined) throw denied("You are not enrolled any more.");
    await transaction.put(userKey(user), { ...readValue(userValue, object), recovery }, "api");
  });
  return codes;
}

/** Wrong tries by person, of this run. */
export type WrongTries = Map<string, { readonly tries: number; readonly until: number }>;

/**
 * A sealed code for an enrolment code.
 *
 * @throws {CordonError} `ACCESS_DENIED`, the same words whatever is wrong
 */
export async function redeemSealedCode(
  deps: PeopleDeps,
  name: string,
  code: string,
  wrong: WrongTries,
): Promise<Invited> {
  const refusal = denied(
    "That recovery code is not good for this name. Two administrators can let you back in, in the console under People.",
  );
  const found = await requireUser(deps, name).catch(() => undefined);
  if (found === undefined || found.user.locked !== undefined) throw blame(refusal, found?.user.id);
  const { user, value } = found;
  const key = userKey(user);
  const earlier = wrong.get(user.id);
  const recent = earlier !== undefined && deps.now() < earlier.until ? earlier.tries : 0;
  if (recent >= maxWrongSealed) throw blame(refusal, user.id);
  const index = (value.recovery ?? []).findIndex(({ salt, sha256 }) =>
    timingSafeEqual(Buffer.from(sha256, "hex"), Buffer.from(digestOf(code, salt), "hex")),
  );
  if (index < 0) {
    wrong.set(user.id, { tries: recent + 1, until: deps.now() + pauseMs });
    const paused = recent + 1 >= maxWrongSealed ? "; no more are looked at for 15 minutes" : "";
    const words = `a wrong recovery code for ${user.name}${paused}`;
    const at = deps.now();
    await deps.record({ v: 1, kind: "refusal", at, code: "ACCESS_DENIED", words, from: "the console", count: 1 });
    deps.warn("recovery-refused", words);
    throw blame(refusal, user.id);
  }
  const used = value.recovery?.[index]?.sha256;
  const words = `${user.name} comes back with a sealed recovery code`;
  await change(deps, { actor: user.id, words, objects: [key] }, async (transaction) => {
    const object = await transaction.get(key);
    const held = object === undefined ? undefined : readValue(userValue, object);
    // Of two who use it at once, one comes too late.
    if (held?.recovery?.some(({ sha256 }) => sha256 === used) !== true) throw refusal;
    await transaction.put(key, { ...held, recovery: held.recovery.filter(({ sha256 }) => sha256 !== used) }, "api");
  });
  deps.warn("recovery", words);
  const { displayName, groups } = value;
  return invite(deps, { name: shortNameOf(user), displayName, groups, recovers: true }, `${user.id} by a sealed code`);
}

/** Slow on purpose: 100 bits need no help, but a code may be cut short by whoever copies it. */
function digestOf(code: string, salt: string): string {
  const meant = code.toUpperCase().replaceAll(/[\s-]/g, "");
  return scryptSync(meant, salt, 32, { N: 4096, r: 8, p: 1 }).toString("hex");
}

function denied(words: string): CordonError {
  return new CordonError("ACCESS_DENIED", words);
}
