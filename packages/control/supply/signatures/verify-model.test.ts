import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { signingKeyOf } from "../../keys/provider/key-provider.ts";
import { compareCodePoints } from "@cordon/core/supply/canonical-path";
import { hashFile } from "../integrity/hash-file.ts";
import { openContentStore } from "../integrity/content-store.ts";
import { preAuthenticationEncoding } from "./dsse.ts";
import { parseRevocations } from "./revocations.ts";
import { signModel, type SignModelOptions } from "./sign-model.ts";
import { makeChain } from "./testing/chain.ts";
import { keyDigest, type Trust } from "./trust.ts";
import { verifyModel, type ModelVerdict, type VerifyModelOptions } from "./verify-model.ts";
import { emptyVersionRecord } from "./versions.ts";

const now = Date.parse("2026-11-25T12:00:00Z");
const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const trust: Trust = { method: "key", key: pair.publicKey };

async function model(t: TestContext, files: Readonly<Record<string, string>> = sample): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-model-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "model");
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(path, name, ".."), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return path;
}

const sample = { "weights.bin": "weights", "config.json": "{}", "tokenizer/vocab.txt": "a\nb\n" };

async function signed(path: string, options: Partial<SignModelOptions> = {}): Promise<Buffer> {
  return Buffer.from((await signModel(path, { key: signingKeyOf(pair.privateKey), ...options })).bundle);
}

function verify(path: string, bundle: Buffer, options: Partial<VerifyModelOptions> = {}): Promise<ModelVerdict> {
  return verifyModel(path, bundle, { trust, now, ...options });
}

const rules = (verdict: ModelVerdict): string[] => verdict.findings.map(({ rule }) => rule);

interface Editable {
  subject: { digest: { sha256: string } }[];
  predicateType: string;
  predicate: {
    resources: { name: string; digest: string; algorithm: string }[];
    serialization: Record<string, unknown>;
  };
}

interface EditableBundle {
  verificationMaterial: Record<string, unknown>;
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] };
}

const editable = (bundle: Buffer): EditableBundle => JSON.parse(bundle.toString()) as EditableBundle;

/** Changes a bundle's statement and signs it with any key. */
function resign(bundle: Buffer, change: (statement: Editable) => void, key: KeyObject = pair.privateKey): Buffer {
  const tree = editable(bundle);
  const statement = JSON.parse(Buffer.from(tree.dsseEnvelope.payload, "base64").toString()) as Editable;
  change(statement);
  const payload = Buffer.from(JSON.stringify(statement));
  tree.dsseEnvelope.payload = payload.toString("base64");
  tree.dsseEnvelope.signatures = [{ sig: sign("sha256", preAuthenticationEncoding(payload), key).toString("base64") }];
  return Buffer.from(JSON.stringify(tree));
}

test("a signed model verifies, by files and by shards, with every hash", async (t) => {
  const path = await model(t, { ...sample, empty: "" });
  for (const hashType of ["sha256", "blake2b", "blake3"] as const)
    for (const shardBytes of [undefined, 3]) {
      const bundle = await signed(path, { hashType, ...(shardBytes === undefined ? {} : { shardBytes }) });
      const verdict = await verify(path, bundle);
      assert.equal(verdict.verdict, "verified", `${hashType} ${shardBytes}: ${JSON.stringify(verdict.findings)}`);
      assert.equal(verdict.signer?.keyDigest, keyDigest(pair.publicKey));
    }
});

test("refuses a model with a changed, missing, renamed or added file", async (t) => {
  const path = await model(t);
  const bundle = await signed(path);
  await writeFile(join(path, "weights.bin"), "Weights");
  assert.deepEqual(rules(await verify(path, bundle)), ["integrity/changed-file"]);
  await rm(join(path, "weights.bin"));
  assert.deepEqual(rules(await verify(path, bundle)), ["integrity/missing-file"]);
  await writeFile(join(path, "Weights.bin"), "weights");
  assert.deepEqual(rules(await verify(path, bundle)), ["integrity/missing-file", "signature/unsigned-file"]);
});

test("an added file counts, unless the caller says otherwise, and is always reported", async (t) => {
  const path = await model(t);
  const bundle = await signed(path);
  await writeFile(join(path, "modeling.py"), "import os");
  const strict = await verify(path, bundle);
  assert.equal(strict.verdict, "refused");
  assert.deepEqual(strict.unsigned, ["modeling.py"]);
  const lax = await verify(path, bundle, { allowUnsignedFiles: true });
  assert.equal(lax.verdict, "verified");
  assert.deepEqual(lax.unsigned, ["modeling.py"]);
});

test("files in paths that the signer ignores are named, and never reach the verified copy", async (t) => {
  const path = await model(t);
  const bundle = await signed(path, { ignore: ["cache"] });
  await mkdir(join(path, "cache"));
  await writeFile(join(path, "cache", "evil.pkl"), "cos\nsystem\n");
  await mkdir(join(path, ".git"));
  await writeFile(join(path, ".git", "hooks.py"), "");
  const store = await openContentStore(join(path, "..", "store"));
  const verdict = await verify(path, bundle, { store });
  assert.equal(verdict.verdict, "verified");
  assert.deepEqual(verdict.unsigned.toSorted(), [".git/hooks.py", "cache/evil.pkl"]);
  const copy = verdict.verifiedCopy ?? "";
  await assert.rejects(stat(join(copy, "cache")));
  assert.equal(await readFile(join(copy, "weights.bin"), "utf8"), "weights");
  assert.equal((await stat(join(copy, "weights.bin"))).mode & 0o777, 0o444);
});

test("a nested .git is not ignored: only the top of the model is", async (t) => {
  const path = await model(t);
  const bundle = await signed(path);
  await mkdir(join(path, "sub", ".git"), { recursive: true });
  await writeFile(join(path, "sub", ".git", "x"), "");
  assert.deepEqual(rules(await verify(path, bundle)), ["signature/unsigned-file"]);
});

test("a pipe in a file's place is refused, and holds nobody", async (t) => {
  const path = await model(t);
  const bundle = await signed(path);
  await rm(join(path, "weights.bin"));
  if (spawnSync("mkfifo", [join(path, "weights.bin")]).status !== 0)
    return t.skip("there is no mkfifo on this machine");
  assert.deepEqual(rules(await verify(path, bundle)).toSorted(), ["integrity/missing-file", "integrity/path"]);
  await assert.rejects(hashFile(join(path, "weights.bin"), { type: "sha256" }), { code: "SUPPLY_INPUT_INVALID" });
});

test("what is changed after the check does not change the verified copy", async (t) => {
  const path = await model(t);
  const bundle = await signed(path);
  const store = await openContentStore(join(path, "..", "store"));
  const { verifiedCopy = "" } = await verify(path, bundle, { store });
  await writeFile(join(path, "weights.bin"), "poison!");
  assert.equal(await readFile(join(verifiedCopy, "weights.bin"), "utf8"), "weights");
  // A copy that somebody tampered with is replaced by the next verification.
  await writeFile(join(path, "weights.bin"), "weights");
  await chmod(join(verifiedCopy, "weights.bin"), 0o644);
  await writeFile(join(verifiedCopy, "weights.bin"), "poison!");
  const again = await verify(path, bundle, { store });
  assert.equal(await readFile(join(again.verifiedCopy ?? "", "weights.bin"), "utf8"), "weights");
});

test("refuses links, inside the model and out of it", async (t) => {
  const path = await model(t);
  const bundle = await signed(path);
  await symlink("/etc/hostname", join(path, "outside"));
  assert.deepEqual(rules(await verify(path, bundle)), ["integrity/path"]);
  await rm(join(path, "outside"));
  await rm(join(path, "weights.bin"));
  await writeFile(join(path, "..", "weights.bin"), "weights");
  await symlink("../weights.bin", join(path, "weights.bin"));
  for (const allowSymlinks of [false, true])
    assert.equal((await verify(path, bundle, { allowSymlinks })).verdict, "refused");
  await assert.rejects(signed(path), { code: "SUPPLY_INPUT_INVALID" });
});

test("follows links inside the model only where signer and caller both say so, and never in a ring", async (t) => {
  const path = await model(t);
  const withLink = resign(await signed(path), (statement) => {
    statement.predicate.serialization.allow_symlinks = true;
  });
  await rm(join(path, "config.json"));
  await mkdir(join(path, "real"));
  await writeFile(join(path, "real", "config.json"), "{}");
  await symlink("real/config.json", join(path, "config.json"));
  assert.equal((await verify(path, withLink)).verdict, "refused");
  const rest = await verify(path, withLink, { allowSymlinks: true, ignore: ["real"] });
  assert.equal(rest.verdict, "verified", JSON.stringify(rest.findings));
  await symlink("..", join(path, "tokenizer", "up"));
  assert.ok(rules(await verify(path, withLink, { allowSymlinks: true, ignore: ["real"] })).includes("integrity/path"));
});

test("refuses another key, a key from the bundle, a changed payload and a changed type", async (t) => {
  const path = await model(t);
  const bundle = await signed(path);
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const others: Buffer[] = [resign(bundle, () => {}, stranger.privateKey)];
  const embedded = editable(others[0] ?? bundle);
  embedded.verificationMaterial.publicKey = {
    rawBytes: Buffer.from(stranger.publicKey.export({ type: "spki", format: "pem" })).toString("base64"),
  };
  others.push(Buffer.from(JSON.stringify(embedded)));
  const flipped = editable(bundle);
  flipped.dsseEnvelope.payload = Buffer.from(
    Buffer.from(flipped.dsseEnvelope.payload, "base64").toString().replace("weights.bin", "weightz.bin"),
  ).toString("base64");
  others.push(Buffer.from(JSON.stringify(flipped)));
  const typed = editable(bundle);
  typed.dsseEnvelope.payloadType = "text/plain";
  others.push(Buffer.from(JSON.stringify(typed)));
  for (const other of others) {
    const verdict = await verify(path, other);
    assert.deepEqual([verdict.verdict, rules(verdict)], ["refused", ["signature/invalid"]]);
  }
  // The control: with the stranger trusted, the first of them verifies.
  const fooled = await verify(path, others[0] ?? Buffer.alloc(0), {
    trust: { method: "key", key: stranger.publicKey },
  });
  assert.equal(fooled.verdict, "verified");
});

test("refuses signed manifests that no honest signer makes", async (t) => {
  const path = await model(t);
  const bundle = await signed(path);
  const attacks: Readonly<
    Record<string, (s: Editable, first: Editable["predicate"]["resources"][0], subject: Editable["subject"][0]) => void>
  > = {
    traversal: (s, first) => (first.name = "../config.json"),
    absolute: (s, first) => (first.name = "/etc/passwd"),
    backslash: (s, first) => (first.name = "a\\b"),
    "dot segment": (s, first) => (first.name = "./config.json"),
    control: (s, first) => (first.name = "a\u0000b"),
    duplicate: (s, first) => s.predicate.resources.push(first),
    "two spellings": (s, first) =>
      s.predicate.resources.push({ ...first, name: "\u00e9" }, { ...first, name: "e\u0301" }),
    "root digest": (s, first, subject) => (subject.digest.sha256 = "00".repeat(32)),
    "two subjects": (s, first, subject) => s.subject.push(subject),
    predicate: (s) => (s.predicateType = "https://example.com/other"),
    "weak hash": (s) => (s.predicate.serialization.hash_type = "md5"),
    "other hash": (s, first) => (first.algorithm = "blake3"),
    "short digest": (s, first) => (first.digest = "abcd"),
    "shard size without shards": (s) => (s.predicate.serialization.shard_size = 8),
    "glob to ignore": (s) => (s.predicate.serialization.ignore_paths = ["*"]),
    "ignore above": (s) => (s.predicate.serialization.ignore_paths = ["../x"]),
    "old layout": (s) => (s.predicateType = "https://model_signing/Digests/v0.1"),
  };
  for (const [name, change] of Object.entries(attacks)) {
    const bent = resign(bundle, (statement) => {
      const [[first], [subject]] = [statement.predicate.resources, statement.subject];
      assert.ok(first !== undefined && subject !== undefined);
      change(statement, first, subject);
    });
    const verdict = await verify(path, bent);
    assert.deepEqual([verdict.verdict, rules(verdict)], ["refused", ["signature/invalid"]], name);
  }
  const empty = resign(bundle, (statement) => {
    statement.predicate.resources = [];
    for (const subject of statement.subject)
      subject.digest.sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  });
  assert.ok(rules(await verify(path, empty)).includes("integrity/empty-model"));
});

test("shards must cover the file, in the right ranges", async (t) => {
  const path = await model(t, { "weights.bin": "0123456789" });
  const bundle = await signed(path, { shardBytes: 4 });
  assert.equal((await verify(path, bundle)).verdict, "verified");
  await writeFile(join(path, "weights.bin"), "0123456789tail");
  assert.deepEqual(rules(await verify(path, bundle)), ["integrity/changed-file"]);
  await writeFile(join(path, "weights.bin"), "01234567");
  assert.deepEqual(rules(await verify(path, bundle)), ["integrity/changed-file"]);
});

test("an older version, or the same version with other contents, is refused", async (t) => {
  const path = await model(t);
  const version = (n: number): Promise<Buffer> => signed(path, { model: "credit", version: n });
  const [first, second] = [await version(1), await version(2)];
  const seen = await verify(path, second, { versions: emptyVersionRecord });
  assert.equal(seen.versions?.models["credit"]?.version, 2);
  const versions = seen.versions ?? emptyVersionRecord;
  assert.deepEqual(rules(await verify(path, first, { versions })), ["signature/rollback"]);
  assert.equal((await verify(path, second, { versions })).verdict, "verified");
  // Stripping the version does not help, nor does another model under the same number.
  assert.deepEqual(rules(await verify(path, await signed(path), { versions })), ["signature/rollback"]);
  await writeFile(join(path, "weights.bin"), "other");
  assert.deepEqual(rules(await verify(path, await version(2), { versions })), ["signature/rollback"]);
  // Without the record the old model verifies: that is what the record is for.
  await writeFile(join(path, "weights.bin"), "weights");
  assert.equal((await verify(path, first)).verdict, "verified");
});

test("a revoked key, certificate or model is refused", async (t) => {
  const path = await model(t);
  const bundle = await signed(path);
  const { rootDigest = "" } = await verify(path, bundle);
  for (const entry of [
    { kind: "key", sha256: keyDigest(pair.publicKey), reason: "stolen" },
    { kind: "model", sha256: rootDigest, reason: "poisoned" },
  ]) {
    const text = JSON.stringify({ version: 1, issued: "2026-11-25T00:00:00Z", revoked: [entry] });
    const verdict = await verify(path, bundle, { revocations: parseRevocations(text, "revoked.json") });
    assert.deepEqual([verdict.verdict, rules(verdict)], ["refused", ["signature/revoked"]]);
  }
});

test("a chain verifies to its root for code signing only, now, with the pinned signer only", async (t) => {
  const path = await model(t);
  const good = await makeChain(now, {});
  const bundle = await signed(path, { key: signingKeyOf(good.key), chain: good.chain });
  const roots = [good.root];
  const judge = (over: Partial<Extract<Trust, { method: "certificate" }>>, at = now): Promise<ModelVerdict> =>
    verify(path, bundle, { now: at, trust: { method: "certificate", roots, signerKeys: [], ...over } });
  assert.equal((await judge({})).verdict, "verified");
  assert.equal((await judge({ signerKeys: [good.leaf.keyFingerprint] })).verdict, "verified");
  assert.equal((await judge({ signerKeys: ["00".repeat(32)] })).verdict, "refused");
  assert.equal((await judge({ roots: [(await makeChain(now, {})).root] })).verdict, "refused");
  assert.equal((await judge({}, now + 400 * 86_400_000)).verdict, "refused", "an expired certificate");
  for (const { keyFingerprint, fingerprint } of [good.root, ...good.chain.slice(1)])
    for (const [kind, sha256] of [
      ["key", keyFingerprint],
      ["certificate", fingerprint],
    ]) {
      const text = JSON.stringify({
        version: 1,
        issued: "2026-11-25T00:00:00Z",
        revoked: [{ kind, sha256, reason: "r" }],
      });
      const revocations = parseRevocations(text, "revoked.json");
      const verdict = await verify(path, bundle, {
        trust: { method: "certificate", roots, signerKeys: [] },
        revocations,
      });
      assert.deepEqual([verdict.verdict, rules(verdict)], ["refused", ["signature/revoked"]], `an authority's ${kind}`);
    }
  for (const bent of [{ serverOnly: true }, { noSigning: true }]) {
    const chain = await makeChain(now, bent);
    const other = await signed(path, { key: signingKeyOf(chain.key), chain: chain.chain });
    const verdict = await verify(path, other, {
      trust: { method: "certificate", roots: [chain.root], signerKeys: [] },
    });
    assert.deepEqual([verdict.verdict, rules(verdict)], ["refused", ["signature/invalid"]], JSON.stringify(bent));
  }
});

test("no bytes make the verifier throw anything but a verdict", async (t) => {
  const path = await model(t);
  const bundle = await signed(path);
  await fc.assert(
    fc.asyncProperty(fc.nat(bundle.length - 1), fc.uint8Array({ maxLength: 8 }), async (at, bytes) => {
      const bent = Buffer.concat([bundle.subarray(0, at), bytes, bundle.subarray(at + bytes.length)]);
      const { verdict } = await verify(path, bent);
      assert.ok(verdict === "refused" || bent.equals(bundle) || verdict === "verified");
    }),
    { numRuns: 150 },
  );
  for (const junk of [Buffer.alloc(0), randomBytes(64), Buffer.from("[".repeat(10_000)), Buffer.from("null")])
    assert.equal((await verify(path, junk)).verdict, "refused");
});

test("names are ordered by code point, where UTF-16 differs", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
      const points = (s: string): number[] => Array.from(s, (c) => c.codePointAt(0) ?? 0);
      const [left, right] = [points(a), points(b)];
      const at = left.findIndex((point, index) => point !== right[index]);
      const expected =
        at < 0
          ? Math.sign(left.length - right.length)
          : at >= right.length
            ? 1
            : Math.sign((left[at] ?? 0) - (right[at] ?? 0));
      assert.equal(Math.sign(compareCodePoints(a, b)), expected);
    }),
  );
  assert.ok(compareCodePoints("\uffee", "\u{1f600}") < 0, "UTF-16 units order these two the other way");
});
