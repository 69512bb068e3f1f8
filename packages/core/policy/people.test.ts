import assert from "node:assert/strict";
import { test } from "node:test";
import type { Namespace } from "../contract/vocabulary.ts";
import { userId } from "../identity/spiffe-id.ts";
import { decide } from "./decide.ts";
import { dependsOnKey, type AccessRequest } from "./decision.ts";
import type { Grant, User, UserSession } from "./people.ts";
import { checkPolicies } from "./policy-check.ts";
import type { Snapshot } from "./snapshot.ts";
import {
  assistant,
  chat,
  compile,
  component,
  context,
  snapshot,
  source,
  trainingData,
  trustDomain,
} from "./test-estate.ts";

const now = 1_000_000;
const signals = { snapshotAgeMs: 0 };
const mei: User = {
  id: userId(trustDomain, "default" as Namespace, "mei"),
  namespace: "default" as Namespace,
  kind: "user",
  name: "mei",
  displayName: "Mei",
  groups: ["data-science"],
};
const session: UserSession = { id: "aa", user: mei.id, kind: "cli", authenticatedAt: now - 10, ends: now + 5_000 };
const grant: Grant = {
  id: "g-1",
  principal: mei.id,
  actions: ["read"],
  resources: [trainingData.id],
  starts: now - 1_000,
  ends: now + 2_000,
  reason: "drift in the May model",
  approvers: [userId(trustDomain, "default" as Namespace, "ravi")],
};
const reads: AccessRequest = {
  principal: mei.id,
  action: "read",
  resource: trainingData.id,
  context,
  user: { id: mei.id, session: "aa" },
};

function estate(policies: string, more: Partial<Snapshot> = {}): Snapshot {
  return snapshot(
    policies === ""
      ? compile('@id("none") forbid(principal, action, resource) when { context.route == "none" };')
      : policies,
    {
      users: new Map([[mei.id, mei]]),
      sessions: new Map([["aa", session]]),
      grants: new Map([[mei.id, [grant]]]),
      ...more,
    },
  );
}

const codes = (still: Snapshot, request: AccessRequest, at = now): readonly string[] =>
  decide(still, request, signals, at).reasons.map(({ code }) => code);

test("a grant lets a person read what no policy permits, until the grant ends", () => {
  const decision = decide(estate(""), reads, signals, now);
  assert.equal(decision.effect, "allow");
  assert.equal(decision.validUntil, grant.ends);
  assert.deepEqual(
    decision.reasons.map(({ code, grant: id }) => [code, id]),
    [["granted", "g-1"]],
  );
  for (const key of [dependsOnKey("grant", mei.id), dependsOnKey("session", "aa"), dependsOnKey("user", mei.id)])
    assert.ok(decision.dependsOn.includes(key), key);
  assert.deepEqual(codes(estate(""), reads, grant.ends - 1), ["granted"]);
  assert.deepEqual(codes(estate(""), reads, grant.ends), ["no-permit"]);
  assert.deepEqual(codes(estate(""), reads, grant.starts - 1), ["no-permit"]);
  assert.deepEqual(codes(estate("", { grants: new Map() }), reads), ["no-permit"]);
});

test("a grant covers its own action and resource, for its own principal", () => {
  assert.deepEqual(codes(estate(""), { ...reads, action: "write" }), ["no-permit"]);
  assert.deepEqual(codes(estate(""), { ...reads, resource: chat.id }), ["no-permit"]);
  const { user: _, ...plain } = reads;
  assert.deepEqual(codes(estate(""), { ...plain, principal: component("default/pipeline/etl").id }), [
    "principal-unknown",
  ]);
});

test("a forbid is stronger than a grant, and so are containment and a policy that fails", () => {
  const forbid =
    '@id("no") forbid(principal is User, action, resource) when { resource.labels.sensitivity == "restricted" };';
  assert.deepEqual(codes(estate(forbid), reads), ["forbidden"]);
  const unless = forbid.replace(";", " unless { context.granted };");
  assert.deepEqual(codes(estate(unless), reads), ["granted"]);
  const revocations = { certificates: new Set<string>(), keys: new Set<string>(), workloads: new Set([mei.id]) };
  assert.deepEqual(codes(estate("", { revocations }), reads), ["revoked"]);
});

test("a person without a session, with another's, or with one that has ended is refused", () => {
  const { user: _, ...bare } = reads;
  assert.deepEqual(codes(estate(""), bare), ["session-ended"]);
  assert.deepEqual(codes(estate(""), { ...reads, user: { id: mei.id, session: "bb" } }), ["session-ended"]);
  const others = new Map([["aa", { ...session, user: assistant.id }]]);
  assert.deepEqual(codes(estate("", { sessions: others }), reads), ["session-ended"]);
  const long = new Map([[mei.id, [{ ...grant, ends: now + 90_000 }]]]);
  assert.equal(decide(estate("", { grants: long }), reads, signals, now).validUntil, session.ends);
  assert.deepEqual(codes(estate("", { grants: long }), reads, session.ends), ["session-ended"]);
  assert.deepEqual(codes(estate("", { users: new Map([[mei.id, { ...mei, locked: "counter" }]]) }), reads), [
    "user-locked",
  ]);
  assert.deepEqual(codes(estate("", { users: new Map() }), reads), ["principal-unknown"]);
});

test("a credential that was made for a grant is dead with the grant, whatever policies permit", () => {
  const permit =
    '@id("p") permit(principal is User, action, resource) when { principal.groups.contains("data-science") };';
  const bound = new Map([["aa", { ...session, grant: "g-1" }]]);
  assert.deepEqual(codes(estate(permit, { sessions: bound }), { ...reads, resource: chat.id }), ["permitted"]);
  assert.deepEqual(codes(estate(permit, { sessions: bound, grants: new Map() }), { ...reads, resource: chat.id }), [
    "session-ended",
  ]);
  assert.deepEqual(codes(estate(permit, { sessions: bound }), { ...reads, resource: chat.id }, grant.ends), [
    "session-ended",
  ]);
});

test("people use no bearer tokens", () => {
  assert.deepEqual(codes(estate(""), { ...reads, context: { ...context, assurance: "jwt-svid" } }), [
    "token-not-permitted",
  ]);
});

test("a workload that acts for a person: policies see who, and whether that person has a grant; it is no permit", () => {
  const inData = component("default/pipeline/etl", { boundary: "data" });
  const acting = { ...reads, principal: inData.id };
  const still = (policies: string, more: Partial<Snapshot> = {}): Snapshot => {
    const base = estate(policies, more);
    return { ...base, components: new Map([...base.components, [inData.id, inData]]) };
  };
  assert.deepEqual(codes(still(""), acting), ["no-permit"]);
  const permit =
    '@id("p") permit(principal, action, resource) when { context.user == "default/user/mei" && context.granted && context.userGroups.contains("data-science") };';
  assert.deepEqual(codes(still(permit), acting), ["permitted", "granted"]);
  assert.equal(decide(still(permit), acting, signals, now).validUntil, grant.ends);
  assert.deepEqual(codes(still(permit), acting, grant.ends), ["no-permit"]);
  assert.deepEqual(codes(still(permit, { sessions: new Map() }), acting), ["session-ended"]);
});

test("what a caller puts into the context about people is not believed", () => {
  const permit = '@id("p") permit(principal, action, resource) when { context.granted || context.user != "" };';
  const forged = { ...context, granted: true, user: "default/user/mei", userGroups: ["data-science"] };
  const request = { principal: assistant.id, action: "infer" as const, resource: chat.id, context: forged };
  assert.deepEqual(codes(estate(permit), request), ["no-permit"]);
});

test("a permit may want people to approve each call: exactly that call, by enough people, until the approval ends", () => {
  const permit = '@id("p") @approval("2") permit(principal, action == Action::"callTool", resource);';
  const call = "sha256:00";
  const asks = { principal: assistant.id, action: "callTool" as const, resource: chat.id, context, call };
  const approvals = (more: Partial<Grant>) =>
    new Map([
      [
        assistant.id,
        [{ ...grant, principal: assistant.id, actions: ["callTool" as const], resources: [chat.id], call, ...more }],
      ],
    ]);
  const two = [mei.id, userId(trustDomain, "default" as Namespace, "ravi")];
  assert.deepEqual(codes(estate(permit), asks), ["approval-required"]);
  assert.deepEqual(codes(estate(permit, { grants: approvals({}) }), asks), ["approval-required"]);
  const allowed = decide(estate(permit, { grants: approvals({ approvers: two }) }), asks, signals, now);
  assert.deepEqual([allowed.effect, allowed.approvals, allowed.validUntil], ["allow", ["g-1"], grant.ends]);
  assert.deepEqual(codes(estate(permit, { grants: approvals({ approvers: two }) }), { ...asks, call: "sha256:01" }), [
    "approval-required",
  ]);
  const { call: _, ...unread } = asks;
  assert.deepEqual(codes(estate(permit, { grants: approvals({ approvers: two }) }), unread), ["approval-required"]);
  const lone = estate("", { grants: approvals({ approvers: two }) });
  assert.deepEqual(codes(lone, asks), ["no-permit"], "an approval of a call is no permission by itself");
});

test("the official engine reads people as the compiled one does", () => {
  const heard: string[] = [];
  const text = [
    '@id("a") permit(principal is User, action, resource) when { principal.groups.contains("data-science") && principal.displayName == "Mei" };',
    '@id("b") permit(principal == User::"default/user/mei", action, resource);',
    '@id("c") permit(principal, action, resource) when { principal.kind == "user" && context.userGroups.contains("data-science") && context.user == "default/user/mei" };',
    '@id("d") forbid(principal, action, resource) unless { context.granted };',
  ].join("\n");
  const still = estate("", { policies: compile(text, { shadow: (words) => heard.push(words) }) });
  assert.deepEqual(codes(still, reads), ["permitted", "permitted", "permitted", "granted"]);
  assert.deepEqual(codes(still, reads, grant.ends), ["forbidden"]);
  assert.deepEqual(heard, []);
});

test("a policy that names a person wrongly is refused, as is an approval by nobody", () => {
  const words = (text: string): string =>
    checkPolicies([source(text)], { trustDomain })
      .problems.map((problem) => problem.words)
      .join("\n");
  assert.match(words('@id("a") permit(principal == User::"mei", action, resource);'), /default\/user\/mei/);
  assert.match(words('@id("a") @approval("0") permit(principal, action, resource);'), /@approval/);
  assert.match(words('@id("a") @approval("1") forbid(principal, action, resource);'), /@approval/);
});
