/**
 * Power loss at every point of a ledger's life. CORDON_POWER_SAMPLES sets how many disk states are tried at each point
 * (default 2), CORDON_SEED where the random choices start.
 */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { parseKept } from "@cordon/core/ledger/kept";
import { formatVkey, parseVkey } from "@cordon/core/ledger/note";
import { readEntries } from "@cordon/core/ledger/reader";
import { verifyFolder } from "@cordon/core/ledger/verify-folder";
import { encode, LedgerEngine } from "@cordon/gateway/ledger/engine";
import { busyEntry } from "./ledger-entries.ts";
import {
  losePower,
  seededRandom,
  SimulatedDisk,
  type DiskState,
  type Operation,
  type Random,
} from "./ledger-simulated-disk.ts";

const origin = "bank.example/gateway-1";
const { privateKey } = generateKeyPairSync("ed25519");
const verifier = parseVkey(formatVkey(origin, privateKey));
const samples = Number(process.env["CORDON_POWER_SAMPLES"] ?? 2);
const seed = Number(process.env["CORDON_SEED"] ?? 20_261_123);

/** What the outside world was told, and after which operation. */
interface Promises {
  /** Acknowledged entries by index. */
  readonly acknowledged: { readonly after: number; readonly index: number; readonly bytes: Uint8Array }[];
  /** Every entry that was handed to the writer, acknowledged or not. */
  readonly handedOver: Map<number, string>;
  readonly published: { readonly after: number; readonly note: string }[];
}

const open = (disk: SimulatedDisk): Promise<LedgerEngine> =>
  LedgerEngine.open({ files: disk, origin, privateKey, openedAt: 1_000, segmentBytes: 12_000 });

/** A life: two processes, the first killed; commits of all sizes, publications that commits cut into, full tiles. */
async function live(disk: SimulatedDisk, commits: number): Promise<Promises> {
  const promises: Promises = { acknowledged: [], handedOver: new Map(), published: [] };
  const random = seededRandom(seed);
  let n = 0;
  const published = (engine: LedgerEngine): void =>
    void promises.published.push({ after: disk.trace.length, note: engine.checkpoint });
  const commit = (engine: LedgerEngine, count: number): void => {
    const batch = Array.from({ length: count }, () => encode(busyEntry(n++)));
    const first = engine.size;
    for (const [i, { bytes }] of batch.entries()) promises.handedOver.set(first + i, Buffer.from(bytes).toString());
    engine.commit(batch);
    for (const [i, { bytes }] of batch.entries())
      promises.acknowledged.push({ after: disk.trace.length, index: first + i, bytes });
  };
  for (const process of [1, 2]) {
    const engine = await open(disk);
    published(engine);
    n = Math.ceil(n / 5) * 5; // what the killed process had open, the restart has closed
    for (let i = 0; i < commits; i++) {
      commit(engine, 1 + random(90));
      if (i % 3 !== 2) continue;
      const publication = engine.publication();
      while (publication.next().done !== true) if (random(4) === 0) commit(engine, 1 + random(6));
      published(engine);
    }
    if (process === 1) continue;
    commit(engine, 5 - (n % 5));
    engine.close(2_000);
  }
  return promises;
}

/** Restarts on what the power loss left, and holds the ledger to everything that was promised before it. */
async function checkRestart(state: DiskState, promises: Promises, at: number): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk(state);
  const engine = await open(disk);
  const { size } = engine;
  const entries: string[] = [];
  for await (const { bytes } of readEntries(disk, size)) entries.push(Buffer.from(bytes).toString());
  for (const { after, index, bytes } of promises.acknowledged)
    if (after <= at && entries[index] !== Buffer.from(bytes).toString())
      throw new Error(`acknowledged entry ${index} was lost`);
  for (const [index, entry] of entries.entries()) {
    const expected = promises.handedOver.get(index);
    const isOurs = /"kind":"writer"|"end":"interrupted"/.test(entry);
    if (!isOurs && entry !== expected) throw new Error(`entry ${index} is one that nobody wrote`);
  }
  const kept = promises.published
    .filter((each) => each.after <= at)
    .map(({ note }, i) => parseKept(`checkpoint ${i}`, note, verifier));
  const report = await verifyFolder(disk, verifier, kept);
  if (report.findingCount > 0) throw new Error(`after the restart: ${report.findings[0]?.words}`);
  if (report.openCount > 0) throw new Error(`${report.openCount} interactions were left open by the restart`);
  return disk;
}

async function tryAllPoints(
  disk: SimulatedDisk,
  promises: Promises,
  perPoint: number,
  random: Random,
): Promise<number> {
  let tried = 0;
  for (let at = 0; at <= disk.trace.length; at++) {
    for (let i = 0; i < perPoint; i++) {
      const restarted = await checkRestart(losePower(disk, at, random), promises, at);
      tried += 1;
      if (random(8) !== 0) continue;
      // The power goes again while the restart is at work.
      const again = losePower(restarted, random(restarted.trace.length + 1), random);
      await checkRestart(again, promises, at);
      tried += 1;
    }
  }
  return tried;
}

test("whatever a power loss leaves, at every point of the trace, nothing acknowledged is lost and nothing half-written accepted", async (t) => {
  const disk = new SimulatedDisk();
  const promises = await live(disk, 9);
  const tried = await tryAllPoints(disk, promises, samples, seededRandom(seed + 1));
  t.diagnostic(`${tried} disk states behind ${disk.trace.length} operations, ${promises.acknowledged.length} entries`);
  assert.ok(promises.acknowledged.length > 512, "the life fills tiles");
  assert.ok(
    disk.trace.some((each) => each.does === "remove" && each.path.startsWith("wal/")),
    "and drops write-ahead segments",
  );
});

test("an unchanged disk is verified after an orderly close", async () => {
  const disk = new SimulatedDisk();
  await live(disk, 3);
  const report = await verifyFolder(disk, verifier);
  assert.deepEqual([report.findings, report.notices], [[], []]);
});

/** Every sync that the code has, by what it is there for. The operation before tells call sites apart. */
const syncs: Readonly<Record<string, (operation: Operation, before: Operation | undefined) => boolean>> = {
  "the commit's fdatasync": ({ does, path }) => does === "datasync" && path.startsWith("wal/"),
  "the fdatasync of a restart's write-ahead tail": ({ does, path }) =>
    does === "datasync" && path.startsWith("tmp/wal_"),
  "the fdatasync of tiles": ({ does, path }) => does === "datasync" && path.startsWith("tmp/tile_"),
  "the fdatasync of what is open": ({ does, path }) => does === "datasync" && path.startsWith("tmp/open_"),
  "the fdatasync of the checkpoint": ({ does, path }) => does === "datasync" && path === "tmp/checkpoint",
  "the sync of a new folder's name": ({ does }, before) => does === "syncFolder" && before?.does === "makeFolder",
  "the sync of a new segment's name": ({ does, path }, before) =>
    does === "syncFolder" && path === "wal" && before?.does === "create",
  "the sync of the write-ahead tail's name": ({ does, path }, before) =>
    does === "syncFolder" && path === "wal" && before?.does === "rename",
  "the sync of tiles' names": ({ does, path }, before) =>
    does === "syncFolder" && path.startsWith("tile/") && (before?.does === "rename" || before?.does === "syncFolder"),
  "the sync of the name of what is open": ({ does, path }, before) =>
    does === "syncFolder" && path === "open" && before?.does === "rename",
  "the sync of the checkpoint's name": ({ does, path }, before) =>
    does === "syncFolder" && path === "" && before?.does === "rename" && before.path === "checkpoint",
};

for (const [name, forgets] of Object.entries(syncs)) {
  test(`power loss does harm when ${name} is taken out of the code`, async () => {
    const disk = new SimulatedDisk(undefined, forgets);
    const promises = await live(disk, 9);
    const random = seededRandom(seed + 2);
    await assert.rejects(async () => {
      // The harm shows soon behind the missing sync, until another one makes up for it.
      for (let i = 0; i < 4_000; i++) {
        const at = (disk.forgotten[random(disk.forgotten.length)] ?? 0) + random(random(40) + 1);
        await checkRestart(losePower(disk, Math.min(at, disk.trace.length), random), promises, at);
      }
    }, /entry|entries|restart|checkpoint|open|missing|damaged/);
  });
}

test("each of those syncs is in the code, and no other kind is", async () => {
  const disk = new SimulatedDisk();
  await live(disk, 9);
  const seen = new Set<string>();
  for (const [at, operation] of disk.trace.entries()) {
    if (operation.does !== "datasync" && operation.does !== "syncFolder") continue;
    const kinds = Object.entries(syncs).filter(([, is]) => is(operation, disk.trace[at - 1]));
    for (const [kind] of kinds) seen.add(kind);
    // The public key is put back on every start; a folder that was there already is synced once more, to be sure.
    const isSpare =
      operation.path.includes("log.vkey") || disk.trace[at - 1]?.path === "log.vkey" || kinds.length === 0;
    assert.ok(kinds.length === 1 || isSpare, JSON.stringify(operation));
  }
  assert.deepEqual([...seen].toSorted(), Object.keys(syncs).toSorted());
});
