import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { actions, sensitivities, type Namespace } from "@cordon/core/contract/vocabulary";
import { componentId, parseTrustDomain, userId } from "@cordon/core/identity/spiffe-id";
import type { User } from "@cordon/core/policy/people";
import type { Component } from "@cordon/core/policy/snapshot";
import { grantDigest } from "./grant-digest.ts";
import { applyRules, mayApprove, nameOf, type Rule } from "./rules.ts";

const trustDomain = parseTrustDomain("bank.example");
const home = "default" as Namespace;

function resource(name: string, sensitivity: Component["labels"]["sensitivity"], namespace = home): Component {
  return {
    ...{ id: componentId(trustDomain, namespace, "dataset", name), namespace, kind: "dataset", name, boundary: "data" },
    ...{ labels: { sensitivity, categories: [], integrity: "trusted" }, description: "", bearerTokens: false },
  };
}

function person(name: string, groups: readonly string[]): User {
  return { id: userId(trustDomain, home, name), namespace: home, kind: "user", name, displayName: name, groups };
}

const rule = (more: Partial<Rule>): Rule => ({
  ...{ name: "r", namespace: home, actions: ["read"], resources: [], maxSensitivity: "restricted", requesters: [] },
  ...{ approvers: 1, approverGroups: ["default/owners"], maxMinutes: 60, breakGlass: false },
  principalNamespaces: [],
  ...more,
});

const [open, secret] = [resource("open", "public"), resource("secret", "restricted")];
const asked = { actions: ["read"] as const, resources: [open], seconds: 600, breakGlass: false };

test("the first rule that fits counts, however lax the ones after it are", () => {
  const rules = [
    rule({ name: "strict", resources: ["default/secret"], approvers: 2 }),
    rule({ name: "lax", approvers: 0 }),
  ];
  const of = (resources: readonly Component[]) => applyRules(rules, person("mei", []), { ...asked, resources });
  const first = of([secret]);
  assert.ok("rule" in first && first.rule.name === "strict");
  const second = of([open]);
  assert.ok("rule" in second && second.rule.name === "lax");
});

test("a rule speaks of its own namespace, its groups, and nothing more sensitive than it says", () => {
  const elsewhere = resource("open", "public", "payments" as Namespace);
  const mei = person("mei", ["data"]);
  assert.ok("refused" in applyRules([rule({})], mei, { ...asked, resources: [elsewhere] }));
  assert.ok("refused" in applyRules([rule({ requesters: ["default/sales"] })], mei, asked));
  assert.ok("refused" in applyRules([rule({ maxSensitivity: "internal" })], mei, { ...asked, resources: [secret] }));
  assert.ok("refused" in applyRules([rule({})], mei, { ...asked, breakGlass: true }));
  assert.ok("refused" in applyRules([], mei, asked));
});

test("whatever is asked, what is left of it is no more than that, and no more than the rule", () => {
  const all = [open, secret, resource("mid", "confidential")];
  fc.assert(
    fc.property(
      fc.subarray([...actions], { minLength: 1 }),
      fc.subarray([...actions], { minLength: 1 }),
      fc.subarray(all, { minLength: 1 }),
      fc.constantFrom(...sensitivities),
      fc.integer({ min: 1, max: 100_000 }),
      (wants, may, resources, maxSensitivity, seconds) => {
        const given = rule({ actions: may, maxSensitivity });
        const ruled = applyRules([given], person("mei", []), { actions: wants, resources, seconds, breakGlass: false });
        if ("refused" in ruled) return;
        assert.ok(ruled.actions.every((action) => wants.includes(action) && may.includes(action)));
        assert.ok(ruled.resources.every((one) => resources.includes(one)));
        const rank = (one: Component) => sensitivities.indexOf(one.labels.sensitivity);
        assert.ok(ruled.resources.every((one) => rank(one) <= sensitivities.indexOf(maxSensitivity)));
        assert.ok(ruled.seconds <= seconds && ruled.seconds <= 3_600);
        const whole =
          ruled.actions.length === wants.length &&
          ruled.resources.length === resources.length &&
          ruled.seconds === seconds;
        assert.equal(ruled.narrowed === undefined, whole, "what was taken off is said");
      },
    ),
  );
});

test("nobody approves their own, what is for them, twice, or outside of the groups", () => {
  const [mei, owner] = [person("mei", ["owners"]), person("kim", ["owners"])];
  const grant = { requester: mei.id, principal: mei.id, approverGroups: ["default/owners"], approvals: [] };
  assert.equal(mayApprove(owner, grant), true);
  assert.equal(mayApprove(mei, grant), false);
  assert.equal(mayApprove(owner, { ...grant, principal: owner.id }), false);
  assert.equal(mayApprove(owner, { ...grant, approvals: [{ by: owner.id }] }), false);
  assert.equal(mayApprove(person("lee", ["sales"]), grant), false);
  const elsewhere: User = { ...owner, namespace: "payments" as Namespace };
  assert.equal(mayApprove(elsewhere, grant), false, "another namespace's group of the same name");
  const theirs = rule({ requesters: ["default/data"] });
  assert.ok(
    "refused" in applyRules([theirs], { ...person("mei", ["data"]), namespace: "payments" as Namespace }, asked),
  );
  assert.ok("refused" in applyRules([rule({})], { ...person("mei", []), namespace: "payments" as Namespace }, asked));
});

test("what a passkey signs differs wherever a request does", () => {
  const base = {
    id: "g-1",
    requester: "a",
    principal: "a",
    actions: ["read"],
    resources: [nameOf(open)],
    reason: "x",
    seconds: 60,
    rule: "r",
  };
  const all = [
    base,
    ...[{ id: "g-2" }, { requester: "b" }, { principal: "b" }, { actions: ["write"] }, { actions: ["read", "write"] }],
    ...[{ resources: ["default/other"] }, { reason: "x " }, { seconds: 61 }, { rule: "s" }, { call: "sha256:00" }],
  ].map((more) => grantDigest({ ...base, ...more }));
  assert.equal(new Set(all).size, all.length);
});
