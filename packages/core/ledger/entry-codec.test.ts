import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isCordonError } from "../errors.ts";
import type { LedgerEntry } from "./entry.ts";
import { encodeEntry, entryKinds, parseEntry } from "./entry-codec.ts";
import { ocsfEvent } from "./ocsf.ts";
import { matches } from "./search.ts";

const refusal = (words: string): LedgerEntry => ({
  v: 1,
  at: 5,
  kind: "refusal",
  code: "IDENTITY_REQUIRED",
  words,
  from: "10.0.0.1",
  count: 3,
});
const decision = {
  v: 1,
  at: 9,
  kind: "decision",
  id: "r1",
  effect: "deny",
  principal: "spiffe://bank.example/ns/default/agent/assistant",
  action: "read",
  resource: "spiffe://bank.example/ns/default/dataset/training-data",
  namespace: "default",
  reasons: [{ code: "no-permit", words: "nothing permits it" }],
} as unknown as LedgerEntry;

test("an entry comes back from its bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (words) => {
      assert.deepEqual(parseEntry(Buffer.from(encodeEntry(refusal(words)))), refusal(words));
    }),
  );
});

test("the limit is 65,535 bytes of UTF-8, to the byte", () => {
  const room = 65_535 - encodeEntry(refusal("")).length;
  assert.equal(encodeEntry(refusal("x".repeat(room))).length, 65_535);
  const isTooLarge = (error: unknown) => isCordonError(error, "LEDGER_ENTRY_TOO_LARGE");
  assert.throws(() => encodeEntry(refusal("x".repeat(room + 1))), isTooLarge);
  assert.throws(() => encodeEntry(refusal("é".repeat(room / 2 + 1))), isTooLarge);
});

test("what is no entry of version 1 and a known kind is not read as one", () => {
  for (const text of [
    "",
    "null",
    "[]",
    "{",
    '"refusal"',
    '{"v":2,"at":1,"kind":"refusal"}',
    '{"v":1,"at":"1","kind":"refusal"}',
    '{"v":1,"at":1,"kind":"constructor"}',
    '{"v":1,"at":1,"kind":"decision"}',
    '{"v":1,"at":1,"kind":"outcome","id":7}',
  ])
    assert.equal(parseEntry(Buffer.from(text)), undefined, text);
  assert.equal(parseEntry(Buffer.of(0xff, 0xfe)), undefined);
});

test("a filter's parts must all match, and an entry without the field does not", () => {
  assert.ok(matches(decision, {}));
  assert.ok(
    matches(decision, {
      principal: "assistant",
      resource: "training-data",
      effect: "deny",
      kind: "decision",
      id: "r1",
    }),
  );
  for (const filter of [
    { principal: "chat" },
    { resource: "assistant" },
    { effect: "allow" },
    { kind: "outcome" },
    { id: "r" },
    { since: 10 },
    { until: 9 },
    { principal: "assistant", effect: "allow" },
  ] as const)
    assert.equal(matches(decision, filter), false, JSON.stringify(filter));
  assert.equal(matches(refusal(""), { principal: "" }), false);
  assert.ok(matches(decision, { since: 9, until: 10 }));
});

test("every kind becomes an OCSF event that names the entry and holds it whole", () => {
  const samples: Readonly<Record<LedgerEntry["kind"], LedgerEntry>> = {
    decision,
    outcome: {
      ...decision,
      kind: "outcome",
      end: "cut",
      status: 0,
      why: { code: "revoked", words: "revoked" },
    } as unknown as LedgerEntry,
    discovery: { ...decision, kind: "discovery", route: "chat", visible: [] } as unknown as LedgerEntry,
    refusal: refusal("no certificate"),
    change: { v: 1, at: 1, kind: "change", revision: 4, actor: "ops", objects: [] } as unknown as LedgerEntry,
    writer: { v: 1, at: 1, kind: "writer", event: "started", words: "started" },
  };
  for (const kind of entryKinds) {
    const event = ocsfEvent(samples[kind], 12, "bank.example/gateway-1");
    assert.equal(event.type_uid, event.class_uid * 100 + event.activity_id, kind);
    assert.equal(event.category_uid, Math.floor(event.class_uid / 1000), kind);
    assert.equal(event.metadata["uid"], "bank.example/gateway-1#12");
    assert.deepEqual(event["unmapped"], { entry: samples[kind] });
  }
  assert.equal(ocsfEvent(decision, 0, "x").status_id, 2);
});

test("a denial that was only observed is found by itself, and is no quiet event for a SIEM", () => {
  const allowed = { ...decision, effect: "allow" } as unknown as LedgerEntry;
  const observed = { ...allowed, observed: { effect: "deny", reasons: [] } } as unknown as LedgerEntry;
  assert.ok(matches(observed, { wouldDeny: true, effect: "allow" }));
  for (const other of [allowed, decision, refusal("x")]) assert.equal(matches(other, { wouldDeny: true }), false);
  const events = [allowed, observed].map((entry) => ocsfEvent(entry, 1, "o"));
  assert.deepEqual(
    events.map((event) => event.severity_id),
    [1, 3],
  );
  assert.match(events[1]?.message ?? "", /would be denied/);
});
