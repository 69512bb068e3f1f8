/**
 * The compiled engine beside Cedar's official one, on policies that Cordon's schema accepts and on Cordon's components.
 * The grammar leans towards what could fool an index: bare variables in sets, records and conditionals, written-out
 * entities that happen to be the principal, components that differ in a single fact.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSpiffeId } from "../identity/spiffe-id.ts";
import type { Action, Sensitivity } from "../contract/vocabulary.ts";
import { compilePolicies } from "./cedar-engine.ts";
import type { AccessRequest, RequestContext } from "./decision.ts";
import type { PolicySource } from "./engine.ts";
import { checkPolicies } from "./policy-check.ts";
import { component, source, trustDomain } from "./test-estate.ts";
import type { Component } from "./snapshot.ts";

const labelled = (sensitivity: Sensitivity, ...categories: string[]): Pick<Component, "labels"> => ({
  labels: { sensitivity, categories, integrity: categories.length > 1 ? "untrusted" : "trusted" },
});

/** Near twins: most pairs differ in exactly one fact, and some share an id as two revisions of one component do. */
const components: readonly Component[] = [
  component("default/agent/a"),
  component("default/agent/a", labelled("confidential")),
  component("default/agent/a", labelled("restricted")),
  component("default/agent/b"),
  component("default/agent/ab"),
  component("default/service/a2"),
  component("default/agent/b", { boundary: "data" }),
  component("default/agent/c", labelled("restricted", "GDPR")),
  component("default/agent/d", labelled("restricted", "GDPR", "PDPA-SG")),
  component("other/agent/a"),
  component("other/agent/b", labelled("public")),
  component("default/agent/mapped", { id: parseSpiffeId("spiffe://partner.example/ns/x/sa/y") }),
  component("other/agent/mapped", { id: parseSpiffeId("spiffe://bank.example/workload") }),
];

const ids = ["default/agent/a", "default/agent/b", "other/agent/a", "spiffe://partner.example/ns/x/sa/y"];
const workload = fc.constantFrom(...ids.map((id) => `Workload::"${id}"`));
const resource = fc.constantFrom(...ids.map((id) => `Component::"${id}"`));
const namespace = fc.constantFrom(`Namespace::"default"`, `Namespace::"other"`);
const role = fc.constantFrom("principal", "resource");
const literalOf = { principal: workload, resource };
const typeOf = { principal: "Workload", resource: "Component" };

/** A template over the two roles, each with a literal of its type. */
const onRole = (
  build: (variable: string, one: string, two: string, type: string, within: string) => string,
): fc.Arbitrary<string> =>
  role.chain((variable) => {
    const literal = literalOf[variable];
    const type = typeOf[variable];
    return fc.tuple(literal, literal, namespace).map(([one, two, within]) => build(variable, one, two, type, within));
  });

const text = fc.constantFrom(
  ["kind", "agent"],
  ["name", "a"],
  ["boundary", "data"],
  ["namespace", "other"],
  ["trustDomain", "bank.example"],
  ["spiffeId", "spiffe://bank.example/ns/default/agent/a"],
  ["labels.sensitivity", "restricted"],
  ["labels.integrity", "untrusted"],
);

const wholeContext = `context == {assurance: "x509-svid", route: "chat", method: "POST", stream: true, external: false, rpc: "", tool: ""}`;

const leaf: fc.Arbitrary<string> = fc.oneof(
  onRole((v, one) => `${v} == ${one}`),
  onRole((v, one) => `${one} != ${v}`),
  onRole((v, _one, _two, _type, within) => `${v} in ${within}`),
  onRole((v, one, two) => `${v} in [${one}, ${two}]`),
  onRole((v, one, _two, type, within) => `${v} is ${type} in ${within} || ${v} == ${one}`),
  onRole((v, one, two) => `[${one}, ${two}].contains(${v})`),
  onRole((v, one, two) => `[${v}, ${one}].contains(${two})`),
  onRole((v, one) => `[${v}].containsAny([${one}])`),
  onRole((v, one) => `{"whole": ${v}}.whole == ${one}`),
  onRole((v) => `{"whole": ${v}}.whole.labels.sensitivity == "restricted"`),
  onRole((v, one, two) => `(if context.stream then ${v} else ${one}) == ${two}`),
  onRole((v) => `(if context.stream then ${v} else ${v}).sensitivityRank <= 1`),
  onRole((v, one) => `(if context.external then ${one} else ${v}).kind == "agent"`),
  onRole((_v, one, _two, _type, within) => `${one} in ${within}`),
  onRole((_v, one) => `${one}.kind == "agent"`),
  onRole((_v, one) => `${one} has kind`),
  onRole((v) => `${v} has labels.sensitivity && ${v}.labels.integrity == "trusted"`),
  fc.tuple(role, text).map(([v, [path, value]]) => `${v}.${path} == "${value}"`),
  text.map(([path]) => `principal.${path} == resource.${path}`),
  fc.tuple(role, text).map(([v, [path, value]]) => `["${value}", "agent"].contains(${v}.${path})`),
  fc.constantFrom("a*", "*b", "*").chain((pattern) => role.map((v) => `${v}.name like "${pattern}"`)),
  role.map((v) => `${v}.labels.categories.contains("GDPR")`),
  role.map((v) => `${v}.labels.categories.isEmpty()`),
  fc.constantFrom(`principal.labels == resource.labels`, `principal.labels.categories == resource.labels.categories`),
  fc.constantFrom(`principal.labels.categories.containsAll(resource.labels.categories)`),
  fc.tuple(role, fc.integer({ min: 0, max: 3 })).map(([v, rank]) => `${v}.sensitivityRank <= ${rank}`),
  role.map((v) => `${v}.sensitivityRank * 4611686018427387904 > 0`),
  fc.constantFrom(`context.stream`, `context.external`, `context has route`, `context.assurance == "x509-svid"`),
  fc.constantFrom(`context.route like "c*"`, `context.method == "POST"`, `context.route == context.method`),
  fc.constantFrom(
    `context.route == principal.name`,
    `context.tool == "open_ticket"`,
    `context.rpc like "tools/*"`,
    `{"c": context}.c.stream`,
    wholeContext,
  ),
);

const expression: fc.Arbitrary<string> = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    leaf.map((a) => `!(${a})`),
    fc.tuple(tie("any"), tie("any")).map(([a, b]) => `(${a}) && (${b})`),
    fc.tuple(tie("any"), tie("any")).map(([a, b]) => `(${a}) || (${b})`),
    fc.tuple(leaf, tie("any"), tie("any")).map(([a, b, c]) => `if ${a} then (${b}) else (${c})`),
  ),
})).any;

const scope = fc
  .tuple(
    fc.oneof(fc.constant(""), onPrincipal("=="), onPrincipal("in"), fc.constant("is Workload")),
    fc.constantFrom("", `== Action::"infer"`, `in [Action::"infer", Action::"read"]`),
    fc.oneof(
      fc.constant(""),
      resource.map((r) => `== ${r}`),
      namespace.map((n) => `in ${n}`),
    ),
  )
  .map(([p, a, r]) => `(principal ${p}, action ${a}, resource ${r})`);

function onPrincipal(operator: string): fc.Arbitrary<string> {
  return (operator === "in" ? fc.oneof(workload, namespace) : workload).map((entity) => `${operator} ${entity}`);
}

const policy = fc
  .tuple(fc.constantFrom("permit", "forbid"), scope, fc.constantFrom("when", "unless"), expression)
  .map(([effect, of, clause, body]) => `${effect} ${of} ${clause} { ${body} };`);

/** Strict validation refuses some of what the grammar makes ("impossible", say); those are left out. */
function sourcesOf(texts: readonly (readonly [string, string])[]): PolicySource[] {
  return texts
    .map(([space, body], index) => source(`@id("p${index}") ${body}`, space, `${index}.cedar`))
    .filter((one) => checkPolicies([one], { trustDomain }).problems.length === 0);
}

const plainContext = fc.record({
  assurance: fc.constantFrom("x509-svid" as const, "jwt-svid" as const),
  route: fc.constantFrom("chat", "a", "chatP", "POST"),
  method: fc.constantFrom("POST", "OST", "GET"),
  stream: fc.boolean(),
  external: fc.boolean(),
});
const mcpContext = fc.record({
  rpc: fc.constantFrom("tools/call", "tools/list", ""),
  tool: fc.constantFrom("open_ticket", "close_ticket", ""),
});
const context: fc.Arbitrary<RequestContext> = fc
  .tuple(plainContext, fc.option(mcpContext, { nil: {} }))
  .map(([plain, mcp]) => ({ ...plain, ...mcp }));
interface Asked {
  readonly principal: Component;
  readonly action: Action;
  readonly resource: Component;
  readonly context: RequestContext;
}

const askedOften: fc.Arbitrary<Asked[]> = fc
  .tuple(
    fc.shuffledSubarray([...components], { minLength: 2, maxLength: 5 }),
    fc.shuffledSubarray([...components], { minLength: 1, maxLength: 3 }),
    fc.array(context, { minLength: 1, maxLength: 3 }),
  )
  .chain(([principals, resources, contexts]) =>
    fc.array(
      fc.record({
        principal: fc.constantFrom(...principals),
        action: fc.constantFrom<Action>("infer", "read"),
        resource: fc.constantFrom(...resources),
        context: fc.constantFrom(...contexts),
      }),
      { minLength: 20, maxLength: 50 },
    ),
  );

const requestOf = ({ principal, action, resource: of, context: facts }: Asked): AccessRequest => ({
  principal: principal.id,
  action,
  resource: of.id,
  context: facts,
});

test("compiled policies answer as the official engine does, for any policies, components and requests", () => {
  let compared = 0;
  let permits = 0;
  let forbids = 0;
  let errors = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom("default", "default", "other"), policy), { minLength: 1, maxLength: 5 }),
      askedOften,
      (texts, all) => {
        const disagreements: string[] = [];
        const policies = compilePolicies(sourcesOf(texts), {
          trustDomain,
          shadow: (words) => disagreements.push(words),
        });
        for (const one of all) {
          const evaluation = policies.evaluate(requestOf(one), one.principal, one.resource);
          compared += 1;
          permits += evaluation.permits.length;
          forbids += evaluation.forbids.length;
          errors += evaluation.errors.length;
        }
        assert.deepEqual(disagreements, []);
      },
    ),
    { numRuns: 220 },
  );
  // The comparison means nothing unless policies said all that they can say.
  assert.ok(compared > 2_000, `${compared} compared`);
  assert.ok(permits > 50 && forbids > 50 && errors > 50, `${permits} ${forbids} ${errors}`);
});
