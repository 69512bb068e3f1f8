import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { webcrypto } from "node:crypto";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { openConsole } from "./console-server.ts";
import { openConsoleTls } from "./console-tls.ts";
import { openRig } from "./testing/rig.ts";

async function certificate(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "cordon-tls-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=console.bank.example",
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: "console.bank.example" }])],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const files = { certFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
  await writeFile(files.certFile, made.toString("pem"));
  await writeFile(files.keyFile, `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`, { mode: 0o600 });
  return files;
}

const origin = "https://console.bank.example";

function get(port: number, host: string, maxVersion?: "TLSv1.2"): Promise<{ status: number; hsts: unknown }> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        ...{ host: "127.0.0.1", port, path: "/", agent: false, servername: "console.bank.example" },
        headers: { host },
        rejectUnauthorized: false,
        ...(maxVersion === undefined ? {} : { maxVersion }),
      },
      (response) => {
        response.resume();
        const hsts = response.headers["strict-transport-security"];
        response.once("end", () => resolve({ status: response.statusCode ?? 0, hsts }));
      },
    );
    call.once("error", reject);
    call.end();
  });
}

test("over TLS the console answers under its configured name only, by TLS 1.3 only", async (t) => {
  const rig = await openRig(t, { tls: await certificate(t), origin });
  const { port } = rig.console;
  assert.equal(rig.console.url, origin);
  const answer = await get(port, "console.bank.example");
  assert.equal(answer.status, 200);
  assert.equal(answer.hsts, "max-age=31536000");
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, "console.bank.example:8440", "evil.example"])
    assert.equal((await get(port, host)).status, 421, host);
  await assert.rejects(get(port, "console.bank.example", "TLSv1.2"));
});

test("an address that others reach is not opened without TLS", async (t) => {
  const rig = await openRig(t);
  const listen = { host: "0.0.0.0", port: 0 };
  const { store, live } = rig;
  const rooms = { live } as never;
  const [record, now] = [async () => undefined, Date.now];
  await assert.rejects(
    openConsole({ listen, staticFolder: rig.pages, rooms, store, record, log: () => undefined, now, monotonicMs: now }),
    { code: "CONFIG_INVALID", message: /loopback address only.*console\.tls/ },
  );
});

test("a certificate that cannot serve is refused at the start, naming the file", async (t) => {
  const [files, others] = [await certificate(t), await certificate(t)];
  const refused = async (changed: Partial<typeof files>, message: RegExp) =>
    assert.rejects(
      openConsoleTls({ ...files, ...changed }, () => undefined),
      { code: "CONFIG_INVALID", message },
    );
  await refused({ keyFile: others.keyFile }, /keyFile.*not the key of the certificate/);
  await refused({ certFile: `${files.certFile}.none` }, /certFile.*cannot be read \(ENOENT\)/);
  await refused({ certFile: files.keyFile }, /not a PEM certificate/);
  await chmod(files.keyFile, 0o604);
  await refused({}, /keyFile.*everybody.*chmod 600/);
  await chmod(files.keyFile, 0o600);
  await using opened = await openConsoleTls(files, () => undefined);
  assert.equal(opened.context().minVersion, "TLSv1.3");
});
