/**
 * Whose word counts yet. In: the accounts there are, and who speaks on what. Out: whether they are too new to. An administrator
 * who may invite could otherwise make the second person himself: so the word of an account of yesterday does not count where one
 * that is older could be asked. Where there is none, somebody has to begin.
 */
import { CordonError } from "@cordon/core/errors";
import type { SpiffeId, TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import type { User } from "@cordon/core/policy/people";
import { readValue } from "../registry/objects.ts";
import type { StoredObject } from "../store/state-store.ts";
import { isIn } from "./deps.ts";
import { userKind, userOf, userValue } from "./objects.ts";

/** An account, and when it was made. */
export interface Account {
  readonly user: User;
  readonly createdAt: Instant;
}

export async function accountsIn(
  store: { list(kind: string): Promise<readonly StoredObject[]> },
  trustDomain: TrustDomain,
): Promise<readonly Account[]> {
  const objects = await store.list(userKind);
  return objects.map((object) => ({
    user: userOf(object, trustDomain),
    createdAt: readValue(userValue, object).createdAt,
  }));
}

export interface Speaking {
  readonly by: User;
  /** The groups whose members may speak on it. */
  readonly groups: readonly string[];
  /** Who may not speak on it: who asks, and whom it is for. */
  readonly concerned: readonly (SpiffeId | string)[];
  readonly coolingMs: number;
  readonly now: Instant;
}

/**
 * Whether somebody else, who is no newcomer, could speak in place of one who is. Locked accounts count as somebody: or locking
 * them would make room for newcomers.
 */
export function isNewcomer(accounts: readonly Account[], { by, groups, concerned, coolingMs, now }: Speaking): boolean {
  const isNew = ({ createdAt }: Account): boolean => now < createdAt + coolingMs;
  const own = accounts.find(({ user }) => user.id === by.id);
  if (own === undefined) return true;
  if (!isNew(own)) return false;
  return accounts.some(
    (one) =>
      one.user.id !== by.id &&
      !concerned.includes(one.user.id) &&
      !isNew(one) &&
      groups.some((group) => isIn(one.user, group)),
  );
}

export function newcomerWords(by: User, coolingMs: number): CordonError {
  const hours = Math.round(coolingMs / 3_600_000);
  return new CordonError(
    "ACCESS_DENIED",
    `${by.name} is enrolled for less than ${hours} hours: until then, somebody who has been for longer says so.`,
  );
}
