/**
 * What a person let a program do, as a session: it stands until its end, and is cut everywhere the moment it is ended. In: a
 * person whose passkey has just confirmed, a client, a resource, scopes. Out: the session that its tokens stand on.
 */
import { createHash } from "node:crypto";
import { CordonError } from "@cordon/core/errors";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import type { OauthClient } from "@cordon/core/oauth/token-issuer";
import type { Grant, User } from "@cordon/core/policy/people";
import type { Confirmed } from "../people/accounts.ts";
import { change, type PeopleDeps } from "../people/deps.ts";
import { sessionKey, sessionKind, sessionValue, stillStands, type SessionValue } from "../people/objects.ts";
import { endSessions, makeRoom, standingSession } from "../people/sessions.ts";
import { readValue } from "../registry/objects.ts";
import { resources, type Resource } from "./resources.ts";

/** Names the session of a grant; whoever reads the name does not learn the grant. */
export function sessionOfGrant(grantId: string): string {
  return createHash("sha256").update(`cordon oauth grant\n${grantId}`).digest("hex");
}

export interface NewClientSession extends Confirmed {
  readonly grantId: string;
  readonly client: OauthClient;
  readonly resource: Resource;
  readonly scopes: readonly string[];
  readonly ends: Instant;
  /** The just-in-time grant that it dies with. */
  readonly grant: Grant | undefined;
}

/** @throws {CordonError} `ACCESS_DENIED` where the account or the passkey does not stand any more */
export async function openClientSession(deps: PeopleDeps, opening: NewClientSession): Promise<void> {
  const { user, passkey, grantId, client, resource, scopes, ends, grant } = opening;
  const key = sessionKey(sessionOfGrant(grantId));
  const at = deps.now();
  const value: SessionValue = {
    ...{
      user: user.id,
      kind: "oauth",
      client: client.id,
      passkey,
      label: client.displayName,
      authenticatedAt: at,
      ends,
    },
    ...{ resource: resource.uri, scopes: [...scopes] },
    ...(grant && { grant: grant.id }),
  };
  const dies = grant === undefined ? "" : `, for grant ${grant.id}`;
  const words =
    `${user.name} let ${client.displayName} (${client.id}) act for them at ${resource.uri}: ${scopes.join(", ")}; ` +
    `with a passkey, until ${new Date(ends).toISOString()}${dies}`;
  await change(deps, { actor: user.id, words, objects: [key] }, async (transaction) => {
    if (!(await stillStands(transaction, user, passkey)))
      throw new CordonError("ACCESS_DENIED", `${user.name}'s account or passkey does not stand any more.`);
    await makeRoom(transaction, user.id, at);
    await transaction.put(key, value, "api");
  });
}

/** Whether it stands now, and the just-in-time grant that it dies with, too. */
export async function clientSessionStands(
  deps: Pick<PeopleDeps, "store" | "now" | "snapshot">,
  grantId: string,
): Promise<boolean> {
  const session = await standingSession(deps, sessionOfGrant(grantId));
  if (session?.grant === undefined) return session !== undefined;
  const grants = deps.snapshot().grants?.get(parseSpiffeId(session.user)) ?? [];
  const now = deps.now();
  return grants.some(({ id, starts, ends }) => id === session.grant && starts <= now && now < ends);
}

export async function endClientSession(deps: PeopleDeps, grantId: string, why: string): Promise<void> {
  const session = sessionOfGrant(grantId);
  if ((await deps.store.get(sessionKey(session))) === undefined) return;
  const words = `a program's session ended: ${why}`;
  await endSessions(deps, ({ id }) => id === session, { actor: "system:oauth", words });
}

/**
 * Ends the sessions at routes that their client may not ask for any more: `routes` of it was narrowed after the person said yes.
 *
 * @param origin where clients reach the gateway
 */
export async function endNarrowedSessions(deps: PeopleDeps, origin: string): Promise<void> {
  const { clients, routes } = deps.snapshot();
  const known = new Map(resources({ routes }, origin).map(({ uri, name }) => [uri, name]));
  const outgrown = ({ client, resource }: SessionValue): boolean => {
    const may = client === undefined ? undefined : clients?.get(client)?.routes;
    const route = resource === undefined ? undefined : known.get(resource);
    return may !== undefined && may.length > 0 && route !== undefined && !may.includes(route);
  };
  const sessions = await deps.store.list(sessionKind);
  if (!sessions.some((object) => outgrown(readValue(sessionValue, object)))) return;
  const words = "sessions of programs ended at routes that these may not ask for any more";
  await endSessions(deps, outgrown, { actor: "system:oauth", words });
}

/** The grant of the person that covers the resource now, if any does: of several, the one that lasts longest. */
export function grantBehind(
  deps: Pick<PeopleDeps, "snapshot" | "now">,
  user: User,
  resource: Resource,
): Grant | undefined {
  const now = deps.now();
  const covering = (deps.snapshot().grants?.get(user.id) ?? []).filter(
    (grant) =>
      grant.starts <= now &&
      now < grant.ends &&
      grant.call === undefined &&
      grant.resources.some((id) => resource.components.includes(id)),
  );
  return covering.toSorted((a, b) => b.ends - a.ends)[0];
}
