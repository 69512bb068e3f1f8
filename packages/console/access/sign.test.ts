import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { pairRequest, signedText } from "@cordon/core/contract/console-api";
import { toBase64Url, toHex } from "./encoding.ts";
import { makeKeyPair, makeNonce, signRequest } from "./sign.ts";

const request = { method: "GET", host: "localhost:8440", target: "/v1/events?since=7", body: new Uint8Array() };
const at = { timestampMs: 1_700_000_000_000, nonce: "bm9uY2Vub25jZW5vbmNlbg" };

test("a signature verifies under the public key that pairing sent, over exactly the contract's text", async () => {
  const { privateKey, publicKey } = await makeKeyPair();
  const header = await signRequest({ keyId: "k1", privateKey }, request, at);
  const [keyId, timestampMs, nonce, signature = ""] = header.split(" ");
  assert.deepEqual([keyId, timestampMs, nonce], ["k1", "1700000000000", at.nonce]);
  const text = signedText({ ...request, ...at, bodySha256: createHash("sha256").update("").digest("hex") });
  const key = { key: createPublicKey({ key: { ...publicKey }, format: "jwk" }), dsaEncoding: "ieee-p1363" } as const;
  const stands = (signed: string): boolean =>
    verify("sha256", Buffer.from(signed), key, Buffer.from(signature, "base64url"));
  assert.equal(stands(text), true);
  assert.equal(stands(text.replace("since=7", "since=8")), false, "another target");
  assert.equal(stands(text.replace("GET", "POST")), false, "another method");
});

test("the signature covers the body's bytes", async () => {
  const { privateKey, publicKey } = await makeKeyPair();
  const body = new TextEncoder().encode('{"a":1}');
  const header = await signRequest({ keyId: "k1", privateKey }, { ...request, method: "POST", body }, at);
  const signature = Buffer.from(header.split(" ")[3] ?? "", "base64url");
  const key = { key: createPublicKey({ key: { ...publicKey }, format: "jwk" }), dsaEncoding: "ieee-p1363" } as const;
  const over = (bytes: string): boolean => {
    const bodySha256 = createHash("sha256").update(bytes).digest("hex");
    return verify("sha256", Buffer.from(signedText({ ...request, method: "POST", ...at, bodySha256 })), key, signature);
  };
  assert.equal(over('{"a":1}'), true);
  assert.equal(over('{"a":2}'), false);
});

test("the private key can sign and cannot be read", async () => {
  const { privateKey, publicKey } = await makeKeyPair();
  assert.equal(privateKey.extractable, false);
  for (const format of ["jwk", "pkcs8", "raw"] as const)
    await assert.rejects(crypto.subtle.exportKey(format, privateKey));
  assert.equal(pairRequest.safeParse({ code: "AAAAA-AAAAA", publicKey, label: "a browser" }).success, true);
  assert.deepEqual(Object.keys(publicKey).toSorted(), ["crv", "kty", "x", "y"], "nothing private is sent");
});

test("no two nonces are the same, and none needs quoting", () => {
  const nonces = Array.from({ length: 1_000 }, makeNonce);
  assert.equal(new Set(nonces).size, nonces.length);
  for (const nonce of nonces) assert.match(nonce, /^[A-Za-z0-9_-]{22}$/);
});

test("bytes are written as Node writes them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.equal(toBase64Url(bytes), Buffer.from(bytes).toString("base64url"));
      assert.equal(toHex(bytes), Buffer.from(bytes).toString("hex"));
    }),
  );
});
