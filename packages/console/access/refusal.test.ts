import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalOf, unreachable } from "./refusal.ts";

const body = JSON.stringify({ error: { code: "IDENTITY_REQUIRED", message: "this request is not signed" } });
const now = 1_700_000_000_000;
const minute = 60_000;

test("a 401 with clocks that agree means that this browser is not paired, in the server's words", () => {
  for (const serverMs of [now, now - 30_000, now + 30_000]) {
    const refusal = refusalOf(401, body, serverMs, now);
    assert.deepEqual(
      [refusal.kind, refusal.code, refusal.message],
      ["unpaired", "IDENTITY_REQUIRED", "this request is not signed"],
    );
  }
});

test("a 401 with a wrong clock blames the clock, and leaves the pairing alone", () => {
  const ahead = refusalOf(401, body, now - 5 * minute, now);
  assert.equal(ahead.kind, "clock");
  assert.match(ahead.message, /clock is 5 minutes ahead of Cordon's/);
  assert.match(refusalOf(401, body, now + minute, now).message, /about a minute behind/);
  assert.match(refusalOf(401, body, now + 300 * minute, now).message, /5 hours behind/);
});

test("without the server's time a 401 is taken at its word", () => {
  assert.equal(refusalOf(401, body, Number.NaN, now).kind, "unpaired");
});

test("other statuses are refusals, whatever the clocks say, and never end the pairing", () => {
  for (const status of [400, 403, 404, 409, 421, 500, 503]) {
    const refusal = refusalOf(status, body, now - 60 * minute, now);
    assert.deepEqual([refusal.kind, refusal.message], ["refused", "this request is not signed"]);
  }
});

test("an answer that is not in Cordon's form still says something", () => {
  for (const text of ["", "<html>", "null", '{"error":"no"}', '{"error":{"code":1}}'])
    assert.equal(refusalOf(502, text, now, now).message, "Cordon answered with status 502.");
});

test("no answer at all says what to look at", () => {
  const cause = new TypeError("fetch failed");
  assert.match(unreachable(cause).message, /Is `cordon up` running\?/);
  assert.equal(unreachable(cause).cause, cause);
});
