import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import { formatVkey } from "@cordon/core/ledger/note";
import { openLedger } from "@cordon/gateway/ledger/ledger";
import { run as exportEntries } from "./export.ts";
import { run as prove } from "./prove.ts";
import { run as search } from "./search.ts";
import { run as verify } from "./verify.ts";

const origin = "bank.example/gateway-1";
const { privateKey } = generateKeyPairSync("ed25519");
const vkey = formatVkey(origin, privateKey);
const root = mkdtempSync(join(tmpdir(), "cordon-cli-ledger-"));
after(() => rmSync(root, { recursive: true, force: true }));
const folder = join(root, "ledger");
const keptCheckpoint = join(root, "kept.checkpoint");

const decision = (id: string, effect: "allow" | "deny", at: string, principal = "assistant"): LedgerEntry =>
  ({
    v: 1,
    at: Date.parse(at),
    kind: "decision",
    id,
    namespace: "default",
    revision: 1,
    principal: `spiffe://bank.example/ns/default/agent/${principal}`,
    action: effect === "allow" ? "infer" : "read",
    resource: `spiffe://bank.example/ns/default/${effect === "allow" ? "endpoint/chat" : "dataset/training-data"}`,
    effect,
    reasons: [{ code: "no-permit", words: "no policy\u001b[2J permits it" }],
  }) as unknown as LedgerEntry;
const outcome = (id: string, at: string): LedgerEntry =>
  ({
    v: 1,
    at: Date.parse(at),
    kind: "outcome",
    id,
    namespace: "default",
    end: "complete",
    status: 200,
    findings: [],
    masks: 0,
    upstream: "chat",
  }) as unknown as LedgerEntry;

before(async () => {
  await using ledger = await openLedger({
    folder,
    origin,
    privateKey,
    checkpointEveryMs: 20,
    now: () => Date.parse("2026-01-01T00:00:00Z"),
  });
  await ledger.append(decision("r1", "allow", "2026-01-01T10:00:00Z"));
  await ledger.append(outcome("r1", "2026-01-01T10:00:01Z"));
  await ledger.receipt(await ledger.append(decision("r2", "deny", "2026-01-02T10:00:00Z")));
  writeFileSync(keptCheckpoint, ledger.latestCheckpoint());
});

async function call(command: typeof verify, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const code = await command(args, { stdout: (text) => (out += text), stderr: (text) => (err += text) });
  return { code, out, err };
}

test("verify says what was verified, and what a folder's own key does not prove", async () => {
  const { code, out } = await call(verify, folder);
  assert.equal(code, 0);
  assert.match(out, /VERIFIED: 5 entries/);
  assert.match(out, /The key came from the folder/);
  assert.match(out, /No kept checkpoint was given/);
});

test("verify with a key and a checkpoint from elsewhere has nothing left to warn of", async () => {
  const keyFile = join(root, "log.vkey");
  writeFileSync(keyFile, `${vkey}\n`);
  for (const key of [vkey, keyFile]) {
    const { code, out } = await call(verify, folder, "--key", key, "--checkpoint", keptCheckpoint);
    assert.equal(code, 0);
    assert.match(out, /agrees with kept\.checkpoint \(signed over 4 entries\)/);
    assert.doesNotMatch(out, /No kept checkpoint|came from the folder/);
  }
});

test("verify of a changed copy exits 1, names the place and says what to do", async () => {
  const copy = join(root, "changed");
  cpSync(folder, copy, { recursive: true });
  const path = join(copy, "tile/entries/000.p/5");
  writeFileSync(path, readFileSync(path, "latin1").replace('"deny"', '"allo"'), "latin1");
  const { code, out } = await call(verify, copy, "--key", vkey);
  assert.equal(code, 1);
  assert.match(out, /NOT VERIFIED/);
  assert.match(out, /entry 3/);
  assert.match(out, /What now:/);
  const { code: jsonCode, out: json } = await call(verify, copy, "--key", vkey, "--json");
  assert.equal(jsonCode, 1);
  const report = JSON.parse(json) as { verdict: string; findings: { code: string }[] };
  assert.equal(report.verdict, "failed");
  assert.equal(report.findings[0]?.code, "LEDGER_CORRUPT");
});

test("verify with the wrong key exits 1; with a kept file of another log, or none, it cannot compare and exits 2", async () => {
  const other = formatVkey(origin, generateKeyPairSync("ed25519").privateKey);
  assert.equal((await call(verify, folder, "--key", other)).code, 1);
  const { code, err } = await call(verify, folder, "--key", other, "--checkpoint", keptCheckpoint);
  assert.equal(code, 2);
  assert.match(err, /cannot be compared/);
  assert.equal((await call(verify, folder, "--checkpoint", join(root, "none"))).code, 2);
});

test("wrong words on the command line exit 2 with the usage, for every command", async () => {
  for (const command of [verify, prove, search, exportEntries])
    for (const args of [[], [join(root, "no-such-folder")], [folder, "--no-such-option"], [folder, folder]]) {
      const { code, out, err } = await call(command, ...args);
      assert.equal(code, 2, args.join(" "));
      assert.equal(out, "");
      assert.match(err, /usage: cordon ledger/);
    }
  assert.equal((await call(verify, folder, "--key", join(root, "no-such-key"))).code, 2);
  assert.equal((await call(prove, folder)).code, 2);
  assert.equal((await call(prove, folder, "--index", "1e3")).code, 2);
  assert.equal((await call(search, folder, "--effect", "maybe")).code, 2);
  assert.equal((await call(search, folder, "--since", "yesterday")).code, 2);
  assert.equal((await call(exportEntries, folder, "--format", "csv")).code, 2);
});

test("prove writes a receipt that verify takes, and says of what", async () => {
  const { code, out, err } = await call(prove, folder, "--id", "r1", "--key", vkey);
  assert.equal(code, 0);
  assert.match(out, /^c2sp\.org\/tlog-proof@v1\n/);
  assert.match(err, /proved to be entry 1 of the 5/);
  assert.match(err, /more entries: --index 2/);
  const receipt = join(root, "r1.tlog-proof");
  writeFileSync(receipt, out);
  assert.equal((await call(verify, folder, "--key", vkey, "--checkpoint", receipt)).code, 0);
  for (const none of [
    ["--id", "r9"],
    ["--index", "5"],
  ])
    assert.equal((await call(prove, folder, ...none)).code, 1);
});

test("search finds by principal, resource, effect, kind, id and time, and lets no stranger's bytes drive the terminal", async () => {
  const ids = async (...args: string[]) => {
    const { out } = await call(search, folder, "--json", ...args);
    return out
      .split("\n")
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { index: number }).index);
  };
  assert.deepEqual(await ids("--principal", "agent/assistant"), [1, 3]);
  assert.deepEqual(await ids("--resource", "training-data"), [3]);
  assert.deepEqual(await ids("--effect", "deny"), [3]);
  assert.deepEqual(await ids("--kind", "outcome"), [2]);
  assert.deepEqual(await ids("--id", "r1"), [1, 2]);
  assert.deepEqual(await ids("--since", "2026-01-02", "--until", "2026-01-03"), [3]);
  assert.deepEqual(await ids("--since", "2026-01-01T10:00:01Z", "--kind", "decision"), [3]);
  assert.deepEqual(await ids("--limit", "2"), [0, 1]);
  const { code, out } = await call(search, folder, "--effect", "deny");
  assert.equal(code, 0);
  assert.match(out, /2026-01-02T10:00:00\.000Z {2}deny/);
  assert.equal(out.includes("\u001b"), false);
  assert.equal((await call(search, folder, "--principal", "nobody")).code, 1);
});

test("export writes every entry, as it is or as OCSF, and goes on where it ended", async () => {
  const lines = async (...args: string[]) => {
    const { code, out } = await call(exportEntries, folder, ...args);
    assert.equal(code, 0);
    return out
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  const all = await lines("--format", "jsonl");
  assert.deepEqual(
    all.map((each) => each["index"]),
    [0, 1, 2, 3, 4],
  );
  assert.deepEqual(all[3]?.["entry"], decision("r2", "deny", "2026-01-02T10:00:00Z"));
  assert.equal((await lines("--format", "jsonl", "--from", "3")).length, 2);
  const events = await lines("--format", "ocsf");
  assert.deepEqual(
    events.map((each) => each["class_uid"]),
    [6002, 6003, 6003, 6003, 6002],
  );
  for (const event of events)
    assert.equal(event["type_uid"], (event["class_uid"] as number) * 100 + (event["activity_id"] as number));
  assert.equal(events[3]?.["status_id"], 2, "a deny is a failure");
});

test("verify takes a folder of kept checkpoints, and refuses one that holds none", async () => {
  const kept = join(root, "kept-folder");
  const empty = join(root, "empty-folder");
  mkdirSync(kept);
  mkdirSync(empty);
  cpSync(keptCheckpoint, join(kept, "one.checkpoint"));
  writeFileSync(join(kept, "notes.txt"), "not a checkpoint");
  const io = { out: "", err: "" };
  const sink = { stdout: (text: string) => void (io.out += text), stderr: (text: string) => void (io.err += text) };
  assert.equal(await verify([folder, "--key", vkey, "--checkpoint", kept], sink), 0, io.err);
  assert.match(io.out, /agrees with one\.checkpoint/);
  assert.equal(await verify([folder, "--key", vkey, "--checkpoint", empty], sink), 2);
  assert.match(io.err, /holds no \*\.checkpoint file to compare with/);
});
