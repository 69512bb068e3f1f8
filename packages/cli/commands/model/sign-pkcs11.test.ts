/** A model signed with a key in a security module verifies under its public key, and so does an admission. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { verifyAdmission } from "@cordon/control/supply/admission/document";
import { run as admit } from "./admit.ts";
import { run as sign } from "./sign.ts";
import { run as verify } from "./verify.ts";

const modulePath = "/usr/lib/softhsm/libsofthsm2.so";
const skip = existsSync(modulePath) ? false : "SoftHSM is not installed (Debian: softhsm2)";

test("`--key` and `--admission-key` take a pkcs11: URI", { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-hsm-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  await mkdir(at("tokens")); // its own: SoftHSM takes every folder in it for a token
  await writeFile(
    at("softhsm2.conf"),
    `directories.tokendir = ${folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  process.env["SOFTHSM2_CONF"] = at("softhsm2.conf");
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFile(at("key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
  await writeFile(at("public.pem"), publicKey.export({ type: "spki", format: "pem" }));
  await writeFile(at("pin"), "1234");
  const util = (...args: string[]): void => void execFileSync("softhsm2-util", args, { stdio: "pipe" });
  util("--init-token", "--free", "--label", "cordon", "--pin", "1234", "--so-pin", "5678");
  util("--import", at("key.pem"), "--token", "cordon", "--label", "signer", "--id", "01", "--pin", "1234");
  await rm(at("key.pem"));
  await mkdir(at("model"));
  await writeFile(
    at("model/model.safetensors"),
    Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from("{}")]),
  );
  const key = `pkcs11:token=cordon;object=signer?module-path=${modulePath}&pin-source=${at("pin")}`;
  const said: string[] = [];
  const io = { stdout: (text: string) => void said.push(text), stderr: (text: string) => void said.push(text) };

  assert.equal(await sign([at("model"), "--key", key], io), 0, said.join(""));
  assert.equal(await verify([at("model"), "--key", at("public.pem")], io), 0, said.join(""));
  await writeFile(at("policy.yaml"), "version: 1\ncard: { required: false }\n");
  const evidence = ["--key", at("public.pem"), "--policy", at("policy.yaml")];
  const out = ["--admission-key", key, "--out", at("admission.json")];
  assert.equal(await admit([at("model"), ...evidence, ...out], io), 0, said.join(""));
  assert.ok(verifyAdmission(await readFile(at("admission.json")), publicKey, Date.now()));
  assert.equal(await sign([at("model"), "--key", key, "--passphrase-file", at("pin")], io), 2);
  assert.equal(await sign([at("model"), "--key", key.replace("signer", "nobody")], io), 2);
  assert.match(said.join(""), /no such private key is there/);
});
