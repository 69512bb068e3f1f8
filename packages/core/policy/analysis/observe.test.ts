import assert from "node:assert/strict";
import { test } from "node:test";
import { componentFacts } from "../cedar-schema.ts";
import { observe } from "./observe.ts";
import { checkPolicies } from "../policy-check.ts";
import { source, trustDomain } from "../test-estate.ts";

const everything = componentFacts.map((fact) => fact.path).sort();
const allContext = [
  ...["assurance", "device", "external", "granted", "method", "network", "risk", "route", "rpc", "stream", "tool"],
  ...["user", "userGroups", "windows"],
];
const a = "default/agent/a";

function seen(policy: string): Record<string, readonly string[]> {
  const { policies, problems } = checkPolicies([source(`@id("p") ${policy}`)], { trustDomain });
  assert.deepEqual(problems, []);
  const { principal, resource, context } = observe(policies.map(({ json }) => json));
  const all = {
    names: [...principal.names],
    reads: [...principal.facts].map((fact) => fact.path).sort(),
    resourceNames: [...resource.names],
    resourceReads: [...resource.facts].map((fact) => fact.path).sort(),
    compares: [...principal.texts].map(([fact, values]) => `${fact.path} ${[...values].join()}`),
    resourceCompares: [...resource.texts].map(([fact, values]) => `${fact.path} ${[...values].join()}`),
    context: [...context].sort(),
  };
  return Object.fromEntries(Object.entries(all).filter(([, values]) => values.length > 0));
}

const when = (body: string): string => `permit(principal, action, resource) when { ${body} };`;

const whenWorkload = (body: string): string => `permit(principal is Workload, action, resource) when { ${body} };`;

const cases: readonly (readonly [string, string, Record<string, readonly string[]>])[] = [
  ["nothing but the type", `permit(principal is Workload, action, resource);`, {}],
  ["a namespace", `permit(principal in Namespace::"default", action, resource);`, {}],
  ["a name in the scope", `permit(principal == Workload::"${a}", action, resource);`, { names: [a] }],
  ["a name in a condition", when(`Workload::"${a}" != principal`), { names: [a] }],
  ["names in a set", whenWorkload(`[Workload::"${a}"].contains(principal)`), { names: [a] }],
  ["names behind `in`", when(`principal in [Workload::"${a}"]`), { names: [a] }],
  ["names behind `is ... in`", when(`principal is Workload in Workload::"${a}"`), { names: [a] }],
  ["a resource's name", when(`resource == Component::"${a}"`), { resourceNames: [a] }],
  ["one fact", when(`principal.kind like "a*"`), { reads: ["kind"] }],
  ["a text", when(`principal.kind == "agent"`), { compares: ["kind agent"] }],
  [
    "a text of a label",
    when(`"public" != resource.labels.sensitivity`),
    { resourceCompares: ["labels.sensitivity public"] },
  ],
  ["a fact that is no text", when(`resource.sensitivityRank == 2`), { resourceReads: ["sensitivityRank"] }],
  [
    "one fact of each beside another",
    when(`principal.name == resource.name`),
    { reads: ["name"], resourceReads: ["name"] },
  ],
  [
    "all labels",
    when(`principal.labels == resource.labels`),
    {
      reads: ["labels.categories", "labels.integrity", "labels.sensitivity"],
      resourceReads: ["labels.categories", "labels.integrity", "labels.sensitivity"],
    },
  ],
  ["one field of the context", when(`context.stream && action == Action::"infer"`), { context: ["stream"] }],
  [
    "a bare principal in a set",
    whenWorkload(`[principal, Workload::"${a}"].contains(Workload::"${a}")`),
    { names: [a], reads: everything },
  ],
  [
    "a bare principal in a record",
    whenWorkload(`{p: principal}.p.kind == "agent"`),
    { reads: everything, resourceReads: everything, context: allContext },
  ],
  [
    "a bare principal in a conditional",
    whenWorkload(`(if context.stream then principal else Workload::"${a}") == Workload::"${a}"`),
    { names: [a], reads: everything, context: ["stream"] },
  ],
  [
    "an attribute of a written-out workload",
    when(`Workload::"${a}" has kind && Workload::"${a}".kind == "agent"`),
    { reads: everything, resourceReads: everything, context: allContext },
  ],
  ["the whole context", when(`{c: context} == {c: context} && context.stream`), { context: allContext }],
  [
    "a record's key that is a prototype's name",
    when(`{"__proto__": principal.kind} == {"__proto__": "agent"}`),
    { reads: ["kind"] },
  ],
  [
    "both roles",
    `forbid(principal, action, resource) when { principal.name like "a*" } unless { resource.sensitivityRank < 2 };`,
    { reads: ["name"], resourceReads: ["sensitivityRank"] },
  ],
];

for (const [name, policy, expected] of cases)
  test(`policies observe ${name}`, () => assert.deepEqual(seen(policy), expected));

test("a shape that the analysis does not know counts as seeing everything", () => {
  const strange = (body: unknown): ReturnType<typeof observe> =>
    observe([
      {
        effect: "permit",
        principal: { op: "All" },
        action: { op: "All" },
        resource: { op: "All" },
        conditions: [{ kind: "when", body: body as { Value: true } }],
      },
    ]);
  for (const body of [
    { Slot: "?principal" },
    { Var: "somebody" },
    { ".": { left: { Unknown: 1 }, attr: "kind" } },
    { "&&": Object.create({ hidden: 1 }) },
  ])
    assert.equal(strange(body).principal.facts.size, componentFacts.length, JSON.stringify(body));
  assert.equal(strange({ newOperator: [{ Var: "principal" }] }).principal.facts.size, componentFacts.length);
});
