/** A disk that fills up under the ledger: nothing is acknowledged that is not there, and the words say why. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import { nodeFiles, type GrowingFile, type LedgerFiles } from "@cordon/gateway/ledger/files";
import { openLedgerInThread } from "@cordon/gateway/ledger/ledger";

const entry = (revision: number): LedgerEntry => ({
  ...{ v: 1, kind: "change", at: revision, revision: revision as never, actor: "test", words: "x".repeat(500) },
  objects: [],
});

/** A disk with so many bytes left: what does not fit is written as far as it goes, as the kernel does. */
function smallDisk(files: LedgerFiles, room: { left: number }): LedgerFiles {
  const small = (file: GrowingFile): GrowingFile => ({
    ...file,
    append(bytes) {
      if (bytes.length <= room.left) {
        room.left -= bytes.length;
        return file.append(bytes);
      }
      file.append(bytes.subarray(0, room.left));
      room.left = 0;
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    },
  });
  return { ...files, create: (path) => small(files.create(path)) };
}

test("whatever is left of the disk, what was acknowledged is there after a start, and nothing else was acknowledged", async () => {
  for (let left = 1_000; left < 12_000; left += 733) {
    const folder = await mkdtemp(join(tmpdir(), "cordon-full-"));
    const { privateKey } = generateKeyPairSync("ed25519");
    const options = { folder, origin: "test.example/full", privateKey, checkpointEveryMs: 20 };
    const room = { left: Infinity };
    const ledger = await openLedgerInThread(options, smallDisk(nodeFiles(folder), room));
    room.left = left;
    const acknowledged: number[] = [];
    let why = "";
    for (let revision = 1; why === "" && revision < 1_000; revision++)
      await ledger.append(entry(revision)).then(
        (index) => acknowledged.push(index),
        (error: Error) => (why = error.message),
      );
    assert.match(why, /nothing can be recorded.*the disk is full: free some space \(ENOSPC\)/);
    await assert.rejects(ledger.append(entry(1)), /the disk is full/, "and nothing after it");
    await Promise.resolve(ledger[Symbol.asyncDispose]()).catch(() => undefined);

    await using again = await openLedgerInThread(options, nodeFiles(folder));
    assert.ok(again.size > (acknowledged.at(-1) ?? -1), `${left} bytes left`);
    const index = await again.append(entry(1_000));
    assert.equal(index, again.size - 1);
    await again[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  }
});
