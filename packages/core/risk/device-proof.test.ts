import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { sha256Hex } from "../identity/certificate.ts";
import { parseSpiffeId } from "../identity/spiffe-id.ts";
import { makeDeviceProof, proofLifeMs, readDeviceProof } from "./device-proof.ts";
import type { Device } from "./device.ts";

const gateway = parseSpiffeId("spiffe://bank.example/ns/default/service/gateway");
const certificate = "ab".repeat(32);
const now = 1_700_000_000_000;

function keys(type: "ec" | "ed25519") {
  return type === "ec" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
}

function deviceWith(publicKey: KeyObject, more: Partial<Device> = {}): ReadonlyMap<string, Device> {
  const spki = publicKey.export({ type: "spki", format: "der" });
  const device = {
    ...{ name: "laptop", namespace: "default" as Device["namespace"], managed: true, enrolledAt: 0 },
    ...{ publicKey: spki.toString("base64"), keyFingerprint: sha256Hex(spki) },
    ...more,
  };
  return new Map([["laptop", device]]);
}

const claims = { device: "laptop", certificate, gateway, issuedAt: now };

for (const type of ["ec", "ed25519"] as const)
  test(`a proof by an ${type} key shows the device, until it ends`, () => {
    const { privateKey, publicKey } = keys(type);
    const devices = deviceWith(publicKey);
    const proof = makeDeviceProof(claims, privateKey);
    const read = readDeviceProof(proof, { devices, certificate, gateway, now });
    assert.ok(typeof read !== "string", JSON.stringify(read));
    assert.deepEqual([read.device, read.until], ["laptop", now + proofLifeMs]);
    assert.match(
      JSON.stringify(readDeviceProof(proof, { devices, certificate, gateway, now: now + proofLifeMs })),
      /expired/,
    );
  });

test("a proof is of no use elsewhere, for another connection, from another key, for a retired device, or dated ahead", () => {
  const { privateKey, publicKey } = keys("ec");
  const devices = deviceWith(publicKey);
  const context = { devices, certificate, gateway, now };
  const proof = makeDeviceProof(claims, privateKey);
  const refused = (text: string, more: Partial<typeof context>, why: RegExp) =>
    assert.match(JSON.stringify(readDeviceProof(text, { ...context, ...more })), why);
  refused(proof, { certificate: "cd".repeat(32) }, /another connection/);
  refused(proof, { gateway: parseSpiffeId("spiffe://bank.example/ns/default/service/other") }, /another gateway/);
  refused(proof, { now: now - 120_000 }, /future/);
  refused(proof, { devices: deviceWith(publicKey, { retired: { at: 0, reason: "lost" } }) }, /not enrolled/);
  refused(proof, { devices: new Map() }, /not enrolled/);
  refused(makeDeviceProof(claims, keys("ec").privateKey), {}, /not signed by its key/);
  refused(makeDeviceProof(claims, keys("ed25519").privateKey), {}, /not signed by its key/);
  const [header = "", , signature = ""] = proof.split(".");
  const forged = Buffer.from(JSON.stringify({ aud: gateway, cnf: { "x5t#S256": certificate }, exp: 4e9, iat: 1 }));
  refused(`${header}.${forged.toString("base64url")}.${signature}`, {}, /not signed by its key/);
  const none = Buffer.from('{"alg":"none","kid":"laptop","typ":"cordon-device+jwt"}').toString("base64url");
  refused(`${none}.${proof.split(".")[1] ?? ""}.AA`, {}, /no type or algorithm/);
});

test("no text is a proof, and none makes reading throw", () => {
  const devices = deviceWith(keys("ec").publicKey);
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      assert.equal(typeof readDeviceProof(text, { devices, certificate, gateway, now }), "string");
    }),
  );
});
