/** Generated policies, entities and requests, put to the official engine and to this one: the answers must be the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isAuthorized, type EntityJson } from "@cedar-policy/cedar-wasm/nodejs";
import fc from "fast-check";
import { answer, compileText, entitiesOf, environmentOf, type Answer, type NamedPolicies } from "./testing.ts";

const runs = Number(process.env["CORDON_CEDAR_RUNS"] ?? 400);

const uids = ['U::"a"', 'U::"b"', 'G::"g"', 'G::"top"', 'R::"r"', 'U::"missing"'];
const attributes = ["n", "s", "e", "set", "rec", "ip", "missing"];
const strings = ["", "a", "abc", "10.0.0.1", "1.5", "2024-01-01", "1d", "*", "é\\u{1F600}", "\\0", "-1.0000"];
const longs = ["0", "1", "-1", "7", "9007199254740993", "9223372036854775807", "-9223372036854775808"];
const extensions = [
  'ip("10.0.0.1")',
  'ip("10.0.0.0/8")',
  'ip("::1")',
  'ip("ff00::/8")',
  'ip("300.0.0.1")',
  'ip("1.2.3.4/33")',
  'decimal("1.5")',
  'decimal("-0.0001")',
  'decimal("922337203685477.5807")',
  'decimal("1.23456")',
  'decimal("x")',
  'datetime("2024-02-29")',
  'datetime("2024-01-01T12:34:56.789+0830")',
  'datetime("2023-02-29")',
  'datetime("1969-12-31T23:59:59Z")',
  'duration("1d2h3m4s5ms")',
  'duration("-1500ms")',
  'duration("9223372036854775807ms")',
  'duration("1h1d")',
];
const comparisons = ["==", "!=", "<", "<=", ">", ">=", "&&", "||", "+", "-", "in"];
const methods = [
  "contains",
  "containsAll",
  "containsAny",
  "hasTag",
  "getTag",
  "isInRange",
  "lessThan",
  "lessThanOrEqual",
  "greaterThan",
  "greaterThanOrEqual",
  "offset",
  "durationSince",
];
const noArgument = [
  "isEmpty",
  "isIpv4",
  "isIpv6",
  "isLoopback",
  "isMulticast",
  "toDate",
  "toTime",
  "toMilliseconds",
  "toSeconds",
  "toMinutes",
  "toHours",
  "toDays",
];

const { expression } = fc.letrec<{ expression: string; leaf: string }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom("principal", "action", "resource", "context", "true", "false", ...uids, ...longs, ...extensions),
    fc.constantFrom(...strings).map((text) => `"${text}"`),
    fc
      .tuple(fc.constantFrom("principal", "resource", "context"), fc.constantFrom(...attributes))
      .map((p) => p.join(".")),
  ),
  expression: fc.oneof(
    { maxDepth: 4, depthSize: "medium" },
    { weight: 3, arbitrary: tie("leaf") },
    {
      weight: 3,
      arbitrary: fc
        .tuple(tie("expression"), fc.constantFrom(...comparisons), tie("expression"))
        .map(([a, o, b]) => `(${a} ${o} ${b})`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("expression"), fc.constantFrom("2", "-3", "9007199254740993"))
        .map(([a, b]) => `(${a} * ${b})`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom("!", "-", "!!", "--"), tie("expression")).map(([o, a]) => `(${o}(${a}))`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(tie("expression"), fc.constantFrom(...attributes)).map(([a, n]) => `(${a}).${n}`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("expression"), fc.constantFrom("n", "rec.inner", "e.n", "missing", '"a b"'))
        .map(([a, n]) => `((${a}) has ${n})`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("expression"), fc.constantFrom("", "*", "a*", "*c", "a*b*c", "\\\\*", "*é*"))
        .map(([a, p]) => `((${a}) like "${p.replace("\\\\", "\\")}")`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(tie("expression"), fc.constantFrom("U", "G", "R")).map(([a, t]) => `((${a}) is ${t})`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("expression"), fc.constantFrom("U", "G"), tie("expression"))
        .map(([a, t, b]) => `((${a}) is ${t} in (${b}))`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("expression"), tie("expression"), tie("expression"))
        .map(([a, b, c]) => `(if ${a} then ${b} else ${c})`),
    },
    { weight: 1, arbitrary: fc.array(tie("expression"), { maxLength: 3 }).map((list) => `[${list.join(", ")}]`) },
    { weight: 1, arbitrary: fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `{"z": ${a}, n: ${b}}`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie("expression"), fc.constantFrom(...methods), tie("expression"))
        .map(([a, m, b]) => `(${a}).${m}(${b})`),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(tie("expression"), fc.constantFrom(...noArgument)).map(([a, m]) => `(${a}).${m}()`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom("ip", "decimal", "datetime", "duration"), tie("expression"))
        .map(([f, a]) => `${f}(${a})`),
    },
  ),
}));

const scope = (name: string): fc.Arbitrary<string> =>
  fc.constantFrom(
    name,
    name,
    `${name} == U::"a"`,
    `${name} in G::"g"`,
    `${name} in G::"top"`,
    `${name} is U`,
    `${name} is U in G::"g"`,
    `${name} == R::"r"`,
  );
const actionScope = fc.constantFrom(
  "action",
  'action == Action::"read"',
  'action in [Action::"read", Action::"all"]',
  'action == Action::"x"',
);
/** The openings that the index stands on, before something that may fail. */
const opening = fc.constantFrom(
  'principal.s == "abc" &&',
  'principal.s == "abc" && resource.s == "no" &&',
  'resource.rec.inner == "x" &&',
  'principal.missing == "abc" &&',
  'principal.n == 7 && context.s == "abc" &&',
  'context.s == "abc" && principal.n == true &&',
  '["abc", "a"].contains(principal.s) &&',
  '("a" == resource.s || resource.s == "abc") &&',
  '(resource.s == "a" || resource.n == 7) &&',
  'principal.set.contains("a") && principal == U::"a" &&',
  "context.set.contains(2) &&",
  'principal in G::"top" && resource is R &&',
  '[U::"a", U::"missing"].contains(principal) &&',
  'resource in R::"r" && principal is U in G::"g" &&',
  "true ||",
  "true ||",
  "",
  "",
  "",
);
const policy = fc
  .tuple(
    fc.constantFrom("permit", "forbid"),
    scope("principal"),
    actionScope,
    scope("resource"),
    fc.constantFrom("when", "unless"),
    opening,
    fc.array(expression, { minLength: 1, maxLength: 2 }),
  )
  .map(
    ([effect, p, a, r, kind, begin, [first = "true", ...rest]]) =>
      `${effect}(${p}, ${a}, ${r}) ${kind} { ${begin} ${first} }${rest.map((body) => ` when { ${body} }`).join("")};`,
  );

const value = fc.constantFrom<EntityJson["attrs"][string]>(
  0,
  7,
  -1,
  "abc",
  "a",
  true,
  [1, 2, "a"],
  [],
  { inner: "x", n: 3 },
  { __entity: { type: "U", id: "b" } },
  { __entity: { type: "U", id: "missing" } },
  { __extn: { fn: "ip", arg: "10.1.2.3" } },
  { __extn: { fn: "decimal", arg: "1.5" } },
  { __extn: { fn: "duration", arg: "1h" } },
);
const fields = fc.dictionary(fc.constantFrom("n", "s", "e", "set", "rec", "ip"), value, { maxKeys: 6 });
const entities = fc.tuple(fields, fields, fields, fields).map(([a, b, r, tags]): EntityJson[] => [
  { uid: { type: "U", id: "a" }, attrs: a, parents: [{ type: "G", id: "g" }], tags },
  { uid: { type: "U", id: "b" }, attrs: b, parents: [] },
  { uid: { type: "G", id: "g" }, attrs: {}, parents: [{ type: "G", id: "top" }] },
  { uid: { type: "G", id: "top" }, attrs: {}, parents: [] },
  { uid: { type: "R", id: "r" }, attrs: r, parents: [{ type: "G", id: "g" }] },
  { uid: { type: "Action", id: "read" }, attrs: {}, parents: [{ type: "Action", id: "all" }] },
  { uid: { type: "Action", id: "all" }, attrs: {}, parents: [] },
]);
const request = fc.record({
  principal: fc.constantFrom({ type: "U", id: "a" }, { type: "U", id: "b" }, { type: "U", id: "missing" }),
  action: fc.constantFrom({ type: "Action", id: "read" }, { type: "Action", id: "x" }),
  resource: fc.constantFrom({ type: "R", id: "r" }, { type: "U", id: "b" }),
  context: fields,
});

const requests = fc.array(request, { minLength: 1, maxLength: 3 });

/** The official engine's answer; `undefined` where it refuses the policies themselves. */
function official(
  text: string,
  asked: { principal: object; action: object; resource: object; context: object },
  known: EntityJson[],
): Answer | undefined {
  const said = isAuthorized({
    ...(asked as Parameters<typeof isAuthorized>[0]),
    policies: { staticPolicies: text },
    entities: known,
  });
  if (said.type === "failure") return undefined;
  const { decision, diagnostics } = said.response;
  return {
    decision,
    reason: diagnostics.reason.toSorted(),
    errors: diagnostics.errors
      .map(({ policyId, error }) => ({ policy: policyId, words: error.message }))
      .toSorted((a, b) => (a.policy < b.policy ? -1 : 1)),
  };
}

test("answers generated requests as the official engine does, errors and their words included", (t) => {
  const tally = { answered: 0, erring: 0, allowed: 0 };
  fc.assert(
    fc.property(fc.array(policy, { minLength: 1, maxLength: 8 }), entities, requests, (policies, known, all) => {
      const text = policies.join("\n");
      let compiled: NamedPolicies | undefined;
      const read = entitiesOf(known);
      // One after another of the same set and entities: what was kept of one must not answer the next.
      for (const asked of all) {
        const expected = official(text, asked, known);
        if (expected === undefined) return;
        tally.answered += 1;
        if (expected.errors.length > 0) tally.erring += 1;
        if (expected.decision === "allow") tally.allowed += 1;
        compiled ??= compileText(text);
        assert.deepEqual(answer(compiled, environmentOf(asked, read)), expected, text);
      }
    }),
    { numRuns: runs },
  );
  t.diagnostic(
    `cedar, generated: ${tally.answered} requests answered alike; ${tally.erring} with errors, ${tally.allowed} allowed`,
  );
  assert.ok(tally.answered > runs / 2 && tally.erring > runs / 20 && tally.allowed > runs / 100, JSON.stringify(tally));
});
