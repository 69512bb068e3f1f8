import assert from "node:assert/strict";
import { test } from "node:test";
import { checkParseSchema } from "@cedar-policy/cedar-wasm/nodejs";
import fc from "fast-check";
import { cedarSchema } from "./cedar-schema.ts";
import { checkPolicies } from "./policy-check.ts";
import { problemLine } from "./policy-text.ts";
import { source, trustDomain } from "./test-estate.ts";

const check = (text: string): string[] => checkPolicies([source(text)], { trustDomain }).problems.map(problemLine);
const when = (body: string): string => `@id("p") permit(principal, action, resource) when { ${body} };`;

test("the schema is Cedar", () => {
  assert.deepEqual(checkParseSchema(cedarSchema), { type: "success" });
});

test("accepts policies with comments, strings that hold semicolons, and nothing at all", () => {
  assert.deepEqual(check(""), []);
  assert.deepEqual(check("// only a comment; not a policy"), []);
  const { policies, problems } = checkPolicies(
    [
      source(
        `// one;\n@id("a") @reason("x; \\"y\\" // z") permit(principal, action, resource); // two;\n@id("b")\nforbid(principal, action, resource);`,
      ),
    ],
    { trustDomain },
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(
    policies.map(({ id, start }) => [id, start]),
    [
      ["a", 8],
      ["b", 87],
    ],
  );
});

const refused: readonly (readonly [name: string, text: string, problem: RegExp])[] = [
  ["a policy without @id", "permit(principal, action, resource);", /^default\.cedar:1:1: .*no `@id`/],
  ["an @id that is no name", `@id("No Spaces") permit(principal, action, resource);`, /:1:1: .*lower-case/],
  [
    "an @id taken twice",
    `${when("true")}\n ${when("true")}`,
    /:2:2: .*already taken in namespace `default`, at default\.cedar:1/,
  ],
  [
    "an unknown annotation",
    `@id("p") @resaon("x") permit(principal, action, resource);`,
    /:1:10: `@resaon`.*one of id, reason, keep/,
  ],
  ["an empty annotation", `@id("p") @reason("") permit(principal, action, resource);`, /:1:10: `@reason` is empty/],
  [
    "an annotation that could write to a terminal",
    `@id("p") @reason("a\\u{1b}[2J") permit(principal, action, resource);`,
    /one line/,
  ],
  ["@keep with another word", `@id("p") @keep("all") permit(principal, action, resource);`, /:1:10: `@keep\("all"\)`/],
  ["@keep on a forbid", `@id("p") @keep("request") forbid(principal, action, resource);`, /belongs on a permit/],
  ["an annotation twice", `@id("p") @id("q") permit(principal, action, resource);`, /duplicate annotation/],
  ["a syntax error", `@id("p")\npermit(principal, action, resource) when { principal. };`, /:2:55: unexpected token/],
  ["a policy that does not end", `@id("p") permit(principal, action, resource)`, /unexpected end of input/],
  ["a template", `@id("p") permit(principal == ?principal, action, resource);`, /expected a static policy/],
  ["an attribute that does not exist", when(`resource.knd == "x"`), /attribute `knd`.*did you mean `kind`/],
  ["a context field that does not exist", when("context.streaming"), /attribute `streaming` in context.*not found/],
  ["a type error", when("principal.kind == 3"), /not compatible/],
  [
    "an action that does not exist",
    `@id("p") permit(principal, action == Action::"infr", resource);`,
    /unrecognized action.*did you mean/,
  ],
  [
    "a principal type that does not exist",
    `@id("p") permit(principal == Agent::"x", action, resource);`,
    /unrecognized entity type/,
  ],
  [
    "a policy that can never apply",
    `@id("p") forbid(principal == Component::"default/agent/a", action, resource);`,
    /unable to find an applicable action/,
  ],
  ["a condition that is never true", when("false"), /impossible/],
  ["a short name", when(`principal == Workload::"assistant"`), /can never match: an id is `namespace\/kind\/name`/],
  ["a kind that does not exist, in an id", when(`principal == Workload::"default/agnt/a"`), /`agnt` is not a kind/],
  [
    "our own workload by its SPIFFE ID",
    when(`principal == Workload::"spiffe://bank.example/ns/default/agent/a"`),
    /write `default\/agent\/a`/,
  ],
  ["a malformed SPIFFE ID", when(`principal == Workload::"spiffe://Partner.example/x"`), /not a SPIFFE ID/],
  ["a trust domain as a workload", when(`principal == Workload::"spiffe://partner.example"`), /names a trust domain/],
  ["a namespace that cannot exist", when(`principal in Namespace::"De Fault"`), /cannot exist/],
  [
    "a misspelt kind",
    when(`resource.kind == "datasett"`),
    /:1:\d+: `resource.kind` is never "datasett"; one of service/,
  ],
  ["a misspelt kind within a set", when(`["agent", "modl"].contains(principal.kind)`), /never "modl"/],
  ["a misspelt sensitivity", when(`resource.labels.sensitivity != "secret"`), /never "secret"; one of public/],
  ["a misspelt assurance", when(`"mtls" == context.assurance`), /never "mtls"; one of x509-svid/],
  [
    "a permit on another namespace's component",
    `@id("p") permit(principal, action, resource == Component::"payments/dataset/a");`,
    /move it to the resource's namespace/,
  ],
  [
    "a permit on another namespace",
    `@id("p") permit(principal, action, resource in Namespace::"payments");`,
    /move it/,
  ],
  [
    "a forbid wholly outside its namespace",
    `@id("p") forbid(principal in Namespace::"a", action, resource in Namespace::"b");`,
    /this one never is/,
  ],
  ["a bidirectional override", when(`principal.name == "a\u202eb"`), /U\+202E/],
  ["a zero-width space", when(`principal.name == "a\u200bb"`), /U\+200B/],
  ["an escape character", when(`principal.name == "\u001b[2J"`), /U\+001B/],
  ["a lone surrogate", when(`principal.name == "\ud800"`), /U\+D800/],
];

for (const [name, text, problem] of refused)
  test(`refuses ${name}`, () => {
    const problems = check(text);
    assert.ok(
      problems.some((line) => problem.test(line)),
      problems.join("\n") || "accepted",
    );
  });

test("columns are counted in characters of the source, not in the engine's bytes", () => {
  const text = `// ünïcödé 🙂\n@id("p") @reason("ünïcödé 🙂") permit(principal, action, resource) when { resource.knd == "x" };`;
  const line = text.split("\n")[1] ?? "";
  assert.deepEqual(
    check(text).map((problem) => problem.split(": ")[0]),
    [`default.cedar:2:${line.indexOf("resource.knd") + 1}`],
  );
});

test("a forbid may name another namespace's resource for its own principals, and the reverse", () => {
  assert.deepEqual(check(`@id("p") forbid(principal, action, resource in Namespace::"payments");`), []);
  assert.deepEqual(check(`@id("p") forbid(principal in Namespace::"payments", action, resource);`), []);
  assert.deepEqual(check(`@id("p") permit(principal in Namespace::"payments", action, resource);`), []);
});

test("the same @id may be used in two namespaces", () => {
  const sources = [source(when("context.stream")), source(when("context.stream"), "payments")];
  assert.deepEqual(checkPolicies(sources, { trustDomain }).problems, []);
});

const bombs: readonly (readonly [string, string])[] = [
  ["nested brackets", when(`${"(".repeat(2000)}context.stream${")".repeat(2000)}`)],
  ["a chain of operators", when(Array(2000).fill("context.stream").join(" || "))],
  ["a chain of attributes", when(`principal${".a".repeat(5000)}`)],
  ["a chain of conditionals", when(`${"if context.stream then true else ".repeat(2000)}true`)],
  ["a chain of products", when(`${Array(5000).fill("1").join("*")} < 5`)],
  ["nested sets", when(`${"[".repeat(2000)}1${"]".repeat(2000)}.isEmpty()`)],
  ["nested records", when(`${"{a:".repeat(2000)}1${"}".repeat(2000)} == context`)],
  [
    "thousands of conditions",
    `@id("p") permit(principal, action, resource) ${"when { context.stream } ".repeat(3000)};`,
  ],
  ["hundreds of conditions", `@id("p") permit(principal, action, resource) ${"when { context.stream } ".repeat(150)};`],
  ["a hundred negations", when(`${"!(".repeat(100)}context.stream${")".repeat(100)}`)],
  ["an operator chain within the bound on text", when(Array(180).fill("1").join("*") + " < 5")],
  ["megabytes of text", when(`"${"a".repeat(5_000_000)}" == principal.name`)],
  ["a long policy", when(`"${"a".repeat(100_000)}" == principal.name`)],
];

for (const [name, text] of bombs)
  test(`refuses ${name} before the engine could be exhausted, and works on afterwards`, () => {
    assert.equal(check(text).length, 1, check(text).join("\n"));
    assert.deepEqual(check(when("context.stream")), []);
  });

test("a list of hundreds of components is no bomb", () => {
  const list = Array.from({ length: 400 }, (_, n) => `Workload::"default/agent/a-${n}"`).join(", ");
  assert.deepEqual(check(when(`principal in [${list}]`)), []);
});

test("any text at all gives problems or policies, and never throws", () => {
  const pieces = [
    "permit",
    "forbid",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    '"',
    "\\",
    ";",
    "//",
    "\n",
    "@id",
    "when",
    "if",
    " ",
  ];
  const more = [
    "principal",
    "action",
    "resource",
    "==",
    ".",
    "&&",
    "!",
    "-",
    "1",
    "::",
    ",",
    "é",
    "🙂",
    "?principal",
    "__proto__",
  ];
  const text = fc.array(fc.oneof(fc.constantFrom(...pieces, ...more), fc.string({ maxLength: 3 })), { maxLength: 60 });
  fc.assert(
    fc.property(text, (words) => {
      const joined = words.join("");
      const { policies, problems } = checkPolicies([source(joined)], { trustDomain });
      for (const problem of problems) assert.ok(problem.line >= 1 && problem.column >= 1 && problem.words !== "");
      for (const policy of policies)
        assert.equal(joined.slice(policy.start, policy.start + policy.text.length), policy.text);
    }),
    { numRuns: 1000 },
  );
  assert.deepEqual(check(when("context.stream")), []);
});
