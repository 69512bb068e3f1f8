import assert from "node:assert/strict";
import { test } from "node:test";
import { advance, checkpointIn, end, progress, verdictWords, type Verdict, type Verification } from "./verification.ts";

const running: Verification = { state: "running", entries: 0, size: 0 };
const good: Verdict = { type: "verdict", ok: true, size: 1_200, root: "abc", findings: [], checkpoint: "note" };

test("progress, then the verdict", () => {
  const halfway = advance(running, [{ type: "progress", entries: 600, size: 1_200 }], 1);
  assert.deepEqual(halfway, { state: "running", entries: 600, size: 1_200 });
  assert.equal(progress({ entries: 600, size: 1_200 }), 50);
  const done = end(advance(halfway, [{ type: "progress", entries: 1_200, size: 1_200 }, good], 7));
  assert.deepEqual([done.state, done.state === "done" && done.at], ["done", 7]);
});

test("a stream that ends without a verdict has failed: silence is not a good verdict", () => {
  const ended = end(advance(running, [{ type: "progress", entries: 1_200, size: 1_200 }], 1));
  assert.equal(ended.state, "failed");
  assert.match(ended.state === "failed" ? ended.words : "", /nothing is known/);
});

test("a line in an unknown form fails the verification, a good verdict after it notwithstanding", () => {
  for (const line of [null, {}, { type: "verdict", ok: "true" }, { type: "done" }])
    assert.equal(advance(running, [line, good], 1).state, "failed", JSON.stringify(line));
});

test("the verdict in words says what is so, and never more", () => {
  assert.equal(verdictWords(good), "All 1,200 entries are there, in order, and unchanged since they were signed.");
  assert.match(verdictWords({ ...good, size: 1 }), /^The one entry is there/);
  assert.match(verdictWords({ ...good, size: 0 }), /empty/);
  const findings = [{ code: "LEAF_DIFFERS", words: "entry 7 was changed" }];
  assert.match(verdictWords({ ...good, ok: false, findings }), /^Verification failed: 1 problem in 1,200 entries/);
  assert.match(
    verdictWords({ ...good, ok: false }),
    /^Verification failed/,
    "a bad verdict without findings is still bad",
  );
});

test("progress is within its bounds, whatever it is told", () => {
  assert.equal(progress({ entries: 9, size: 4 }), 100);
  assert.equal(progress({ entries: 0, size: 0 }), 100);
});

test("a receipt ends with its checkpoint, word for word", () => {
  const checkpoint = "bank.example/gateway-1\n12\nAAAA=\n\n- key sig\n";
  assert.equal(checkpointIn(`c2sp.org/tlog-proof@v1\nextra AA==\nindex 3\n\n${checkpoint}`), checkpoint);
  assert.equal(checkpointIn("nothing"), undefined);
});
