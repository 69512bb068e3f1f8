/**
 * Who becomes an administrator. In: an administrator's word that somebody should be, and another one's. Out: the invitation. Where
 * there is one administrator alone, that one's word is enough; where there are more, nobody makes the second person himself.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Assertion, InvitationRequest } from "@cordon/core/contract/people-api";
import { CordonError } from "@cordon/core/errors";
import type { User } from "@cordon/core/policy/people";
import { systemNamespace } from "../keys/key-vault.ts";
import { readValue } from "../registry/objects.ts";
import type { ObjectKey } from "../store/state-store.ts";
import { confirmWithPasskey } from "./accounts.ts";
import type { Challenges } from "./challenges.ts";
import { administratorsGroup, change, digestOfLines, isIn, parsePersonName, type PeopleDeps } from "./deps.ts";
import { invite, type Invited } from "./invitations.ts";
import { accountsIn, isNewcomer, newcomerWords } from "./newcomers.ts";

export const nominationKind = "nomination";
/** How long the second administrator may take. */
export const nominationTtlMs = 24 * 3_600_000;

const nominationValue = z.strictObject({
  /** `namespace/name`. */
  user: z.string(),
  displayName: z.string(),
  groups: z.array(z.string()),
  by: z.string(),
  at: z.int(),
});
export type Nomination = z.output<typeof nominationValue>;

/** Invites; or, for an administrator beside others, waits for another one's word. */
export async function inviteOrNominate(
  deps: PeopleDeps,
  by: User,
  { name, displayName, groups = [] }: InvitationRequest,
): Promise<Invited | undefined> {
  const { namespace, name: last } = parsePersonName(name);
  const becomes = isIn({ namespace, groups }, administratorsGroup);
  const others = (await accountsIn(deps.store, deps.trustDomain)).filter(
    ({ user }) => user.id !== by.id && isIn(user, administratorsGroup),
  );
  if (!becomes || others.length === 0)
    return invite(deps, { name, displayName, groups: [...groups], recovers: false }, by.id);
  const user = `${namespace}/${last}`;
  const key = nominationKey(user);
  const value: Nomination = { user, displayName, groups: [...groups], by: by.id, at: deps.now() };
  const words = `${by.name} would have ${user} as an administrator; another administrator has to say so too`;
  await change(deps, { actor: by.id, words, objects: [key] }, (transaction) => transaction.put(key, value, "api"));
  deps.warn("administrator-nominated", words);
  return undefined;
}

/** Those that wait. */
export async function nominations(deps: Pick<PeopleDeps, "store" | "now">): Promise<readonly Nomination[]> {
  const all = (await deps.store.list(nominationKind)).map((object) => readValue(nominationValue, object));
  return all.filter(({ at }) => deps.now() < at + nominationTtlMs);
}

/** What the second administrator's passkey signs. @throws {CordonError} `COMPONENT_UNKNOWN` */
export async function nominationDigest(deps: Pick<PeopleDeps, "store" | "now">, name: string): Promise<string> {
  return digestOf(await find(deps, name));
}

/**
 * Another administrator's word. Out: the invitation.
 *
 * @throws {CordonError} `ACCESS_DENIED` for one's own nomination, who is no administrator, or is one only since lately
 */
export async function approveAdministrator(
  { deps, challenges }: { readonly deps: PeopleDeps; readonly challenges: Challenges },
  by: User,
  { name, assertion }: { readonly name: string; readonly assertion: Assertion },
): Promise<Invited> {
  const found = await find(deps, name);
  await refuseWord(deps, by, found);
  await confirmWithPasskey(deps, challenges, {
    ...{ purpose: "add-administrator", digest: digestOf(found), assertion, by },
  });
  const key = nominationKey(found.user);
  const words = `${by.name} says too that ${found.user} may be an administrator`;
  await change(deps, { actor: by.id, words, objects: [{ ...key, op: "delete" }] }, async (transaction) => {
    const object = await transaction.get(key);
    const held = object === undefined ? undefined : readValue(nominationValue, object);
    if (held === undefined || digestOf(held) !== digestOf(found))
      throw new CordonError("STORE_CONFLICT", `the nomination of ${found.user} is not what it was`);
    await transaction.delete(key, "api");
  });
  deps.warn("administrator-approved", words);
  const { user, displayName, groups } = found;
  return invite(deps, { name: user, displayName, groups, recovers: false }, by.id);
}

async function refuseWord(deps: PeopleDeps, by: User, { by: nominator }: Nomination): Promise<void> {
  if (by.id === nominator)
    throw new CordonError("ACCESS_DENIED", "Another administrator has to say so: it was you who asked for it.");
  if (!isIn(by, administratorsGroup))
    throw new CordonError("ACCESS_DENIED", "Only administrators say who becomes one.");
  const coolingMs = deps.settings.administrators.coolingHours * 3_600_000;
  const speaking = { by, groups: [administratorsGroup], concerned: [nominator], coolingMs, now: deps.now() };
  if (isNewcomer(await accountsIn(deps.store, deps.trustDomain), speaking)) throw newcomerWords(by, coolingMs);
}

async function find(deps: Pick<PeopleDeps, "store" | "now">, name: string): Promise<Nomination> {
  const { namespace, name: last } = parsePersonName(name);
  const object = await deps.store.get(nominationKey(`${namespace}/${last}`));
  const held = object === undefined ? undefined : readValue(nominationValue, object);
  if (held === undefined || deps.now() >= held.at + nominationTtlMs)
    throw new CordonError("COMPONENT_UNKNOWN", `nobody would have \`${name}\` as an administrator, or not any more`);
  return held;
}

function digestOf({ user, displayName, groups, by, at }: Nomination): string {
  return digestOfLines("add-administrator", user, displayName, groups.join(","), by, String(at));
}

function nominationKey(user: string): ObjectKey {
  const name = createHash("sha256").update(user).digest("hex").slice(0, 40);
  return { kind: nominationKind, namespace: systemNamespace, name };
}
