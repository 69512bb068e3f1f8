/** Rows about people in tables of tests: who asks alone, for whom a workload acts, with which groups, by which grant. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Namespace } from "../../contract/vocabulary.ts";
import { userId } from "../../identity/spiffe-id.ts";
import { compile, component, snapshot, trustDomain } from "../test-estate.ts";
import { userOf } from "./estate-people.ts";
import { parseTable, runTable } from "./table-test.ts";

const now = Date.parse("2026-11-25T12:00:00Z");
const namespace = "default" as Namespace;
const mei = userOf(userId(trustDomain, namespace, "mei"), namespace, "mei", ["data-science"]);
const gone = { ...userOf(userId(trustDomain, namespace, "gone"), namespace, "gone", ["data-science"]), locked: "left" };
const policies = compile(`
  @id("science") permit(principal is User, action == Action::"read", resource == Component::"default/dataset/docs") when { principal.groups.contains("data-science") };
  @id("fresh") @stepup("10m") permit(principal is User, action == Action::"write", resource == Component::"default/dataset/docs") when { principal.groups.contains("data-science") };
  @id("assistant") permit(principal == Workload::"default/agent/assistant", action, resource == Component::"default/dataset/docs");
  @id("only-granted") forbid(principal, action, resource == Component::"default/dataset/secret") unless { context.granted };`);
const estate = snapshot(policies, { users: new Map([mei, gone].map((user) => [user.id, user])) }, [
  component("default/agent/assistant"),
  component("default/dataset/docs", { boundary: "data" }),
  component("default/dataset/secret", { boundary: "data" }),
]);

const results = (rows: string): readonly (string | undefined)[] =>
  runTable(estate, parseTable(`tests:\n${rows}`, "tests.yaml"), now).map(({ words }) => words);

test("a person asks alone, by the groups that the state knows or that the row names", () => {
  const words = results(`
  - { person: mei, action: read, resource: docs, expect: allow, because: science }
  - { person: default/mei, groups: [], action: read, resource: docs, expect: deny }
  - { person: lee, groups: [data-science], action: read, resource: docs, expect: allow }
  - { person: lee, action: read, resource: docs, expect: deny }
  - { person: gone, action: read, resource: docs, expect: deny, because: locked }
  - { person: gone, groups: [data-science], action: read, resource: docs, expect: deny, because: locked }
  - { person: mei, action: read, resource: secret, expect: allow }`);
  assert.deepEqual(
    words.map((each) => each === undefined),
    [true, true, true, false, true, true, false],
  );
  assert.match(words[3] ?? "", /no person `lee`: name their `groups`.*--state/);
});

test("a workload acts for a person: both must be allowed", () => {
  assert.deepEqual(
    results(`
  - { principal: assistant, person: mei, action: read, resource: docs, expect: allow }
  - { principal: assistant, person: lee, groups: [visitors], action: read, resource: docs, expect: deny, because: lee }
  - { principal: assistant, person: mei, action: read, resource: secret, granted: true, expect: deny }`),
    [undefined, undefined, undefined],
  );
});

test("a grant that is taken for given covers the person, or the workload that asks alone, and just this", () => {
  assert.deepEqual(
    results(`
  - { person: lee, groups: [], granted: true, action: read, resource: secret, expect: allow, because: grant }
  - { principal: assistant, granted: true, action: read, resource: secret, expect: allow, because: grant }
  - { principal: assistant, action: read, resource: secret, expect: deny, because: only-granted }`),
    [undefined, undefined, undefined],
  );
});

test("how long ago the passkey was touched counts where policy asks for it", () => {
  assert.deepEqual(
    results(`
  - { person: mei, action: write, resource: docs, expect: allow }
  - { person: mei, passkeyMinutes: 9, action: write, resource: docs, expect: allow }
  - { person: mei, passkeyMinutes: 11, action: write, resource: docs, expect: deny }`),
    [undefined, undefined, undefined],
  );
});

test("a row that names nobody, or groups of nobody, is refused with its place", () => {
  const table = (row: string) => () =>
    parseTable(`tests: [{ ${row}, action: read, resource: docs, expect: deny }]`, "t");
  assert.throws(table("name: nobody"), /must name a `principal`, a `person`, or both[\s\S]*tests\[0\]/);
  assert.throws(table("principal: assistant, groups: [a]"), /a person's: name the `person`/);
  assert.throws(table("person: Mei"), /tests\[0\]\.person/);
  assert.throws(table("person: mei, passkeyMinutes: -1"), /passkeyMinutes/);
});
