import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CordonError, isCordonError } from "../errors.ts";
import { makeCsr, readCsr } from "./csr.ts";
import { writeBitString, writeElement, writeInteger, writeSequence } from "./der-writer.ts";

const ec = () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** A request for `wanted`'s public key, signed by `signer`. */
function request(wanted: KeyObject, signer: KeyObject): Uint8Array {
  const publicKey = createPublicKey(wanted).export({ type: "spki", format: "der" });
  const body = writeSequence(writeInteger(0), writeSequence(), publicKey, writeElement(0xa0));
  const algorithm = Buffer.from("300a06082a8648ce3d040302", "hex");
  return writeSequence(body, algorithm, writeBitString(sign("sha256", body, signer)));
}

describe("a signing request", () => {
  it("carries the key of whoever made it, for each kind of key", async () => {
    const keys = [
      ec(),
      generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey,
      generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
      generateKeyPairSync("ed25519").privateKey,
    ];
    for (const key of keys) {
      const { publicKeyInfo } = readCsr(await makeCsr(key));
      assert.deepEqual(Buffer.from(publicKeyInfo), createPublicKey(key).export({ type: "spki", format: "der" }));
    }
  });

  it("is refused for somebody else's key: without its private half there is no signature", () => {
    const [mine, theirs] = [ec(), ec()];
    assert.ok(readCsr(request(mine, mine)));
    assert.throws(() => readCsr(request(theirs, mine)), /does not verify/);
  });

  it("is refused for a weak key", async () => {
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
    const csr = await makeCsr(weak);
    assert.throws(() => readCsr(csr), /1024 bits/);
  });

  it("is not made of a public key, a secret or a key for agreement only", async () => {
    for (const key of [createPublicKey(ec()), generateKeyPairSync("x25519").privateKey])
      await assert.rejects(makeCsr(key), (error) => isCordonError(error, "SVID_INVALID"));
  });

  it("is refused unless it is one PEM block of bounded size", async () => {
    const csr = await makeCsr(ec());
    for (const text of [
      "",
      csr + csr,
      csr.replaceAll("CERTIFICATE REQUEST", "CERTIFICATE"),
      `${csr}x`,
      "A".repeat(20_000),
    ])
      assert.throws(
        () => readCsr(text),
        (error) => isCordonError(error, "SVID_INVALID"),
      );
  });

  it("is refused by name and nothing else, whichever byte changes", () => {
    const key = ec();
    const der = request(key, key);
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (position, flip) => {
        const changed = Uint8Array.from(der);
        changed[position] = (changed[position] ?? 0) ^ flip;
        assert.throws(
          () => readCsr(changed),
          (error) => error instanceof CordonError,
        );
      }),
      { numRuns: 500 },
    );
  });
});
