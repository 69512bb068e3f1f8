import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import { isCordonError } from "@cordon/core/errors";
import { migrations } from "./migrations/all.ts";
import { openStateStore } from "./open-state-store.ts";
import { probeStateStore } from "./probe-state-store.ts";

describe("probing a store", () => {
  const folder = mkdtempSync(join(tmpdir(), "cordon-probe-"));
  after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "cordon.db");
  const about = { adapter: "sqlite", location: path, programSchemaVersion: migrations.length };

  test("a file that does not exist yet is no problem, and is not created", async () => {
    assert.deepEqual(await probeStateStore(`sqlite:${path}`), { ...about, warnings: [] });
    assert.equal(existsSync(path), false);
  });

  test("a store in use gives its schema version", async () => {
    await using store = await openStateStore(`sqlite:${path}`);
    assert.equal((await store.snapshot()).revision, 0);
    assert.deepEqual(await probeStateStore(`sqlite:${path}`), {
      ...about,
      schemaVersion: migrations.length,
      warnings: [],
    });
  });

  test("warns of a file that others may read, and of a newer schema", async () => {
    chmodSync(path, 0o644);
    const database = new DatabaseSync(path);
    database.exec("insert into cordon_migration values (99, 'from-the-future', 'x')");
    database.close();
    const { warnings, problem } = await probeStateStore(`sqlite:${path}`);
    assert.equal(problem, undefined);
    assert.match(warnings.join("\n"), /chmod 600.*\n.*newer Cordon/);
  });

  test("says what is wrong with a file that is no database", async () => {
    const notes = join(folder, "notes.db");
    writeFileSync(notes, "no database".repeat(100), { mode: 0o600 });
    const { problem } = await probeStateStore(`sqlite:${notes}`);
    assert.ok(isCordonError(problem, "STORE_CORRUPT"));
  });

  test("says that a server is not there", async () => {
    const { problem, location } = await probeStateStore("postgres://u:hunter2@127.0.0.1:1/db");
    assert.equal(location, "127.0.0.1:1/db");
    assert.ok(isCordonError(problem, "STORE_UNAVAILABLE") && !problem.message.includes("hunter2"));
  });
});
