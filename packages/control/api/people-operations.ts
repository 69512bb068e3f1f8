/**
 * People over the local API: whoever holds the control plane's socket administers this machine, and lets people in when
 * nobody else can. In: a name. Out: an invitation, or a lock; in force and in the ledger before the answer leaves.
 */
import {
  lockRequest,
  invitationRequest,
  type InvitationResponse,
  type PeopleResponse,
} from "@cordon/core/contract/people-api";
import { CordonError } from "@cordon/core/errors";
import { z } from "zod";
import { findUser } from "../people/accounts.ts";
import { invite } from "../people/invitations.ts";
import { lockUser, unlockUser } from "../people/manage.ts";
import { checked } from "./local-exchange.ts";
import type { LocalApiRooms } from "./local-rooms.ts";

const actor = "local-administrator";

export const localLockRequest = lockRequest.extend({ locked: z.boolean() });

export function localPeopleOperations(rooms: Pick<LocalApiRooms, "console">) {
  return {
    "/v1/people": { GET: (): Promise<PeopleResponse> => peopleOf(rooms).people() },
    "/v1/people/invitations": { POST: (body: unknown) => invitePerson(rooms, body) },
    "/v1/people/locks": { POST: (body: unknown) => lock(rooms, body) },
  };
}

/** Somebody who is enrolled already may enrol anew: this is the way back in when two administrators cannot be found. */
async function invitePerson(rooms: Pick<LocalApiRooms, "console">, body: unknown): Promise<InvitationResponse> {
  const { name, displayName, groups } = checked(invitationRequest, body);
  const { deps } = peopleOf(rooms);
  const enrolled = await findUser(deps, name);
  const invitation =
    enrolled === undefined
      ? { name, displayName, groups, recovers: false }
      : { name, displayName: enrolled.value.displayName, groups: enrolled.value.groups, recovers: true };
  const { code, expiresAt } = await invite(deps, invitation, actor);
  if (invitation.recovers) deps.warn("recovery", `the local administrator lets ${name} enrol anew`);
  return { name, code, expiresAt, url: rooms.console?.url ?? "" };
}

async function lock(
  rooms: Pick<LocalApiRooms, "console">,
  body: unknown,
): Promise<{ readonly name: string; readonly locked: boolean }> {
  const { name, reason, locked } = checked(localLockRequest, body);
  const { deps } = peopleOf(rooms);
  await (locked ? lockUser : unlockUser)(deps, name, reason, actor);
  return { name, locked };
}

/** @throws {CordonError} `ROUTE_UNKNOWN` where nobody can sign in */
export function peopleOf({ console }: Pick<LocalApiRooms, "console">) {
  if (console?.people !== undefined) return console.people;
  throw new CordonError(
    "ROUTE_UNKNOWN",
    "This control plane serves no console, and people sign in there: see `console` in cordon.yaml, and its log.",
  );
}
