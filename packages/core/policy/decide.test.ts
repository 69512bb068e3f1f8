import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decide } from "./decide.ts";
import { maxReasons } from "./policy-reasons.ts";
import { dependsOnKey, type AccessRequest } from "./decision.ts";
import { assistant, chat, compile, component, context, request, snapshot, source } from "./test-estate.ts";
import { accounts, payments, trainingData, trustDomain } from "./test-estate.ts";
import { compilePolicies } from "./cedar-engine.ts";
import type { Component, ModelStanding } from "./snapshot.ts";

const fresh = { snapshotAgeMs: 0 };
const now = 1_000_000;
const permitAll = `@id("all") permit(principal, action, resource);`;
const infer = request(assistant, "infer", chat);

const codes = (snap: Parameters<typeof decide>[0], asked: AccessRequest = infer, signals = fresh): string[] =>
  decide(snap, asked, signals, now).reasons.map((reason) => reason.code);

test("allows what a policy permits, and says which policy and why", () => {
  const decision = decide(snapshot(`@id("chatting") @reason("assistants chat") ${permit()}`), infer, fresh, now);
  assert.equal(decision.effect, "allow");
  assert.deepEqual(decision.reasons, [
    { code: "permitted", policy: "chatting", namespace: "default", words: "assistants chat" },
  ]);
  assert.equal(decision.revision, 7);
  assert.deepEqual(decision.risk, { tier: "low", score: 0, contributions: [] });
});

function permit(): string {
  return `permit(principal == Workload::"default/agent/assistant", action == Action::"infer", resource);`;
}

test("denies a lateral move that no policy permits, and names who, what and the remedy", () => {
  const decision = decide(snapshot(`@id("a") ${permit()}`), request(assistant, "read", trainingData), fresh, now);
  assert.equal(decision.effect, "deny");
  assert.deepEqual(
    decision.reasons.map(({ code }) => code),
    ["no-permit"],
  );
  const words = decision.reasons[0]?.words ?? "";
  for (const part of ["default/agent/assistant", "read", "default/dataset/training-data", "add a permit"])
    assert.ok(words.includes(part), `${words} names ${part}`);
  // The same move succeeds once the control is off.
  assert.equal(decide(snapshot(permitAll), request(assistant, "read", trainingData), fresh, now).effect, "allow");
});

test("denies everything when there are no policies", () => {
  for (const principal of [assistant, payments])
    for (const resource of [chat, trainingData, accounts])
      assert.deepEqual(codes(snapshot(""), request(principal, "read", resource)), ["no-permit"]);
});

test("denies on a snapshot that is stale, or whose age is no number", () => {
  const snap = snapshot(permitAll);
  for (const snapshotAgeMs of [60_001, Infinity, NaN, -1])
    assert.deepEqual(codes(snap, infer, { snapshotAgeMs }), ["snapshot-stale"], String(snapshotAgeMs));
  assert.deepEqual(codes(snap, infer, { snapshotAgeMs: 60_000 }), ["permitted"]);
});

test("an allow is valid until the snapshot would be stale, and is denied from that very millisecond", () => {
  const snap = snapshot(permitAll);
  for (const snapshotAgeMs of [0, 0.25, 59_999.5, 60_000]) {
    const { validUntil } = decide(snap, infer, { snapshotAgeMs }, now);
    assert.ok(validUntil !== undefined && validUntil > now);
    assert.equal(decide(snap, infer, { snapshotAgeMs: snapshotAgeMs + (validUntil - now) }, validUntil).effect, "deny");
    const before = validUntil - 1;
    assert.equal(decide(snap, infer, { snapshotAgeMs: snapshotAgeMs + (before - now) }, before).effect, "allow");
  }
});

test("denies a principal or a resource that is not registered", () => {
  const stranger = component("default/agent/stranger");
  assert.deepEqual(codes(snapshot(permitAll), request(stranger, "infer", chat)), ["principal-unknown"]);
  assert.deepEqual(codes(snapshot(permitAll), request(assistant, "infer", stranger)), ["resource-unknown"]);
  assert.deepEqual(codes(snapshot(permitAll, {}, [assistant, stranger, chat]), request(stranger, "infer", chat)), [
    "permitted",
  ]);
});

test("denies a revoked workload, as principal and as resource", () => {
  for (const revoked of [assistant, chat]) {
    const revocations = { certificates: new Set<string>(), keys: new Set<string>(), workloads: new Set([revoked.id]) };
    assert.deepEqual(codes(snapshot(permitAll, { revocations })), ["revoked"]);
  }
  assert.deepEqual(codes(snapshot(permitAll)), ["permitted"]);
});

test("denies an isolated component, as principal and as resource, with the order's reason", () => {
  for (const { id } of [assistant, chat]) {
    const isolated = new Map([[id, { component: id, reason: "incident 12", since: 1 }]]);
    const decision = decide(snapshot(permitAll, { overlays: { isolated, rerouted: new Map() } }), infer, fresh, now);
    assert.deepEqual(
      decision.reasons.map(({ code }) => code),
      ["isolated"],
    );
    assert.match(decision.reasons[0]?.words ?? "", /incident 12/);
  }
});

test("denies a bearer token unless the component may use one", () => {
  const byToken: AccessRequest = { ...infer, context: { ...context, assurance: "jwt-svid" } };
  assert.deepEqual(codes(snapshot(permitAll), byToken), ["token-not-permitted"]);
  assert.deepEqual(codes(snapshot(permitAll, {}, [{ ...assistant, bearerTokens: true }, chat]), byToken), [
    "permitted",
  ]);
  const unheardOf = { ...infer, context: { ...context, assurance: "hearsay" as "jwt-svid" } };
  assert.deepEqual(codes(snapshot(permitAll, {}, [{ ...assistant, bearerTokens: true }, chat]), unheardOf), [
    "token-not-permitted",
  ]);
});

test("denies a resource whose stated model is not admitted now, and allows no longer than its admission stands", () => {
  const modelDigest = `sha256:${"a".repeat(64)}`;
  const stated = [assistant, { ...chat, modelDigest }];
  const given = (standing?: ModelStanding, digest = modelDigest) =>
    decide(
      snapshot(permitAll, standing === undefined ? {} : { admissions: new Map([[digest, standing]]) }, stated),
      infer,
      fresh,
      now,
    );
  const refused = [
    given(),
    given({ refused: "withdrawn" }),
    given({ validUntil: now }),
    given({ validUntil: NaN }),
    given({ validUntil: now + 1 }, `sha256:${"b".repeat(64)}`),
  ];
  for (const decision of refused) {
    assert.equal(decision.effect, "deny");
    assert.deepEqual(
      decision.reasons.map(({ code }) => code),
      ["model-not-admitted"],
    );
    assert.match(decision.reasons[0]?.words ?? "", /`cordon model admit PATH --component default\/chat/);
  }
  const admitted = given({ validUntil: now + 5 });
  assert.deepEqual([admitted.effect, admitted.validUntil], ["allow", now + 5]);
  assert.ok(admitted.dependsOn.includes(dependsOnKey("component", chat.id)));
});

test("a policy that errors denies, even though a permit matched", () => {
  const overflow = `forbid(principal, action, resource) when { resource.sensitivityRank + 9223372036854775807 > 0 };`;
  const decision = decide(snapshot(`${permitAll} @id("overflows") ${overflow}`), infer, fresh, now);
  assert.equal(decision.effect, "deny");
  assert.equal(decision.reasons[0]?.code, "policy-error");
  assert.equal(decision.reasons[0]?.policy, "overflows");
  assert.deepEqual(codes(snapshot(permitAll)), ["permitted"]);
});

test("a forbid outweighs every permit", () => {
  const forbid = `@id("no-data") forbid(principal, action, resource) when { resource.boundary == "data" };`;
  assert.deepEqual(codes(snapshot(permitAll + forbid), request(assistant, "read", trainingData)), ["forbidden"]);
  assert.deepEqual(codes(snapshot(permitAll + forbid)), ["permitted"]);
});

test("an engine that could not answer denies", () => {
  const policies = {
    size: 1,
    evaluate: () => ({ permits: [], forbids: [], errors: [{ policy: "", words: "the policy engine failed: trap" }] }),
  };
  assert.deepEqual(codes(snapshot(policies)), ["policy-error"]);
});

test("content is kept as far as the matching permits say so, and not otherwise", () => {
  const policy = (id: string, keep: string, action: string): string =>
    `@id("${id}") ${keep} permit(principal, action == Action::"${action}", resource);`;
  const obligations = (text: string): unknown => decide(snapshot(text), infer, fresh, now).obligations;
  assert.deepEqual(obligations(policy("a", "", "infer")), []);
  assert.deepEqual(obligations(policy("a", `@keep("response")`, "infer")), [
    { kind: "keepContent", request: false, response: true },
  ]);
  assert.deepEqual(obligations(policy("a", `@keep("response")`, "infer") + policy("b", `@keep("request")`, "infer")), [
    { kind: "keepContent", request: true, response: true },
  ]);
  assert.deepEqual(obligations(policy("a", `@keep("request")`, "read") + policy("b", "", "infer")), []);
});

test("a decision names every component, namespace and policy set that it depended on", () => {
  const crossing = decide(snapshot(permitAll), request(payments, "infer", chat), fresh, now);
  assert.deepEqual([...crossing.dependsOn].sort(), [
    "component:spiffe://bank.example/ns/default/endpoint/chat",
    "component:spiffe://bank.example/ns/payments/agent/clerk",
    "grant:spiffe://bank.example/ns/default/endpoint/chat",
    "grant:spiffe://bank.example/ns/payments/agent/clerk",
    "namespace:default",
    "namespace:payments",
    "policies:default",
    "policies:payments",
    "signals:snapshotAgeMs",
  ]);
  const unknown = decide(snapshot(permitAll, {}, [chat]), infer, fresh, now);
  assert.ok(unknown.dependsOn.includes(`component:${assistant.id}` as (typeof unknown.dependsOn)[number]));
});

test("a decision names at most sixteen policies and counts the rest, so that it fits a ledger entry", () => {
  const many = Array.from({ length: 100 }, (_, n) => `@id("p${n}") permit(principal, action, resource);`).join("\n");
  const { reasons } = decide(snapshot(many), infer, fresh, now);
  assert.equal(reasons.length, maxReasons + 1);
  assert.equal(reasons.at(-1)?.words, "84 more policies permit this");
  assert.deepEqual(
    reasons.slice(0, 3).map(({ policy }) => policy),
    ["p0", "p1", "p2"],
  );
});

const principals = [assistant, payments];
const resources = [chat, trainingData, accounts];
const anyRequest = fc
  .record({
    principal: fc.constantFrom(...principals),
    action: fc.constantFrom("infer" as const, "read" as const, "write" as const),
    resource: fc.constantFrom(...resources),
    stream: fc.boolean(),
  })
  .map(({ principal, action, resource, stream }) => ({
    ...request(principal, action, resource),
    context: { ...context, stream },
  }));
const anyRule = fc
  .record({
    action: fc.constantFrom("", `== Action::"infer"`, `in [Action::"read", Action::"write"]`),
    when: fc.constantFrom(
      "true",
      "context.stream",
      `resource.boundary == "data"`,
      `principal.kind == "agent"`,
      `principal == Workload::"default/agent/assistant"`,
      `resource.sensitivityRank < 3`,
    ),
  })
  .map(({ action, when }) => `(principal, action ${action}, resource) when { ${when} };`);
const rules = (effect: string, of: readonly string[]): string =>
  of.map((rule, index) => `@id("${effect}-${index}") ${effect}${rule}\n`).join("");
const anyRules = fc.array(anyRule, { maxLength: 4 });

test("adding a forbid never turns a deny into an allow, nor does removing a permit", () => {
  fc.assert(
    fc.property(anyRules, anyRules, anyRule, anyRequest, (permits, forbids, more, asked) => {
      const before = decide(snapshot(rules("permit", permits) + rules("forbid", forbids)), asked, fresh, now);
      if (before.effect === "allow") return;
      const forbidding = snapshot(rules("permit", permits) + rules("forbid", [...forbids, more]));
      const withdrawing = snapshot(rules("permit", permits.slice(1)) + rules("forbid", forbids));
      assert.equal(decide(forbidding, asked, fresh, now).effect, "deny");
      assert.equal(decide(withdrawing, asked, fresh, now).effect, "deny");
    }),
    { numRuns: 200 },
  );
});

test("the same inputs give the same decision, whatever was decided in between", () => {
  fc.assert(
    fc.property(anyRules, fc.array(anyRequest, { minLength: 1, maxLength: 8 }), (permits, asked) => {
      const snap = snapshot(rules("permit", permits));
      const once = asked.map((one) => decide(snap, one, fresh, now));
      const again = asked.toReversed().map((one) => decide(snap, one, fresh, now));
      assert.deepEqual(again.toReversed(), once);
    }),
    { numRuns: 100 },
  );
});

test("two snapshots with different policies can be decided on in any order", () => {
  const before = snapshot(permitAll);
  const after = snapshot(`@id("all") forbid(principal, action, resource);`);
  for (const [snap, effect] of [
    [before, "allow"],
    [after, "deny"],
    [before, "allow"],
    [after, "deny"],
  ] as const)
    for (const resource of [chat, trainingData])
      assert.equal(decide(snap, request(assistant, "infer", resource), fresh, now).effect, effect);
});

test("a changed label takes effect although the policies, and so their memo, stayed the same", () => {
  const policies = compile(`@id("a") permit(principal, action, resource) when { resource.sensitivityRank <= 1 };`);
  const relabelled: Component = { ...chat, labels: { ...chat.labels, sensitivity: "restricted" } };
  assert.deepEqual(codes(snapshot(policies)), ["permitted"]);
  assert.deepEqual(codes(snapshot(policies, {}, [assistant, relabelled])), ["no-permit"]);
  assert.deepEqual(codes(snapshot(policies)), ["permitted"]);
});

test("crossing namespaces needs the resource's namespace to permit, and either may forbid", () => {
  const asked = request(payments, "infer", chat);
  const by = (ofDefault: string, ofPayments: string): string[] => {
    const sources = [source(ofDefault, "default"), source(ofPayments, "payments")];
    return codes(snapshot(compilePolicies(sources, { trustDomain })), asked);
  };
  const forbid = (id: string): string => `@id("${id}") forbid(principal, action, resource);`;
  assert.deepEqual(by("", permitAll), ["no-permit"]);
  assert.deepEqual(by(permitAll, ""), ["permitted"]);
  assert.deepEqual(by(permitAll, forbid("f")), ["forbidden"]);
  assert.deepEqual(by(permitAll + forbid("f"), permitAll), ["forbidden"]);
  assert.deepEqual(by(permitAll + forbid("f"), forbid("g")), ["forbidden", "forbidden"]);
  // A third namespace has no say at all.
  const third = [source(permitAll, "default"), source(forbid("f"), "third")];
  assert.deepEqual(codes(snapshot(compilePolicies(third, { trustDomain })), asked), ["permitted"]);
});
