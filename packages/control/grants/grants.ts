/**
 * The life of a grant: asked for, approved or denied, in force, over. In: requests of people who are signed in, and the
 * words of approvers with their passkeys. Out: objects of the store that the snapshot reads. A grant that is in force is
 * never changed to last longer or reach further: that takes a new request.
 */
import { randomBytes } from "node:crypto";
import type { Assertion, GrantRequest } from "@cordon/core/contract/people-api";
import { CordonError } from "@cordon/core/errors";
import { parseSpiffeId, userPartsOf, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { User } from "@cordon/core/policy/people";
import type { Component } from "@cordon/core/policy/snapshot";
import { findComponent } from "../api/find-component.ts";
import { confirmWithPasskey } from "../people/accounts.ts";
import { administers, type Person } from "../people/administration.ts";
import type { Challenges } from "../people/challenges.ts";
import { change, isIn, type PeopleDeps } from "../people/deps.ts";
import { stillStands } from "../people/objects.ts";
import { readValue } from "../registry/objects.ts";
import type { ObjectKey, StateTransaction, StoredObject } from "../store/state-store.ts";
import { callDigest, canonicalCall } from "@cordon/core/policy/call-digest";
import { grantDigest } from "./grant-digest.ts";
import { grantKind, grantValue, type GrantValue } from "./objects.ts";
import { administrationRule, applyRules, grantRuleKind, mayApprove, nameOf, rulesFrom } from "./rules.ts";
import { refuseForeign, refuseNewcomer } from "./standing.ts";

/** Requests of one person that may wait at a time, and be made in an hour: nobody is worn down by asking. */
export const maxWaiting = 5;
export const maxHourly = 20;
const maxCallCharacters = 4_000;
/** A request that nobody answered lapses. */
export const requestTtlMs = 24 * 3_600_000;
/** What is over stays in the list for so long; the ledger keeps it for good. */
export const keepMs = 30 * 24 * 3_600_000;

export interface StoredGrant extends GrantValue {
  readonly id: string;
  readonly key: ObjectKey;
}

export interface GrantRooms {
  readonly deps: PeopleDeps;
  readonly challenges: Challenges;
}

export async function listGrants({ deps }: GrantRooms): Promise<readonly StoredGrant[]> {
  const grants = (await deps.store.list(grantKind)).map(readGrant);
  return grants.toSorted((a, b) => b.requestedAt - a.requestedAt);
}

/** @throws {CordonError} `COMPONENT_UNKNOWN` */
export async function findGrant(rooms: GrantRooms, id: string): Promise<StoredGrant> {
  const found = (await listGrants(rooms)).find((grant) => grant.id === id);
  if (found === undefined)
    throw new CordonError("COMPONENT_UNKNOWN", `there is no grant ${id}; \`cordon grant list\` shows them`);
  return found;
}

function readGrant(object: StoredObject): StoredGrant {
  return {
    ...readValue(grantValue, object),
    id: object.name,
    key: { kind: grantKind, namespace: object.namespace, name: object.name },
  };
}

/** Asks for a grant. One that its rule lets through by itself holds at once, and so does break-glass, loudly. */
export async function requestGrant(rooms: GrantRooms, user: User, asked: GrantRequest): Promise<StoredGrant> {
  const { deps } = rooms;
  const snapshot = deps.snapshot();
  const resources = asked.resources.map((reference) => findComponent(snapshot, reference));
  const [first] = resources;
  if (first === undefined || resources.some(({ namespace }) => namespace !== first.namespace))
    throw malformed("Ask for resources of one namespace at a time: each namespace's people decide on their own.");
  const given = asked.principal === undefined ? undefined : findComponent(snapshot, asked.principal);
  const principal = given?.id ?? user.id;
  const callWords = wordsOfCall(asked);
  const breakGlass = asked.breakGlass === true;
  const administered = snapshot.components.get(deps.administered);
  const rules = rulesFrom(await deps.store.list(grantRuleKind));
  const all = administered === undefined ? rules : [...rules, administrationRule(administered)];
  const ruled = applyRules(all, user, { ...asked, resources, seconds: asked.minutes * 60, breakGlass });
  if ("refused" in ruled) throw new CordonError("ACCESS_DENIED", ruled.refused);
  const unseen = breakGlass || (ruled.rule.approvers === 0 && asked.call === undefined);
  if (given !== undefined && unseen) refuseForeign(ruled.rule, given);
  if (breakGlass) await confirmBreakGlass(rooms, user, asked);
  // One call is always somebody else's to approve: to let it pass by itself, policy would not ask.
  const approversNeeded = breakGlass ? 0 : Math.max(ruled.rule.approvers, asked.call === undefined ? 0 : 1);
  const at = deps.now();
  const value: GrantValue = {
    ...{ requester: user.id, principal, actions: [...ruled.actions], resources: ruled.resources.map(({ id }) => id) },
    ...{
      reason: asked.reason,
      seconds: ruled.seconds,
      requestedAt: at,
      rule: `${ruled.rule.namespace}/${ruled.rule.name}`,
    },
    ...{ approversNeeded, approverGroups: [...ruled.rule.approverGroups], state: "requested", approvals: [] },
    ...(ruled.narrowed === undefined ? {} : { narrowed: ruled.narrowed }),
    ...(breakGlass ? { breakGlass } : {}),
    ...(asked.call === undefined ? {} : { call: asked.call }),
    ...(callWords === undefined ? {} : { callWords }),
  };
  const id = `g-${randomBytes(6).toString("hex")}`;
  const key: ObjectKey = { kind: grantKind, namespace: first.namespace, name: id };
  const granted = approversNeeded === 0 ? start(value, at) : value;
  const words = requestWords(user, id, granted, ruled.resources);
  await change(deps, { actor: user.id, words, objects: [key] }, async (transaction) => {
    await refuseFlood(transaction, user, at, breakGlass);
    await transaction.put(key, granted, "api");
  });
  if (breakGlass) deps.warn("break-glass", words);
  return { ...granted, id, key };
}

/** The arguments as the approver will read them; they must be what the digest says. */
function wordsOfCall({ call, callArguments }: GrantRequest): string | undefined {
  if (call === undefined) return undefined;
  if (callArguments === undefined)
    throw malformed("Give the call's exact arguments with its digest: nobody approves what they cannot read.");
  if (callDigest(callArguments) !== call)
    throw malformed("Those arguments are not the ones that the digest stands for.");
  const words = canonicalCall(callArguments);
  if (words.length > maxCallCharacters)
    throw malformed(`A call of more than ${maxCallCharacters} characters cannot be read before approving it.`);
  return words;
}

async function confirmBreakGlass({ deps, challenges }: GrantRooms, user: User, asked: GrantRequest): Promise<void> {
  if (asked.assertion === undefined) throw malformed("Break-glass takes a fresh passkey: ask for it in the console.");
  const digest = breakGlassDigest(asked);
  await confirmWithPasskey(deps, challenges, { purpose: "break-glass", digest, assertion: asked.assertion, by: user });
}

/** What the passkey of somebody who breaks the glass signs. */
export function breakGlassDigest({
  actions,
  resources,
  reason,
  minutes,
  principal,
  call,
}: Pick<GrantRequest, "actions" | "resources" | "reason" | "minutes" | "principal" | "call">): string {
  return grantDigest({
    id: "break-glass",
    actions,
    resources,
    reason,
    seconds: minutes * 60,
    requester: "",
    principal: principal ?? "",
    rule: "",
    ...(call === undefined ? {} : { call }),
  });
}

async function refuseFlood(transaction: StateTransaction, user: User, at: number, breakGlass: boolean): Promise<void> {
  const own = (await transaction.list(grantKind)).map(readGrant).filter(({ requester }) => requester === user.id);
  if (breakGlass && own.some((grant) => grant.breakGlass === true && grant.review === undefined))
    throw new CordonError(
      "ACCESS_DENIED",
      "Your last break-glass has not been reviewed yet: until somebody has, there is no other.",
    );
  if (own.filter(({ state }) => state === "requested").length >= maxWaiting)
    throw new CordonError(
      "STORE_CONFLICT",
      `${maxWaiting} of your requests wait already; withdraw one: \`cordon grant revoke ID\``,
    );
  if (own.filter(({ requestedAt }) => requestedAt > at - 3_600_000).length >= maxHourly)
    throw new CordonError("STORE_CONFLICT", `You have asked ${maxHourly} times within the hour; wait for answers.`);
}

/** Approves, denies or reviews, with a passkey over the digest of exactly this request. */
export async function speak(
  rooms: GrantRooms,
  user: User,
  speech: {
    readonly id: string;
    readonly verdict: "approve" | "deny" | "review";
    readonly words: string;
    readonly assertion: Assertion;
  },
): Promise<StoredGrant> {
  const { deps, challenges } = rooms;
  const { id, verdict } = speech;
  const seen = await findGrant(rooms, id);
  refuseVoice(user, seen, verdict, deps.now());
  if (verdict !== "deny") await refuseNewcomer(deps, user, seen);
  const { passkey } = await confirmWithPasskey(deps, challenges, {
    ...{ purpose: verdict, digest: grantDigest(seen), assertion: speech.assertion, by: user },
  });
  const at = deps.now();
  const voice = { by: user.id, at, passkey, words: speech.words };
  return change(
    deps,
    (next: StoredGrant) => ({
      actor: user.id,
      words: spokenWords(user, next, verdict, speech.words),
      objects: [next.key],
    }),
    async (transaction) => {
      const object = await transaction.get(seen.key);
      const held = object === undefined ? undefined : await withStandingVoices(transaction, readGrant(object));
      if (held === undefined || grantDigest(held) !== grantDigest(seen))
        throw new CordonError("STORE_CONFLICT", `grant ${id} is not what it was`);
      refuseVoice(user, held, verdict, at);
      const { id: _, key, ...value } = held;
      const next = spoken(value, verdict, voice, at);
      await transaction.put(key, next, "api");
      return { ...next, id, key };
    },
    { stays: verdict === "deny" },
  );
}

/** A request without what was said for it by accounts that are locked now, or with passkeys that are locked or gone. */
async function withStandingVoices(transaction: StateTransaction, grant: StoredGrant): Promise<StoredGrant> {
  if (grant.state !== "requested") return grant;
  const approvals: GrantValue["approvals"] = [];
  for (const voice of grant.approvals) {
    const by = userPartsOf(parseSpiffeId(voice.by));
    if (by !== undefined && (await stillStands(transaction, by, voice.passkey))) approvals.push(voice);
  }
  return { ...grant, approvals };
}

function spoken(
  value: GrantValue,
  verdict: "approve" | "deny" | "review",
  voice: GrantValue["approvals"][number],
  at: number,
): GrantValue {
  if (verdict === "deny") return { ...value, state: "denied", denial: voice };
  if (verdict === "review") return { ...value, review: voice };
  const approvals = [...value.approvals, voice];
  return approvals.length < value.approversNeeded ? { ...value, approvals } : start({ ...value, approvals }, at);
}

function start(value: GrantValue, at: number): GrantValue {
  return { ...value, state: "approved", starts: at, ends: at + value.seconds * 1000 };
}

function refuseVoice(user: User, grant: StoredGrant, verdict: "approve" | "deny" | "review", at: number): void {
  if (user.id === grant.requester || user.id === grant.principal)
    throw new CordonError("ACCESS_DENIED", "Nobody speaks on a request of their own, or one that is for them.");
  const stage =
    verdict === "review" ? grant.breakGlass === true && grant.review === undefined : grant.state === "requested";
  if (!stage) throw new CordonError("STORE_CONFLICT", `grant ${grant.id} is ${grant.state} already`);
  if (verdict === "approve" && hasLapsed(grant, at))
    throw new CordonError("STORE_CONFLICT", `request ${grant.id} waited for more than a day: ask again`);
  if (!mayApprove(user, grant))
    throw new CordonError(
      "ACCESS_DENIED",
      `It takes somebody else of ${grant.approverGroups.join(" or ")} to ${verdict} grant ${grant.id}.`,
    );
}

/** Whether nobody answered in time. It does not wait for the store to say so. */
export function hasLapsed({ state, requestedAt }: Pick<GrantValue, "state" | "requestedAt">, at: number): boolean {
  return state === "requested" && requestedAt + requestTtlMs <= at;
}

/** Ends a grant, or withdraws a request: its own people, whoever may approve it, and who administers. */
export async function revokeGrant(
  rooms: GrantRooms,
  user: User,
  person: Person,
  id: string,
  why: string,
): Promise<StoredGrant> {
  const { deps } = rooms;
  const seen = await findGrant(rooms, id);
  if (!mayRevoke(deps, user, person, seen))
    throw new CordonError("ACCESS_DENIED", `Grant ${id} is not yours to revoke.`);
  return endGrant(deps, seen.key, { actor: user.id, words: why, by: user.name, at: deps.now() });
}

export function mayRevoke(deps: PeopleDeps, user: User, person: Person, grant: StoredGrant): boolean {
  if (grant.state !== "requested" && grant.state !== "approved") return false;
  const own = user.id === grant.requester || user.id === grant.principal;
  // Who may approve a request denies it instead, with a passkey.
  if (grant.state === "requested") return own || administers(deps, person);
  return own || grant.approverGroups.some((group) => isIn(user, group)) || administers(deps, person);
}

async function endGrant(
  deps: PeopleDeps,
  key: ObjectKey,
  {
    actor,
    words,
    by,
    at,
  }: { readonly actor: string; readonly words: string; readonly by: string; readonly at: number },
): Promise<StoredGrant> {
  return change(
    deps,
    (next: StoredGrant) => ({
      actor,
      words: `${by} ${next.state === "withdrawn" ? "withdrew request" : "revoked grant"} ${next.id}: ${words}`,
      objects: [key],
    }),
    async (transaction) => {
      const object = await transaction.get(key);
      if (object === undefined) throw new CordonError("COMPONENT_UNKNOWN", `there is no grant ${key.name}`);
      const { id, key: _, ...value } = readGrant(object);
      if (value.state !== "requested" && value.state !== "approved")
        throw new CordonError("STORE_CONFLICT", `grant ${id} is ${value.state} already`);
      const state = value.state === "requested" ? "withdrawn" : "revoked";
      const next: GrantValue = { ...value, state, revocation: { by: actor, at, words } };
      await transaction.put(key, next, "api");
      return { ...next, id, key };
    },
    { stays: true },
  );
}

/**
 * Spends the approvals that one call stands on: all of them, or none.
 *
 * @returns the first that was spent before, or does not hold any more
 */
export async function spendApprovals(
  deps: Pick<PeopleDeps, "store" | "now">,
  ids: readonly string[],
): Promise<{ readonly spentBefore: string } | undefined> {
  const keys = new Map((await deps.store.list(grantKind)).map((found) => [found.name, readGrant(found).key]));
  const { result } = await deps.store.transact("gateway", deps.now(), async (transaction) => {
    const held: StoredGrant[] = [];
    for (const id of ids) {
      const key = keys.get(id);
      const object = key === undefined ? undefined : await transaction.get(key);
      const grant = object === undefined ? undefined : readGrant(object);
      if (grant?.state !== "approved" || grant.spentAt !== undefined || deps.now() >= (grant.ends ?? 0))
        return { spentBefore: id };
      held.push(grant);
    }
    for (const { id: _, key, ...value } of held) await transaction.put(key, { ...value, spentAt: deps.now() }, "api");
    return undefined;
  });
  return result;
}

/** Lets what is over end in the store as well, where decisions have let it end already; drops what is long over. */
export async function sweepGrants(deps: PeopleDeps, late: ReadonlySet<string> = new Set()): Promise<void> {
  const now = deps.now();
  for (const object of await deps.store.list(grantKind)) {
    const grant = readGrant(object);
    const ended = grant.state === "approved" && ((grant.ends ?? 0) <= now || late.has(grant.id));
    const lapsed = hasLapsed(grant, now);
    const old =
      !ended &&
      !lapsed &&
      grant.state !== "approved" &&
      grant.state !== "requested" &&
      (grant.ends ?? grant.requestedAt) + keepMs <= now;
    // A break-glass stays until somebody has looked at it.
    if (old && (grant.breakGlass !== true || grant.review !== undefined))
      await deps.store.transact("system:grants", now, (transaction) => transaction.delete(grant.key, "api"));
    if (!ended && !lapsed) continue;
    const words = ended
      ? `grant ${grant.id} of ${lastOf(grant.principal)} ended by itself`
      : `request ${grant.id} lapsed: nobody answered`;
    await change(deps, { actor: "system:grants", words, objects: [grant.key] }, async (transaction) => {
      const held = await transaction.get(grant.key);
      const { id: _, key: __, ...value } = held === undefined ? grant : readGrant(held);
      if (value.state === grant.state)
        await transaction.put(grant.key, { ...value, state: ended ? "ended" : "lapsed" }, "api");
    });
  }
}

function requestWords(user: User, id: string, grant: GrantValue, resources: readonly Component[]): string {
  const what = `${grant.actions.join(", ")} on ${resources.map(nameOf).join(", ")} for ${grant.seconds / 60} min`;
  const forWhom = grant.principal === user.id ? "" : ` for ${lastOf(grant.principal)}`;
  const how =
    grant.breakGlass === true
      ? "broke the glass and took"
      : grant.state === "approved"
        ? `asked for and got, by rule ${grant.rule},`
        : "asked for";
  const off = grant.narrowed === undefined ? "" : ` (narrowed by rule: ${grant.narrowed})`;
  return `${user.name} ${how} ${what}${forWhom}: ${grant.reason}${off} [${id}]`;
}

function spokenWords(user: User, grant: StoredGrant, verdict: "approve" | "deny" | "review", words: string): string {
  const done = { approve: "approved", deny: "denied", review: "reviewed the break-glass" }[verdict];
  const until =
    grant.state === "approved" && verdict === "approve"
      ? `; it holds until ${new Date(grant.ends ?? 0).toISOString()}`
      : "";
  return `${user.name} ${done} ${grant.id} of ${lastOf(grant.requester)}: ${words}${until}`;
}

function lastOf(id: SpiffeId | string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

function malformed(words: string): CordonError {
  return new CordonError("REQUEST_MALFORMED", words);
}
