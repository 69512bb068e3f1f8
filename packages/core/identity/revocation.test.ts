import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { isCordonError } from "../errors.ts";
import type { Revocations } from "../policy/snapshot.ts";
import { readEcdsaSignature } from "./algorithms.ts";
import { parseCertificate, sha256Hex } from "./certificate.ts";
import { writeBitString, writeElement, writeInteger, writeSequence } from "./der-writer.ts";
import { openDer, tag } from "./der.ts";
import { revocationOf } from "./revocation.ts";
import { parseSpiffeId, parseTrustDomain, type SpiffeId } from "./spiffe-id.ts";
import { forgeIssuer, forgeLeaf, forgeRoot, type Forged } from "./testing/forge.ts";
import { verifyX509Svid } from "./x509-svid.ts";

const now = Date.UTC(2026, 10, 23, 12);
const workload = "spiffe://bank.example/ns/default/agent/assistant";
const bank = forgeRoot("bank.example", now);
const issuer = forgeIssuer("bank.example", bank, now);
const trustDomain = parseTrustDomain("bank.example");
const bundle = { trustDomain, x509Authorities: [bank.der], jwtAuthorities: [], sequence: 1, refreshHintSeconds: 300 };
const nothing: Revocations = { certificates: new Set(), keys: new Set(), workloads: new Set() };

function verify(chain: readonly Forged[], { revocations = {} }: { revocations?: Partial<Revocations> } = {}) {
  const trust = { bundles: new Map([[trustDomain, bundle]]), revocations: { ...nothing, ...revocations } };
  const ders = chain.map((one) => one.der);
  return verifyX509Svid(ders, trust, now);
}

function refused(words: RegExp, attempt: () => unknown): void {
  assert.throws(attempt, (error) => isCordonError(error, "SVID_REVOKED") && words.test(error.message));
}

describe("a revoked SVID is refused", () => {
  const leaf = forgeLeaf(workload, issuer, now);
  const certificate = parseCertificate(leaf.der);
  const chain = [leaf, issuer];
  const cases: readonly [string, Partial<Revocations>][] = [
    ["by its certificate", { certificates: new Set([certificate.fingerprint]) }],
    ["by its key", { keys: new Set([certificate.keyFingerprint]) }],
    ["by its workload", { workloads: new Set([parseSpiffeId(workload)]) }],
    ["by its issuer's key", { keys: new Set([parseCertificate(issuer.der).keyFingerprint]) }],
    ["by its issuer's certificate", { certificates: new Set([parseCertificate(issuer.der).fingerprint]) }],
    ["by its root's key", { keys: new Set([parseCertificate(bank.der).keyFingerprint]) }],
  ];
  for (const [what, revocations] of cases) {
    it(what, () => {
      assert.equal(verify(chain).id, workload, "it stands while nothing is revoked");
      refused(/revoked/, () => verify(chain, { revocations }));
    });
  }

  it("by its root's key, although another root of that name stands and the path was verified before", () => {
    const other = forgeRoot("bank.example", now);
    const both = { ...bundle, x509Authorities: [other.der, bank.der] };
    const attempt = (revocations: Revocations) =>
      verifyX509Svid([leaf.der, issuer.der], { bundles: new Map([[trustDomain, both]]), revocations }, now);
    for (let round = 0; round < 2; round++) assert.equal(attempt(nothing).id, workload);
    const keys = new Set([parseCertificate(bank.der).keyFingerprint]);
    assert.throws(
      () => attempt({ ...nothing, keys }),
      (error) => isCordonError(error),
    );
  });

  it("not by another workload's revocation", () => {
    const workloads = new Set(["spiffe://bank.example/ns/default/agent/other" as SpiffeId]);
    assert.equal(verify(chain, { revocations: { workloads } }).id, workload);
  });

  it("while it is in use: what was verified is judged again by the same rule", () => {
    const verified = verify(chain);
    for (const [, revocations] of cases.slice(0, 3)) assert.ok(revocationOf(verified, { ...nothing, ...revocations }));
    assert.equal(revocationOf(verified, nothing), undefined);
  });

  it("by its certificate, even when its holder turned the signature into its twin", () => {
    const twin = twinOf(leaf);
    assert.notEqual(sha256Hex(twin.der), certificate.fingerprint);
    assert.ok(new X509Certificate(twin.der).verify(new X509Certificate(issuer.der).publicKey), "the twin verifies");
    const verified = verify([twin, issuer]);
    assert.equal(verified.twinFingerprint, certificate.fingerprint);
    refused(/twin/, () =>
      verify([twin, issuer], { revocations: { certificates: new Set([certificate.fingerprint]) } }),
    );
  });
});

/** The same certificate with (r, n - s) for its signature (r, s). */
function twinOf(leaf: Forged): Forged {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const outer = openDer(leaf.der, tag.sequence, "certificate");
  const [signed, algorithm] = [outer.next().encoded, outer.next().encoded];
  const { r, s } = readEcdsaSignature(parseCertificate(leaf.der).signature);
  const flipped = order - BigInt(`0x${Buffer.from(s).toString("hex")}`);
  const signature = writeSequence(writeElement(tag.integer, r), writeInteger(flipped));
  return { ...leaf, der: writeSequence(signed, algorithm, writeBitString(signature)) };
}
