import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import { bugWords, openingFailure } from "./bug-words.ts";
import { gatewayMetrics } from "./gateway-metrics.ts";
import { observers } from "./observer.ts";
import { Passage } from "./passage.ts";

function passage(clock: { now: number }): Passage {
  const made = new Passage("r1", () => clock.now);
  made.namespace = "default" as Namespace;
  made.route = "chat";
  made.kind = "openai";
  return made;
}

test("an observer that throws is told of, and neither the others nor the gateway notice", () => {
  const failures: unknown[] = [];
  const heard: string[] = [];
  const broken = () => {
    throw new Error("broken");
  };
  const all = observers(
    [
      { begun: broken, outgoing: broken, ended: broken, connectionRefused: broken },
      {
        begun: () => heard.push("begun"),
        outgoing: () => ["traceparent", "x"],
        ended: () => void heard.push("ended"),
        connectionRefused: (code) => heard.push(code),
      },
    ],
    (error) => failures.push(error),
  );
  const one = passage({ now: 0 });
  all.begun?.(one, {} as IncomingMessage);
  assert.deepEqual(all.outgoing?.(one), ["traceparent", "x"]);
  all.ended(one);
  all.connectionRefused?.("SVID_EXPIRED");
  assert.deepEqual(heard, ["begun", "ended", "SVID_EXPIRED"]);
  assert.equal(failures.length, 4);
});

test("what did not take place is in no histogram", () => {
  const metrics = gatewayMetrics();
  const clock = { now: 0 };
  const denied = passage(clock);
  denied.deciding();
  clock.now = 0.02;
  denied.decided("deny");
  denied.ended("denied", 403, "no-permit");
  metrics.ended(denied);
  const text = metrics.families.map((family) => family.samples()).join("");
  assert.match(
    text,
    /cordon_requests_total\{namespace="default",route="chat",kind="openai",effect="deny",end="denied"\} 1/,
  );
  assert.match(text, /cordon_decision_seconds_bucket\{le="0.000025"\} 1/);
  assert.match(text, /cordon_ledger_wait_seconds_count 0/);
  assert.doesNotMatch(text, /cordon_upstream_first_byte_seconds_count/);
});

test("a refusal is counted by its code alone: there is no route yet to count it by", () => {
  const metrics = gatewayMetrics();
  const refused = passage({ now: 0 });
  refused.ended("refused", 404, "ROUTE_UNKNOWN");
  metrics.ended(refused);
  metrics.connectionRefused?.("SVID_EXPIRED");
  const text = metrics.families.map((family) => family.samples()).join("");
  assert.match(text, /cordon_refusals_total\{at="request",code="ROUTE_UNKNOWN"\} 1/);
  assert.match(text, /cordon_refusals_total\{at="connection",code="SVID_EXPIRED"\} 1/);
  assert.doesNotMatch(text, /cordon_requests_total\{/);
});

test("a fallback is the same request's second passage, with times of its own", () => {
  const clock = { now: 0 };
  const first = passage(clock);
  first.observed = "span";
  first.forwarded();
  clock.now = 10;
  const second = first.again();
  assert.deepEqual([second.id, second.attempt, second.route, second.observed], ["r1", 2, "chat", "span"]);
  assert.deepEqual([second.startedMs, Number.isNaN(second.forwardedMs)], [10, true]);
});

test("a bug's words hold where it was, and not its message, which may quote what it failed on", () => {
  const parse = (text: string): unknown => {
    try {
      return JSON.parse(text);
    } catch (error) {
      return error;
    }
  };
  const error = parse('my-secret-prompt"') as Error;
  assert.match(error.message, /my-secret/);
  assert.doesNotMatch(bugWords(error), /my-secret/);
  assert.match(bugWords(error), /^SyntaxError at .*observation\.test\.ts/);
  assert.equal(bugWords("my-secret"), "a string was thrown");
});

test("a bug is ours to answer for; a connection that broke is the peer's, and what has a code keeps it", () => {
  const told: string[] = [];
  const codeOf = (error: unknown) => openingFailure(error, "it could not be opened", (words) => told.push(words)).code;
  const withCode = (error: Error, code: string) => Object.assign(error, { code });
  for (const code of ["ECONNRESET", "EPIPE", "ERR_SSL_WRONG_VERSION_NUMBER", "ERR_STREAM_DESTROYED"])
    assert.equal(codeOf(withCode(new Error("it broke"), code)), "REQUEST_MALFORMED");
  assert.equal(codeOf(new CordonError("ACCESS_DENIED", "no")), "ACCESS_DENIED");
  assert.deepEqual(told, []);
  for (const bug of [
    new TypeError("x is undefined"),
    withCode(new TypeError("bad"), "ERR_INVALID_ARG_TYPE"),
    undefined,
  ])
    assert.equal(codeOf(bug), "INTERNAL");
  assert.equal(told.length, 3);
});
