/** Of many policies only those are asked that can speak of a request, whatever they begin with; none is lost by it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { authorize, compileSet } from "./authorize.ts";
import { compileText, entitiesOf, environmentOf } from "./testing.ts";

const many = 400;

const known = [
  {
    uid: { type: "U", id: "u7" },
    attrs: { name: "n7", rank: 7, groups: ["g7", "all"] },
    parents: [{ type: "G", id: "g7" }],
  },
  { uid: { type: "U", id: "u8" }, attrs: { name: "n8", rank: 8, groups: [] }, parents: [] },
  { uid: { type: "G", id: "g7" }, attrs: {}, parents: [{ type: "G", id: "top" }] },
  { uid: { type: "G", id: "top" }, attrs: {}, parents: [] },
  { uid: { type: "R", id: "r7" }, attrs: { name: "n7", labels: { kind: "k7" } }, parents: [{ type: "G", id: "g7" }] },
];
const entities = entitiesOf(known);
const asked = {
  principal: { type: "U", id: "u7" },
  action: { type: "Action", id: "x" },
  resource: { type: "R", id: "r7" },
  context: { tool: "t7", windows: ["w7"], flag: true },
};

/** Policies of one shape; the seventh, and where there are two of it the one after them, speaks of what is asked. */
const shapes: readonly (readonly [name: string, shape: (n: number) => string])[] = [
  ["a principal", (n) => `permit(principal == U::"u${n}", action, resource) when { resource.labels.kind != "" };`],
  ["a resource", (n) => `permit(principal, action, resource == R::"r${n}") when { principal.rank > 0 };`],
  ["both", (n) => `permit(principal == U::"u7", action, resource == R::"r${n}") when { principal.rank > 0 };`],
  ["a group", (n) => `forbid(principal in G::"g${n}", action, resource) when { principal.rank > 0 };`],
  ["a type and a group", (n) => `permit(principal is U in G::"g${n}", action, resource) when { principal.rank > 0 };`],
  [
    "another type",
    (n) => `permit(principal is ${n === 7 ? "U" : "V"}, action, resource) when { principal.rank > ${-n} };`,
  ],
  [
    "an action",
    (n) => `permit(principal, action == Action::"${n === 7 ? "x" : `x${n}`}", resource) when { 1 < ${n} };`,
  ],
  [
    "a condition on a principal",
    (n) => `permit(principal, action, resource) when { principal == U::"u${n}" && principal.rank > 0 };`,
  ],
  [
    "a group in a condition",
    (n) => `permit(principal, action, resource) when { resource in G::"g${n}" && principal.rank > 0 };`,
  ],
  ["a name", (n) => `permit(principal, action, resource) when { resource.name == "n${n}" && principal.rank > 0 };`],
  ["a number", (n) => `permit(principal, action, resource) when { ${n} == principal.rank && resource.name != "" };`],
  [
    "one of two names",
    (n) =>
      `permit(principal, action, resource) when { ["n${n}", "o${n}"].contains(resource.name) && principal.rank > 0 };`,
  ],
  [
    "either of two names",
    (n) =>
      `permit(principal, action, resource) when { (resource.name == "n${n}" || resource.name == "o${n}") && principal.rank > 0 };`,
  ],
  [
    "a path",
    (n) => `permit(principal, action, resource) when { resource.labels.kind == "k${n}" && principal.rank > 0 };`,
  ],
  [
    "an element",
    (n) => `permit(principal, action, resource) when { principal.groups.contains("g${n}") && principal.rank > 0 };`,
  ],
  ["the context", (n) => `permit(principal, action, resource) when { context.tool == "t${n}" && principal.rank > 0 };`],
  [
    "the context's element",
    (n) => `permit(principal, action, resource) when { context.windows.contains("w${n}") && principal.rank > 0 };`,
  ],
  [
    "a second condition",
    (n) =>
      `permit(principal, action, resource) when { context.flag == true } when { resource.name == "n${n}" } unless { principal.rank < 0 };`,
  ],
];

for (const [name, shape] of shapes)
  test(`of ${many} policies that each name ${name}, one is asked, and it answers`, () => {
    const { set } = compileText(Array.from({ length: many }, (_, n) => shape(n)).join("\n"));
    let evaluated = 0;
    const counted = compileSet(
      set.policies.map((policy) => ({
        ...policy,
        // Each by itself: conditions that are shared would be asked once anyhow.
        conjuncts: policy.conjuncts.map(({ holds }) => ({
          text: undefined,
          holds: (environment) => {
            evaluated += 1;
            return holds(environment);
          },
        })),
      })),
    );
    const { permits, forbids, errors } = authorize(counted, environmentOf(asked, entities));
    assert.deepEqual([permits, forbids, errors].flat(), [7]);
    assert.ok(evaluated <= 3, `${evaluated} conditions were evaluated`);
  });

test("a policy that begins with an attribute which is missing fails, whatever stands after it, and only where it is missing", () => {
  const { set } = compileText(
    [
      `permit(principal, action, resource) when { principal.name == "n7" };`,
      `permit(principal, action, resource) when { resource.missing == "x" && principal.name == "n9" };`,
      `permit(principal, action, resource) when { principal.name == "n9" && resource.missing == "x" };`,
      `permit(principal is V, action, resource) when { principal.other == "x" };`,
    ].join("\n"),
  );
  const { permits, errors } = authorize(set, environmentOf(asked, entities));
  assert.deepEqual(permits, [0]);
  assert.deepEqual(
    errors.map(({ place }) => place),
    [1],
  );
});

test("an entity that was replaced is looked up anew; two that share what is known of them stay two", () => {
  const { set } = compileText(
    `permit(principal == U::"u7", action, resource) when { principal.name == "n7" };
     permit(principal, action, resource) when { principal.name == "new" };`,
  );
  const permits = (principal: { type: string; id: string }, source: typeof entities): readonly number[] =>
    authorize(set, environmentOf({ ...asked, principal }, source)).permits;
  const { principal } = asked;
  assert.deepEqual(permits(principal, entities), [0]);
  const replaced = entitiesOf([{ ...known[0], attrs: { name: "new" } }, ...known.slice(1)]);
  assert.deepEqual(permits(principal, replaced), [1]);
  assert.deepEqual(permits(principal, entities), [0]);
  const data = entities.get("U\0u7");
  assert.ok(data);
  const shared = new Map([...entities, ["U\0u9", data]]);
  assert.deepEqual(permits({ type: "U", id: "u9" }, shared), []);
  assert.deepEqual(permits(principal, shared), [0]);
});
