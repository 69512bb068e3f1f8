import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isCordonError } from "@cordon/core/errors";
import { readStoreUrl } from "./store-url.ts";

function readPostgres(url: string) {
  const location = readStoreUrl(url);
  assert.ok(location.adapter === "postgres");
  return location;
}

describe("store.url", () => {
  for (const [url, path] of [
    ["sqlite:/var/lib/cordon/cordon.db", "/var/lib/cordon/cordon.db"],
    ["sqlite:///var/lib/cordon/cordon.db", "/var/lib/cordon/cordon.db"],
    ["sqlite:state/cordon.db", "state/cordon.db"],
    ["sqlite:/with space/100%.db", "/with space/100%.db"],
  ] as const) {
    test(`${url} is the file ${path}`, () => assert.deepEqual(readStoreUrl(url), { adapter: "sqlite", path }));
  }

  test("shows host, port and database, never user or password", () => {
    const { display } = readPostgres("postgres://cordon:hunter2@db.example:6432/state?sslmode=verify-full");
    assert.equal(display, "db.example:6432/state");
  });

  for (const host of [
    "db.example",
    "10.0.0.5",
    "[2001:db8::1]",
    "localhost.evil.example",
    "LOCALHOST",
    "127.evil.example",
  ]) {
    test(`a database at ${host} is reached over verified TLS, whatever the URL leaves out`, () => {
      for (const mode of ["", "?sslmode=require", "?sslmode=verify-ca", "?sslmode=verify-full"]) {
        const location = readPostgres(`postgres://u@${host}/db${mode}`);
        assert.equal(location.encrypted, true);
        assert.equal(new URL(location.connectionString).searchParams.get("sslmode"), "verify-full");
      }
    });
  }

  for (const host of ["127.0.0.1", "127.1.2.3", "localhost", "[::1]", "%2Fvar%2Frun%2Fpostgresql"]) {
    test(`a database at ${host}, on this machine, may go unencrypted`, () => {
      assert.equal(readPostgres(`postgres://u@${host}/db`).encrypted, false);
      assert.equal(readPostgres(`postgresql://u@${host}/db?sslmode=disable`).encrypted, false);
      assert.equal(readPostgres(`postgres://u@${host}/db?sslmode=verify-full`).encrypted, true);
    });
  }

  const secret = "hunter2";
  for (const [what, url] of [
    ["another scheme", `mysql://u:${secret}@h/db`],
    ["no scheme", `u:${secret}@h/db`],
    ["a space in the host", `postgres://u:${secret}@a b/db`],
    ["no host", `postgres:///${secret}`],
    ["no database", `postgres://u:${secret}@h`],
    ["a broken escape", `postgres://u:${secret}@%zz/db`],
    ["TLS switched off for another machine", `postgres://u:${secret}@db.example/db?sslmode=disable`],
    ["TLS without verification", `postgres://u:${secret}@db.example/db?sslmode=no-verify`],
    ["TLS only where offered", `postgres://u:${secret}@db.example/db?sslmode=prefer`],
    ["pg's own switch for TLS", `postgres://u:${secret}@db.example/db?ssl=false`],
    ["libpq's weaker reading of modes", `postgres://u:${secret}@db.example/db?uselibpqcompat=true&sslmode=require`],
    ["a remote host behind a local one", `postgres://u:${secret}@localhost/db?host=db.example&sslmode=disable`],
    ["one parameter twice", `postgres://u:${secret}@localhost/db?host=localhost&host=db.example`],
    ["a password where parameters are", `postgres://u@h/db?password=${secret}`],
    ["SQLite without a file", "sqlite:"],
    ["SQLite in memory", "sqlite::memory:"],
    ["SQLite on another host", "sqlite://host/file.db"],
    ["a NUL in the path", "sqlite:/a\0b"],
  ] as const) {
    test(`refuses ${what}, without repeating the URL`, () => {
      assert.throws(
        () => readStoreUrl(url),
        (error) =>
          isCordonError(error, "CONFIG_INVALID") && !error.message.includes(secret) && error.cause === undefined,
      );
    });
  }
});
