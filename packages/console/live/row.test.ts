import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { endWords } from "./row-words.ts";
import { readLine, type DecisionRow, type Entry, type EventRow, type Outcome } from "./row.ts";
import { assistant, chat, decision, outcome } from "./test-entries.ts";

const row = (entry: Entry): DecisionRow => {
  const line = readLine(4, entry);
  assert.equal(line.type, "decision");
  return line;
};
const event = (entry: Entry): EventRow => readLine(4, { v: 1, at: 5, ...entry }) as EventRow;
const ending = (entry: Entry): Outcome => {
  const line = readLine(5, entry);
  assert.equal(line.type, "outcome");
  return (line as { outcome: Outcome }).outcome;
};

test("a decision is who, what, on what, and why in words", () => {
  const { principal, action, resource, effect, words } = row(decision("a"));
  assert.deepEqual(
    [principal, action, resource, effect, words],
    [assistant, "infer", chat, "allow", "policy permits this"],
  );
});

test("a denial that was not enforced is neither allowed nor denied, and gives the denial's reasons", () => {
  const reasons = [{ code: "forbidden", policy: "p", namespace: "default", words: "restricted data stays inside" }];
  const read = row(decision("a", { observed: { effect: "deny", reasons } }));
  assert.deepEqual([read.effect, read.words], ["observed", "restricted data stays inside"]);
});

test("fields that a newer Cordon adds are kept", () => {
  const read = row(decision("a", { geography: "SG" }));
  assert.equal(read.entry["geography"], "SG");
});

test("what never became a request, changes and the writer's life are told in words", () => {
  assert.equal(
    event({ kind: "refusal", code: "SVID_EXPIRED", words: "expired", from: "10.0.0.1", count: 3 }).words,
    "expired (3 times)",
  );
  const objects = ["a", "b", "c", "d", "e"].map((name) => ({
    op: name === "a" ? "delete" : "put",
    kind: "policy",
    namespace: "default",
    name,
  }));
  assert.equal(
    event({ kind: "change", revision: 9, actor: "ops", objects }).words,
    "revision 9: removed policy a, policy b, policy c, policy d and 1 more",
  );
  const discovery = { kind: "discovery", id: "d", principal: assistant, visible: [chat] };
  assert.equal(event(discovery).words, "asked for its models and was shown chat");
  assert.equal(event({ ...discovery, visible: [] }).words, "asked for its models and was shown none");
  assert.equal(event({ kind: "writer", event: "started", words: "started" }).kind, "writer");
});

test("an entry that nobody knows is shown as unknown, with what it says, and never as fine", () => {
  for (const entry of [
    {},
    { v: 2, kind: "decision", at: 3 },
    { v: 1, kind: "decision" },
    { v: 1, kind: "new-kind", at: 3 },
    { v: 1, kind: "outcome" },
  ]) {
    const line = readLine(9, entry);
    assert.equal(line.type === "event" && line.kind, "unknown", JSON.stringify(entry));
    assert.equal(line.type === "event" && line.entry, entry);
  }
});

test("no object of any shape makes the reader throw", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.constantFrom("decision", "outcome", "refusal", "change"),
      (fields, kind) => {
        readLine(0, { ...decision("a"), ...outcome("a"), ...fields, kind });
      },
    ),
  );
});

const ends: readonly (readonly [string, Entry, string | RegExp, string])[] = [
  ["a whole answer by status, size and time", {}, "200 · 1.2 kB · 120 ms", "fine"],
  ["a whole answer that is an error as poor", { status: 500 }, /^500/, "poor"],
  [
    "a cut by that word",
    { end: "cut", why: { code: "revoked", words: "its identity is revoked" } },
    /^cut · 200/,
    "cut",
  ],
  [
    "an upstream's failure without a status that was never sent",
    { end: "upstream-failed", status: 0 },
    /^upstream failed · 1\.2 kB/,
    "poor",
  ],
  ["an end of a newer Cordon by its own word", { end: "quarantined" }, /^quarantined/, "poor"],
];
for (const [name, more, words, tone] of ends) {
  test(`the list shows ${name}`, () => {
    const end = endWords({ ...row(decision("a")), outcome: ending(outcome("a", more)) });
    if (typeof words === "string") assert.equal(end.words, words);
    else assert.match(end.words, words);
    assert.equal(end.tone, tone);
  });
}

test("without an outcome an allowed call is under way, and a denied one went nowhere", () => {
  assert.equal(endWords(row(decision("a"))).words, "under way");
  assert.equal(endWords(row(decision("a", { effect: "deny" }))).words, "not forwarded");
});
