import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { TrustBundle } from "../policy/snapshot.ts";
import { jwtAuthorityOf } from "./bundle.ts";
import { parseCertificate, sha256Hex } from "./certificate.ts";
import { verifyJwtSvid } from "./jwt-svid.ts";
import { parseTrustDomain } from "./spiffe-id.ts";
import { standingOfCertificate, standingOfToken } from "./standing.ts";
import { forgeIssuer, forgeLeaf, forgeRoot } from "./testing/forge.ts";
import { verifyX509Svid, type IdentityTrust } from "./x509-svid.ts";

const now = Date.UTC(2026, 10, 25);
const bank = parseTrustDomain("bank.example");
const id = "spiffe://bank.example/ns/default/agent/assistant";
const roots = [forgeRoot(bank, now), forgeRoot(bank, now), forgeRoot("shop.example", now)] as const;
const issuer = forgeIssuer(bank, roots[0], now);
const leaf = forgeLeaf(id, issuer, now);
const chain = [leaf.der, issuer.der];
const parsed = [leaf.der, issuer.der, ...roots.map(({ der }) => der)].map((der) => parseCertificate(der));
const keyPair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const otherKey = generateKeyPairSync("ec", { namedCurve: "P-256" });

function trustOf(
  anchors: readonly number[],
  revoked: { readonly certificates: readonly number[]; readonly keys: readonly number[]; readonly workload: boolean },
  more: Partial<TrustBundle> = {},
): IdentityTrust {
  const bundle: TrustBundle = {
    trustDomain: bank,
    x509Authorities: anchors.map((at) => roots[at]?.der ?? new Uint8Array()),
    jwtAuthorities: [jwtAuthorityOf("one", keyPair.publicKey)],
    sequence: 1,
    refreshHintSeconds: 300,
    ...more,
  };
  const pick = (which: readonly number[], name: "fingerprint" | "keyFingerprint") =>
    new Set(which.flatMap((at) => parsed[at]?.[name] ?? []));
  return {
    bundles: new Map([[bank, bundle]]),
    revocations: {
      certificates: pick(revoked.certificates, "fingerprint"),
      keys: pick(revoked.keys, "keyFingerprint"),
      workloads: new Set(revoked.workload ? [verified.id] : []),
    },
  };
}

const nothing = { certificates: [], keys: [], workload: false };
const verified = verifyX509Svid(chain, trustOfNothing(), now);

function trustOfNothing(): IdentityTrust {
  const none = { certificates: new Set<string>(), keys: new Set<string>(), workloads: new Set<never>() };
  const common = { trustDomain: bank, jwtAuthorities: [], sequence: 1, refreshHintSeconds: 300 };
  return { bundles: new Map([[bank, { ...common, x509Authorities: [roots[0].der] }]]), revocations: none };
}

function token(): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const second = now / 1000;
  const signed = `${encode({ alg: "ES256", kid: "one" })}.${encode({ sub: id, aud: "x", iat: second, exp: second + 60 })}`;
  const signature = sign("sha256", Buffer.from(signed), { key: keyPair.privateKey, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

describe("a certificate judged again", () => {
  it("stands only where its chain would verify, and falls only where it would not", () => {
    const counts = { stands: 0, falls: 0, unknown: 0 };
    const which = fc.uniqueArray(fc.nat(parsed.length - 1), { maxLength: 2 });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(2), { maxLength: 3 }),
        fc.record({ certificates: which, keys: which, workload: fc.boolean() }),
        fc.boolean(),
        (anchors, revoked, quiet) => {
          const trust = trustOf(anchors, quiet ? nothing : revoked);
          const { stands } = standingOfCertificate(verified, trust);
          counts[stands === true ? "stands" : stands === false ? "falls" : "unknown"]++;
          if (stands === true) assert.equal(verifyX509Svid(chain, trust, now).id, id);
          if (stands === false) assert.throws(() => verifyX509Svid(chain, trust, now));
        },
      ),
      { numRuns: 500 },
    );
    for (const [what, count] of Object.entries(counts)) assert.ok(count > 0, `${what} comes up`);
  });

  it("falls when its trust domain is no longer known", () => {
    const trust = { ...trustOf([0], nothing), bundles: new Map() };
    assert.equal(standingOfCertificate(verified, trust).stands, false);
  });

  it("is looked at by its chain when an authority above it now belongs to somebody else", () => {
    const trust = trustOf([0], nothing, { delegated: [parsed[1]?.keyFingerprint ?? ""] });
    assert.equal(standingOfCertificate(verified, trust).stands, "unknown");
    assert.throws(() => verifyX509Svid(chain, trust, now), /another system's/);
  });
});

describe("a token judged again", () => {
  const svid = verifyJwtSvid(token(), { ...trustOf([0], nothing), audience: "x", now });

  it("stands while its key is published, under whatever name", () => {
    assert.equal(standingOfToken(svid, trustOf([], nothing)).stands, true);
    const renamed = trustOf([], nothing, { jwtAuthorities: [jwtAuthorityOf("two", keyPair.publicKey)] });
    assert.equal(standingOfToken(svid, renamed).stands, true);
  });

  it("falls with its key: gone from the bundle, replaced under the same name, or revoked", () => {
    for (const jwtAuthorities of [[], [jwtAuthorityOf("one", otherKey.publicKey)]])
      assert.equal(standingOfToken(svid, trustOf([0], nothing, { jwtAuthorities })).stands, false);
    const spki = createPublicKey(keyPair.privateKey).export({ type: "spki", format: "der" });
    assert.deepEqual(svid.authorities, [sha256Hex(spki)]);
    const { revocations, bundles } = trustOf([0], nothing);
    const withdrawn = { bundles, revocations: { ...revocations, keys: new Set(svid.authorities) } };
    assert.equal(standingOfToken(svid, withdrawn).stands, false);
  });

  it("falls with itself and with its workload", () => {
    const { revocations, bundles } = trustOf([0], { ...nothing, workload: true });
    assert.equal(standingOfToken(svid, { bundles, revocations }).stands, false);
    const one = { ...revocations, workloads: new Set<never>(), certificates: new Set([svid.fingerprint]) };
    assert.equal(standingOfToken(svid, { bundles, revocations: one }).stands, false);
  });
});
