import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decidingPolicy, statements } from "./deciding-policy.ts";

const text = `// Who may ask; the ";" here ends nothing
@id("may-ask") permit (principal, action, resource);

// Restricted data stays inside.
@reason("not for you; ask the owner")
@id("stays-inside")
forbid (principal, action, resource) // @id("impostor");
when { resource.name == "a;b\\"c;" };
@id("quote\\"d") permit (principal, action, resource);
`;
const sources = [
  {
    namespace: "other",
    name: "all",
    origin: "other.cedar",
    text: '@id("may-ask") forbid (principal, action, resource);',
  },
  { namespace: "default", name: "all", origin: "default.cedar", text },
];
const find = (id: string, namespace = "default") => decidingPolicy(sources, namespace, id);

test("the policy is found by its id in its own namespace, with its comment and whole", () => {
  assert.equal(find("may-ask")?.origin, "default.cedar");
  assert.match(find("may-ask")?.text ?? "", /^\/\/ Who may ask.*\n@id\("may-ask"\) permit/);
  assert.match(find("may-ask", "other")?.text ?? "", /forbid/);
  const inside = find("stays-inside")?.text ?? "";
  assert.ok(inside.startsWith("// Restricted data stays inside.") && inside.endsWith('"a;b\\"c;" };'), inside);
});

test("an escaped id is found by what it means", () => {
  assert.match(find('quote"d')?.text ?? "", /permit/);
});

test("a name in a comment or string is no policy's id, and an unknown id finds nothing", () => {
  for (const id of ["impostor", "gone", "", "stays"]) assert.equal(find(id), undefined, id);
  assert.equal(find("may-ask", "gone"), undefined);
});

test("as many statements come out as went in, however they are spaced and remarked upon", () => {
  const statement = fc.constantFrom(
    '@id("a") permit (principal, action, resource);',
    'forbid (principal == User::"x;y", action, resource);',
  );
  const between = fc.constantFrom("\n", " ", "// a; b\n", '\n// "open\n');
  fc.assert(
    fc.property(fc.array(fc.tuple(between, statement), { maxLength: 8 }), (parts) => {
      const found = statements(parts.map(([space, each]) => `${space}${each}`).join(""));
      assert.equal(found.length, parts.length);
      for (const [index, [, each]] of parts.entries()) assert.ok(found[index]?.endsWith(each));
    }),
  );
});

test("text that is cut off anywhere does not make the reader throw", () => {
  for (let length = 0; length <= text.length; length++) statements(text.slice(0, length));
});
