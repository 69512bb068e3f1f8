/**
 * The rooms of people and grants, put together. In: the store, the authority, the console's keys and origin. Out: what the
 * console's API does for people, what the local administrator does, and what the gateway spends.
 */
import type { CliRedeemResponse, GrantView, MeResponse, PeopleResponse } from "@cordon/core/contract/people-api";
import { CordonError } from "@cordon/core/errors";
import type { User } from "@cordon/core/policy/people";
import type { Authority } from "../authority/authority.ts";
import type { ConsoleKey, ConsoleKeys } from "../console/console-keys.ts";
import { openPairingDesk, type PairingCode } from "../console/pairing.ts";
import { grantDigest } from "../grants/grant-digest.ts";
import { hasLapsed, listGrants, mayRevoke, sweepGrants, type GrantRooms, type StoredGrant } from "../grants/grants.ts";
import { grantKind, type GrantValue } from "../grants/objects.ts";
import { mayApprove } from "../grants/rules.ts";
import { speakingOn } from "../grants/standing.ts";
import { readValue } from "../registry/objects.ts";
import type { StateTransaction } from "../store/state-store.ts";
import { findUser, passkeysOf, shortNameOf } from "./accounts.ts";
import { nominations } from "./administrators.ts";
import { administers, type Person } from "./administration.ts";
import { openChallenges } from "./challenges.ts";
import { openCliLogin, type CliLogin } from "./cli-login.ts";
import { administratorsGroup, isIn, type PeopleDeps } from "./deps.ts";
import { openDeadlines } from "./deadlines.ts";
import { openOidc, type Oidc } from "./oidc.ts";
import { sessionKind, sessionValue, userKind, userOf, userValue } from "./objects.ts";
import { accountsIn, isNewcomer, type Account } from "./newcomers.ts";
import { recoveriesUnderWay, type WrongTries } from "./recovery.ts";
import type { SignInRooms } from "./sign-in.ts";
import { endSessions, sessionsOf, standingSession } from "./sessions.ts";
import { loadAttestationRoots } from "./verify-passkey.ts";

/** Somebody who is signed in, as a request shows. */
export interface SignedInPerson {
  readonly user: User;
  readonly person: Person;
}

export interface People extends AsyncDisposable {
  readonly deps: PeopleDeps;
  readonly signIn: SignInRooms;
  readonly grants: GrantRooms;
  readonly cli: CliLogin;
  /** The company's identity provider, where there is one. */
  readonly oidc: Oidc | undefined;
  readonly wrongRecoveries: WrongTries;
  /** Grants that were taken by break-glass and nobody has looked at yet, in words; as of the newest snapshot but one. */
  unreviewed(): readonly string[];
  /** While nobody is enrolled: a code for the first administrator. */
  firstCode(): Promise<PairingCode | undefined>;
  /** Who signed a request; `undefined` for a browser that was only paired. */
  personOf(key: ConsoleKey): Promise<SignedInPerson | undefined>;
  me(key: ConsoleKey): Promise<MeResponse>;
  people(): Promise<PeopleResponse>;
  viewGrants(viewer: SignedInPerson): Promise<readonly GrantView[]>;
}

export interface PeopleOptions extends PeopleDeps {
  readonly keys: Pick<ConsoleKeys, "add">;
  readonly authority: Pick<Authority, "issueX509Svid" | "bundle">;
  readonly gateway: () => CliRedeemResponse["gateway"];
  readonly monotonicMs: () => number;
  readonly attestationRootsFile: string | undefined;
  /** The secret that the identity provider knows this Cordon by. */
  readonly clientSecret?: () => Promise<string | undefined>;
  /** How often what is over is ended in the store. Default 1,000. */
  readonly sweepEveryMs?: number;
  readonly onProblem: (error: unknown) => void;
}

/** How long the first administrator may administer without anybody's approval, to invite a second. */
export const bootstrapSeconds = 4 * 3_600;

/** How often requests that nobody answered are looked for: no snapshot tells of them. */
const fullSweepMs = 60_000;

export async function openPeople(options: PeopleOptions): Promise<People> {
  const deps: PeopleDeps = options;
  if (options.attestationRootsFile !== undefined) await loadAttestationRoots(options.attestationRootsFile);
  const challenges = openChallenges(options.now);
  const first = openPairingDesk(options);
  const { keys, authority, gateway, settings } = options;
  const grants: GrantRooms = { deps, challenges };
  let sweeping = false;
  let seen: unknown;
  let unreviewed: readonly string[] = [];
  const look = async (): Promise<void> => {
    const { grants: newest } = deps.snapshot();
    if (newest === seen) return;
    unreviewed = (await listGrants(grants))
      .filter(({ breakGlass, review }) => breakGlass === true && review === undefined)
      .map(
        ({ id, requester, actions }) =>
          `${requester.slice(requester.lastIndexOf("/") + 1)}'s ${actions.join(", ")} (${id})`,
      );
    seen = newest;
  };
  let sweptAt = -Infinity;
  const overdue = openDeadlines(options.monotonicMs);
  const sweep = async (): Promise<void> => {
    if (sweeping) return;
    sweeping = true;
    const due = deps.now() - sweptAt >= fullSweepMs;
    if (due) sweptAt = deps.now();
    const { grants: held, sessions } = deps.snapshot();
    const late = overdue([...[...(held?.values() ?? [])].flat(), ...(sessions?.values() ?? [])], deps.now());
    await (due ? sweepGrants(deps, late) : Promise.resolve())
      .then(() => sweepAll(deps, late))
      .then(look)
      .catch(options.onProblem)
      .finally(() => (sweeping = false));
  };
  const timer = setInterval(() => void sweep(), options.sweepEveryMs ?? 1_000);
  timer.unref();
  const people: People = {
    deps,
    grants,
    signIn: { deps, challenges, keys, first, bootstrap: (transaction, user) => bootstrap(deps, transaction, user) },
    cli: openCliLogin({ deps, challenges, keys, authority, gateway }),
    oidc:
      settings.oidc &&
      openOidc({ deps, settings: settings.oidc, clientSecret: options.clientSecret ?? (async () => undefined) }),
    wrongRecoveries: new Map(),
    unreviewed: () => unreviewed,
    firstCode: async () => ((await deps.store.list(userKind)).length === 0 ? first.newCode() : undefined),
    async personOf(key) {
      if (key.user === undefined || key.session === undefined) return undefined;
      const object = (await deps.store.list(userKind)).find((each) => userOf(each, deps.trustDomain).id === key.user);
      if (object === undefined) return undefined;
      const user = userOf(object, deps.trustDomain);
      return user.locked === undefined ? { user, person: { id: user.id, session: key.session } } : undefined;
    },
    me: (key) => describeMe(deps, people, key),
    people: () => describePeople(deps),
    viewGrants: async (viewer) => {
      const seesAll = administers(deps, viewer.person);
      const shown = (await listGrants(grants)).filter((grant) => seesAll || concerns(grant, viewer.user));
      const accounts = await accountsIn(deps.store, deps.trustDomain);
      return shown.map((grant) => viewOf(deps, viewer, grant, accounts));
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      while (sweeping) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
  return people;
}

/** What ended by time is over for every decision already; here it is written down. Cheap while nothing is due. */
async function sweepAll(deps: PeopleDeps, late: ReadonlySet<string>): Promise<void> {
  const { grants, sessions } = deps.snapshot();
  const now = deps.now();
  for (const own of grants?.values() ?? [])
    if (own.some(({ id, ends }) => ends <= now || late.has(id))) await sweepGrants(deps, late);
  for (const session of sessions?.values() ?? [])
    if (session.ends <= now || late.has(session.id)) {
      await endSessions(deps, ({ id, ends }) => ends <= deps.now() || late.has(id), {
        actor: "system:people",
        words: "sessions ended by themselves",
      });
      return;
    }
}

async function bootstrap(deps: PeopleDeps, transaction: StateTransaction, user: User): Promise<void> {
  const at = deps.now();
  const namespace = deps.snapshot().components.get(deps.administered)?.namespace;
  if (namespace === undefined) throw new CordonError("STORE_CORRUPT", "the gateway's component is not registered");
  const value: GrantValue = {
    ...{ requester: user.id, principal: user.id, actions: ["administer"], resources: [deps.administered] },
    ...{ reason: "the first administrator invites a second", seconds: bootstrapSeconds, requestedAt: at },
    ...{
      rule: `${namespace}/bootstrap`,
      approversNeeded: 0,
      approverGroups: [administratorsGroup],
      state: "approved",
      approvals: [],
    },
    ...{ starts: at, ends: at + bootstrapSeconds * 1000, breakGlass: true },
  };
  await transaction.put({ kind: grantKind, namespace, name: "g-bootstrap" }, value, "api");
}

/** Whether somebody may see a grant: it is theirs, of their namespace, or theirs to decide on. */
function concerns(grant: StoredGrant, user: User): boolean {
  if (grant.requester === user.id || grant.principal === user.id) return true;
  return grant.key.namespace === user.namespace || grant.approverGroups.some((group) => isIn(user, group));
}

function viewOf(
  deps: PeopleDeps,
  { user, person }: SignedInPerson,
  grant: StoredGrant,
  accounts: readonly Account[],
): GrantView {
  const { id, key, ...value } = grant;
  const heard = !isNewcomer(accounts, speakingOn(deps, user, grant));
  const open = grant.state === "requested" && !hasLapsed(grant, deps.now()) && mayApprove(user, grant);
  const reviews = grant.breakGlass === true && grant.review === undefined && mayApprove(user, grant) && heard;
  return {
    ...value,
    ...{ id, namespace: key.namespace, digest: grantDigest(grant) },
    may: [
      ...(open && heard ? (["approve"] as const) : []),
      ...(open ? (["deny"] as const) : []),
      ...(mayRevoke(deps, user, person, grant) ? (["revoke"] as const) : []),
      ...(reviews ? (["review"] as const) : []),
    ],
  };
}

async function describeMe(deps: PeopleDeps, people: People, key: ConsoleKey): Promise<MeResponse> {
  const signed = await people.personOf(key);
  if (signed === undefined) return { passkeys: [], sessions: [], recoveryCodes: 0, administers: false };
  const { user, person } = signed;
  const session = await standingSession(deps, person.session);
  const found = await findUser(deps, shortNameOf(user));
  const { id, namespace, name, displayName, groups } = user;
  return {
    person: { id, namespace, name, displayName, groups: [...groups] },
    ...(session && { session }),
    passkeys: (await passkeysOf(deps.store, user)).map((one) => ({
      ...{ name: one.name, label: one.label, createdAt: one.createdAt, synced: one.synced },
      ...(one.locked === undefined ? {} : { locked: one.locked }),
    })),
    sessions: (await sessionsOf(deps, user.id)).map(({ user: _user, passkey: _passkey, device: _device, ...one }) => ({
      ...one,
      own: one.id === person.session,
    })),
    recoveryCodes: found?.value.recovery?.length ?? 0,
    administers: administers(deps, person),
  };
}

async function describePeople(deps: PeopleDeps): Promise<PeopleResponse> {
  const recovering = await recoveriesUnderWay(deps);
  const now = deps.now();
  const sessions = (await deps.store.list(sessionKind)).map((object) => readValue(sessionValue, object));
  const people = [];
  for (const object of await deps.store.list(userKind)) {
    const { id, namespace, name, displayName, groups } = userOf(object, deps.trustDomain);
    const { locked } = readValue(userValue, object);
    const passkeys = await passkeysOf(deps.store, { namespace, name });
    people.push({
      ...{ id, namespace, name, displayName, groups: [...groups] },
      ...(locked === undefined ? {} : { locked }),
      passkeys: passkeys.length,
      synced: passkeys.filter(({ synced }) => synced).length,
      sessions: sessions.filter(({ user, ends }) => user === id && ends > now).length,
      recovering: [...(recovering.get(`${namespace}/${name}`) ?? [])],
    });
  }
  const waiting = (await nominations(deps)).map(({ user, groups, by, at }) => ({ user, groups: [...groups], by, at }));
  return { people, nominations: waiting };
}
