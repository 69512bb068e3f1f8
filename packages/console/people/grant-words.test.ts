import assert from "node:assert/strict";
import { test } from "node:test";
import { leftWords, shortId, stateWords } from "./grant-words.ts";

test("a grant says how it stands, and one whose time is up is over whatever the list says", () => {
  const base = { approvals: [], approversNeeded: 2 };
  assert.equal(stateWords({ ...base, state: "requested" }, 0), "waits: 0 of 2");
  assert.equal(stateWords({ ...base, state: "approved", ends: 7_200_000 }, 0), "holds 2 h 0 min more");
  assert.equal(stateWords({ ...base, state: "approved", ends: 5 }, 5), "ended");
  assert.equal(stateWords({ ...base, state: "denied" }, 0), "denied");
});

test("times left are rounded up, ids are short", () => {
  assert.equal(leftWords(1), "1 min more");
  assert.equal(leftWords(3 * 86_400_000), "3 days more");
  assert.equal(shortId("spiffe://bank.example/ns/default/user/mei"), "user mei");
});
