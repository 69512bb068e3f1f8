/**
 * People, their sessions and their grants, as a decision reads them. In: a snapshot, a request, the time. Out: whether the
 * person behind the request is known and signed in now, which grants hold, and until when that stays so.
 *
 * A person is a principal like a workload, and acts through a key-bound credential that names a session. Or a workload acts
 * for a person: then the workload is the principal, and what holds for the person holds besides.
 */
import type { Instant } from "../instant.ts";
import type { Action, Namespace } from "../contract/vocabulary.ts";
import type { SpiffeId } from "../identity/spiffe-id.ts";
import { entityIdOf } from "./cedar-schema.ts";
import type { AccessRequest, Reason } from "./decision.ts";
import type { Component, Snapshot } from "./snapshot.ts";

/** A person, as policies name them: `User::"default/user/mei"`. */
export interface User {
  readonly id: SpiffeId;
  readonly namespace: Namespace;
  readonly kind: "user";
  readonly name: string;
  readonly displayName: string;
  /** Sorted, without duplicates. */
  readonly groups: readonly string[];
  /** Why the account is locked; absent while it is not. */
  readonly locked?: string | undefined;
  /** Who this is at the company's identity provider, where they signed in through it. */
  readonly oidc?: { readonly issuer: string; readonly subject: string } | undefined;
}

/** Who asks: something registered, or a person. */
export type Principal = Component | User;

/** What a person signed in to, with a passkey: one browser, one command line, or one program that acts for them. */
export interface UserSession {
  /** SHA-256 of the SubjectPublicKeyInfo that the session's credential is bound to, or of a client's grant; lower-case hex. */
  readonly id: string;
  readonly user: SpiffeId;
  readonly kind: "console" | "cli" | "oauth";
  /** Of kind `oauth`: the client that acts for the person. */
  readonly client?: string | undefined;
  /** When the person last touched a passkey for it. */
  readonly authenticatedAt: Instant;
  /** Exclusive. */
  readonly ends: Instant;
  /** The grant that its credential was made for, and that it dies with. */
  readonly grant?: string | undefined;
  /** The device that it was opened on, where that is known. */
  readonly device?: string | undefined;
}

/** The person behind a request, as the enforcement point learned it from a credential, or from who vouches for it. */
export interface ActingUser {
  readonly id: SpiffeId;
  /** Absent only where `vouchedBy` says who it was that did not prove it. */
  readonly session?: string;
  /** The OAuth client that acts for them, and what it was let do; absent where they act themselves. */
  readonly client?: string;
  readonly scopes?: readonly string[];
  /** The enforcement point that names the person; it proved itself, the person did not. */
  readonly vouchedBy?: SpiffeId;
  /** The authorization server that says so, where it is not ours: there the person has no session of ours. */
  readonly issuer?: string;
  /** When the delegation, or the other server's token, that is acted on ends; exclusive. */
  readonly until?: Instant;
  /** The one delegation that is acted on, by which it can be withdrawn alone. */
  readonly delegation?: string;
  /** What the delegation is good for; absent: whatever both may do. */
  readonly scope?: DelegationScope;
}

/** A delegation that is narrower than the person's own rights. */
export interface DelegationScope {
  readonly actions?: readonly Action[];
  readonly resources?: readonly SpiffeId[];
}

/** A permission for a while: approved, neither ended nor revoked when it came into the snapshot. */
export interface Grant {
  readonly id: string;
  readonly principal: SpiffeId;
  readonly actions: readonly Action[];
  readonly resources: readonly SpiffeId[];
  readonly starts: Instant;
  /** Exclusive. */
  readonly ends: Instant;
  readonly reason: string;
  /** Who approved it; empty where a rule did. */
  readonly approvers: readonly SpiffeId[];
  readonly breakGlass?: boolean | undefined;
  /** It allows one call: the one whose arguments have this digest (`AccessRequest.call`). */
  readonly call?: string | undefined;
  /** That call was made: it carries what is under way, and nothing new. */
  readonly spent?: boolean | undefined;
}

/** Grants of one principal that hold now for one request, and when that changes. */
export interface Granted {
  readonly grants: readonly Grant[];
  /** The earliest end among them. */
  readonly until: Instant;
}

export const nothingGranted: Granted = Object.freeze({ grants: Object.freeze([]), until: Infinity });

/** Whether a principal is a person. */
export function isUser(principal: Principal): principal is User {
  return principal.kind === "user";
}

/** The grants that let the request's principal do what it asks, by themselves. Grants for one call are not among them. */
export function grantsFor(snapshot: Snapshot, request: AccessRequest, now: Instant): Granted {
  return among(snapshot.grants?.get(request.principal), request, now, (grant) => grant.call === undefined);
}

/** The workload that acts for a person, where the principal is not that person. */
export function actsForAnother({ principal, user }: Pick<AccessRequest, "principal" | "user">): boolean {
  return user !== undefined && user.id !== principal;
}

/** The grants that let the person whom a workload acts for do what it asks: the person's half, never the workload's. */
export function grantsOfActingUser(snapshot: Snapshot, request: AccessRequest, now: Instant): Granted {
  if (request.user === undefined || !actsForAnother(request)) return nothingGranted;
  return among(snapshot.grants?.get(request.user.id), request, now, (grant) => grant.call === undefined);
}

/** Those of `grants` that hold now for the request and fit. */
export function among(
  grants: readonly Grant[] | undefined,
  { action, resource }: AccessRequest,
  now: Instant,
  fits: (grant: Grant) => boolean,
): Granted {
  if (grants === undefined) return nothingGranted;
  const holding = grants.filter(
    (grant) =>
      grant.starts <= now &&
      now < grant.ends &&
      grant.actions.includes(action) &&
      grant.resources.includes(resource) &&
      fits(grant),
  );
  if (holding.length === 0) return nothingGranted;
  return { grants: holding, until: Math.min(...holding.map(({ ends }) => ends)) };
}

/**
 * The person behind a request: signed in, not locked, and with the credential's grant still in force.
 *
 * @returns until when that holds, or why it does not
 */
export function checkPerson(snapshot: Snapshot, request: AccessRequest, principal: Principal, now: Instant) {
  const acting = request.user;
  if (acting === undefined) {
    if (!isUser(principal)) return { until: Infinity };
    return refused("session-ended", `${principal.id} is a person, and nothing says which session this is`);
  }
  const user = snapshot.users?.get(acting.id);
  if (user === undefined || (isUser(principal) && principal.id !== acting.id))
    return refused("user-unknown", `${acting.id} is not enrolled, or not the one who asks`);
  if (user.locked !== undefined) return refused("user-locked", `the account ${user.name} is locked: ${user.locked}`);
  if (acting.issuer !== undefined) return checkForeign(snapshot, acting, request, user, now);
  if (acting.delegation !== undefined && snapshot.revocations.certificates.has(acting.delegation))
    return refused("delegation-ended", `${user.name} lets ${request.principal} act no more: the delegation was ended`);
  const outside = outsideDelegation(acting, request, user, now);
  if (outside !== undefined) return outside;
  if (acting.session === undefined) return checkVouched(acting, request, user);
  if (snapshot.revocations.keys.has(acting.session))
    return refused("revoked", `the key that ${user.name} signed in with is revoked; sign in anew: cordon login`);
  const session = snapshot.sessions?.get(acting.session);
  if (session === undefined || session.user !== acting.id)
    return refused("session-ended", `${user.name} is not signed in with this key; sign in: cordon login`);
  const delegated = checkClient(snapshot, acting, session, request);
  if (delegated !== undefined) return delegated;
  const grant = snapshot.grants?.get(acting.id)?.find(({ id }) => id === session.grant);
  if (session.grant !== undefined && (grant === undefined || now < grant.starts || now >= grant.ends))
    return refused("session-ended", `the credential was made for grant ${session.grant}, and that is over`);
  if (now >= session.ends) {
    const ended = new Date(session.ends).toISOString();
    return refused("session-ended", `${user.name} was signed in until ${ended}; sign in again: cordon login`);
  }
  return { until: Math.min(session.ends, grant?.ends ?? Infinity, acting.until ?? Infinity) };
}

/** What a delegation does not cover, or does not cover any more. */
function outsideDelegation(
  { until, scope }: ActingUser,
  { action, resource, principal }: AccessRequest,
  { name }: User,
  now: Instant,
): Reason | undefined {
  if (until !== undefined && now >= until)
    return refused(
      "delegation-ended",
      `${name} let ${principal} act until ${new Date(until).toISOString()}; it takes a new delegation`,
    );
  if (scope?.actions?.includes(action) === false || scope?.resources?.includes(resource) === false)
    return refused(
      "outside-delegation",
      `${name} lets ${principal} act, but not to ${action} ${resource}: the delegation does not cover it`,
    );
  return undefined;
}

/** Whom an enforcement point names stands by its word, and only where the whole request does. */
function checkVouched({ vouchedBy, until }: ActingUser, { context }: AccessRequest, { name }: User) {
  if (vouchedBy !== undefined && context.assurance === "vouched") return { until: until ?? Infinity };
  return refused("session-ended", `nothing says in which session ${name} asks`);
}

/** A person whom the company's own authorization server lets a client act for: it, the client and the link still stand. */
function checkForeign(
  { tokenIssuers }: Snapshot,
  { issuer = "", client = "", scopes, until = 0 }: ActingUser,
  { action, context }: AccessRequest,
  { name, oidc }: User,
  now: Instant,
) {
  const foreign = tokenIssuers?.get(issuer)?.foreign;
  if (foreign === undefined) return refused("session-ended", `${issuer} is no issuer of tokens here any more`);
  if (oidc?.issuer !== issuer) return refused("session-ended", `${name} is not known by ${issuer} any more`);
  const known = Object.hasOwn(foreign.clients, client) ? foreign.clients[client] : undefined;
  if (known === undefined) return refused("session-ended", `${client} is no client of ${issuer} that may act here`);
  if (context.assurance !== "dpop-token" && !(context.assurance === "bearer-token" && known.bearer))
    return refused("token-not-permitted", `${client} may not use tokens that are bound to no key`);
  if (now >= until) return refused("session-ended", `the token of ${client} for ${name} has ended; refresh it`);
  if (scopes?.includes(action) !== true)
    return refused(
      "scope-insufficient",
      `${client} was not let \`${action}\` for its person; it may ask for the scope \`${action}\``,
    );
  return { until };
}

/** Whether the program that acts for a person still may, and for this. */
function checkClient(
  snapshot: Snapshot,
  acting: ActingUser,
  session: UserSession,
  { action, context }: AccessRequest,
): Reason | undefined {
  if (acting.client !== session.client)
    return refused("session-ended", `the session is of another client than the one that asks`);
  if (acting.client === undefined) return undefined;
  const client = snapshot.clients?.get(acting.client);
  if (client === undefined) return refused("session-ended", `${acting.client} is no client here any more`);
  if (client.disabled !== undefined)
    return refused("session-ended", `the client ${client.displayName} is disabled: ${client.disabled}`);
  if (context.assurance === "bearer-token" && !client.bearer)
    return refused("token-not-permitted", `${client.displayName} may not use tokens that are bound to no key`);
  if (acting.scopes?.includes(action) === true) return undefined;
  const asked = `${client.displayName} was not let \`${action}\` for its person; it may ask for the scope \`${action}\``;
  return refused("scope-insufficient", asked);
}

/** The request with what policies may know of the person behind it. Most have none: those stay the same object. */
export function withPerson(snapshot: Snapshot, request: AccessRequest, granted: boolean): AccessRequest {
  const { user: acting, context } = request;
  const said = context.user ?? context.userGroups ?? context.granted ?? context.actor ?? context.client;
  if (acting === undefined && !granted && said === undefined) return request;
  const { user: _user, userGroups: _groups, granted: _granted, actor: _actor, client: _client, ...plain } = context;
  const client = acting?.client === undefined ? {} : { client: acting.client };
  const user = acting === undefined ? undefined : snapshot.users?.get(acting.id);
  const person = user === undefined ? {} : { user: entityIdOf(user.id, snapshot.trustDomain), userGroups: user.groups };
  const actor = actsForAnother(request) ? { actor: entityIdOf(request.principal, snapshot.trustDomain) } : {};
  return { ...request, context: { ...plain, granted, ...client, ...person, ...actor } };
}

function refused(code: Reason["code"], words: string): Reason {
  return { code, words };
}
