import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { openCheckpointKeeper } from "./checkpoints.ts";

const origin = "bank.example/gateway-1";
const file = "bank.example%2Fgateway-1";

function header(size: number, root = "A", from = origin): string {
  const note = `${from}\n${size}\n${root.repeat(43)}=\n\n\u2014 ${from} c2lnbmF0dXJl\n`;
  return Buffer.from(note).toString("base64");
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-checkpoints-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "kept");
}

/** Keeps headers that came one after another, each after the last was answered; returns the warnings. */
async function keep(folder: string, ...headers: readonly string[]): Promise<string[]> {
  const warnings: string[] = [];
  await using keeper = await openCheckpointKeeper(folder, (words) => warnings.push(words));
  for (const each of headers) keeper.begin()(each);
  return warnings;
}

const sizeIn = async (folder: string, name = file) => (await readFile(join(folder, name), "utf8")).split("\n")[1];

test("keeps the newest checkpoint, for this user alone", async (t) => {
  const folder = await folderOf(t);
  assert.deepEqual(await keep(folder, header(5), header(9)), []);
  assert.equal(await sizeIn(folder), "9");
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600);
});

test("warns once, loudly, when the log shrinks, and keeps both the good note and the evidence", async (t) => {
  const folder = await folderOf(t);
  const warnings = await keep(folder, header(9), header(4), header(3));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /WARNING.*shrunk from 9 to 4/);
  assert.equal(await sizeIn(folder), "9");
  assert.equal(await sizeIn(folder, `${file}.contradiction`), "3");
});

test("warns of a log that shrank between two runs", async (t) => {
  const folder = await folderOf(t);
  await keep(folder, header(9));
  assert.match((await keep(folder, header(4)))[0] ?? "", /shrunk/);
  assert.equal(await sizeIn(folder), "9");
});

test("warns of two roots at one size", async (t) => {
  const folder = await folderOf(t);
  assert.match((await keep(folder, header(9, "A"), header(9, "B")))[0] ?? "", /two different roots/);
});

test("an older checkpoint whose request left before the newer one came is no contradiction", async (t) => {
  const folder = await folderOf(t);
  const warnings: string[] = [];
  {
    await using keeper = await openCheckpointKeeper(folder, (words) => warnings.push(words));
    const [slow, fast] = [keeper.begin(), keeper.begin()];
    fast(header(9));
    slow(header(8));
    assert.deepEqual(warnings, []);
    // The same older note on a request that left afterwards is one.
    keeper.begin()(header(8));
    assert.equal(warnings.length, 1);
  }
  assert.equal(await sizeIn(folder), "9");
});

test("logs do not mix, and no origin leads out of the folder", async (t) => {
  const folder = await folderOf(t);
  assert.deepEqual(await keep(folder, header(9), header(2, "B", "../../escape"), header(1, "C", "..")), []);
  assert.deepEqual((await readdir(folder)).toSorted(), ["%2E%2E", "%2E%2E%2F..%2Fescape", file]);
  assert.equal((await readdir(join(folder, ".."))).length, 1);
});

test("never throws, whatever the header holds", async (t) => {
  const folder = await folderOf(t);
  const warnings: string[] = [];
  await using keeper = await openCheckpointKeeper(folder, (words) => warnings.push(words));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String(), fc.constant("x".repeat(20_000))), (text) =>
      keeper.begin()(text),
    ),
  );
  assert.ok(warnings.length <= 1);
});

test("a folder that cannot be written costs a warning and no request", async (t) => {
  const folder = await folderOf(t);
  await writeFile(folder, "a file in its place");
  assert.match((await keep(folder, header(5), header(6)))[0] ?? "", /cannot be kept/);
});
