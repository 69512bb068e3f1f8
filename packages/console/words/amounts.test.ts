import assert from "node:assert/strict";
import { test } from "node:test";
import { byteSize, count, counted, duration, localClockMs, utc, zonedDateTime } from "./amounts.ts";
import { componentName, shortName } from "./names.ts";

test("sizes and times are short, in the unit that fits", () => {
  assert.deepEqual([0, 999, 1_240, 12_400, 3_400_000, 2.5e9].map(byteSize), [
    "0 B",
    "999 B",
    "1.2 kB",
    "12 kB",
    "3.4 MB",
    "2.5 GB",
  ]);
  assert.deepEqual([-3, 0, 340, 3_240, 240_000, 7_200_000].map(duration), [
    "0 ms",
    "0 ms",
    "340 ms",
    "3.2 s",
    "4 min",
    "2 h",
  ]);
});

test("numbers are grouped and agree with their nouns", () => {
  assert.equal(count(12_480), "12,480");
  assert.equal(counted(1, "entry", "entries"), "1 entry");
  assert.equal(counted(0, "entry", "entries"), "0 entries");
});

test("an instant is local on the screen and UTC on hover; what is no instant is neither", () => {
  assert.match(localClockMs(1_700_000_000_041), /^\d\d:\d\d:\d\d\.041$/);
  assert.equal(utc(1_700_000_000_041), "2023-11-14T22:13:20.041Z");
  assert.equal(utc(Number.POSITIVE_INFINITY), "");
  assert.equal(utc(9e15), "");
});

test("a component is called by its name, with the namespace where it is not the default one", () => {
  assert.equal(shortName("spiffe://bank.example/ns/default/agent/assistant"), "assistant");
  assert.equal(shortName("spiffe://bank.example/ns/payments/agent/assistant"), "payments/assistant");
  assert.equal(componentName("spiffe://bank.example/ns/default/agent/assistant").kind, "agent");
  for (const id of ["10.0.0.1", "spiffe://bank.example/host/x", ""]) assert.equal(shortName(id), id);
});

test("a time in another zone is what its clocks say; a zone that nobody knows is said to be here", () => {
  const at = Date.UTC(2026, 11, 31, 18);
  assert.equal(zonedDateTime(at, "Asia/Singapore"), "1 Jan 2027, 02:00:00");
  assert.equal(zonedDateTime(at, "UTC"), "31 Dec 2026, 18:00:00");
  assert.match(zonedDateTime(at, "Nowhere/Land"), / here$/);
});
