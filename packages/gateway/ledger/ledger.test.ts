import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isCordonError } from "@cordon/core/errors";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { openCheckpoint } from "@cordon/core/ledger/checkpoint";
import { parseEntry } from "@cordon/core/ledger/entry-codec";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import { formatVkey, parseVkey } from "@cordon/core/ledger/note";
import { readEntries } from "@cordon/core/ledger/reader";
import { openReceipt } from "@cordon/core/ledger/receipt";
import { verifyFolder } from "@cordon/core/ledger/verify-folder";
import { nodeFiles, type LedgerFiles } from "./files.ts";
import { openLedger, openLedgerInThread, type LedgerOptions } from "./ledger.ts";

const root = mkdtempSync(join(tmpdir(), "cordon-ledger-"));
after(() => rmSync(root, { recursive: true, force: true }));
const origin = "bank.example/gateway-1";
const { privateKey } = generateKeyPairSync("ed25519");
const verifier = parseVkey(formatVkey(origin, privateKey));
const newFolder = () => mkdtempSync(join(root, "l-"));
const optionsFor = (folder: string, more: Partial<LedgerOptions> = {}): LedgerOptions => ({
  folder,
  origin,
  privateKey,
  checkpointEveryMs: 10,
  ...more,
});
const refusal = (n: number, words = `knock ${n}`): LedgerEntry => ({
  v: 1,
  at: n,
  kind: "refusal",
  code: "IDENTITY_REQUIRED",
  words,
  from: "10.0.0.1",
  count: 1,
});
const outcome = (id: string): LedgerEntry => ({
  v: 1,
  at: 1,
  kind: "outcome",
  id,
  namespace: "default" as Namespace,
  end: "complete",
  status: 200,
  upstream: "chat",
  findings: [],
  masks: 0,
});
const allow = (id: string): LedgerEntry => {
  const entry = { v: 1, at: 1, kind: "decision", effect: "allow", id, namespace: "default" };
  return entry as unknown as LedgerEntry; // the ledger reads no more of a decision than this
};
async function entriesIn(folder: string): Promise<LedgerEntry[]> {
  const files = nodeFiles(folder);
  const { size } = openCheckpoint(readFileSync(join(folder, "checkpoint"), "utf8"), verifier);
  const entries: LedgerEntry[] = [];
  for await (const { bytes } of readEntries(files, size)) entries.push(parseEntry(bytes) as LedgerEntry);
  return entries;
}
const failsWith = (code: Parameters<typeof isCordonError>[1]) => (error: unknown) => isCordonError(error, code);

test("a listener hears each entry once it is durable, with its index, before whoever appended it", async () => {
  const folder = newFolder();
  const synced: number[] = [];
  const heard: unknown[] = [];
  const files = nodeFiles(folder);
  const ledger = await openLedgerInThread(optionsFor(folder), {
    ...files,
    create: (path) => {
      const file = files.create(path);
      const datasync = (): void => {
        file.datasync();
        if (path.startsWith("wal/")) synced.push(heard.length);
      };
      return { append: (bytes) => file.append(bytes), datasync, close: () => file.close() };
    },
  });
  ledger.hear(
    (index, entry) => heard.push([index, entry]),
    (error) => assert.fail(String(error)),
  );
  synced.length = 0;
  const appended = ledger.append(refusal(1)).then((index) => assert.deepEqual(heard, [[index, refusal(1)]]));
  assert.deepEqual(heard, []);
  await appended;
  assert.deepEqual(synced, [0], "one sync, and nothing was heard before it");
  await ledger[Symbol.asyncDispose]();
  assert.equal(heard.length, 1, "not what the writer adds itself");
});

test("a listener that throws reaches neither whoever appends nor the entries behind it", async () => {
  const ledger = await openLedgerInThread(optionsFor(newFolder()), nodeFiles(newFolder()));
  const failures: unknown[] = [];
  const bug = new Error("a bug");
  ledger.hear(
    () => {
      throw bug;
    },
    (error) => failures.push(error),
  );
  assert.deepEqual(await Promise.all([ledger.append(refusal(1)), ledger.append(refusal(2))]), [1, 2]);
  assert.deepEqual(failures, [bug, bug]);
  await ledger[Symbol.asyncDispose]();
});

test("an entry that could not be recorded is not heard", async () => {
  const files = nodeFiles(newFolder());
  let full = false;
  const ledger = await openLedgerInThread(optionsFor(newFolder()), {
    ...files,
    create: (path) => {
      const file = files.create(path);
      const append = (bytes: Uint8Array): void => {
        if (full) throw new Error("the disk is full");
        file.append(bytes);
      };
      return { append, datasync: () => file.datasync(), close: () => file.close() };
    },
  });
  ledger.hear(
    () => assert.fail("it never was in the ledger"),
    (error) => assert.fail(String(error)),
  );
  full = true;
  await assert.rejects(ledger.append(refusal(1)), failsWith("LEDGER_UNAVAILABLE"));
  await ledger[Symbol.asyncDispose]();
});

test("entries appended at once get indexes in order, and are there after closing", async () => {
  const folder = newFolder();
  const ledger = await openLedger(optionsFor(folder));
  const indexes = await Promise.all(Array.from({ length: 700 }, (_, n) => ledger.append(refusal(n))));
  assert.deepEqual(
    indexes,
    Array.from({ length: 700 }, (_, n) => n + 1),
    "behind the writer's own first entry",
  );
  assert.equal(ledger.size, 701);
  await ledger[Symbol.asyncDispose]();
  const entries = await entriesIn(folder);
  assert.deepEqual(
    entries.slice(1, 701),
    Array.from({ length: 700 }, (_, n) => refusal(n)),
  );
  assert.deepEqual(
    [entries[0], entries.at(-1)].map((each) => each?.kind === "writer" && each.event),
    ["started", "stopped"],
  );
  const report = await verifyFolder(nodeFiles(folder), verifier);
  assert.deepEqual([report.findings, report.notices], [[], []]);
});

test("text with newlines, quotes and any script comes back as it was", async () => {
  const folder = newFolder();
  const words = ["line\nbreak", '\u2028 \u0000 "quoted" \\', "日本語 🔒 \ud800 lone", ""];
  {
    await using ledger = await openLedger(optionsFor(folder));
    await Promise.all(words.map((each, n) => ledger.append(refusal(n, each))));
  }
  const found = (await entriesIn(folder)).flatMap((each) => (each.kind === "refusal" ? [each.words] : []));
  assert.deepEqual(
    found,
    words.map((each) => JSON.parse(JSON.stringify(each)) as string),
  );
});

test("a receipt waits for its checkpoint and proves its entry with the public key alone", async () => {
  await using ledger = await openLedger(optionsFor(newFolder(), { checkpointEveryMs: 3_600_000 }));
  const index = await ledger.append(refusal(1));
  const receipt = openReceipt(await ledger.receipt(index), verifier);
  assert.equal(receipt.index, index);
  assert.equal(openCheckpoint(ledger.latestCheckpoint(), verifier).size, receipt.checkpoint.size);
  for (const none of [index + 1, -1, 0.5]) await assert.rejects(ledger.receipt(none), failsWith("PROOF_INVALID"));
});

test("checkpoints leave the folder: to a folder elsewhere and to a callback, never going back", async () => {
  const [folder, elsewhere] = [newFolder(), newFolder()];
  const notes: string[] = [];
  const sinks = [
    { kind: "files", folder: elsewhere },
    { kind: "callback", publish: (note: string) => void notes.push(note) },
  ] as const;
  const ledger = await openLedger(optionsFor(folder, { sinks }));
  for (let n = 0; n < 40; n++) await ledger.receipt(await ledger.append(refusal(n)));
  await ledger[Symbol.asyncDispose]();
  const sizes = notes.map((note) => openCheckpoint(note, verifier).size);
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => a - b),
  );
  assert.equal(sizes.at(-1), 42);
  const latest = readFileSync(join(elsewhere, "bank.example_gateway-1.checkpoint"), "utf8");
  assert.equal(latest, notes.at(-1));
  assert.equal(readdirSync(elsewhere).length, 2, "the latest, and the first of this hour");
});

test("a folder for checkpoints that cannot be written shows in health and stops nothing", async () => {
  const file = join(newFolder(), "not-a-folder");
  writeFileSync(file, "");
  await using ledger = await openLedger(optionsFor(newFolder(), { sinks: [{ kind: "files", folder: file }] }));
  await ledger.receipt(await ledger.append(refusal(1)));
  assert.equal(ledger.health.state, "open");
  assert.equal(ledger.health.failingSinks[0]?.folder, file);
});

test("an entry that is too long is refused, and the next is kept", async () => {
  await using ledger = await openLedger(optionsFor(newFolder()));
  await assert.rejects(ledger.append(refusal(1, "x".repeat(65_535))), failsWith("LEDGER_ENTRY_TOO_LARGE"));
  await assert.rejects(ledger.append(refusal(1, "語".repeat(22_000))), failsWith("LEDGER_ENTRY_TOO_LARGE"));
  assert.equal(await ledger.append(refusal(2, "x".repeat(65_000))), 1);
});

test("a second writer on the same folder is refused, in this process and from another; once the first is gone it may", async () => {
  const folder = newFolder();
  const first = await openLedger(optionsFor(folder));
  await assert.rejects(openLedger(optionsFor(folder)), failsWith("LEDGER_UNAVAILABLE"));
  const other = `
    import { nodeFiles } from ${JSON.stringify(new URL("./files.ts", import.meta.url).href)};
    try { nodeFiles(${JSON.stringify(folder)}).lock(); console.log("taken") } catch (error) { console.log(error.code) }`;
  const tryOther = () =>
    execFileSync(process.execPath, ["--input-type=module", "-e", other], { encoding: "utf8" }).trim();
  assert.equal(tryOther(), "LEDGER_UNAVAILABLE");
  await first.append(refusal(1));
  await first[Symbol.asyncDispose]();
  assert.equal(tryOther(), "taken");
  await (await openLedger(optionsFor(folder)))[Symbol.asyncDispose]();
});

test("what was open when the writer died is closed as interrupted, once, and the ledger says that it recovered", async () => {
  const folder = newFolder();
  // No checkpoint comes in between: files that go while they are copied are no state that a kill leaves.
  const ledger = await openLedger(optionsFor(folder, { checkpointEveryMs: 60_000 }));
  for (const entry of [allow("a"), allow("b"), outcome("b"), allow("c")]) await ledger.append(entry);
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true }); // what a kill at this instant leaves
  await ledger[Symbol.asyncDispose]();
  for (const restart of [1, 2]) await (await openLedger(optionsFor(copy)))[Symbol.asyncDispose]().then(() => restart);
  const entries = await entriesIn(copy);
  const closed = entries.flatMap((each) => (each.kind === "outcome" && each.end === "interrupted" ? [each.id] : []));
  assert.deepEqual(closed, ["a", "c"]);
  const events = entries.flatMap((each) => (each.kind === "writer" ? [each.event] : []));
  assert.deepEqual(events, ["started", "recovered", "stopped", "started", "stopped"]);
  assert.equal((await verifyFolder(nodeFiles(copy), verifier)).findingCount, 0);
});

test("a writer that stops in order with an interaction open is a finding, not a clean log", async () => {
  const folder = newFolder();
  const ledger = await openLedger(optionsFor(folder));
  await ledger.append(allow("left-open"));
  await ledger[Symbol.asyncDispose]();
  const report = await verifyFolder(nodeFiles(folder), verifier);
  assert.deepEqual(
    report.findings.map((each) => [each.code, each.index]),
    [["OUTCOME_MISSING", 1]],
  );
});

test("nothing is appended after closing", async () => {
  const ledger = await openLedger(optionsFor(newFolder()));
  await ledger[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
  assert.equal(ledger.health.state, "closed");
  await assert.rejects(ledger.append(refusal(1)), failsWith("LEDGER_UNAVAILABLE"));
  await assert.rejects(ledger.receipt(0), failsWith("LEDGER_UNAVAILABLE"));
});

/** The real file layer, with one operation that fails from some point on. */
function failing(folder: string, breaks: () => boolean): LedgerFiles {
  const files = nodeFiles(folder);
  const fail = (): never => {
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  };
  return {
    ...files,
    create: (path) => {
      const file = files.create(path);
      return {
        ...file,
        append: (bytes) => (breaks() ? (file.append(bytes.subarray(0, 7)), fail()) : file.append(bytes)),
      };
    },
  };
}

test("a full disk rejects what waits and everything after, until the ledger is opened again; then nothing is missing", async () => {
  const folder = newFolder();
  let full = false;
  const ledger = await openLedgerInThread(
    optionsFor(folder),
    failing(folder, () => full),
  );
  await Promise.all([1, 2, 3].map((n) => ledger.append(refusal(n))));
  full = true;
  const results = await Promise.allSettled([4, 5].map((n) => ledger.append(refusal(n))));
  for (const result of results)
    assert.ok(result.status === "rejected" && isCordonError(result.reason, "LEDGER_UNAVAILABLE"));
  full = false;
  await assert.rejects(
    ledger.append(refusal(6)),
    failsWith("LEDGER_UNAVAILABLE"),
    "space alone does not bring it back",
  );
  assert.equal(ledger.health.state, "failed");
  assert.match(ledger.health.why ?? "", /ENOSPC/);
  await ledger[Symbol.asyncDispose]();
  await (await openLedger(optionsFor(folder)))[Symbol.asyncDispose]();
  const entries = await entriesIn(folder);
  assert.deepEqual(
    entries.flatMap((each) => (each.kind === "refusal" ? [each.at] : [])),
    [1, 2, 3],
  );
  const recovered = entries.find((each) => each.kind === "writer" && each.event === "recovered");
  assert.match(recovered?.kind === "writer" ? recovered.words : "", /7 bytes of an unacknowledged write cut off/);
});

test("the writer does not start on a folder whose history is cut, altered, put back, or of another key", async () => {
  const [folder, elsewhere] = [newFolder(), newFolder()];
  const sinks = [{ kind: "files", folder: elsewhere }] as const;
  const ledger = await openLedger(optionsFor(folder, { sinks, segmentBytes: 1_000 }));
  const append300 = () => Promise.all(Array.from({ length: 300 }, (_, n) => ledger.append(refusal(n))));
  await append300();
  const older = newFolder();
  await ledger.receipt(300);
  cpSync(folder, older, { recursive: true });
  await append300();
  await ledger.receipt(600);
  await ledger.append(refusal(999));
  await ledger[Symbol.asyncDispose]();
  const damaged = (damage: (copy: string) => void, more: Partial<LedgerOptions> = {}) => {
    const copy = newFolder();
    cpSync(folder, copy, { recursive: true });
    damage(copy);
    return assert.rejects(openLedger(optionsFor(copy, more)), failsWith("LEDGER_CORRUPT"));
  };
  const firstOf = (copy: string, path: string) => join(copy, path, readdirSync(join(copy, path))[0] ?? "");
  const change = (path: string) => {
    const bytes = readFileSync(path);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  };
  await damaged((copy) => rmSync(join(copy, "wal"), { recursive: true }));
  await damaged((copy) => change(firstOf(copy, "wal")));
  await damaged((copy) => change(join(copy, "tile/1/000.p/2")));
  await damaged((copy) => rmSync(join(copy, "tile/1"), { recursive: true }));
  await damaged((copy) => rmSync(join(copy, "checkpoint")));
  await damaged((copy) => change(join(copy, "checkpoint")));
  await damaged((copy) => change(firstOf(copy, "open")));
  await damaged(() => undefined, { privateKey: generateKeyPairSync("ed25519").privateKey });
  await damaged(() => undefined, { origin: "bank.example/gateway-2" });
  // Put back from a backup: the folder alone cannot tell, the checkpoint that left the machine can.
  await assert.rejects(openLedger(optionsFor(older, { sinks })), failsWith("LEDGER_CORRUPT"));
  await (await openLedger(optionsFor(older)))[Symbol.asyncDispose]();
  await (await openLedger(optionsFor(folder, { sinks })))[Symbol.asyncDispose]();
});

test("a folder that cannot be made is LEDGER_UNAVAILABLE, and so is a thread that cannot start", async () => {
  const file = join(newFolder(), "file");
  writeFileSync(file, "");
  await assert.rejects(openLedger(optionsFor(join(file, "ledger"))), failsWith("LEDGER_UNAVAILABLE"));
  const workerUrl = new URL("file:///no-such-folder/ledger-worker.ts");
  await assert.rejects(openLedger(optionsFor(newFolder(), { workerUrl })), failsWith("LEDGER_UNAVAILABLE"));
});

test("a live ledger can be verified while it is written", async () => {
  const folder = newFolder();
  await using ledger = await openLedger(optionsFor(folder, { checkpointEveryMs: 2 }));
  let writing = true;
  const writers = Promise.all(
    Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; writing; n++) await ledger.append(refusal(writer * 1_000_000 + n));
    }),
  );
  for (let i = 0; i < 25; i++) {
    const report = await verifyFolder(asyncReader(folder), verifier);
    assert.deepEqual(report.findings, []);
  }
  writing = false;
  await writers;
});

/** As a command reads it: with turns of the event loop between the files. */
function asyncReader(folder: string): {
  read: (path: string) => Promise<Uint8Array | undefined>;
  list: (path: string) => Promise<string[]>;
} {
  const files = nodeFiles(folder);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    read: async (path) => (await turn(), files.read(path)),
    list: async (path) => (await turn(), files.list(path)),
  };
}
