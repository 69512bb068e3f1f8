/** An issuer that is Cordon's own, or one that is there already, however it is spelled. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isCordonError } from "../errors.ts";
import { problemsOf } from "./configuration-problems.ts";
import { parseConfiguration } from "./configuration.ts";

const tls = "tls: { certFile: c.pem, keyFile: k.pem }";
const remote = `console: { listen: "0.0.0.0:8440", origin: "https://console.bank.example", ${tls} }`;
const local = `console: { listen: "127.0.0.1:8440", ${tls} }`;

/** `file:line message` of every problem; the first issuer is on line 8. */
function problems(console: string, ...issuers: string[]): string[] {
  const listed = issuers.map(
    (issuer, at) =>
      `    - { name: staff${at}, issuer: "${issuer}", jwksUrl: "https://login.bank.example/jwks", clients: { app: {} } }`,
  );
  const text = ["version: 1", "trustDomain: bank.example", "components:"];
  text.push("  - { name: gateway, kind: service, boundary: api }", console, "oauth:", "  issuers:", ...listed);
  try {
    parseConfiguration(text.join("\n"), "cordon.yaml");
  } catch (error) {
    assert.ok(isCordonError(error, "CONFIG_INVALID"), String(error));
    return problemsOf(error).map(({ file, line, message }) => `${file}:${line} ${message}`);
  }
  return [];
}

for (const [console, issuer] of [
  [remote, "https://console.bank.example/oauth"],
  [remote, "https://CONSOLE.bank.example/oauth"],
  [remote, "https://console.bank.example:443/oauth"],
  [remote, "https://console.bank.example/oauth/"],
  [remote, "https://console.bank.example./oauth"],
  [remote, "https://console.bank.example/OAuth"],
  [remote, "https://console.bank.example//oauth"],
  [remote, "https://console.bank.example/x/../oauth"],
  [remote, "https://console.bank.example/%6fauth"],
  [local, "https://localhost:8440/oauth"],
  [local, "https://127.0.0.1:8440/oauth"],
  [local, "https://127.1:8440/oauth"],
  ["console: {}", "https://localhost:8440/oauth"],
  ["", "https://localhost:8440/oauth"],
] as const)
  test(`refuses our own issuer as somebody else's: ${issuer} (${console})`, () => {
    const [problem = "", ...more] = problems(console, issuer);
    assert.match(problem, /^cordon\.yaml:8 .*is Cordon's own issuer/);
    assert.deepEqual(more, []);
  });

test("another server beside ours is another, and so is another of the same host", () => {
  for (const issuer of [
    "https://login.bank.example/oauth",
    "https://console.bank.example/realms/staff",
    "https://console.bank.example:8444/oauth",
    "https://console.bank.example.evil.test/oauth",
  ])
    assert.deepEqual(problems(remote, issuer), []);
});

test("one issuer is not there twice, however it is spelled", () => {
  const [problem = "", ...more] = problems(remote, "https://login.bank.example/a", "https://LOGIN.bank.example/a/");
  assert.match(problem, /^cordon\.yaml:9 .*is the issuer on line 8 already/);
  assert.deepEqual(more, []);
});
