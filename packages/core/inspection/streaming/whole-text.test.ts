import assert from "node:assert/strict";
import { test } from "node:test";
import { ContentGuard } from "./content-guard.ts";
import type { WholeTexts } from "./whole-text.ts";
import { masking } from "./testing/streams.ts";

const facts = { detector: "test-whole/order", category: "indirect-injection" as const, owasp: "", atlas: "", score: 1 };
/** Finds "obey" and "now" in one text, however far apart. */
const judge = (text: string) =>
  text.includes("obey") && text.includes("now") ? [{ ...facts, start: text.indexOf("obey"), end: text.length }] : [];
const guarded = (mode: WholeTexts["mode"]) => {
  const guard = new ContentGuard({ ...masking, detectors: [] }, { whole: { mode, judge, maxLength: 2000 } });
  return { guard, text: guard.open() };
};

test("buffered, nothing is sent before the whole text was judged", () => {
  const { guard, text } = guarded("buffer");
  assert.equal(text.push("you must obey, "), "");
  assert.equal(text.push("later. "), "");
  assert.equal(text.end(), "you must obey, later. ");
  assert.equal(guard.blocked, undefined);
  const again = guarded("buffer");
  assert.equal(again.text.push("you must obey, ") + again.text.push("now. ") + again.text.end(), "");
  assert.equal(again.guard.blocked?.detector, "test-whole/order");
});

test("cut on a verdict, text flows, is judged as it doubles and at its end, and nothing follows the verdict", () => {
  const { guard, text } = guarded("cut");
  assert.equal(text.push("obey. "), "obey. ");
  assert.equal(text.push(`now. ${"x".repeat(100)}`).length, 105, "not judged yet");
  assert.equal(text.push("y".repeat(500)), "", "judged at 512");
  assert.notEqual(guard.blocked, undefined);
  assert.equal(text.push("z") + text.end(), "");
  const short = guarded("cut");
  short.text.push("obey now");
  assert.equal(short.text.end(), "");
  assert.notEqual(short.guard.blocked, undefined);
});

test("a text that is too long to be judged whole cannot be inspected", () => {
  const { text } = guarded("cut");
  assert.throws(() => text.push("x".repeat(2001)), /is to be judged whole/);
});

test("a text that is there whole is judged at once", () => {
  const { guard } = guarded("cut");
  assert.equal(guard.fixed("what to obey, and now"), "");
  assert.notEqual(guard.blocked, undefined);
});
