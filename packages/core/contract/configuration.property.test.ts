import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isCordonError } from "../errors.ts";
import { problemsOf } from "./configuration-problems.ts";
import { parseConfiguration } from "./configuration.ts";
import { maxTextCharacters, readYaml } from "./located-yaml.ts";

const sample = `version: 1
trustDomain: bank.example
store: { url: "sqlite:" }
keys: { root: { passphrase: { env: ROOT } } }
gateway: { listen: "127.0.0.1:8443", limits: { bodyBytes: 5000 } }
components:
  - &gateway { name: gateway, kind: service, boundary: api }
  - { name: chat, kind: endpoint, boundary: model, labels: { categories: [GDPR] } }
upstreams:
  - { name: chat, url: "https://127.0.0.1:9001", authentication: { spiffe: chat } }
routes:
  - name: chat
    kind: openai
    path: /v1
    models:
      one: { component: chat, upstream: chat, fallback: two }
      two: { component: chat, upstream: chat }
policies:
  - text: |
      permit (principal, action, resource);
`;

/** Either a configuration, or one `CONFIG_INVALID` with problems that lie within the text. */
function holds(text: string): void {
  try {
    parseConfiguration(text, "x");
  } catch (error) {
    assert.ok(isCordonError(error, "CONFIG_INVALID"), `${String(error)} for ${JSON.stringify(text.slice(0, 200))}`);
    const lines = text.split("\n");
    const problems = problemsOf(error);
    assert.ok(problems.length > 0);
    for (const { line, column } of problems) {
      assert.ok(line >= 1 && line <= lines.length, `line ${line}`);
      assert.ok(column >= 1 && column <= (lines[line - 1] ?? "").length + 1, `column ${column} of line ${line}`);
    }
  }
}

const pieces = [
  "&a ",
  "*a",
  "<<: *a",
  "!!str ",
  "!x ",
  "? ",
  ": ",
  "- ",
  "\n",
  "\n  ",
  "{",
  "}",
  "[",
  "]",
  ",",
  '"',
  "'",
  "|",
  ">",
  "#",
  "%",
  "---\n",
  "...\n",
  "\t",
  "\r",
  "\0",
  "\uFEFF",
  "\uD800",
  "__proto__: 1",
  "null",
  "~",
  ".nan",
  "0x1F",
  "1e999",
  "-",
  "\\",
  "constructor",
  "toString: x\n",
  "kind",
  "default/",
  "spiffe://",
];

const mutation = fc.record({
  at: fc.nat(sample.length),
  remove: fc.nat(12),
  insert: fc.oneof(
    fc.constantFrom(...pieces),
    fc.string({ maxLength: 6 }),
    fc.string({ unit: "binary", maxLength: 3 }),
  ),
});

test("any mutation of a configuration is read, or refused with places that exist", () => {
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 5 }), (mutations) => {
      let text = sample;
      for (const { at, remove, insert } of mutations) text = text.slice(0, at) + insert + text.slice(at + remove);
      holds(text);
    }),
    { numRuns: 1500 },
  );
});

test("any tree of values is read, or refused with places that exist", () => {
  const key = fc.constantFrom(
    "version",
    "components",
    "routes",
    "name",
    "kind",
    "models",
    "toString",
    "__proto__",
    "url",
    "secret",
  );
  const tree = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, 1, "openai", "gateway", "https://x", ""),
      fc.array(tie("node"), { maxLength: 3 }),
      fc.dictionary(key, tie("node"), { maxKeys: 4 }),
    ),
  })).node;
  fc.assert(
    fc.property(
      fc.record({
        version: tree,
        gateway: tree,
        keys: tree,
        components: tree,
        upstreams: tree,
        routes: tree,
        policies: tree,
      }),
      (value) => holds(JSON.stringify(value)),
    ),
    { numRuns: 500 },
  );
});

const huge = maxTextCharacters - 16;
const repeat = (piece: string) => piece.repeat(Math.floor(huge / piece.length));
const bombs: Readonly<Record<string, string>> = {
  "aliases of aliases": [
    "a0: &a0 [x, x, x, x, x, x, x, x, x, x]",
    ...Array.from({ length: 30 }, (_, level) => `a${level + 1}: &a${level + 1} [${`*a${level},`.repeat(10)}]`),
  ].join("\n"),
  "many aliases": `a: &a [1, 2, 3]\nb: [${"*a,".repeat(100_000)}]`,
  "deep flow lists": "[".repeat(100_000),
  "deep closed lists": `a: ${"[".repeat(40)}${"]".repeat(40)}`,
  "deep block lists": repeat("- ").slice(0, 200_000),
  "deep maps": "{a: ".repeat(50_000),
  "deep indentation": Array.from({ length: 1500 }, (_, level) => `${" ".repeat(level)}a:`).join("\n"),
  "duplicate keys": "a:\n".repeat(30_000),
  "distinct keys": Array.from({ length: 40_000 }, (_, index) => `k${index}: 1`).join("\n"),
  "unclosed quote": `"${repeat("\n")}`,
  spaces: repeat(" "),
  documents: "---\n".repeat(20_000),
  commas: `[${",".repeat(100_000)}`,
  "too long": "#".repeat(maxTextCharacters + 1),
  "too many words": repeat("a: b\n"),
};

for (const [name, text] of Object.entries(bombs)) {
  test(`refuses a bomb of ${name}, without building what it stands for`, () => {
    assert.throws(
      () => parseConfiguration(text, "x"),
      (error: unknown) => isCordonError(error, "CONFIG_INVALID") && problemsOf(error).length > 0,
    );
  });
}

test("an alias bomb is cut off while it is read: few values are ever made", () => {
  const { root, problems } = readYaml(bombs["aliases of aliases"] ?? "");
  assert.match(problems.map((problem) => problem.message).join(), /its aliases expand to more than 10000 values/);
  const seen = new Set<unknown>();
  let values = 0;
  const count = (value: unknown): void => {
    values += 1;
    if (values > 200_000 || typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    for (const inner of Object.values(value)) count(inner);
  };
  count(root?.value);
  assert.ok(values < 50_000, String(values));
});
