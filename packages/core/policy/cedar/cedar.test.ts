/** What the official corpus and generated cases do not reach: templates, exact integers, linear patterns, hostile shapes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isAuthorized, type Expr, type PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { authorize, compileSet } from "./authorize.ts";
import { compileExpression } from "./compile-expression.ts";
import { compilePolicy } from "./compile-policy.ts";
import { compilePattern } from "./like-pattern.ts";
import { exactPolicyJson, exactTemplateJson } from "./policy-json.ts";
import { environmentOf } from "./testing.ts";
import { EntityUid } from "./value.ts";
import { valueOf } from "./value-json.ts";

const asked = {
  principal: { type: "U", id: "a" },
  action: { type: "Action", id: "x" },
  resource: { type: "R", id: "r" },
  context: {},
};
const environment = environmentOf(asked, new Map());

function json(text: string): PolicyJson {
  const answer = exactPolicyJson(text);
  assert.ok(answer.type === "success");
  return answer.json;
}

const holds = (condition: string): boolean =>
  compilePolicy(json(`permit(principal, action, resource) when { ${condition} };`)).holds(environment);

test("a template speaks for the entities its slots are filled with, and for no others", () => {
  const text = `permit(principal in ?principal, action, resource == ?resource) when { principal == principal };`;
  const answer = exactTemplateJson(text);
  assert.ok(answer.type === "success");
  const link = (principal: EntityUid) =>
    compileSet([compilePolicy(answer.json, { "?principal": principal, "?resource": new EntityUid("R", "r") })]);
  const permits = (principal: EntityUid): number => authorize(link(principal), environment).permits.length;
  assert.equal(permits(new EntityUid("U", "a")), 1);
  assert.equal(permits(new EntityUid("U", "b")), 0);
  assert.throws(() => compilePolicy(answer.json), /`\?principal` is not filled/);
  const official = isAuthorized({
    ...asked,
    entities: [],
    policies: {
      templates: { t: text },
      templateLinks: [
        { templateId: "t", newId: "l", values: { "?principal": asked.principal, "?resource": asked.resource } },
      ],
    },
  });
  assert.equal(official.type === "success" && official.response.decision, "allow");
});

test("longs beyond 2^53 are compared as they are written, which the engine's own JSON cannot say", () => {
  assert.equal(holds("9007199254740993 == 9007199254740992"), false);
  assert.equal(holds("9007199254740993 - 1 == 9007199254740992"), true);
  assert.equal(holds("-9223372036854775808 < -9223372036854775807"), true);
  assert.equal(holds("[9223372036854775807].contains(9223372036854775806 + 1)"), true);
  assert.throws(() => holds("9223372036854775807 + 1 == 0"), /integer overflow/);
});

test("digits in strings, comments and names are no longs", () => {
  const text = `@id("9007199254740993") permit(principal, action, resource) when {
    // 9007199254740993 in a comment, and "a quote
    "9007199254740993" == "9007199254740993" && 9007199254740993 == 9007199254740993 };`;
  assert.equal(json(text).annotations?.["id"], "9007199254740993");
  assert.equal(compilePolicy(json(text)).holds(environment), true);
});

test("a pattern of many wildcards takes time in the length of the text, and finds what is there", () => {
  const matches = compilePattern(Array.from({ length: 200 }, () => ["Wildcard" as const, { Literal: "a" }]).flat());
  assert.equal(matches(`${"a".repeat(100_000)}b`), false);
  assert.equal(matches("a".repeat(200)), true);
  assert.equal(matches("a".repeat(199)), false);
  assert.equal(compilePattern([{ Literal: "ab" }, "Wildcard", { Literal: "ba" }])("aba"), false);
});

test("shapes that are not Cedar's are refused, not read as something else", () => {
  for (const shape of [
    {},
    { Value: null },
    { Var: "nobody" },
    { "??": { left: { Value: 1 }, right: { Value: 1 } } },
    { Value: 1.5 },
  ])
    assert.throws(
      () => compileExpression(shape as unknown as Expr),
      { name: "EvaluationError" },
      JSON.stringify(shape),
    );
  let deep: unknown = { Value: true };
  for (let n = 0; n < 5_000; n += 1) deep = { "!": { arg: deep } };
  assert.throws(() => compileExpression(deep as Expr), /too deep/);
  let value: unknown = 1;
  for (let n = 0; n < 5_000; n += 1) value = [value];
  assert.throws(() => valueOf(value), /too deep/);
});

test("a record with a field `__proto__` has that field and no other", () => {
  assert.equal(holds(`{"__proto__": {"admin": true}} has admin`), false);
  assert.equal(holds(`{"__proto__": 7}["__proto__"] == 7`), true);
  assert.equal(holds(`context has "__proto__" || context has constructor`), false);
});
