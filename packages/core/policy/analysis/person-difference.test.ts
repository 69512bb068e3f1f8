/** What a change means for people: who is enrolled, who is named, a group's members, and anybody. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Namespace } from "../../contract/vocabulary.ts";
import { userId } from "../../identity/spiffe-id.ts";
import type { Grant } from "../people.ts";
import type { Snapshot } from "../snapshot.ts";
import { compile, component, snapshot, trustDomain } from "../test-estate.ts";
import { Windows } from "../windows.ts";
import { userOf } from "./estate-people.ts";
import { personDifference, type PersonPair, type ReachedEstate } from "./person-difference.ts";
import { reach } from "./reach.ts";

const now = Date.parse("2026-11-25T12:00:00Z");
const namespace = "default" as Namespace;
const assistant = component("default/agent/assistant");
const docs = component("default/dataset/docs", { boundary: "data" });
const secret = component("default/dataset/secret", { boundary: "data" });
const windows = new Windows([
  { namespace, name: "nightly", timeZone: "UTC", opens: "0 1 * * *", closes: "0 5 * * *", except: [] },
]);
const mei = userOf(userId(trustDomain, namespace, "mei"), namespace, "mei", ["data-science"]);
const kim = userOf(userId(trustDomain, namespace, "kim"), namespace, "kim", []);

function estate(text: string, more: Partial<Snapshot> = {}): ReachedEstate {
  const policies = compile(text);
  const whole = snapshot(policies, { windows, ...more }, [assistant, docs, secret]);
  return { snapshot: whole, policies, reach: reach(whole, policies, now) };
}

const reads = (id: string, who: string, condition = "true", to = "docs", annotation = ""): string =>
  `@id("${id}") ${annotation} permit(${who}, action == Action::"read", resource == Component::"default/dataset/${to}") when { ${condition} };\n`;
const science = reads("science", "principal is User", `principal.groups.contains("data-science")`);
const words = (pairs: readonly PersonPair[]): string[] =>
  pairs.map(({ who, action, resource }) => `${who}: ${action} ${resource.split("/").at(-1)}`).toSorted();
const enrolled = { users: new Map([mei, kim].map((user) => [user.id, user])) };

test("a permit for a group is gained by its members, known or to come, and by nobody else", () => {
  const { gained, lost, changed } = personDifference(estate("", enrolled), estate(science, enrolled));
  assert.deepEqual(words(gained), ["anybody of default in data-science: read docs", "default/user/mei: read docs"]);
  assert.deepEqual([lost, changed], [[], []]);
  assert.deepEqual(gained[0]?.permits, ["default/science"]);
  const without = personDifference(estate(science), estate(""));
  assert.deepEqual(words(without.lost), ["anybody of default in data-science: read docs"]);
});

test("a permit for everybody is gained by people in no group, and one that needs two groups by who is in both", () => {
  const all = personDifference(estate(science, enrolled), estate(science + reads("all", "principal"), enrolled));
  assert.deepEqual(words(all.gained), ["anybody of default: read docs", "default/user/kim: read docs"]);
  const both = reads("both", "principal", `context.userGroups.containsAll(["owners", "auditors"])`, "secret");
  assert.deepEqual(words(personDifference(estate(""), estate(both)).gained), [
    "anybody of default in auditors and owners: read secret",
  ]);
});

test("a person whom only a policy names counts, written as an entity or as a text", () => {
  const entity = reads("lee", `principal == User::"default/user/lee"`);
  const text = reads("pat", "principal is User", `context.user == "default/user/pat"`);
  assert.deepEqual(words(personDifference(estate(""), estate(entity + text)).gained), [
    "default/user/lee, if enrolled: read docs",
    "default/user/pat, if enrolled: read docs",
  ]);
});

test("a permit that reads a name tells people apart who have the same groups", () => {
  const named = reads("k", "principal is User", `principal.name like "k*"`);
  assert.deepEqual(words(personDifference(estate("", enrolled), estate(named, enrolled)).gained), [
    "default/user/kim: read docs",
  ]);
});

test("a forbid for a group is a loss; other times, and approvals that are no longer needed, are a change", () => {
  const forbid = `@id("no") forbid(principal, action, resource) when { context.userGroups.contains("data-science") };`;
  assert.deepEqual(words(personDifference(estate(science), estate(science + forbid)).lost), [
    "anybody of default in data-science: read docs",
  ]);
  const nightly = reads(
    "science",
    "principal is User",
    `principal.groups.contains("data-science") && context.windows.contains("nightly")`,
  );
  assert.deepEqual(words(personDifference(estate(nightly), estate(science)).changed), [
    "anybody of default in data-science: read docs",
  ]);
  const approved = reads(
    "science",
    "principal is User",
    `principal.groups.contains("data-science")`,
    "docs",
    `@approval("1")`,
  );
  const { gained, changed } = personDifference(estate(approved), estate(science));
  assert.deepEqual([words(gained), words(changed)], [[], ["anybody of default in data-science: read docs"]]);
});

test("a grant opens on one side what it opens there, and a forbid that spares who is granted is no gain", () => {
  const grant: Grant = {
    ...{ id: "g-1", principal: kim.id, actions: ["read"], resources: [secret.id], starts: now - 1, ends: now + 1_000 },
    ...{ reason: "an audit", approvers: [] },
  };
  const granted = { ...enrolled, grants: new Map([[kim.id, [grant]]]) };
  const { gained } = personDifference(estate("", enrolled), estate("", granted));
  assert.deepEqual(words(gained), ["default/user/kim: read secret"]);
  assert.equal(gained[0]?.grant?.id, "g-1");
  const longer = new Map([[kim.id, [grant, { ...grant, id: "g-2", ends: now + 9_000 }]]]);
  const more = personDifference(estate("", granted), estate("", { ...enrolled, grants: longer }));
  assert.deepEqual([words(more.gained), more.changed[0]?.grant?.id], [[], "g-2"]);
  const unless = `@id("no") forbid(principal, action, resource) unless { context.granted };`;
  assert.deepEqual(words(personDifference(estate("", granted), estate(unless, granted)).gained), []);
});

test("through a workload it is what both may do; a workload that one side lacks lends nothing there", () => {
  const both = science + reads("lent", `principal == Workload::"default/agent/assistant"`, `context.user != ""`);
  const through = (before: string, after: string) =>
    words(
      personDifference(estate(before, enrolled), estate(after, enrolled), [assistant.id]).gained.filter(
        (pair) => pair.through !== undefined,
      ),
    );
  assert.deepEqual(through(science, both), [
    "anybody of default in data-science: read docs",
    "default/user/mei: read docs",
  ]);
  assert.deepEqual(through(both, both), []);
});

test("who is locked or gone on one side reaches nothing there", () => {
  const locked = { users: new Map([[mei.id, { ...mei, locked: "left" }]]) };
  const { gained, lost } = personDifference(estate(science, locked), estate(science, enrolled));
  assert.deepEqual([words(gained), words(lost)], [["default/user/mei: read docs"], []]);
  const gone = personDifference(estate(science, enrolled), estate(science, {}));
  assert.deepEqual(words(gone.lost), ["default/user/mei: read docs"]);
});

test("somebody who is enrolled under the name of anybody is not taken for it", () => {
  const squatter = userOf(userId(trustDomain, namespace, "anybody"), namespace, "anybody", ["data-science"]);
  const users = { users: new Map([[squatter.id, squatter]]) };
  assert.deepEqual(words(personDifference(estate("", users), estate(science, users)).gained), [
    "anybody of default in data-science: read docs",
    "default/user/anybody: read docs",
  ]);
});
