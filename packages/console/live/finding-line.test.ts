import assert from "node:assert/strict";
import { test } from "node:test";
import { findingLine } from "./finding-line.ts";

test("a finding says what was found, where, how often, how surely, and what was done", () => {
  const nric = {
    detector: "pii/sg-nric",
    category: "pii",
    direction: "response",
    action: "redact",
    count: 2,
    score: 1,
  };
  assert.equal(findingLine(nric), "pii/sg-nric in the answer, 2 times: redacted");
  const order = { detector: "injection/override", category: "indirect-injection", direction: "request", score: 0.9 };
  assert.equal(
    findingLine({ ...order, action: "block", observed: true, count: 1 }),
    "injection/override in the request (90 %): would be blocked",
  );
});

test("a finding of another version is named as one", () => {
  assert.match(findingLine({ rule: 7 }), /does not know/);
});
