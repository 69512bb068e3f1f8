import assert from "node:assert/strict";
import { test } from "node:test";
import { handOffUrl, parseCliAsked, parseSignInWay } from "./ways.ts";

const x = "A".repeat(43);
const asked = (more: Record<string, string> = {}): string =>
  `#/login?${new URLSearchParams({ x, y: x, port: "40123", state: "s".repeat(22), label: "mei@notebook", ...more })}`;

test("a command line's question is read whole or not at all", () => {
  assert.equal(parseCliAsked(asked())?.port, 40_123);
  assert.equal(parseCliAsked(asked({ grant: "g-0123" }))?.grant, "g-0123");
  for (const bad of [
    { port: "80" },
    { port: "65536" },
    { port: "40123@evil.example" },
    { x: "short" },
    { state: "" },
    { label: "a\nb" },
  ])
    assert.equal(parseCliAsked(asked(bad as Record<string, string>)), undefined, JSON.stringify(bad));
  assert.equal(parseCliAsked("#/grants?id=1"), undefined);
});

test("a code is handed to this machine alone, whatever the address held", () => {
  const parsed = parseCliAsked(asked());
  assert.ok(parsed);
  const url = new URL(handOffUrl(parsed, "c&state=other"));
  assert.equal(url.host, "127.0.0.1:40123");
  assert.equal(url.searchParams.get("state"), "s".repeat(22));
});

test("ways to sign in are told from pages", () => {
  assert.equal(parseSignInWay("#/enrol"), "enrol");
  assert.equal(parseSignInWay(asked()), "sign-in");
  assert.equal(parseSignInWay("#/estate"), undefined);
});
