/** Policies about the values of a tool call's arguments. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonObject } from "../contract/strict-json.ts";
import { argumentsRead, argumentsTypeText } from "./argument-types.ts";
import { reach } from "./analysis/reach.ts";
import { edgesOf, explain } from "./analysis/reach-edges.ts";
import { replay } from "./analysis/replay.ts";
import { policyUse } from "./analysis/policy-use.ts";
import type { CedarPolicies } from "./cedar-engine.ts";
import { decide } from "./decide.ts";
import { checkPolicies } from "./policy-check.ts";
import { exactPolicyJson } from "./cedar/policy-json.ts";
import { assistant, compile, component, context, snapshot, source, trustDomain } from "./test-estate.ts";

const bank = component("default/tool/bank");
const now = Date.parse("2026-11-25T12:00:00Z");
const transfer = `@id("small-transfers") permit (principal, action == Action::"callTool", resource)
  when { context.tool == "transfer" && context.arguments.amount < 1000 && ["acc-1", "acc-2"].contains(context.arguments.to) };`;

/** The official engine runs beside the compiled one; where they differ, the test fails. */
function policiesOf(text: string): CedarPolicies {
  return compile(text, { shadow: (words) => assert.fail(words) });
}

function ask(policies: CedarPolicies, given: JsonObject | undefined, tool = "transfer") {
  const request = {
    principal: assistant.id,
    action: "callTool" as const,
    resource: bank.id,
    context: { ...context, rpc: "tools/call", tool },
    ...(given === undefined ? {} : { arguments: given }),
  };
  const decision = decide(snapshot(policies, {}, [assistant, bank]), request, { snapshotAgeMs: 0 }, now);
  return { effect: decision.effect, words: decision.reasons.map(({ words }) => words).join("; ") };
}

test("a transfer under 1000 to these accounts is one line of policy", () => {
  const policies = policiesOf(transfer);
  assert.equal(ask(policies, { amount: 999, to: "acc-1", note: "rent" }).effect, "allow");
  assert.equal(ask(policies, { amount: 1000, to: "acc-1" }).effect, "deny");
  assert.equal(ask(policies, { amount: 1, to: "acc-3" }).effect, "deny");
  assert.match(ask(policies, { to: "acc-1" }).words, /`small-transfers` failed: .*`amount`/);
  assert.match(ask(policies, undefined).words, /failed/, "an enforcement point that knows no arguments is refused");
  assert.doesNotMatch(ask(policies, { amount: "x" }, "balance").words, /failed/, "other tools are not its concern");
});

test("what does not fit denies where a policy looks at it, and never shows the value", () => {
  const forbid = `${transfer.replaceAll("small-transfers", "t")}
@id("all") permit (principal, action, resource) when { context.tool == "transfer" };
@id("large") forbid (principal, action, resource) when { context.arguments has amount && context.arguments.amount >= 1000 };
@id("evil") forbid (principal, action, resource) when { context.arguments has to && context.arguments.to == "evil" };`;
  const policies = policiesOf(forbid);
  assert.equal(ask(policies, { amount: 5, to: "acc-1" }).effect, "allow");
  const cases: readonly (readonly [JsonObject, RegExp])[] = [
    [{ amount: "secret-5000", to: "acc-1" }, /`amount` is a text, not a whole number/],
    [{ amount: 10.5, to: "acc-1" }, /`amount` is a number, not a whole number/],
    [{ amount: 2 ** 53, to: "acc-1" }, /not a whole number/],
    [{ amount: null, to: "acc-1" }, /is null/],
    [{ amount: 5, to: ["evil"] }, /`to` is a list, not a text/],
    [{ amount: 5, to: "acc-1", To: "evil" }, /`to` is written a second time as `To`/],
    [{ amount: 5, TO: "evil" }, /written a second time as `TO`/],
    [{ amount: 5, to: "x".repeat(8_193) }, /longer than the 8192/],
  ];
  for (const [given, words] of cases) {
    const answer = ask(policies, given);
    assert.equal(answer.effect, "deny", JSON.stringify(given).slice(0, 80));
    assert.match(answer.words, words);
    assert.doesNotMatch(answer.words, /secret|5000/);
  }
});

test("decimals, flags, lists, objects and patterns are read as policies write them", () => {
  const policies = policiesOf(`@id("p") permit (principal, action, resource) when {
    context.arguments.price.lessThan(decimal("99.9500")) && !context.arguments.force &&
    context.arguments.tags.containsAll(["a"]) && context.arguments.to.iban like "SG*" &&
    context.arguments["odd name"] == 3 && (context.arguments has note && context.arguments.note == "n" || true) };`);
  const good = { price: 99.9, force: false, tags: ["a", "b"], to: { iban: "SG12" }, "odd name": 3 };
  assert.equal(ask(policies, good).effect, "allow");
  assert.equal(ask(policies, { ...good, price: 7 }).effect, "allow", "a whole number is a decimal too");
  for (const change of [
    { price: 99.95 },
    { price: 0.1 + 0.2 },
    { price: "9.0" },
    { force: true },
    { force: 0 },
    { tags: ["b"] },
    { tags: ["a", 1] },
    { tags: "a" },
    { to: { iban: "MY" } },
    { to: "SG12" },
    { to: [] },
    { to: { iban: "SG1", IBAN: "MY" } },
    { "odd name": 3.5 },
    { note: 4 },
  ])
    assert.equal(ask(policies, { ...good, ...change }).effect, "deny", JSON.stringify(change));
});

test("a policy that reads arguments in two ways, or in none that says what they are, is refused", () => {
  const problems = (condition: string, more = ""): string =>
    checkPolicies([source(`@id("p") permit (principal, action, resource) when { ${condition} };${more}`)], {
      trustDomain,
    })
      .problems.map(({ words }) => words)
      .join("\n");
  assert.match(problems("context.arguments == context.arguments"), /one argument at a time/);
  assert.match(problems('context.arguments.a < 3 && context.arguments.a == "x"'), /read as Long and as String/);
  assert.match(problems("context.arguments.a == context.arguments.b"), /does not say what it is/);
  assert.match(problems("{ a: context.arguments.x } == { a: true }"), /does not say what it is/);
  assert.match(
    problems('context.arguments.a == "x" && context.arguments.a.b == 3'),
    /`context.arguments.a` is read as/,
  );
  assert.match(
    problems(
      "context.arguments.a < 3",
      '@id("q") permit (principal, action, resource) when { context.arguments.a == "x" };',
    ),
    /`context.arguments.a` is read as Long and as String by policies/,
  );
  assert.match(problems("context.arguments has b || context.arguments.b < 3"), /b/, "asked for, and read without");
  assert.match(problems("(if context.stream then context else context).arguments.a < 3"), /a/);
  assert.match(problems(`context.arguments.${"a.".repeat(9)}a < 3`), /lies 10 deep/);
  assert.equal(problems("context.arguments has a.b && context.arguments.a.b < 3"), "");
});

test("the compiled engine and Cedar's agree on any arguments", () => {
  const policies = policiesOf(`${transfer}
@id("has") permit (principal, action, resource) when { context.arguments has a && context.arguments.a.lessThan(decimal("1.5")) };
@id("deep") forbid (principal, action, resource) when { context.arguments has b.c && context.arguments.b.c.contains(3) };`);
  const leaf = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.boolean(), fc.constantFrom(1.4, 1, "acc-1", null));
  const given = fc.record(
    {
      a: leaf,
      amount: leaf,
      to: leaf,
      b: fc.oneof(leaf, fc.record({ c: fc.oneof(leaf, fc.array(fc.integer({ max: 4 }))) })),
    },
    { requiredKeys: [] },
  );
  fc.assert(fc.property(given, (each) => void ask(policies, { ...each })));
});

test("the types that a policy means are those it is validated by", () => {
  const parsed = exactPolicyJson(transfer);
  assert.ok(parsed.type === "success");
  const { tree } = argumentsRead(parsed.json);
  assert.equal(tree && argumentsTypeText(tree), '{ "amount": Long, "to": String }');
});

test("analysis takes arguments as the caller's to choose: nothing that some of them reach is missed", () => {
  const text = `${transfer}
@id("never") forbid (principal, action, resource) when { context.arguments has to && context.arguments.to == "evil" };
@id("always") forbid (principal, action, resource) unless { context.arguments has to };
@id("wide") permit (principal, action == Action::"callTool", resource) when { context.tool == "balance" };`;
  const policies = compile(text);
  const estate = snapshot(policies, {}, [assistant, bank]);
  const tools = ["balance", "transfer"];
  const routes = [
    {
      ...{ kind: "mcp", namespace: "default", name: "mcp", path: "/mcp", maxBodyBytes: 1, mode: "enforce" },
      ...{ resource: bank.id, upstream: { external: false }, pins: new Map(tools.map((name) => [name, ""])) },
    },
  ] as never;
  const why = explain(reach({ ...estate, routes }, policies, now), assistant, "callTool", bank);
  assert.deepEqual(why?.permits, ["default/small-transfers", "default/wide"]);
  assert.equal(why.dependsOnArguments, false);
  const only = compile(transfer);
  const found = reach({ ...snapshot(only, {}, [assistant, bank]), routes }, only, now);
  assert.ok([...edgesOf(found)].some(({ from, to }) => from.includes(assistant) && to.includes(bank)));
  assert.equal(explain(found, assistant, "callTool", bank)?.dependsOnArguments, true);
  const unused = policyUse({ ...estate, routes }, policies, now).map(({ policy }) => policy);
  assert.deepEqual(unused, [], "a permit for some arguments shadows nothing, a forbid for some is not idle");
  const entry = (effect: "allow" | "deny", tool: string) =>
    ({
      ...{ v: 1, kind: "decision", at: now, id: "r", namespace: "default", revision: 1, effect },
      ...{ principal: assistant.id, action: "callTool", resource: bank.id },
      context: { ...context, rpc: "tools/call", tool },
      signals: { snapshotAgeMs: 0 },
    }) as never;
  assert.equal(replay(estate, entry("allow", "transfer"), policies).change, "unknown");
  assert.equal(replay(estate, entry("allow", "other"), policies).change, "would deny", "whatever its arguments were");
});
