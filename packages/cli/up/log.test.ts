import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogEvent } from "@cordon/core/observation/log-event";
import { logFormat, logLevel, openLog, type LogOptions } from "./log.ts";

function open(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const clock = { now: 1_000 };
  const write = (line: string): void => void lines.push(line);
  return { lines, clock, log: openLog({ format: "json", level: "info", write, now: () => clock.now, ...options }) };
}
const event = (level: LogEvent["level"], name = "started"): LogEvent => ({ level, event: name, words: "words" });

test("only what is grave enough is written", () => {
  const { lines, log } = open({ level: "warn" });
  for (const level of ["debug", "info", "warn", "error"] as const) log(event(level));
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { level: string }).level),
    ["warn", "error"],
  );
  assert.equal(log.enabled("info"), false);
});

test("a flood of one kind is cut, told in the next second, and leaves other kinds alone", () => {
  const { lines, clock, log } = open();
  for (let at = 0; at < 1_000; at++) log(event("warn", "connection-refused"));
  log(event("error", "ledger-failed"));
  assert.equal(lines.length, 21);
  clock.now += 1_000;
  log(event("warn", "connection-refused"));
  const [told] = lines.slice(21).map((line) => JSON.parse(line) as { event: string; kind: string; held: number });
  assert.deepEqual([told?.event, told?.kind, told?.held], ["log-held-back", "connection-refused", 980]);
  assert.equal(lines.length, 23);
});

test("made-up kinds of events take no memory without bound", () => {
  const { lines, log } = open();
  for (let at = 0; at < 3_000; at++) log(event("info", `kind-${at}`));
  assert.equal(lines.length, 3_000);
});

test("text is for a terminal, JSON for everything else, unless it is said", () => {
  assert.equal(logFormat(undefined, true), "text");
  assert.equal(logFormat(undefined, false), "json");
  assert.equal(logFormat("json", true), "json");
  assert.equal(logFormat("xml", true), undefined);
  assert.equal(logLevel("debug"), "debug");
  assert.equal(logLevel("loud"), undefined);
});
