import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { guardOrigin } from "./origin-guard.ts";
import { openRig, makeKey, pairCall } from "./testing/rig.ts";

test("the console answers under its own names only: a name pointed here by somebody else gets nothing", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  const { port } = rig.console;
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`])
    assert.equal((await rig.call("/", { host })).status, 200, host);
  for (const host of [
    `evil.example:${port}`,
    "evil.example",
    "localhost",
    `localhost:${port + 1}`,
    `localhost.:${port}`,
    "",
  ]) {
    for (const path of ["/", "/assets/main-abc123.js", "/v1/overview"]) {
      const answer = await browser.call(path, { host });
      assert.equal(answer.status, 421, `${host} ${path}`);
      assert.doesNotMatch(answer.text, /doctype|trustDomain/);
    }
  }
});

test("it is the list of names that refuses: were the stranger's name on it, the same request would pass", () => {
  const request = (headers: Readonly<Record<string, string>>) =>
    ({ headers, headersDistinct: { host: [headers["host"]] } }) as unknown as IncomingMessage;
  const rebound = request({ host: "evil.example:8440", origin: "http://evil.example:8440" });
  const own = "http://localhost:8440";
  assert.deepEqual(guardOrigin(rebound, [own, "http://evil.example:8440"], true), { host: "evil.example:8440" });
  assert.equal("status" in guardOrigin(rebound, [own], true), true);
  const planted = request({ host: "localhost:8440", origin: "http://evil.example:8440" });
  assert.equal("status" in guardOrigin(planted, [own, "http://evil.example:8440"], true), true, "one origin at a time");
});

test("a signature for the rebound name does not help either", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  const host = `evil.example:${rig.console.port}`;
  const signature = browser.signature("GET", "/v1/overview", "", { host });
  const answer = await rig.call("/v1/overview", { host, headers: { "cordon-signature": signature } });
  assert.equal(answer.status, 421);
});

test("two Host headers, and a target with a host of its own, are refused", async (t) => {
  const rig = await openRig(t);
  const raw = (head: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(rig.console.port, "127.0.0.1", () => socket.write(`${head}\r\n\r\n`));
      let text = "";
      socket.setEncoding("utf8").on("data", (more: string) => (text += more));
      socket.on("end", () => resolve(text));
      socket.on("error", reject);
    });
  const own = `Host: ${rig.host}`;
  assert.match(await raw(`GET / HTTP/1.1\r\nConnection: close\r\n${own}`), /^HTTP\/1\.1 200 /);
  assert.match(await raw(`GET / HTTP/1.1\r\nConnection: close\r\n${own}\r\nHost: evil.example`), /^HTTP\/1\.1 4/);
  const absolute = await raw(`GET http://evil.example/ HTTP/1.1\r\nConnection: close\r\n${own}`);
  assert.match(absolute, /^HTTP\/1\.1 404 /);
});

const foreign: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ["another site's page", { origin: "https://evil.example" }],
  ["another port of this machine", { origin: "http://localhost:3000" }],
  ["a sandboxed frame", { origin: "null" }],
  ["a cross-site fetch without an origin", { "sec-fetch-site": "cross-site" }],
  ["a fetch from another port of this machine", { "sec-fetch-site": "same-site" }],
];

test("other sites' pages reach neither the API nor the pairing, even with a good code and a good signature", async (t) => {
  const rig = await openRig(t);
  const browser = await rig.pair();
  const { publicKey } = makeKey();
  for (const [what, headers] of foreign) {
    const answer = await browser.call("/v1/overview", { headers });
    assert.equal(answer.status, 403, what);
    assert.equal(answer.headers["access-control-allow-origin"], undefined);
    const { code } = rig.console.pairing.newCode();
    const call = pairCall({ code, publicKey, label: "planted" });
    const pairing = await rig.call("/v1/pair", { ...call, headers: { ...call.headers, ...headers } });
    assert.equal(pairing.status, 403, what);
    assert.equal((await rig.console.keys.list()).length, 1, what);
  }
  // The same calls without those headers: it is they that were refused.
  const own = { origin: `http://${rig.host}`, "sec-fetch-site": "same-origin" };
  assert.equal((await browser.call("/v1/overview", { headers: own })).status, 200);
  assert.equal((await browser.call("/v1/overview")).status, 200);
});

test("a link from another site may open the pages", async (t) => {
  const rig = await openRig(t);
  assert.equal((await rig.call("/", { headers: { "sec-fetch-site": "cross-site" } })).status, 200);
});
