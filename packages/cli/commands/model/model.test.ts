import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { commands } from "../table.ts";
import { dispatch } from "../../dispatch.ts";

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function cordon(...args: string[]): Promise<Ran> {
  let out = "";
  let err = "";
  const io = { stdout: (text: string) => void (out += text), stderr: (text: string) => void (err += text) };
  return { code: await dispatch(args, io, commands), out, err };
}

async function rig(t: TestContext): Promise<{ folder: string; model: string; key: string; pub: string }> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-cli-model-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const model = join(folder, "model");
  await mkdir(model);
  await writeFile(join(model, "weights.bin"), "weights");
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const [key, pub] = [join(folder, "key.pem"), join(folder, "pub.pem")];
  await writeFile(key, privateKey.export({ type: "pkcs8", format: "pem" }));
  await writeFile(pub, publicKey.export({ type: "spki", format: "pem" }));
  return { folder, model, key, pub };
}

test("signs a model, verifies it, and refuses it once a file changed", async (t) => {
  const { model, key, pub, folder } = await rig(t);
  assert.equal((await cordon("model", "sign", model, "--key", key)).code, 0);
  const good = await cordon("model", "verify", model, "--key", pub);
  assert.equal(good.code, 0, good.out + good.err);
  assert.match(good.out, /^VERIFIED {2}/);
  await writeFile(join(model, "weights.bin"), "Weights");
  const sarif = join(folder, "out.sarif");
  const bad = await cordon("model", "verify", model, "--key", pub, "--json", "--sarif", sarif);
  assert.equal(bad.code, 1);
  const verdict = JSON.parse(bad.out) as {
    verdict: string;
    findings: { rule: string; atlas: { techniques: string[] } }[];
  };
  assert.equal(verdict.verdict, "refused");
  assert.deepEqual(
    verdict.findings.map(({ rule }) => rule),
    ["integrity/changed-file"],
  );
  assert.ok(verdict.findings[0]?.atlas.techniques.includes("AML.T0018"));
  assert.match(await readFile(sarif, "utf8"), /"ruleId": "integrity\/changed-file"/);
});

test("keeps the highest version, and refuses an older model", async (t) => {
  const { model, key, pub, folder } = await rig(t);
  const versions = join(folder, "versions.json");
  const sign = (n: string): Promise<Ran> =>
    cordon(
      "model",
      "sign",
      model,
      "--key",
      key,
      "--model",
      "credit",
      "--version",
      n,
      "--signature",
      join(folder, `${n}.sig`),
    );
  const verify = (n: string): Promise<Ran> =>
    cordon("model", "verify", model, "--key", pub, "--versions", versions, "--signature", join(folder, `${n}.sig`));
  await sign("1");
  await sign("2");
  assert.equal((await verify("2")).code, 0);
  const old = await verify("1");
  assert.equal(old.code, 1);
  assert.match(old.out, /signature\/rollback/);
});

test("nobody is trusted by default, and a Sigstore identity needs its issuer", async (t) => {
  const { model, key, pub } = await rig(t);
  await cordon("model", "sign", model, "--key", key);
  for (const trust of [
    [],
    ["--identity", "a@example.com"],
    ["--issuer", "https://example.com"],
    ["--key", pub, "--root", pub],
  ]) {
    const { code, err } = await cordon("model", "verify", model, ...trust);
    assert.equal(code, 2, trust.join(" "));
    assert.match(err, /trust|go together/);
  }
});

test("makes a hash manifest and finds what changed since", async (t) => {
  const { model, folder } = await rig(t);
  const manifest = join(folder, "manifest.json");
  const made = await cordon("model", "digest", model, "--out", manifest, "--json");
  assert.equal(made.code, 0, made.err);
  const { rootDigest } = JSON.parse(made.out) as { rootDigest: string };
  assert.equal((await cordon("model", "digest", model, "--check", manifest, "--root-digest", rootDigest)).code, 0);
  await writeFile(join(model, "extra.py"), "");
  assert.equal((await cordon("model", "digest", model, "--check", manifest)).code, 1);
  const replaced = await cordon("model", "digest", model, "--check", manifest, "--root-digest", "00".repeat(32));
  assert.equal(replaced.code, 2);
});

test("a file name from the model cannot write to the terminal", async (t) => {
  const { model, key, pub } = await rig(t);
  await cordon("model", "sign", model, "--key", key);
  await writeFile(join(model, "\u001b[2Jx"), "");
  const { code, out } = await cordon("model", "verify", model, "--key", pub);
  assert.equal(code, 1);
  assert.ok(!out.includes("\u001b"));
});
