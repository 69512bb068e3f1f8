/** Someone changes a ledger folder: by a byte, or all of it with the real log key. What does a verification say? */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseKept, type Kept } from "@cordon/core/ledger/kept";
import { formatVkey, parseVkey } from "@cordon/core/ledger/note";
import { verifyFolder, type LedgerReport } from "@cordon/core/ledger/verify-folder";
import { nodeFiles } from "@cordon/gateway/ledger/files";
import { openLedger } from "@cordon/gateway/ledger/ledger";
import { busyEntry } from "./ledger-entries.ts";
import { rewriteHistory } from "./ledger-rewrite.ts";
import { seededRandom } from "./ledger-simulated-disk.ts";

const flips = Number(process.env["CORDON_FLIPS"] ?? 400);
const origin = "bank.example/gateway-1";
const { privateKey } = generateKeyPairSync("ed25519");
const verifier = parseVkey(formatVkey(origin, privateKey));
const root = mkdtempSync(join(tmpdir(), "cordon-tamper-"));
after(() => rmSync(root, { recursive: true, force: true }));

const original = join(root, "original");
/** Kept elsewhere while the ledger grew. */
const kept: Record<"early" | "late" | "receipt", Kept> = {} as never;

before(async () => {
  const ledger = await openLedger({ folder: original, origin, privateKey, checkpointEveryMs: 5, segmentBytes: 20_000 });
  const append = async (from: number, to: number): Promise<void> => {
    await Promise.all(Array.from({ length: to - from }, (_, i) => ledger.append(busyEntry(from + i))));
  };
  await append(0, 200);
  await ledger.receipt(200);
  kept.early = parseKept("early.checkpoint", ledger.latestCheckpoint(), verifier);
  await append(200, 600);
  kept.receipt = parseKept("entry-350.receipt", await ledger.receipt(350), verifier);
  await ledger.receipt(600);
  kept.late = parseKept("late.checkpoint", ledger.latestCheckpoint(), verifier);
  await append(600, 650);
  await ledger[Symbol.asyncDispose]();
});

const verify = (folder: string, ...others: Kept[]): Promise<LedgerReport> =>
  verifyFolder(nodeFiles(folder), verifier, others);
const copyOf = (name: string): string => {
  const copy = join(root, name);
  cpSync(original, copy, { recursive: true });
  return copy;
};

test("the untouched folder is verified, and agrees with all that was kept", async () => {
  const report = await verify(original, kept.early, kept.late, kept.receipt);
  assert.deepEqual([report.findings, report.notices, report.openCount], [[], [], 0]);
  assert.ok(report.kept.every((each) => each.agrees));
  assert.equal(report.entries, 652);
});

test(`one flipped bit anywhere in the folder is a finding (${flips} random ones)`, async () => {
  const folder = copyOf("flipped");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (path) => statSync(join(folder, path)).isFile() && statSync(join(folder, path)).size > 0,
  );
  assert.ok(files.length >= 10, files.join(" "));
  const random = seededRandom(42);
  for (let i = 0; i < flips; i++) {
    // Every file in turn: the small ones must not be left to luck.
    const path = join(folder, files[i % files.length] ?? "");
    const bytes = readFileSync(path);
    const changed = Buffer.from(bytes);
    const at = random(bytes.length);
    changed[at] = (changed[at] ?? 0) ^ (1 << random(8));
    writeFileSync(path, changed);
    const report = await verify(folder);
    assert.ok(report.findingCount > 0, `${path}, byte ${at} of ${bytes.length}`);
    writeFileSync(path, bytes);
  }
  assert.equal((await verify(folder)).findingCount, 0, "and without the flips there is none");
});

test("a missing file is a finding, or at least named", async () => {
  const files = readdirSync(original, { recursive: true, encoding: "utf8" }).filter((path) =>
    statSync(join(original, path)).isFile(),
  );
  for (const [i, path] of files.entries()) {
    if (path.startsWith("lock") || path.startsWith("wal")) continue; // what was in these is in the tiles by now
    const folder = copyOf(`missing-${i}`);
    unlinkSync(join(folder, path));
    const report = await verify(folder);
    assert.ok(report.findingCount + report.notices.length > 0, path);
  }
});

test("a stray file is named", async () => {
  const folder = copyOf("stray");
  writeFileSync(join(folder, "tile", "notes.txt"), "?");
  assert.match((await verify(folder)).notices.join(), /tile\/notes\.txt/);
});

const deny = (entries: string[], index: number): string[] =>
  entries.map((text, i) => (i === index ? text.replaceAll("10.0.0.1", "10.6.6.6") : text));

test("history rewritten and signed with the real key passes with the key alone, and is named a fork by what was kept", async () => {
  const folder = copyOf("forked");
  await rewriteHistory(folder, origin, privateKey, (entries) => deny(entries, 455));
  assert.deepEqual((await verify(folder)).findings, [], "the key's holder signed it: nothing in the folder can tell");
  const report = await verify(folder, kept.early, kept.late);
  assert.deepEqual(
    report.findings.map((each) => each.code),
    ["LEDGER_FORKED"],
  );
  assert.match(report.findings[0]?.words ?? "", /late\.checkpoint/);
  const { size: early } = kept.early.checkpoint;
  const { size: late } = kept.late.checkpoint;
  assert.ok(early <= 455 && late > 455);
  assert.match(
    report.findings[0]?.words ?? "",
    new RegExp(`agree on the first ${early} entries and part between entry ${early} and entry ${late - 1}`),
  );
  assert.deepEqual(
    report.kept.map((each) => each.agrees),
    [true, false],
  );
});

test("a rewrite that is the original again is no fork", async () => {
  const folder = copyOf("same");
  await rewriteHistory(folder, origin, privateKey, (entries) => entries);
  assert.deepEqual((await verify(folder, kept.early, kept.late, kept.receipt)).findings, []);
});

test("a receipt names the entry that was changed under it", async () => {
  const folder = copyOf("entry-changed");
  await rewriteHistory(folder, origin, privateKey, (entries) => deny(entries, 350));
  const report = await verify(folder, kept.receipt);
  assert.equal(report.findings[0]?.code, "LEDGER_FORKED");
  assert.match(report.findings[0]?.words ?? "", /They part at entry 350/);
});

test("a receipt of another entry narrows down where the histories part", async () => {
  const folder = copyOf("neighbour-changed");
  await rewriteHistory(folder, origin, privateKey, (entries) => deny(entries, 100));
  const report = await verify(folder, kept.receipt);
  assert.match(report.findings[0]?.words ?? "", /Entry 350 is the same in both; entries 0 to 255 are not/);
});

test("an entry taken out, and everything after it moved up, is a fork", async () => {
  const folder = copyOf("removed");
  await rewriteHistory(folder, origin, privateKey, (entries) => entries.toSpliced(455, 1));
  assert.deepEqual(
    (await verify(folder, kept.late)).findings.map((each) => each.code),
    ["LEDGER_FORKED"],
  );
});

test("a history that ends before a kept checkpoint is called shortened", async () => {
  const folder = copyOf("shortened");
  await rewriteHistory(folder, origin, privateKey, (entries) => entries.slice(0, 301));
  const report = await verify(folder, kept.early, kept.late);
  assert.deepEqual(
    report.findings.map((each) => each.code),
    ["LEDGER_SHORTENED"],
  );
  assert.deepEqual(
    report.kept.map((each) => each.agrees),
    [true, false],
  );
});

test("an outcome without a decision, or a second one, is a finding", async () => {
  const folder = copyOf("unmatched");
  await rewriteHistory(folder, origin, privateKey, (entries) => {
    const outcome = entries.find((text) => text.includes('"kind":"outcome"')) ?? "";
    return [...entries.slice(0, -1), outcome, entries.at(-1) ?? ""];
  });
  assert.deepEqual(
    (await verify(folder)).findings.map((each) => each.code),
    ["OUTCOME_UNMATCHED"],
  );
});

test("entries of a newer version are counted as unread, never as checked", async () => {
  const folder = copyOf("newer");
  await rewriteHistory(folder, origin, privateKey, (entries) => [...entries, '{"v":2,"kind":"decision"}', "not JSON"]);
  const report = await verify(folder);
  assert.equal(report.kinds["unreadable"], 2);
  assert.equal(report.notices.length, 2);
});

test("another log's key verifies nothing", async () => {
  const other = parseVkey(formatVkey(origin, generateKeyPairSync("ed25519").privateKey));
  const report = await verifyFolder(nodeFiles(original), other);
  assert.deepEqual(
    report.findings.map((each) => each.code),
    ["CHECKPOINT_INVALID"],
  );
  assert.equal(report.entries, 0);
});
