import assert from "node:assert/strict";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { isCordonError, type ErrorCode } from "../errors.ts";
import type { Revocations, TrustBundle } from "../policy/snapshot.ts";
import { sha256Hex } from "./certificate.ts";
import { writeInteger } from "./der-writer.ts";
import { parseTrustDomain, type TrustDomain } from "./spiffe-id.ts";
import {
  extension,
  forge,
  forgeIssuer,
  forgeLeaf,
  forgeRoot,
  keyUsageBit,
  purpose,
  uriConstraints,
  type Forged,
} from "./testing/forge.ts";
import { maxPresentedCertificates, verifyX509Svid } from "./x509-svid.ts";

const now = Date.UTC(2026, 10, 23, 12);
const hour = 3_600_000;
const workload = "spiffe://bank.example/ns/default/agent/assistant";
const bank = forgeRoot("bank.example", now);
const shop = forgeRoot("shop.example", now);
const issuer = forgeIssuer("bank.example", bank, now, { basicConstraints: { ca: true, pathLength: 0 } });

const nothing: Revocations = { certificates: new Set(), keys: new Set(), workloads: new Set() };

function bundleOf(name: string, ...roots: readonly Forged[]): [TrustDomain, TrustBundle] {
  const trustDomain = parseTrustDomain(name);
  const x509Authorities = roots.map((root) => root.der);
  return [trustDomain, { trustDomain, x509Authorities, jwtAuthorities: [], sequence: 1, refreshHintSeconds: 300 }];
}

const bundles = new Map([bundleOf("bank.example", bank), bundleOf("shop.example", shop)]);

function verify(chain: readonly Forged[], changes: { now?: number } = {}) {
  const ders = chain.map((one) => one.der);
  return verifyX509Svid(ders, { bundles, revocations: nothing }, changes.now ?? now);
}

function refused(code: ErrorCode, words: RegExp, attempt: () => unknown): void {
  assert.throws(attempt, (error) => {
    assert.ok(isCordonError(error), `threw ${String(error)}`);
    assert.match(error.message, words);
    assert.equal(error.code, code);
    return true;
  });
}

/** What Node's own verification sees: a chain of names and signatures up to any authority it was given. */
function nodeAccepts(chain: readonly Forged[], pool: readonly Forged[]): boolean {
  const certificates = [...chain, ...pool].map((one) => new X509Certificate(one.der));
  const [leaf, ...rest] = certificates;
  return leaf !== undefined && rest.some((above) => leaf.checkIssued(above) && leaf.verify(above.publicKey));
}

describe("an honest SVID", () => {
  it("is accepted when its root issued it", () => {
    const leaf = forgeLeaf(workload, bank, now);
    const verified = verify([leaf]);
    assert.equal(verified.id, workload);
    assert.equal(verified.fingerprint, sha256Hex(leaf.der));
    assert.equal(verified.notAfter, now + hour);
  });

  it("is accepted through an intermediate, again and again, in either order of what was sent after the leaf", () => {
    const other = forgeIssuer("bank.example", bank, now, { subject: "another" });
    const leaf = forgeLeaf(workload, issuer, now);
    for (let round = 0; round < 3; round++) {
      assert.equal(verify([leaf, issuer]).id, workload);
      assert.equal(verify([leaf, other, issuer]).id, workload);
    }
  });

  it("ends with the earliest certificate of its path", () => {
    const short = forgeIssuer("bank.example", bank, now, { subject: "short", notAfter: now + 60_000 });
    assert.equal(verify([forgeLeaf(workload, short, now), short]).notAfter, now + 60_000);
  });

  it("is found by backtracking where the first issuer of that name is a dead end", () => {
    const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const dead = forge(
      {
        subject: "issuer of bank.example",
        issuer: shop,
        key,
        basicConstraints: { ca: true },
        keyUsage: [keyUsageBit.keyCertSign],
      },
      now,
    );
    const alive = forgeIssuer("bank.example", bank, now, { key });
    assert.equal(verify([forgeLeaf(workload, alive, now), dead, alive]).id, workload);
  });

  it("may be RSA, P-384 or Ed25519", () => {
    const keys = [
      generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
      generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey,
      generateKeyPairSync("ed25519").privateKey,
    ];
    for (const key of keys) assert.equal(verify([forgeLeaf(workload, bank, now, { key })]).id, workload);
  });

  it("is valid at both ends of its time and not a second beyond", () => {
    const leaf = forgeLeaf(workload, bank, now, { notBefore: now, notAfter: now + 60_000 });
    assert.equal(verify([leaf]).id, workload);
    assert.equal(verify([leaf], { now: now + 60_000 }).id, workload);
    refused("SVID_NOT_YET_VALID", /is not valid before/, () => verify([leaf], { now: now - 1000 }));
    refused("SVID_EXPIRED", /expired at/, () => verify([leaf], { now: now + 61_000 }));
  });

  it("may be admitted by a stated leeway, and by no more", () => {
    const leaf = forgeLeaf(workload, bank, now, { notAfter: now - 5000, notBefore: now - hour });
    const chain = [leaf.der];
    assert.equal(verifyX509Svid(chain, { bundles, revocations: nothing }, now, { clockSkewMs: 6000 }).id, workload);
    refused("SVID_EXPIRED", /expired/, () =>
      verifyX509Svid(chain, { bundles, revocations: nothing }, now, { clockSkewMs: 4000 }),
    );
  });
});

describe("a forged SVID is refused", () => {
  it("when another trust domain's authority issued it, though Node accepts it with pooled authorities", () => {
    const chain = [forgeLeaf(workload, shop, now)];
    assert.ok(nodeAccepts(chain, [bank, shop]), "the attack works where authorities are pooled");
    refused("SVID_UNTRUSTED", /no authority of its trust domain/, () => verify(chain));
  });

  it("when another trust domain's intermediate issued it, whatever else is sent along", () => {
    const foreign = forgeIssuer("shop.example", shop, now);
    const leaf = forgeLeaf(workload, foreign, now);
    refused("SVID_UNTRUSTED", /named `spiffe:\/\/shop\.example`/, () => verify([leaf, foreign, shop, bank]));
  });

  it("when an authority under our root calls itself another trust domain's", () => {
    const guest = forgeIssuer("shop.example", bank, now);
    refused("SVID_UNTRUSTED", /named `spiffe:\/\/shop\.example`/, () =>
      verify([forgeLeaf(workload, guest, now), guest]),
    );
  });

  it("when an authority's id has a path", () => {
    const odd = forgeIssuer("bank.example", bank, now, { uris: ["spiffe://bank.example/ca"] });
    refused("SVID_UNTRUSTED", /is named/, () => verify([forgeLeaf(workload, odd, now), odd]));
  });

  it("when its trust domain is unknown, has an empty bundle, or is filed under another name", () => {
    const leaf = forgeLeaf("spiffe://nowhere.example/x", bank, now);
    refused("SVID_UNTRUSTED", /not known here/, () => verify([leaf]));
    const empty = new Map([bundleOf("bank.example")]);
    refused("SVID_UNTRUSTED", /withdrawn its authorities/, () =>
      verifyX509Svid([forgeLeaf(workload, bank, now).der], { bundles: empty, revocations: nothing }, now),
    );
    const [, swapped] = bundleOf("shop.example", bank);
    const misfiled = new Map([[parseTrustDomain("bank.example"), swapped]]);
    refused("SVID_UNTRUSTED", /belongs to shop\.example/, () =>
      verifyX509Svid([forgeLeaf(workload, bank, now).der], { bundles: misfiled, revocations: nothing }, now),
    );
  });

  it("when it signed itself, or its root came along with it", () => {
    const impostor = forgeRoot("bank.example", now);
    refused("SVID_UNTRUSTED", /does not verify/, () => verify([forgeLeaf(workload, impostor, now), impostor]));
  });

  it("when a byte of what was signed, or of the signature, was changed", () => {
    const leaf = forgeLeaf(workload, bank, now);
    for (const position of [leaf.der.length - 1, 60]) {
      const der = Uint8Array.from(leaf.der);
      der[position] = (der[position] ?? 0) ^ 1;
      assert.throws(
        () => verifyX509Svid([der], { bundles, revocations: nothing }, now),
        (error) => isCordonError(error),
      );
    }
  });
});

describe("a certificate that is no SVID is refused", () => {
  const leafCases: readonly [string, RegExp, Parameters<typeof forgeLeaf>[3]][] = [
    ["two URI names", /2 URI names/, { uris: [workload, "spiffe://bank.example/ns/default/agent/other"] }],
    ["two URI names, one of them not SPIFFE", /2 URI names/, { uris: [workload, "https://bank.example/"] }],
    ["no URI name", /no URI name/, { uris: [], dnsNames: ["bank.example"] }],
    ["CA:TRUE", /CA:TRUE/, { basicConstraints: { ca: true } }],
    ["keyCertSign", /keyCertSign/, { keyUsage: [keyUsageBit.digitalSignature, keyUsageBit.keyCertSign] }],
    ["cRLSign", /cRLSign/, { keyUsage: [keyUsageBit.digitalSignature, keyUsageBit.cRLSign] }],
    ["no digitalSignature", /lacks digitalSignature/, { keyUsage: [keyUsageBit.keyEncipherment] }],
    ["no key usage", /no key usage/, { keyUsage: null }],
    ["server use only", /lacks clientAuth/, { extendedKeyUsage: [purpose.serverAuth] }],
    ["client use only", /lacks serverAuth/, { extendedKeyUsage: [purpose.clientAuth] }],
    ["an empty subject and a non-critical name", /must be critical/, { sanCritical: false }],
    ["an unknown critical extension", /not understood/, { extra: [extension("1.2.3.4", true, writeInteger(1))] }],
    ["name constraints", /name constraints/, { extra: [uriConstraints({ permitted: ["bank.example"] })] }],
  ];
  for (const [what, words, change] of leafCases) {
    it(`for ${what}, though Node accepts its signature`, () => {
      const leaf = forgeLeaf(workload, bank, now, change);
      assert.ok(nodeAccepts([leaf], [bank]));
      refused("SVID_INVALID", words, () => verify([leaf]));
    });
  }

  const ids: readonly [string, ErrorCode, RegExp][] = [
    ["spiffe://bank.example", "SVID_INVALID", /not a workload/],
    ["spiffe://bank.example/", "SPIFFE_ID_INVALID", /segment is empty/],
    ["https://bank.example/ns/default/agent/assistant", "SPIFFE_ID_INVALID", /starts with/],
    ["spiffe://BANK.example/x", "SPIFFE_ID_INVALID", /lower-case/],
    ["spiffe://bank.example/a/../b", "SPIFFE_ID_INVALID", /\.\./],
    ["spiffe://bank.example:443/a", "SPIFFE_ID_INVALID", /trust domain holds/],
    ["spiffe://bank.example/a?b", "SPIFFE_ID_INVALID", /segment holds/],
    ["spiffe://bank.example/a%2fb", "SPIFFE_ID_INVALID", /segment holds/],
  ];
  for (const [id, code, words] of ids)
    it(`for the id ${id}`, () => refused(code, words, () => verify([forgeLeaf(id, bank, now)])));

  it("for a weak key: RSA of 1024 bits, or a curve outside the list", () => {
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
    refused("SVID_INVALID", /1024 bits/, () => verify([forgeLeaf(workload, bank, now, { key: weak })]));
    const odd = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey;
    refused("SVID_INVALID", /none of P-256/, () => verify([forgeLeaf(workload, bank, now, { key: odd })]));
  });

  it("for a signature with SHA-1", () => {
    refused("SVID_UNTRUSTED", /algorithm that is not allowed/, () =>
      verify([forgeLeaf(workload, bank, now, { digest: "sha1" })]),
    );
  });

  it("for an extension that appears twice, a version below 3 and a serial number of zero", () => {
    const twice = forgeLeaf(workload, bank, now, {
      extra: [extension("1.2.3", false, writeInteger(1)), extension("1.2.3", false, writeInteger(2))],
    });
    refused("CERTIFICATE_MALFORMED", /appears twice/, () => verify([twice]));
    refused("CERTIFICATE_MALFORMED", /version 3/, () => verify([forgeLeaf(workload, bank, now, { version: 1 })]));
    refused("CERTIFICATE_MALFORMED", /not positive/, () =>
      verify([forgeLeaf(workload, bank, now, { serial: Uint8Array.of(0) })]),
    );
  });

  it("for a name hidden behind a NUL or a comma, which text renderings have been fooled by", () => {
    const nul = forgeLeaf("spiffe://bank.example/a\0.evil", bank, now);
    refused("CERTIFICATE_MALFORMED", /forbidden character/, () => verify([nul]));
    const comma = forgeLeaf("spiffe://bank.example/a, URI:spiffe://bank.example/b", bank, now);
    refused("SPIFFE_ID_INVALID", /segment/, () => verify([comma]));
  });
});

describe("a path is refused", () => {
  const issuerCases: readonly [string, ErrorCode, RegExp, Parameters<typeof forgeIssuer>[3]][] = [
    ["is no authority", "SVID_INVALID", /no authority/, { basicConstraints: { ca: false } }],
    ["says nothing of being one", "SVID_INVALID", /no authority/, { basicConstraints: null }],
    [
      "says so without making it critical",
      "SVID_UNTRUSTED",
      /critical/,
      { basicConstraints: { ca: true, critical: false } },
    ],
    ["may not sign certificates", "SVID_INVALID", /keyCertSign/, { keyUsage: [keyUsageBit.digitalSignature] }],
    ["has expired", "SVID_UNTRUSTED", /expired/, { notBefore: now - 2 * hour, notAfter: now - hour }],
    ["is not valid yet", "SVID_UNTRUSTED", /not valid before/, { notBefore: now + hour, notAfter: now + 2 * hour }],
    ["has no name", "CERTIFICATE_MALFORMED", /issuer is empty/, { subject: undefined }],
    [
      "has an unknown critical extension",
      "SVID_INVALID",
      /not understood/,
      { extra: [extension("1.2.3", true, writeInteger(1))] },
    ],
    [
      "is confined to other purposes",
      "SVID_UNTRUSTED",
      /extended key usage/,
      { extendedKeyUsage: ["1.3.6.1.5.5.7.3.3"] },
    ],
    [
      "may vouch for another domain only",
      "SVID_UNTRUSTED",
      /not among the permitted/,
      { extra: [uriConstraints({ permitted: ["shop.example"] })] },
    ],
    [
      "may not vouch for this domain",
      "SVID_UNTRUSTED",
      /excluded/,
      { extra: [uriConstraints({ excluded: ["bank.example"] })] },
    ],
    [
      "constrains hosts in a way that cannot be compared",
      "SVID_UNTRUSTED",
      /excluded|permitted/,
      { extra: [uriConstraints({ excluded: ["bank example"] })] },
    ],
    [
      "has a weak key",
      "SVID_UNTRUSTED",
      /1024 bits/,
      { key: generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey },
    ],
  ];
  for (const [what, code, words, change] of issuerCases) {
    it(`when its issuer ${what}`, () => {
      const bent = forgeIssuer("bank.example", bank, now, change);
      // An RSA issuer's leaf cannot be signed by the forge; the refusal comes before the signature anyway.
      const signer = bent.key.asymmetricKeyType === "rsa" ? { ...bent, key: bank.key } : bent;
      refused(code, words, () => verify([forgeLeaf(workload, signer, now), bent]));
    });
  }

  it("when it keeps to an issuer's permitted domain it is accepted: the constraint is read, not merely refused", () => {
    const kept = forgeIssuer("bank.example", bank, now, { extra: [uriConstraints({ permitted: ["bank.example"] })] });
    assert.equal(verify([forgeLeaf(workload, kept, now), kept]).id, workload);
    const below = forgeIssuer("bank.example", bank, now, { extra: [uriConstraints({ permitted: [".example"] })] });
    assert.equal(verify([forgeLeaf(workload, below, now), below]).id, workload);
  });

  it("when it is longer than an authority allows", () => {
    const second = forgeIssuer("bank.example", issuer, now, { subject: "second" });
    refused("SVID_UNTRUSTED", /allows 0 below it, and has 1/, () =>
      verify([forgeLeaf(workload, second, now), second, issuer]),
    );
  });

  it("when a leaf signed it", () => {
    const leaf = forgeLeaf(workload, bank, now, { subject: "leaf" });
    const child = forgeLeaf("spiffe://bank.example/ns/default/agent/boss", leaf, now);
    refused("SVID_INVALID", /no authority/, () => verify([child, leaf]));
    refused("SVID_UNTRUSTED", /no authority/, () => verify([child]));
  });

  it("when more certificates are sent than anyone needs", () => {
    const leaf = forgeLeaf(workload, issuer, now);
    const many = Array.from({ length: maxPresentedCertificates }, () => issuer);
    refused("SVID_INVALID", /where 8 are allowed/, () => verify([leaf, ...many]));
    refused("SVID_INVALID", /chain is empty/, () => verify([]));
  });

  it("in bounded work when authorities with one name certify one another in a circle", () => {
    const name = { subject: "circle", basicConstraints: { ca: true }, keyUsage: [keyUsageBit.keyCertSign] } as const;
    const keys = Array.from({ length: 7 }, () => generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
    const [first] = keys;
    assert.ok(first);
    const subject = forge({ ...name, key: first }, now).subject;
    const circle = keys.map((key, index) =>
      forge({ ...name, key, issuer: { key: keys[(index + 1) % 7] ?? first, subject } }, now),
    );
    const leaf = forgeLeaf(workload, { der: new Uint8Array(), key: first, subject }, now);
    // Sent in the order that makes each right guess the last one.
    refused("SVID_UNTRUSTED", /more than 24 signatures/, () => verify([leaf, ...circle.toReversed()]));
  });
});
