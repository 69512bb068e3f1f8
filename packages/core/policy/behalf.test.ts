/** A workload that acts for a person: both halves, each by itself, and nothing lent between them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Namespace } from "../contract/vocabulary.ts";
import { parseTrustDomain, userId } from "../identity/spiffe-id.ts";
import { decide } from "./decide.ts";
import { dependsOnKey, type AccessRequest } from "./decision.ts";
import type { ActingUser, User, UserSession } from "./people.ts";
import type { Snapshot } from "./snapshot.ts";
import { assistant, chat, compile, context, snapshot, trustDomain } from "./test-estate.ts";

const now = 1_000_000;
const signals = { snapshotAgeMs: 0 };
const person = (name: string, groups: readonly string[] = []): User => ({
  ...{ id: userId(trustDomain, "default" as Namespace, name), namespace: "default" as Namespace },
  ...{ kind: "user", name, displayName: name, groups },
});
const mei = person("mei", ["data-science"]);
const session: UserSession = { id: "aa", user: mei.id, kind: "cli", authenticatedAt: now - 10, ends: now + 5_000 };
const forMei: ActingUser = { id: mei.id, session: "aa" };
const asks: AccessRequest = { principal: assistant.id, action: "infer", resource: chat.id, context };

const workloadsPart = '@id("w") permit(principal is Workload, action, resource);';
const persons = '@id("u") permit(principal is User, action, resource);';

function estate(policies: string, more: Partial<Snapshot> = {}): Snapshot {
  return snapshot(compile(policies), {
    users: new Map([[mei.id, mei]]),
    sessions: new Map([["aa", session]]),
    ...more,
  });
}

const codes = (still: Snapshot, user: ActingUser | undefined, at = now): readonly string[] =>
  decide(still, user === undefined ? asks : { ...asks, user }, signals, at).reasons.map(({ code }) => code);

test("it takes a permit for each: neither's rights widen the other's", () => {
  assert.deepEqual(codes(estate(workloadsPart), forMei), ["no-permit"]);
  assert.deepEqual(codes(estate(persons), forMei), ["no-permit"]);
  assert.deepEqual(codes(estate(workloadsPart + persons), forMei), ["permitted", "permitted"]);
  assert.deepEqual(codes(estate(workloadsPart), undefined), ["permitted"], "for itself it needs its own");
  const words = decide(estate(workloadsPart), { ...asks, user: forMei }, signals, now).reasons[0]?.words ?? "";
  assert.match(words, /assistant acts for mei, and no policy and no grant lets mei infer/);
});

test("a grant is the half of whoever it was given to", () => {
  const grant = {
    ...{ id: "g-1", actions: ["infer" as const], resources: [chat.id], starts: 0, ends: now + 900 },
    ...{ reason: "x", approvers: [] },
  };
  const given = (to: typeof mei.id) => new Map([[to, [{ ...grant, principal: to }]]]);
  assert.deepEqual(codes(estate(workloadsPart, { grants: given(mei.id) }), forMei), ["permitted", "granted"]);
  assert.deepEqual(codes(estate(persons, { grants: given(mei.id) }), forMei), ["no-permit"]);
  assert.deepEqual(codes(estate(persons, { grants: given(assistant.id) }), forMei), ["permitted", "granted"]);
  assert.deepEqual(codes(estate(workloadsPart, { grants: given(assistant.id) }), forMei), ["no-permit"]);
  const decision = decide(estate(workloadsPart, { grants: given(mei.id) }), { ...asks, user: forMei }, signals, now);
  assert.equal(decision.validUntil, grant.ends);
});

test("a forbid on either, and what either's permits demand, holds for the call", () => {
  const both = workloadsPart + persons;
  const noAgents = '@id("no") forbid(principal is User, action, resource) when { context.actor != "" };';
  assert.deepEqual(codes(estate(both + noAgents), forMei), ["forbidden"]);
  const only =
    '@id("no") forbid(principal is User, action, resource) unless { context.actor == "default/agent/assistant" };';
  assert.deepEqual(codes(estate(both + only), forMei), ["permitted", "permitted"]);
  const kept = persons.replace('@id("u")', '@id("u") @keep("request")');
  const decision = decide(estate(workloadsPart + kept), { ...asks, user: forMei }, signals, now);
  assert.deepEqual(decision.obligations, [{ kind: "keepContent", request: true, response: false }]);
  const fresh = persons.replace('@id("u")', '@id("u") @stepup("1m")');
  assert.deepEqual(codes(estate(workloadsPart + fresh), forMei), ["permitted", "permitted"]);
  const old = new Map([["aa", { ...session, authenticatedAt: now - 70_000 }]]);
  assert.deepEqual(codes(estate(workloadsPart + fresh, { sessions: old }), forMei), ["step-up-required"]);
});

test("it ends with the delegation, the session, the account, and the key", () => {
  const both = estate(workloadsPart + persons);
  const until = { ...forMei, until: now + 100 };
  const decision = decide(both, { ...asks, user: until }, signals, now);
  assert.equal(decision.validUntil, now + 100);
  for (const key of [
    ...[dependsOnKey("session", "aa"), dependsOnKey("user", mei.id), dependsOnKey("grant", mei.id)],
    ...[dependsOnKey("credential", "aa"), dependsOnKey("policies", "default")],
  ])
    assert.ok(decision.dependsOn.includes(key), key);
  assert.deepEqual(codes(both, until, now + 100), ["delegation-ended"]);
  const without = (more: Partial<Snapshot>) => codes(estate(workloadsPart + persons, more), forMei);
  assert.deepEqual(without({ sessions: new Map() }), ["session-ended"]);
  assert.deepEqual(without({ users: new Map([[mei.id, { ...mei, locked: "left" }]]) }), ["user-locked"]);
  assert.deepEqual(without({ users: new Map() }), ["user-unknown"]);
  const keys = new Set(["aa"]);
  assert.deepEqual(without({ revocations: { certificates: new Set(), keys, workloads: new Set() } }), ["revoked"]);
  const workloads = new Set([mei.id]);
  assert.deepEqual(without({ revocations: { certificates: new Set(), keys: new Set(), workloads } }), ["revoked"]);
  const partner = userId(parseTrustDomain("partner.example"), "default" as Namespace, "mei");
  assert.deepEqual(codes(both, { id: partner, session: "aa" }), ["user-unknown"]);
});

test("a narrower delegation is a bound, and an empty one lets nothing through", () => {
  const both = estate(workloadsPart + persons);
  assert.deepEqual(codes(both, { ...forMei, scope: { actions: ["infer"] } }), ["permitted", "permitted"]);
  assert.deepEqual(codes(both, { ...forMei, scope: { actions: ["read"] } }), ["outside-delegation"]);
  assert.deepEqual(codes(both, { ...forMei, scope: { resources: [assistant.id] } }), ["outside-delegation"]);
  assert.deepEqual(codes(both, { ...forMei, scope: { actions: [] } }), ["outside-delegation"]);
});

test("acting for somebody does not shed what is reported of the workload", () => {
  const subject = "default/agent/assistant";
  const revoked = { at: now - 1, source: "the SOC", reason: "found on a list" };
  const subjects = new Map([[subject, { subject, sessionsRevoked: revoked }]]);
  assert.deepEqual(codes(estate(workloadsPart + persons, { subjects }), forMei), ["session-revoked"]);
  const reported = { level: "high" as const, source: "the SOC", reason: "", at: now, until: now + 500 };
  const risky = estate(workloadsPart + persons, { subjects: new Map([[subject, { subject, reported }]]) });
  assert.ok(decide(risky, { ...asks, user: forMei }, signals, now).risk.score > 0);
});

test("who is vouched for stands by the enforcement point's word alone, and never where the request itself was proved", () => {
  const both = estate(workloadsPart + persons);
  const vouched: ActingUser = { id: mei.id, vouchedBy: chat.id };
  assert.deepEqual(codes(both, vouched), ["session-ended"], "a proved workload names nobody by word");
  const asked = { ...asks, user: vouched, context: { ...context, assurance: "vouched" as const } };
  assert.equal(decide(both, asked, signals, now).effect, "allow");
  assert.deepEqual(codes(both, { id: mei.id }), ["session-ended"]);
});

/** Random policies about workloads, people and both; the answer for a pair is never more than what each may. */
test("whatever policies say, a delegated call is let through only where the workload alone and the person alone both are", () => {
  const head = fc.constantFrom(
    "principal",
    "principal is User",
    "principal is Workload",
    'principal == User::"default/user/mei"',
    'principal == Workload::"default/agent/assistant"',
  );
  // Nothing here tells a delegated call from the same person's or workload's own.
  const condition = fc.constantFrom(
    "",
    'when { context.route != "none" }',
    'when { principal.kind == "user" }',
    "when { resource.sensitivityRank <= 1 }",
  );
  const policy = fc.tuple(fc.constantFrom("permit", "permit", "forbid"), head, condition);
  fc.assert(
    fc.property(fc.array(policy, { minLength: 1, maxLength: 5 }), (parts) => {
      const text = parts
        .map(([effect, who, when], at) => `@id("p${at}") ${effect}(${who}, action, resource) ${when};`)
        .join("\n");
      const still = estate(text);
      const alone = decide(still, asks, signals, now).effect;
      const own = decide(still, { ...asks, principal: mei.id, user: forMei }, signals, now).effect;
      const together = decide(still, { ...asks, user: forMei }, signals, now).effect;
      assert.equal(together === "allow", alone === "allow" && own === "allow", text);
    }),
    { numRuns: 150 },
  );
});
