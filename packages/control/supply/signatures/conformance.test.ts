/**
 * Other people's vectors: bundles made by every release of the OMS reference, the specification's own, and Sigstore's
 * conformance suite. They lie beside the repository; without them the tests are skipped, and say so.
 */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { rootDigest } from "../integrity/manifest.ts";
import { parseBundle } from "./bundle.ts";
import { signingKeyOf } from "../../keys/provider/key-provider.ts";
import { signModel } from "./sign-model.ts";
import { parseStatement } from "./statement.ts";
import { makeChain } from "./testing/chain.ts";
import { readCertificates, readPublicKey, type Trust } from "./trust.ts";
import { parseTrustedRoot, publicGoodRoot } from "./trusted-root.ts";
import { verifyArtifact, type ArtifactTrust } from "./verify-artifact.ts";
import { verifyModel } from "./verify-model.ts";

const shared = new URL("../../../../../shared/corpora/", import.meta.url).pathname;
const oms = join(shared, "oms");
const sigstore = join(shared, "sigstore-bundles");
const skip = existsSync(oms) ? false : `the corpora are not at ${shared}`;
/** The vectors' certificates are valid until 2035. */
const now = Date.parse("2026-11-25T00:00:00Z");

const halves = (corpus: string): string[] => ["dev", "heldout"].map((half) => join(corpus, half)).filter(existsSync);

function trustFor(name: string): Trust {
  const keys = join(oms, "reference/keys/certificate");
  if (name.endsWith("-sigstore"))
    return {
      method: "sigstore",
      root: publicGoodRoot(),
      identity: "stefanb@us.ibm.com",
      issuer: "https://sigstore.verify.ibm.com/oauth2",
    };
  if (name.endsWith("-certificate"))
    return {
      method: "certificate",
      roots: readCertificates(readFileSync(join(keys, "ca-cert.pem")), "ca-cert.pem"),
      signerKeys: [],
    };
  return { method: "key", key: readPublicKey(readFileSync(join(keys, "signing-key-pub.pem")), "signing-key-pub.pem") };
}

test("models signed by every release of the reference verify, and not under another signer", { skip }, async (t) => {
  let judged = 0;
  for (const half of halves(oms))
    for (const name of readdirSync(join(half, "signed"))) {
      const folder = join(half, "signed", name);
      const signature = join(folder, "model.sig");
      const bundle = readFileSync(signature);
      const legacy = name.startsWith("v0.2.0");
      const options = { now, exclude: [signature], ignore: ["ignore-me"], trust: trustFor(name) };
      const verdict = await verifyModel(folder, bundle, { ...options, legacy });
      assert.equal(verdict.verdict, "verified", `${name}: ${verdict.findings.map((f) => f.message).join("; ")}`);
      if (legacy) assert.equal((await verifyModel(folder, bundle, options)).verdict, "refused", `${name} by default`);
      const stranger: Trust =
        options.trust.method === "sigstore"
          ? { ...options.trust, identity: "stefanb@us.ibm.co" }
          : trustFor(options.trust.method === "key" ? "-certificate" : "-key");
      const refused = await verifyModel(folder, bundle, { ...options, legacy, trust: stranger });
      assert.equal(refused.verdict, "refused", `${name} under another signer`);
      judged += 1;
    }
  t.diagnostic(`OMS signed models: ${judged} of ${judged} right`);
  assert.ok(judged >= 7);
});

test("the specification's vectors are told apart", { skip }, (t) => {
  let judged = 0;
  for (const half of halves(oms))
    for (const kind of ["valid", "invalid", "invalid-payload"]) {
      const folder = join(half, "spec-vectors", kind);
      for (const file of existsSync(folder) ? readdirSync(folder) : []) {
        const read = (): unknown =>
          parseStatement(parseBundle(readFileSync(join(folder, file))).payload, { legacy: false });
        if (kind === "valid") assert.doesNotThrow(read, file);
        else assert.throws(read, { code: "SIGNATURE_INVALID" }, file);
        judged += 1;
      }
    }
  t.diagnostic(`OMS specification vectors: ${judged} of ${judged} right`);
  assert.ok(judged >= 4);
});

test("the root digests of the reference's own manifests are the ones computed here", { skip }, (t) => {
  let judged = 0;
  for (const half of halves(oms))
    for (const name of readdirSync(join(half, "payload"))) {
      const payload = readFileSync(join(half, "payload", name));
      const statement = parseStatement(payload, { legacy: false });
      assert.equal(statement.rootDigest, rootDigest(statement.resources), name);
      judged += 1;
    }
  t.diagnostic(`OMS reference payloads: ${judged} of ${judged} right`);
  assert.ok(judged >= 8);
});

test("what is made here fits the specification's own schemas", { skip }, async (t) => {
  const schemas = ["predicate", "statement", "envelope", "bundle"].map(
    (name) => JSON.parse(readFileSync(join(oms, `reference/schemas/v1.0/${name}.schema.json`), "utf8")) as object,
  );
  const ajv = new Ajv2020({ strict: false, schemas });
  const folder = await mkdtemp(join(tmpdir(), "cordon-oms-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "weights.bin"), "0123456789");
  const chain = await makeChain(now, {});
  const methods = [
    { key: signingKeyOf(generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey) },
    { key: signingKeyOf(chain.key), chain: chain.chain },
  ];
  for (const method of methods)
    for (const options of [{}, { shardBytes: 4 }, { hashType: "blake3" as const }, { model: "m", version: 3 }]) {
      const bundle = JSON.parse((await signModel(folder, { ...method, ...options })).bundle) as {
        dsseEnvelope: { payload: string };
      };
      assert.ok(ajv.validate("https://model_signing/bundle/v1.0/schema", bundle), ajv.errorsText());
      const statement: unknown = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString());
      assert.ok(ajv.validate("https://model_signing/statement/v1.0/schema", statement), ajv.errorsText());
    }
});

test("Sigstore's conformance bundles are judged right", { skip }, async (t) => {
  const wrong: string[] = [];
  let judged = 0;
  for (const half of halves(sigstore))
    for (const name of readdirSync(half).filter((entry) => existsSync(join(half, entry, "bundle.sigstore.json")))) {
      const accepted = await acceptsCase(join(half, name));
      if (accepted === name.endsWith("_fail")) wrong.push(name);
      judged += 1;
    }
  t.diagnostic(`Sigstore conformance bundles: ${judged - wrong.length} of ${judged} right`);
  assert.deepEqual(wrong, []);
  assert.ok(judged >= 39);
});

async function acceptsCase(folder: string): Promise<boolean> {
  const optional = (name: string): Buffer | undefined =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name)) : undefined;
  const text = (name: string, otherwise: string): string => optional(name)?.toString("utf8").trim() ?? otherwise;
  const beacon = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon";
  try {
    const customRoot = optional("trusted_root.json");
    const root = customRoot === undefined ? publicGoodRoot() : parseTrustedRoot(customRoot);
    const key = optional("key.pub");
    const trust: ArtifactTrust =
      key === undefined
        ? {
            method: "sigstore",
            root,
            identity: text(
              "identity",
              `${beacon}/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main`,
            ),
            issuer: text("issuer", "https://token.actions.githubusercontent.com"),
          }
        : { method: "key", key: readPublicKey(key, "key.pub"), root };
    const artifact = optional("artifact") ?? readFileSync(join(sigstore, "reference", "a.txt"));
    await verifyArtifact(artifact, readFileSync(join(folder, "bundle.sigstore.json")), trust);
    return true;
  } catch (error) {
    assert.ok((error as { code?: string }).code !== undefined, `${folder}: ${(error as Error).stack}`);
    return false;
  }
}
