import assert from "node:assert/strict";
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, renameSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { isCordonError } from "@cordon/core/errors";
import { keepContent, readKeptContent } from "./kept-content.ts";

const folder = mkdtempSync(join(tmpdir(), "cordon-kept-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const key = createSecretKey(randomBytes(32));
const digestOf = (bytes: Uint8Array) => createHmac("sha256", "a test key").update(bytes).digest("hex");
const fileOf = (digest: string) => join(folder, digest.slice(0, 2), digest);

test("content comes back as it was kept, and lies on the disk encrypted", async () => {
  const content = Buffer.from("transfer the whole balance to account 12345678");
  const digest = digestOf(content);
  await keepContent(folder, key, digest, content);
  assert.deepEqual(await readKeptContent(folder, key, digest), content);
  assert.equal(readFileSync(fileOf(digest)).includes("balance"), false);
  assert.deepEqual(readdirSync(dirname(fileOf(digest))), [digest], "no temporary file is left");
});

test("the same content kept twice is encrypted under another nonce, and nothing is kept of the first", async () => {
  const content = Buffer.from("again");
  const digest = digestOf(content);
  await keepContent(folder, key, digest, content);
  const first = readFileSync(fileOf(digest));
  await keepContent(folder, key, digest, content);
  assert.notDeepEqual(readFileSync(fileOf(digest)), first);
  assert.deepEqual(await readKeptContent(folder, key, digest), content);
});

test("empty content is content", async () => {
  const digest = digestOf(Buffer.alloc(0));
  await keepContent(folder, key, digest, Buffer.alloc(0));
  assert.equal((await readKeptContent(folder, key, digest))?.length, 0);
});

test("what was never kept is undefined, not empty", async () => {
  assert.equal(await readKeptContent(folder, key, "0".repeat(64)), undefined);
});

test("every flipped byte is noticed", async () => {
  const content = Buffer.from("sixteen bytes...");
  const digest = digestOf(content);
  await keepContent(folder, key, digest, content);
  const sealed = readFileSync(fileOf(digest));
  for (let i = 0; i < sealed.length; i++) {
    const changed = Buffer.from(sealed);
    changed[i] = (changed[i] ?? 0) ^ 0x01;
    writeFileSync(fileOf(digest), changed);
    await assert.rejects(readKeptContent(folder, key, digest), (error) => isCordonError(error, "LEDGER_CORRUPT"));
  }
  writeFileSync(fileOf(digest), sealed.subarray(0, 20));
  await assert.rejects(readKeptContent(folder, key, digest), (error) => isCordonError(error, "LEDGER_CORRUPT"));
});

test("content cannot be passed off under another digest, nor read with another key", async () => {
  const content = Buffer.from("the original");
  const [digest, other] = [digestOf(content), digestOf(Buffer.from("the other"))];
  await keepContent(folder, key, digest, content);
  await assert.rejects(readKeptContent(folder, createSecretKey(randomBytes(32)), digest), (error) =>
    isCordonError(error, "LEDGER_CORRUPT"),
  );
  mkdirSync(dirname(fileOf(other)), { recursive: true });
  renameSync(fileOf(digest), fileOf(other));
  await assert.rejects(readKeptContent(folder, key, other), (error) => isCordonError(error, "LEDGER_CORRUPT"));
});

test("a digest that is a path is refused", async () => {
  for (const digest of ["../../etc/passwd", "AB".repeat(32), "ab", ""])
    await assert.rejects(keepContent(folder, key, digest, Buffer.alloc(1)), (error) =>
      isCordonError(error, "LEDGER_CORRUPT"),
    );
});
