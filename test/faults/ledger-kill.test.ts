/**
 * kill -9 at random instants: of a process that opens, appends, publishes, seals. CORDON_KILLS sets how many (default
 * 24; 2000 for a long run).
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, test } from "node:test";
import { encodeEntry } from "@cordon/core/ledger/entry-codec";
import { parseKept, type Kept } from "@cordon/core/ledger/kept";
import { formatVkey, parseVkey } from "@cordon/core/ledger/note";
import { readEntries } from "@cordon/core/ledger/reader";
import { verifyFolder } from "@cordon/core/ledger/verify-folder";
import { LedgerEngine } from "@cordon/gateway/ledger/engine";
import { nodeFiles } from "@cordon/gateway/ledger/files";
import { busyEntry } from "./ledger-entries.ts";

const kills = Number(process.env["CORDON_KILLS"] ?? 24);
const killsPerFolder = 12;
const origin = "bank.example/gateway-1";
const child = new URL("./ledger-kill-child.ts", import.meta.url).pathname;

const root = mkdtempSync(join(tmpdir(), "cordon-kill-"));
after(() => rmSync(root, { recursive: true, force: true }));
const { privateKey } = generateKeyPairSync("ed25519");
const keyFile = join(root, "log.key");
writeFileSync(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
const verifier = parseVkey(formatVkey(origin, privateKey));

/** Runs a writer, kills it at a random instant, and says what it had acknowledged: index and number of each entry. */
async function runAndKill(folder: string, first: number): Promise<Map<number, number>> {
  const writer = spawn(process.execPath, [child, folder, keyFile, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => writer.once("exit", (_, signal) => resolve(signal)));
  let output = "";
  writer.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const closed = new Promise((resolve) => writer.stdout.once("close", resolve));
  // A third dies while it opens, the rest while they write.
  const linesBefore = Math.random() < 0.33 ? 1 : 2;
  while (output.split("\n").length <= linesBefore && writer.exitCode === null) await sleep(1);
  await sleep(Math.random() * 60);
  writer.kill("SIGKILL");
  assert.equal(await ended, "SIGKILL", "the writer ran until it was killed");
  await closed;
  // The last line may be cut.
  const lines = output
    .split("\n")
    .slice(0, -1)
    .filter((line) => line !== "opening");
  return new Map(lines.map((line) => line.split(" ").map(Number) as [number, number]));
}

/** Restarts on the folder, in this process, and checks it against everything that was ever acknowledged. */
async function checkRestart(folder: string, acknowledged: ReadonlyMap<number, number>, kept: Kept[]): Promise<void> {
  const files = nodeFiles(folder);
  const published = files.read("checkpoint");
  if (published !== undefined)
    kept.push(parseKept("of the killed writer", Buffer.from(published).toString(), verifier));
  const engine = await LedgerEngine.open({ files, origin, privateKey, openedAt: Date.now() });
  engine.abandon();
  let found = 0;
  for await (const { index, bytes } of readEntries(files, engine.size)) {
    const mine = acknowledged.get(index);
    if (mine === undefined) continue;
    found += 1;
    assert.equal(Buffer.from(bytes).toString(), encodeEntry(busyEntry(mine)), `entry ${index}`);
  }
  assert.equal(found, acknowledged.size, "every acknowledged entry is there");
  const report = await verifyFolder(files, verifier, kept);
  assert.deepEqual(report.findings, []);
  assert.equal(report.openCount, 0, "the restart closed what the kill left open");
  kept.push(parseKept("of the restart", engine.checkpoint, verifier));
}

test(`nothing acknowledged is lost over ${kills} kills, and every history is a prefix of the next`, async (t) => {
  let entries = 0;
  for (let done = 0; done < kills;) {
    const folder = mkdtempSync(join(root, "ledger-"));
    const acknowledged = new Map<number, number>();
    const kept: Kept[] = [];
    for (let run = 0; run < killsPerFolder && done < kills; run++, done++) {
      for (const [index, mine] of await runAndKill(folder, run * 1_000_000)) {
        assert.equal(acknowledged.has(index), false, `index ${index} was given out twice`);
        acknowledged.set(index, mine);
      }
      await checkRestart(folder, acknowledged, kept);
    }
    entries += acknowledged.size;
    rmSync(folder, { recursive: true });
  }
  t.diagnostic(`${kills} kills, ${entries} acknowledged entries`);
  assert.ok(entries > kills, "the writers got to write");
});
