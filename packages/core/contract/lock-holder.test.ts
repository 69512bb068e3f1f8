import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { lockHolder } from "./lock-holder.ts";

const list = `1: POSIX  ADVISORY  READ 13141 fe:00:2206284 128 128
7: FLOCK  ADVISORY  WRITE 13030 fe:00:5376329 0 EOF
7: -> FLOCK  ADVISORY  WRITE 15056 fe:00:5376329 0 EOF
8: POSIX  ADVISORY  WRITE 13141 fe:00:2206274 1073741824 1073742335
9: POSIX  ADVISORY  WRITE 0 fe:01:7 0 EOF
`;

test("the holder is who may write exactly that file, not who reads it, waits for it, or is in another container", () => {
  const on = (inode: number, device = 65_024) => lockHolder(list, { device, inode });
  assert.equal(on(2_206_274), 13_141);
  assert.equal(on(2_206_284), undefined, "reads");
  assert.equal(on(5_376_329), 13_030, "waits");
  assert.equal(on(2_206_274, 65_025), undefined, "another device");
  assert.equal(on(7, 65_025), undefined, "another container");
});

test(
  "the kernel's own list names this process for a lock that it holds",
  { skip: process.platform !== "linux" && "the list is Linux's" },
  () => {
    const folder = mkdtempSync(join(tmpdir(), "cordon-lock-"));
    const path = join(folder, "lock");
    const database = new DatabaseSync(path);
    database.exec("PRAGMA journal_mode = OFF; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    const { dev: device, ino: inode } = statSync(path);
    const known = (): number | undefined => lockHolder(readFileSync("/proc/locks", "utf8"), { device, inode });
    // An overlay file system gives files numbers of its own: then nobody is named.
    const overlay = spawnSync("stat", ["-f", "-c", "%T", folder], { encoding: "utf8" }).stdout.trim() === "overlayfs";
    if (!overlay) assert.equal(known(), process.pid);
    database.close();
    assert.equal(known(), undefined);
    rmSync(folder, { recursive: true });
  },
);
