import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Namespace } from "../contract/vocabulary.ts";
import { compilePolicies } from "./cedar-engine.ts";
import { decide } from "./decide.ts";
import { routeKey, type AccessRequest, type Decision } from "./decision.ts";
import type { Snapshot } from "./snapshot.ts";
import { accounts, assistant, chat, component, payments, request, snapshot, source } from "./test-estate.ts";
import { trainingData, trustDomain } from "./test-estate.ts";

const fresh = { snapshotAgeMs: 0 };
const now = 1_000_000;
const route = { namespace: "default" as Namespace, name: "chat" };
const via = routeKey(route);
const observing = new Map([[via, route.namespace]]);
const permitAll = `@id("all") permit(principal, action, resource);`;
const forbidAll = `@id("none") @reason("nobody may") forbid(principal, action, resource);`;
const failing = `@id("fails") forbid(principal, action, resource) when { resource.sensitivityRank + 9223372036854775807 > 0 };`;
const through = (asked: AccessRequest): AccessRequest => ({ ...asked, via });
const infer = through(request(assistant, "infer", chat));

const observe = (policies: string | Snapshot["policies"], asked = infer, signals = fresh, more = {}): Decision =>
  decide(snapshot(policies, { observing, ...more }), asked, signals, now);

test("lets a call through that policy denies, and says what it would have said", () => {
  for (const [policies, code, policy] of [
    ["", "no-permit", undefined],
    [permitAll + forbidAll, "forbidden", "none"],
    [permitAll + failing, "policy-error", "fails"],
  ] as const) {
    const enforced = decide(snapshot(policies), infer, fresh, now);
    assert.equal(enforced.effect, "deny", "the same call is denied where the route enforces");
    const decision = observe(policies);
    assert.equal(decision.effect, "allow");
    assert.deepEqual(decision.observed, { effect: "deny", reasons: enforced.reasons });
    assert.deepEqual([decision.observed?.reasons[0]?.code, decision.observed?.reasons[0]?.policy], [code, policy]);
    assert.deepEqual(
      decision.reasons.map((reason) => reason.code),
      ["observed"],
    );
    assert.match(decision.reasons[0]?.words ?? "", /only observed/);
    assert.ok(decision.reasons[0]?.words.includes(enforced.reasons[0]?.words ?? "?"));
  }
});

test("says nothing of observation where policy permits", () => {
  assert.equal(observe(permitAll).observed, undefined);
  assert.deepEqual(observe(permitAll), decide(snapshot(permitAll), infer, fresh, now));
});

test("enforces a call that names no route, or another route than the one that observes", () => {
  assert.equal(observe("", request(assistant, "infer", chat)).effect, "deny");
  const other = routeKey({ namespace: route.namespace, name: "other" });
  assert.equal(observe("", { ...infer, via: other }).effect, "deny");
  const sameName = routeKey({ namespace: "payments" as Namespace, name: "chat" });
  assert.equal(observe("", { ...infer, via: sameName }).effect, "deny");
});

test("never softens staleness, revocation, isolation, an unknown party or a token that may not be used", () => {
  const stale = { snapshotAgeMs: 60_001 };
  const revoked = { certificates: new Set(), keys: new Set(), workloads: new Set([assistant.id]) };
  const order = { component: chat.id, reason: "compromised", since: 1 };
  const overlays = { isolated: new Map([[chat.id, order]]), rerouted: new Map() };
  const stranger = component("default/agent/stranger");
  const token = { ...infer, context: { ...infer.context, assurance: "jwt-svid" as const } };
  const cases: [string, Decision][] = [
    ["snapshot-stale", observe(permitAll, infer, stale)],
    ["revoked", observe(permitAll, infer, fresh, { revocations: revoked })],
    ["isolated", observe(permitAll, infer, fresh, { overlays })],
    ["principal-unknown", observe(permitAll, through(request(stranger, "infer", chat)))],
    ["resource-unknown", observe(permitAll, through(request(assistant, "infer", stranger)))],
    ["token-not-permitted", observe(permitAll, token)],
  ];
  for (const [code, decision] of cases) {
    assert.equal(decision.effect, "deny", code);
    assert.equal(decision.reasons[0]?.code, code);
    assert.equal(decision.observed, undefined);
  }
});

test("a route softens only what its own namespace says", () => {
  const policies = (defaults: string, others: string): Snapshot["policies"] =>
    compilePolicies([source(defaults, "default"), source(others, "payments")], { trustDomain });
  const reachesOver = through(request(assistant, "read", accounts));
  assert.equal(observe(policies(permitAll, ""), reachesOver).effect, "deny", "payments permits nothing");
  const comesIn = through(request(payments, "read", trainingData));
  assert.equal(observe(policies("", ""), comesIn).effect, "allow", "default's own denial is only observed");
  const keptIn = policies(
    permitAll,
    `@id("stay") forbid(principal == Workload::"payments/agent/clerk", action, resource);`,
  );
  assert.equal(observe(keptIn, comesIn).effect, "deny", "payments keeps its clerk in");
  const brokenThere = policies(permitAll, failing.replace("resource.s", "principal.s"));
  assert.equal(observe(brokenThere, comesIn).effect, "deny", "a policy of payments fails");
});

test("an observed call becomes a denial the millisecond the snapshot is stale", () => {
  const decision = observe("", infer, { snapshotAgeMs: 10_000 });
  assert.equal(decision.validUntil, now + 50_001);
});

test("an observed call still does what the permits that matched ask for", () => {
  const decision = observe(`@id("kept") @keep("request") permit(principal, action, resource); ${failing}`);
  assert.deepEqual(decision.obligations, [{ kind: "keepContent", request: true, response: false }]);
});

const policyCodes = new Set(["no-permit", "forbidden", "policy-error"]);

test("observing never turns anything but a policy's denial into an allow, and changes no allow", () => {
  const workloads = [assistant, payments, component("default/agent/stranger")];
  const resources = [chat, trainingData, accounts, component("default/endpoint/unknown")];
  const seldom = fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...workloads, ...resources) },
  );
  const isolate = (id: typeof chat.id | undefined) =>
    new Map(id === undefined ? [] : [[id, { component: id, reason: "r", since: 0 }]]);
  let softened = 0;
  let refused = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...workloads),
      fc.constantFrom(...resources),
      fc.subarray([permitAll, forbidAll, failing]),
      fc.subarray([permitAll, forbidAll, failing]),
      fc.constantFrom(0, 0, 60_000, 60_001, Number.NaN),
      seldom,
      seldom,
      fc.constantFrom("x509-svid" as const, "x509-svid" as const, "jwt-svid" as const),
      (principal, resource, own, others, snapshotAgeMs, revoked, isolated, assurance) => {
        const policies = compilePolicies([source(own.join("")), source(others.join(""), "payments")], { trustDomain });
        const asked = request(principal, "infer", resource);
        const call = { ...asked, via, context: { ...asked.context, assurance } };
        const more = {
          revocations: {
            certificates: new Set<string>(),
            keys: new Set<string>(),
            workloads: new Set(revoked && [revoked.id]),
          },
          overlays: { isolated: isolate(isolated?.id), rerouted: new Map() },
        };
        const enforced = decide(snapshot(policies, more), call, { snapshotAgeMs }, now);
        const observed = decide(snapshot(policies, { ...more, observing }), call, { snapshotAgeMs }, now);
        if (observed.observed === undefined) {
          assert.deepEqual(observed, enforced);
          if (enforced.effect === "deny") refused += 1;
          return;
        }
        softened += 1;
        assert.equal(observed.effect, "allow");
        assert.equal(enforced.effect, "deny");
        assert.deepEqual(observed.observed.reasons, enforced.reasons);
        assert.ok(enforced.reasons.every((reason) => policyCodes.has(reason.code)));
        assert.deepEqual(observed.dependsOn, enforced.dependsOn);
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(softened > 10 && refused > 10, `the property saw both: ${softened} softened, ${refused} refused`);
});

test("a forbid that is only observed lets through what it refuses, says so, and softens nothing else", () => {
  const tried = `@id("tried") @reason("this is tried") @mode("observe") forbid(principal, action, resource);`;
  const asked = request(assistant, "infer", chat);
  const decision = decide(snapshot(permitAll + tried), asked, fresh, now);
  assert.deepEqual([decision.effect, decision.reasons[0]?.code], ["allow", "observed"]);
  assert.deepEqual(
    decision.observed?.reasons.map(({ code, policy, words }) => [code, policy, words]),
    [["forbidden", "tried", "this is tried"]],
  );
  // Enforced, the same forbid refuses; without a permit nothing is allowed; beside another forbid that one holds.
  for (const policies of [permitAll + tried.replace("observe", "enforce"), tried, permitAll + tried + forbidAll]) {
    const { effect, observed } = decide(snapshot(policies), asked, fresh, now);
    assert.deepEqual([effect, observed], ["deny", undefined]);
  }
  // One that fails is tried as well: it refuses nothing yet.
  const fails = failing.replace(`@id("fails")`, `@id("fails") @mode("observe")`);
  const failed = decide(snapshot(permitAll + fails), asked, fresh, now);
  assert.deepEqual([failed.effect, failed.observed?.reasons[0]?.code], ["allow", "policy-error"]);
  assert.throws(() => snapshot(`@id("p") @mode("observe") permit(principal, action, resource);`), /is for forbids/);
  assert.throws(
    () => snapshot(`@id("p") @mode("maybe") forbid(principal, action, resource);`),
    /`observe` or `enforce`/,
  );
});
