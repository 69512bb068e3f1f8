import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sha256Hex } from "@cordon/core/identity/certificate";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import type { X509Svid } from "@cordon/core/identity/svid";
import { readDeviceProof } from "@cordon/core/risk/device-proof";
import { openDeviceProofs } from "./device-proof.ts";

test("a run shows its device by a proof for the certificate that it holds now, made anew with each and every half an hour", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-device-"));
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const keyFile = join(folder, "device.pem");
  await writeFile(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  const gateway = parseSpiffeId("spiffe://bank.example/ns/default/service/gateway");
  const spki = publicKey.export({ type: "spki", format: "der" });
  const device = {
    ...{ name: "laptop", namespace: "default" as never, managed: true, enrolledAt: 0 },
    ...{ publicKey: spki.toString("base64"), keyFingerprint: sha256Hex(spki) },
  };
  let leaf = new Uint8Array([1]);
  let now = 1_700_000_000_000;
  const current = (): X509Svid => ({ chain: [leaf] }) as unknown as X509Svid;
  const proof = await openDeviceProofs({ name: "laptop", keyFile }, current, gateway, () => now);
  const shows = (shown: string) =>
    typeof readDeviceProof(shown, {
      devices: new Map([["laptop", device]]),
      certificate: sha256Hex(leaf),
      gateway,
      now,
    }) !== "string";
  const first = proof();
  assert.ok(shows(first));
  assert.equal(proof(), first, "made once");
  leaf = new Uint8Array([2]);
  assert.ok(!shows(first));
  assert.ok(shows(proof()));
  const second = proof();
  now += 31 * 60_000;
  assert.notEqual(proof(), second);
  await assert.rejects(
    openDeviceProofs({ name: "laptop", keyFile: `${keyFile}x` }, current, gateway, () => now),
    /cannot be read/,
  );
  await rm(folder, { recursive: true });
});
