/** `cordon identity authority` against a real control plane's local API. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isCordonError } from "@cordon/core/errors";
import { startCordon } from "../../up/wire.ts";
import { run } from "./authority.ts";

async function cordon(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "cordon-cli-"));
  const path = join(folder, "cordon.yaml");
  await writeFile(
    path,
    `version: 1
trustDomain: bank.example
console: { enabled: false }
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: assistant, kind: agent, boundary: api }
`,
  );
  const started = await startCordon({ path, env: {}, log: () => undefined, version: "0", listen: "127.0.0.1:0" });
  t.after(async () => {
    await started[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const call = async (...args: readonly string[]) => {
    let out = "";
    const io = { stdout: (text: string) => void (out += text), stderr: () => undefined };
    const code = await run([...args, "--socket", started.socketPath], io);
    return { code, out, json: () => JSON.parse(out) as Record<string, { id: string; state: string }[]> };
  };
  return { folder, started, call };
}

test("lists the keys for people and programs; a forced rotation reaches the gateway's own certificate", async (t) => {
  const { started, call } = await cordon(t);
  const { out } = await call();
  assert.match(out, /bank\.example, bundle 1/);
  assert.match(out, /root +active/);
  const before = (await call("list", "--json")).json();
  const root = before["x509"]?.[0]?.id ?? "";
  const held = started.identity.current();
  const rotated = new Promise((resolve) => started.identity.onRotate(resolve));
  await assert.rejects(call("taint", root), (error) => isCordonError(error, "AUTHORITY_IN_USE"));
  assert.match((await call("taint", root, "--now")).out, /tainted/);
  await rotated;
  assert.notDeepEqual(started.identity.current().chain[1], held.chain[1]);
  assert.deepEqual(
    (await call("retire", root, "--json")).json()["x509"]?.map(({ state }) => state),
    ["active"],
  );
});

test("a root is prepared, and activated when verifiers have heard of it", async (t) => {
  const { call } = await cordon(t);
  assert.match((await call("prepare", "x509")).out, /root +prepared, signs from/);
  const prepared = (await call("--json")).json()["x509"]?.find(({ state }) => state === "prepared");
  await assert.rejects(call("activate", prepared?.id ?? ""), (error) => isCordonError(error, "AUTHORITY_IN_USE"));
  const after = (await call("activate", prepared?.id ?? "", "--now", "--json")).json()["x509"];
  assert.equal(after?.find(({ id }) => id === prepared?.id)?.state, "active");
});

test("exports what Istio and Linkerd read: openssl verifies the chain, and the key is its owner's alone", async (t) => {
  const { folder, call } = await cordon(t);
  if (spawnSync("openssl", ["version"]).status !== 0) return t.skip("openssl is not installed");
  const istio = join(folder, "istio");
  const exported = await call("export", "--mesh", "istio", "--name", "istio-east", "--out", istio);
  assert.match(exported.out, /revoke --authority [0-9a-f]{64}/);
  const openssl = (cwd: string, ...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync("openssl", args, { cwd, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  // As Istio's own `verify-cacerts` does: chain and certificate lead to the root, the key is the certificate's.
  openssl(istio, "verify", "-x509_strict", "-CAfile", "root-cert.pem", "-untrusted", "cert-chain.pem", "ca-cert.pem");
  const publicOf = (kind: string, file: string) =>
    kind === "key"
      ? openssl(istio, "pkey", "-pubout", "-in", file)
      : openssl(istio, "x509", "-pubkey", "-noout", "-in", file);
  assert.equal(publicOf("key", "ca-key.pem"), publicOf("cert", "ca-cert.pem"));
  assert.equal((await stat(join(istio, "ca-key.pem"))).mode & 0o777, 0o600);
  assert.match(openssl(istio, "x509", "-text", "-noout", "-in", "ca-cert.pem"), /CA:TRUE, pathlen:0/);
  const chain = await readFile(join(istio, "cert-chain.pem"), "utf8");
  assert.equal(chain.match(/BEGIN CERTIFICATE/g)?.length, 2, "the authority, then the root");

  const linkerd = join(folder, "linkerd");
  await call("export", "--mesh", "linkerd", "--name", "linkerd", "--out", linkerd, "--days", "30");
  openssl(linkerd, "verify", "-x509_strict", "-CAfile", "ca.crt", "issuer.crt");
  assert.match(await readFile(join(linkerd, "issuer.key"), "utf8"), /BEGIN EC PRIVATE KEY/);
  assert.match((await call()).out, /held by istio-east/);
  await assert.rejects(call("export", "--mesh", "istio", "--name", "x", "--out", istio), (error) =>
    isCordonError(error, "USAGE"),
  );
});

for (const args of [
  ["nonsense"],
  ["prepare"],
  ["prepare", "x"],
  ["taint"],
  ["export", "--mesh", "istio"],
  ["export", "--mesh", "other", "--name", "x", "--out", "y"],
  ["list", "x"],
])
  test(`refuses \`${args.join(" ")}\``, async () => {
    await assert.rejects(run([...args], { stdout: () => undefined, stderr: () => undefined }), (error) =>
      isCordonError(error, "USAGE"),
    );
  });
