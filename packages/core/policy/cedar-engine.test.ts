import assert from "node:assert/strict";
import { test } from "node:test";
import { isAuthorized } from "@cedar-policy/cedar-wasm/nodejs";
import { CordonError } from "../errors.ts";
import { parseSpiffeId } from "../identity/spiffe-id.ts";
import { compilePolicies } from "./cedar-engine.ts";
import { accounts, assistant, chat, compile, component, payments, request, source } from "./test-estate.ts";
import { trainingData, trustDomain } from "./test-estate.ts";
import type { RequestContext } from "./decision.ts";
import type { CompiledPolicies } from "./engine.ts";
import type { Component } from "./snapshot.ts";

const ask = (policies: CompiledPolicies, principal: Component, resource: Component, action = "infer" as const) =>
  policies.evaluate(request(principal, action, resource), principal, resource);
const ids = (matched: readonly { readonly id: string }[]): string[] => matched.map(({ id }) => id);

const permitAll = `@id("all") permit(principal, action, resource);`;

test("reports matching policies by @id, in the order they are written, with reason and annotations", () => {
  const text = Array.from({ length: 12 }, (_, n) => `@id("p-${11 - n}") permit(principal, action, resource);`);
  const evaluation = ask(compile(`${text.join("\n")} @id("why") @reason("because") ${permitOnly}`), assistant, chat);
  assert.deepEqual(ids(evaluation.permits), [...Array.from({ length: 12 }, (_, n) => `p-${11 - n}`), "why"]);
  assert.equal(evaluation.permits[12]?.words, "because");
  assert.deepEqual(evaluation.permits[12]?.annotations, { id: "why", reason: "because" });
});

const permitOnly = `permit(principal, action, resource);`;

test("every attribute that the documentation names can be read, and says what the registry says", () => {
  const body = [
    `resource.kind == "dataset"`,
    `resource.boundary == "data"`,
    `resource.name == "training-data"`,
    `resource.namespace == "default" && resource in Namespace::"default"`,
    `resource.trustDomain == "bank.example"`,
    `resource.spiffeId == "spiffe://bank.example/ns/default/dataset/training-data"`,
    `resource.labels.sensitivity == "restricted" && resource.sensitivityRank == 3`,
    `resource.labels.categories.containsAll(["GDPR", "PDPA-SG"])`,
    `resource.labels.integrity == "trusted"`,
    `resource == Component::"default/dataset/training-data"`,
    `principal == Workload::"default/agent/assistant" && principal in Namespace::"default"`,
    `context.assurance == "x509-svid" && context.route == "chat" && context.method == "POST"`,
    `!context.stream && !context.external`,
  ].join(" && ");
  const policies = compile(`@id("p") permit(principal, action, resource) when { ${body} };`);
  assert.deepEqual(ids(ask(policies, assistant, trainingData).permits), ["p"]);
  assert.deepEqual(ids(ask(policies, assistant, chat).permits), []);
});

test("a workload of another trust domain is named by its whole SPIFFE ID and never by a short one", () => {
  const partner = component("default/agent/assistant", {
    id: parseSpiffeId("spiffe://partner.example/ns/default/agent/assistant"),
  });
  const whole = `@id("w") permit(principal == Workload::"${partner.id}", action, resource);`;
  const short = `@id("s") permit(principal == Workload::"default/agent/assistant", action, resource);`;
  assert.deepEqual(ids(ask(compile(whole + short), partner, chat).permits), ["w"]);
  assert.deepEqual(ids(ask(compile(whole + short), assistant, chat).permits), ["s"]);
});

test("a permit speaks only in its own namespace, whatever it says", () => {
  const policies = compilePolicies([source(permitAll, "payments")], { trustDomain });
  assert.deepEqual(ids(ask(policies, payments, accounts).permits), ["all"]);
  assert.deepEqual(ids(ask(policies, assistant, accounts).permits), ["all"]);
  assert.deepEqual(ids(ask(policies, payments, chat).permits), []);
  assert.deepEqual(ids(ask(policies, assistant, chat).permits), []);
});

test("a failing forbid of the principal's namespace is an error; its failing permit has no say", () => {
  const failing = (effect: string): string =>
    `@id("f") ${effect}(principal, action, resource) when { 9223372036854775807 + principal.sensitivityRank > 0 };`;
  const crossing = (text: string) =>
    ask(compilePolicies([source(text, "payments"), source(permitAll)], { trustDomain }), payments, chat);
  assert.deepEqual(
    crossing(failing("forbid")).errors.map(({ policy }) => policy),
    ["f"],
  );
  assert.deepEqual(crossing(failing("permit")).errors, []);
});

test("old and new policies answer each for themselves, however their use is interleaved", () => {
  // Without the check of who filled the slot, both would be answered by whichever was compiled last.
  const texts = [permitAll, `@id("none") forbid(principal, action, resource);`, `@id("third") ${permitOnly}`];
  const revisions = texts.map((text) => compile(text, { shadow: (words) => assert.fail(words) }));
  const order = [0, 1, 2, 2, 0, 1, 0, 2, 1, 1, 0];
  const expected = [
    { permits: ["all"], forbids: [] },
    { permits: [], forbids: ["none"] },
    { permits: ["third"], forbids: [] },
  ];
  for (const index of order) {
    const policies = revisions[index];
    assert.ok(policies);
    const { permits, forbids } = ask(policies, assistant, chat);
    assert.deepEqual({ permits: ids(permits), forbids: ids(forbids) }, expected[index]);
  }
});

test("more namespaces than the engine has slots are each answered by their own policies", () => {
  const names = Array.from({ length: 300 }, (_, n) => `team-${n}`);
  // Each permits its own principals alone: answered by another's policies, it would permit nothing.
  const sources = names.map((name) =>
    source(`@id("${name}-chats") permit(principal in Namespace::"${name}", action, resource);`, name),
  );
  const policies = compilePolicies(sources, { trustDomain, shadow: (words) => assert.fail(words) });
  for (const name of [...names.slice(0, 20), ...names.slice(-20), ...names.slice(0, 20)]) {
    const resource = component(`${name}/endpoint/chat`);
    assert.deepEqual(ids(ask(policies, resource, resource).permits), [`${name}-chats`]);
  }
});

test("a request that does not fit the schema is an error, not a deny by silence", () => {
  const asked = { ...request(assistant, "infer", chat), action: "fly" as "infer" };
  assert.equal(compile(permitAll).evaluate(asked, assistant, chat).errors.length, 1);
  const noContext = { ...request(assistant, "infer", chat), context: {} as RequestContext };
  assert.equal(compile(permitAll).evaluate(noContext, assistant, chat).errors.length, 1);
});

test("reports a policy that errors, which the official engine by itself skips, and allows", () => {
  const errs = `@id("e") forbid(principal, action, resource) when { 9223372036854775807 + resource.sensitivityRank > 0 };`;
  const evaluation = ask(compile(permitAll + errs), assistant, chat);
  assert.deepEqual(ids(evaluation.permits), ["all"]);
  assert.deepEqual(ids(evaluation.forbids), []);
  assert.match(evaluation.errors[0]?.words ?? "", /overflow/);
  const entity = { type: "T", id: "x" };
  const answer = isAuthorized({
    principal: entity,
    action: { type: "Action", id: "infer" },
    resource: entity,
    context: {},
    policies: { staticPolicies: `${permitOnly} forbid(principal, action, resource) when { context.blocked };` },
    entities: [],
  });
  assert.equal(answer.type === "success" && answer.response.decision, "allow");
});

test("an evaluation cannot be changed for the next caller", () => {
  const { permits } = ask(compile(permitAll), assistant, chat);
  assert.throws(() => (permits as unknown[]).pop(), TypeError);
});

test("the same sources give back what was compiled before, and any difference does not", () => {
  const first = compile(permitAll);
  assert.equal(compile(permitAll, { previous: first }), first);
  assert.notEqual(compile(`${permitAll} `, { previous: first }), first);
  assert.notEqual(
    compilePolicies([source(permitAll, "payments", "default.cedar")], { trustDomain, previous: first }),
    first,
  );
});

test("refuses policies as a whole, with every problem in one error", () => {
  const text = `permit(principal, action, resource);\n@id("b") permit(principal, acton, resource);\n@id("c") forbid(principal, action, resource) when { resource.knd == "x" };`;
  assert.throws(
    () => compilePolicies([source(text), source(permitAll, "payments")], { trustDomain }),
    (error) => {
      assert.ok(error instanceof CordonError);
      assert.equal(error.code, "POLICY_INVALID");
      assert.match(error.message, /default\.cedar:1:1: this policy has no `@id`/);
      assert.match(error.message, /default\.cedar:2:28: .*acton/);
      assert.match(error.message, /default\.cedar:3:53: attribute `knd`.*did you mean/);
      return true;
    },
  );
});

test("compiling upon what was compiled before gives what compiling afresh gives", () => {
  const unchanged = `@id("a") permit(principal, action == Action::"infer", resource);`;
  const before = compile(`${unchanged} @id("b") permit(principal, action, resource);`);
  const texts = [
    unchanged,
    `${unchanged} @id("b") forbid(principal, action, resource);`,
    `@id("c") ${permitOnly} ${unchanged}`,
    `${unchanged} ${unchanged}`,
    `${unchanged} @id("d") permit(principal, action, resource) when { resource.knd == "x" };`,
    "",
  ];
  for (const text of texts) {
    const [afresh, upon] = [{}, { previous: before }].map((options) => {
      try {
        return ask(compile(text, options), assistant, chat);
      } catch (error) {
        return String(error);
      }
    });
    assert.deepEqual(upon, afresh);
  }
  // Not across namespaces: what a permit may say depends on where it stands.
  const outside = `@id("o") permit(principal, action, resource in Namespace::"default");`;
  const inside = compile(outside);
  assert.throws(() => compilePolicies([source(outside, "payments")], { trustDomain, previous: inside }), /move it/);
});
