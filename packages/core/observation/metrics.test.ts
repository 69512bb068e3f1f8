import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Counters, Histograms, readOnScrape, renderMetrics } from "./metrics.ts";

test("a page names each family once, with its type, and a line for each series", () => {
  const calls = new Counters("calls_total", "Calls.", ["route", "effect"]);
  calls.add(1, "chat", "allow");
  calls.add(2, "chat", "allow");
  calls.add(1, "chat", "deny");
  const live = readOnScrape("gauge", "live", "Under way.", () => 7);
  const absent = readOnScrape("gauge", "absent", "Not known.", () => undefined);
  const sinks = readOnScrape("counter", "drops_total", "Dropped.", () => [[{ sink: "stdout" }, 2]]);
  assert.equal(
    renderMetrics([calls, live, absent, sinks]),
    `# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{route="chat",effect="allow"} 3
calls_total{route="chat",effect="deny"} 1
# HELP live Under way.
# TYPE live gauge
live 7
# HELP absent Not known.
# TYPE absent gauge
# HELP drops_total Dropped.
# TYPE drops_total counter
drops_total{sink="stdout"} 2
`,
  );
});

test("a histogram's buckets are cumulative, and what lies on a bound belongs below it", () => {
  const seconds = new Histograms("wait_seconds", "Waits.", [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 3, NaN]) seconds.observe(value);
  assert.equal(
    seconds.samples(),
    `wait_seconds_bucket{le="0.1"} 2
wait_seconds_bucket{le="1"} 3
wait_seconds_bucket{le="+Inf"} 4
wait_seconds_sum 3.65
wait_seconds_count 4
`,
  );
});

test("a family without labels is there from the start, so that its first increment is not missed", () => {
  assert.equal(new Counters("drops_total", "Dropped.").samples(), "drops_total 0\n");
});

test("no label value, whatever it holds, makes a line or a label of its own", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      const counter = new Counters("calls_total", "Calls.", ["route"]);
      counter.add(1, value);
      const text = counter.samples();
      assert.equal(text.indexOf("\n"), text.length - 1);
      assert.match(text, /^calls_total\{route="(?:[^"\\\n]|\\["\\n])*"\} 1\n$/);
    }),
  );
});

test("a caller who makes up labels takes a bounded number of series, and loses no count", () => {
  const counter = new Counters("calls_total", "Calls.", ["route"]);
  for (let at = 0; at < 5_000; at++) counter.add(1, `route-${at}`);
  const lines = counter.samples().trim().split("\n");
  assert.ok(lines.length <= 1_001);
  const total = lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  assert.equal(total, 5_000);
  assert.ok(lines.some((line) => line.startsWith('calls_total{route="other"}')));
});

test("labels are given whole or not at all", () => {
  assert.throws(() => new Counters("calls_total", "Calls.", ["route", "effect"]).add(1, "chat"), TypeError);
});
