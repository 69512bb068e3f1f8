import assert from "node:assert/strict";
import { test } from "node:test";
import { consoleOrigins, consoleProblems, originProblem } from "./console-address.ts";

test("an origin is scheme, host and port as a browser writes them", () => {
  for (const good of ["https://console.bank.example", "https://console.bank.example:8440", "http://localhost:8440"])
    assert.equal(originProblem(good), undefined, good);
  for (const bad of [
    "console.bank.example",
    "https://console.bank.example/",
    "https://console.bank.example/console",
    "https://user@console.bank.example",
    "https://console.bank.example:443",
    "https://CONSOLE.bank.example",
    "https://console.bank.example?x",
    "ftp://console.bank.example",
    "javascript:alert(1)",
    "https://",
    "null",
    "*",
  ])
    assert.equal(typeof originProblem(bad), "string", bad);
});

test("plain HTTP is for this machine only: browsers give no keys to other pages without TLS", () => {
  assert.match(originProblem("http://console.bank.example") ?? "", /must be `https:`/);
  assert.equal(originProblem("http://127.0.0.1:8440"), undefined);
});

test("an address that others reach takes a certificate and a name", () => {
  const tls = { certFile: "c", keyFile: "k" };
  const origin = "https://console.bank.example";
  for (const listen of ["0.0.0.0:8440", "[::]:8440", "192.0.2.1:8440"]) {
    assert.match(consoleProblems({ listen })[0]?.message ?? "", /set `console\.tls: .*`console\.origin: https/);
    assert.match(consoleProblems({ listen, origin })[0]?.message ?? "", /set `console\.tls/);
    assert.match(consoleProblems({ listen, tls })[0]?.message ?? "", /set `console\.origin/);
    assert.deepEqual(consoleProblems({ listen, tls, origin }), []);
  }
  assert.match(
    consoleProblems({ listen: "127.0.0.1:8440", tls, origin: "http://localhost:8440" })[0]?.message ?? "",
    /must be `https:`/,
  );
  for (const listen of ["127.0.0.1:8440", "[::1]:8440", "localhost:8440"])
    assert.deepEqual(consoleProblems({ listen }), [], listen);
  // A proxy on this machine that ends TLS.
  assert.deepEqual(consoleProblems({ listen: "127.0.0.1:8440", origin }), []);
});

test("without an origin the console is called localhost, and by its address", () => {
  const at = (host: string, port: number, more = {}) => consoleOrigins({ host, port }, more);
  assert.deepEqual(at("127.0.0.1", 8440), ["http://localhost:8440", "http://127.0.0.1:8440"]);
  assert.deepEqual(at("::1", 8440), ["http://localhost:8440", "http://[::1]:8440"]);
  assert.deepEqual(at("localhost", 80), ["http://localhost"]);
  assert.deepEqual(at("127.0.0.2", 8440), ["http://127.0.0.2:8440"], "localhost does not lead there");
  assert.deepEqual(at("127.0.0.1", 8440, { tls: {} })[0], "https://localhost:8440");
});

test("with an origin it has that name and no other", () => {
  const origin = "https://console.bank.example";
  assert.deepEqual(consoleOrigins({ host: "127.0.0.1", port: 8440 }, { origin }), [origin]);
});
