import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonLine, textLine, type LogEvent } from "./log-event.ts";

const event = (fields: Partial<LogEvent>): LogEvent => ({
  level: "warn",
  event: "connection-refused",
  words: "",
  ...fields,
});
const at = Date.UTC(2026, 0, 2);

test("a line of JSON says when, how bad, what, and everything that is known of it", () => {
  const line = jsonLine(
    event({ words: "no certificate", requestId: "r1", code: "IDENTITY_REQUIRED", from: "::1", facts: { attempts: 3 } }),
    at,
  );
  assert.deepEqual(JSON.parse(line), {
    time: "2026-01-02T00:00:00.000Z",
    level: "warn",
    event: "connection-refused",
    message: "no certificate",
    request_id: "r1",
    code: "IDENTITY_REQUIRED",
    from: "::1",
    attempts: 3,
  });
});

test("a line of text is read from left to right", () => {
  assert.equal(
    textLine(event({ words: "no certificate", from: "::1" }), at),
    "2026-01-02T00:00:00.000Z warn  connection-refused: no certificate from=::1\n",
  );
});

test("whatever an event says, it is one line, and shows a terminal no control character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (words, from) => {
      const text = textLine(event({ words, from }), at);
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(text.slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
      const json = jsonLine(event({ words, from }), at);
      assert.equal(json.indexOf("\n"), json.length - 1);
    }),
  );
});

test("what looks like a secret is taken out of words, sources and facts, in both forms", () => {
  const secrets = [
    "sk-abcdefghijklmnopqrstuvwxyz",
    "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzcGlmZmU6Ly94In0.c2lnbmF0dXJl",
    "Bearer 0123456789abcdef",
    `${["-----BEGIN", "PRIVATE", "KEY-----"].join(" ")}\nMIGHAgEAMBMGByqG\n-----END PRIVATE KEY-----`,
    "postgres://cordon:hunter2hunter2@db/cordon",
  ];
  for (const secret of secrets)
    for (const line of [jsonLine, textLine])
      for (const place of [
        { words: `failed with ${secret} at last` },
        { from: secret },
        { facts: { where: secret } },
      ]) {
        const written = line(event(place), at);
        for (const part of ["abcdefghijkl", "c2lnbmF0dXJl", "0123456789ab", "MIGHAgEA", "hunter2hunter2"])
          assert.ok(!written.includes(part), written);
      }
  assert.match(jsonLine(event({ words: `failed with ${secrets[0]} at last` }), at), /failed with \[.*\] at last/);
});

test("what no secret looks like stays as it is", () => {
  const words = "spiffe://bank.example/ns/default/agent/assistant was refused: https://127.0.0.1:8443/v1?x=1";
  assert.equal((JSON.parse(jsonLine(event({ words }), at)) as { message: string }).message, words);
});

test("a long text is cut", () => {
  assert.ok(jsonLine(event({ words: "x".repeat(1_000_000) }), at).length < 3_000);
});
