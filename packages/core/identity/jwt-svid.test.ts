import assert from "node:assert/strict";
import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CordonError, isCordonError, type ErrorCode } from "../errors.ts";
import type { Revocations, TrustBundle } from "../policy/snapshot.ts";
import { jwtAuthorityOf } from "./bundle.ts";
import { sha256Hex } from "./certificate.ts";
import { verifyJwtSvid, type JwtSvidChecks } from "./jwt-svid.ts";
import { twinOfJoseSignature } from "./revocation.ts";
import { parseSpiffeId, parseTrustDomain } from "./spiffe-id.ts";

const now = Date.UTC(2026, 10, 23, 12);
const seconds = now / 1000;
const workload = "spiffe://bank.example/ns/default/agent/assistant";
const audience = "spiffe://bank.example/ns/default/service/gateway";
const nothing: Revocations = { certificates: new Set(), keys: new Set(), workloads: new Set() };

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const foreign = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });

function bundleOf(name: string, keys: Readonly<Record<string, KeyObject>>): TrustBundle {
  return {
    trustDomain: parseTrustDomain(name),
    x509Authorities: [],
    jwtAuthorities: Object.entries(keys).map(([kid, key]) => jwtAuthorityOf(kid, key)),
    sequence: 1,
    refreshHintSeconds: 300,
  };
}

const bank = bundleOf("bank.example", { ec: ec.publicKey, rsa: rsa.publicKey, p384: p384.publicKey });
const shop = bundleOf("shop.example", { ec: foreign.publicKey, foreign: foreign.publicKey });
const bundles = new Map([bank, shop].map((bundle) => [bundle.trustDomain, bundle]));

const goodHeader = { alg: "ES256", kid: "ec", typ: "JWT" };
const goodClaims = { sub: workload, aud: audience, iat: seconds, exp: seconds + 300 };

function encode(value: unknown): string {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
}

/** Signs anything, as an honest ES256 signer would. Strings go in as they are. */
function mint(claims: unknown = goodClaims, header: unknown = goodHeader, key: KeyObject = ec.privateKey): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

function verify(token: string, changes: Partial<JwtSvidChecks> = {}) {
  return verifyJwtSvid(token, { bundles, revocations: nothing, audience, now, ...changes });
}

function refused(code: ErrorCode, words: RegExp, attempt: () => unknown): void {
  assert.throws(attempt, (error) => {
    assert.ok(isCordonError(error), `threw ${String(error)}`);
    assert.match(error.message, words);
    assert.equal(error.code, code);
    return true;
  });
}

describe("an honest JWT-SVID", () => {
  it("is accepted, with who, until when and since when", () => {
    const token = mint();
    const verified = verify(token);
    assert.equal(verified.id, workload);
    assert.equal(verified.notAfter, (seconds + 300) * 1000);
    assert.equal(verified.issuedAt, now);
    assert.equal(verified.fingerprint, sha256Hex(token));
    assert.equal(verified.audience, audience);
  });

  it("may have several audiences and further claims, and no iat or typ", () => {
    const { typ: _typ, ...header } = goodHeader;
    const { iat: _iat, ...claims } = goodClaims;
    assert.equal(verify(mint({ ...claims, aud: ["other", audience], jti: "1" }, header)).id, workload);
  });

  it("may be signed with each algorithm of the standard", () => {
    const rs = (alg: string, padding?: number) => {
      const signed = `${encode({ alg, kid: "rsa" })}.${encode(goodClaims)}`;
      const digest = `sha${alg.slice(2)}`;
      const options = padding === undefined ? rsa.privateKey : { key: rsa.privateKey, padding, saltLength: -1 };
      return `${signed}.${sign(digest, Buffer.from(signed), options).toString("base64url")}`;
    };
    for (const alg of ["RS256", "RS384", "RS512"]) assert.equal(verify(rs(alg)).id, workload, alg);
    for (const alg of ["PS256", "PS384", "PS512"]) assert.equal(verify(rs(alg, 6)).id, workload, alg);
    const signed = `${encode({ alg: "ES384", kid: "p384" })}.${encode(goodClaims)}`;
    const signature = sign("sha384", Buffer.from(signed), { key: p384.privateKey, dsaEncoding: "ieee-p1363" });
    assert.equal(verify(`${signed}.${signature.toString("base64url")}`).id, workload);
  });
});

describe("a JWT-SVID is refused", () => {
  const headers: readonly [string, RegExp, unknown][] = [
    ["no algorithm", /algorithm is not/, { kid: "ec" }],
    ["the algorithm none", /algorithm is not/, { ...goodHeader, alg: "none" }],
    ["HMAC", /algorithm is not/, { ...goodHeader, alg: "HS256" }],
    ["EdDSA", /algorithm is not/, { ...goodHeader, alg: "EdDSA" }],
    ["an algorithm in lower case", /algorithm is not/, { ...goodHeader, alg: "es256" }],
    ["an inherited property for its algorithm", /algorithm is not/, { ...goodHeader, alg: "constructor" }],
    ["no kid", /names no key/, { alg: "ES256" }],
    ["a kid that is no text", /names no key/, { ...goodHeader, kid: 1 }],
    [
      "a key of its own (jwk)",
      /other than alg, kid, typ/,
      { ...goodHeader, jwk: ec.publicKey.export({ format: "jwk" }) },
    ],
    ["a place to fetch keys from (jku)", /other than alg/, { ...goodHeader, jku: "https://evil.example/" }],
    ["critical extensions", /other than alg/, { ...goodHeader, crit: ["b64"], b64: false }],
    ["the type of an access token", /neither JWT nor JOSE/, { ...goodHeader, typ: "at+jwt" }],
    ["the same name twice", /not unambiguous/, '{"alg":"ES256","alg":"ES256","kid":"ec"}'],
    ["an array for a header", /not a JSON object/, "[]"],
    ["text that is not JSON", /not unambiguous/, "{'alg':'ES256'}"],
  ];
  for (const [what, words, header] of headers)
    it(`with ${what} in its header`, () => refused("TOKEN_INVALID", words, () => verify(mint(goodClaims, header))));

  const claims: readonly [string, ErrorCode, RegExp, unknown][] = [
    ["no subject", "TOKEN_INVALID", /no subject/, { ...goodClaims, sub: undefined }],
    ["a subject that is no SPIFFE ID", "SPIFFE_ID_INVALID", /not a SPIFFE ID/, { ...goodClaims, sub: "alice" }],
    [
      "a trust domain for a subject",
      "TOKEN_INVALID",
      /not a workload/,
      { ...goodClaims, sub: "spiffe://bank.example" },
    ],
    [
      "two subjects",
      "TOKEN_INVALID",
      /not unambiguous/,
      `{"sub":"${workload}","sub":"${workload}2","aud":"${audience}","exp":${seconds + 60}}`,
    ],
    ["no expiry", "TOKEN_INVALID", /never expires/, { ...goodClaims, exp: undefined }],
    ["an expiry in text", "TOKEN_INVALID", /exp is not a whole number/, { ...goodClaims, exp: String(seconds + 60) }],
    ["half a second in its expiry", "TOKEN_INVALID", /exp is not a whole/, { ...goodClaims, exp: seconds + 60.5 }],
    ["an expiry beyond numbers", "TOKEN_INVALID", /exp is not a whole/, { ...goodClaims, exp: 1e300 }],
    ["an expiry that has passed", "TOKEN_EXPIRED", /expired at/, { ...goodClaims, iat: seconds - 300, exp: seconds }],
    ["a life of over five minutes", "TOKEN_INVALID", /longer than 300/, { ...goodClaims, exp: seconds + 301 }],
    [
      "a long life, told by no iat",
      "TOKEN_INVALID",
      /longer than 300/,
      { ...goodClaims, iat: undefined, exp: seconds + 301 },
    ],
    [
      "a long life that is nearly over",
      "TOKEN_INVALID",
      /longer than 300/,
      { ...goodClaims, iat: seconds - 3600, exp: seconds + 60 },
    ],
    ["an issue in the future", "SVID_NOT_YET_VALID", /from the future/, { ...goodClaims, iat: seconds + 60 }],
    ["a start in the future", "SVID_NOT_YET_VALID", /from the future/, { ...goodClaims, nbf: seconds + 60 }],
    ["no audience", "TOKEN_INVALID", /audience is not/, { ...goodClaims, aud: undefined }],
    ["an empty list of audiences", "TOKEN_INVALID", /audience is not/, { ...goodClaims, aud: [] }],
    ["an audience that is no text", "TOKEN_INVALID", /audience is not/, { ...goodClaims, aud: [audience, 1] }],
    [
      "someone else's audience",
      "TOKEN_AUDIENCE",
      /for someone else/,
      { ...goodClaims, aud: "spiffe://bank.example/other" },
    ],
    [
      "an audience that only begins like ours",
      "TOKEN_AUDIENCE",
      /for someone else/,
      { ...goodClaims, aud: `${audience}/x` },
    ],
  ];
  for (const [what, code, words, payload] of claims)
    it(`with ${what}`, () => refused(code, words, () => verify(mint(payload))));

  it("when another trust domain's key signed it, though that key is known here", () => {
    refused("TOKEN_INVALID", /does not verify/, () => verify(mint(goodClaims, goodHeader, foreign.privateKey)));
    refused("SVID_UNTRUSTED", /does not publish/, () =>
      verify(mint(goodClaims, { ...goodHeader, kid: "foreign" }, foreign.privateKey)),
    );
    const own = mint(
      { ...goodClaims, sub: "spiffe://shop.example/x" },
      { ...goodHeader, kid: "foreign" },
      foreign.privateKey,
    );
    assert.equal(verify(own).id, "spiffe://shop.example/x", "the same key is good for its own domain");
  });

  it("when its trust domain is unknown", () => {
    refused("SVID_UNTRUSTED", /not known here/, () => verify(mint({ ...goodClaims, sub: "spiffe://nowhere/x" })));
  });

  it("when an HMAC is made with the public key, the oldest trick", () => {
    const pem = createPublicKey(ec.privateKey).export({ type: "spki", format: "pem" });
    for (const alg of ["HS256", "ES256"]) {
      const signed = `${encode({ alg, kid: "ec" })}.${encode(goodClaims)}`;
      const token = `${signed}.${createHmac("sha256", pem).update(signed).digest("base64url")}`;
      refused("TOKEN_INVALID", /algorithm|does not verify/, () => verify(token));
    }
  });

  it("when its algorithm does not fit the key it names", () => {
    const signed = `${encode({ alg: "RS256", kid: "ec" })}.${encode(goodClaims)}`;
    const token = `${signed}.${sign("sha256", Buffer.from(signed), rsa.privateKey).toString("base64url")}`;
    refused("TOKEN_INVALID", /does not verify/, () => verify(token));
    refused("TOKEN_INVALID", /does not verify/, () => verify(mint(goodClaims, { ...goodHeader, kid: "p384" })));
  });

  it("when its signature is all zeros, or encoded as DER", () => {
    const [header, payload] = mint().split(".");
    const zeros = Buffer.alloc(64).toString("base64url");
    refused("TOKEN_INVALID", /does not verify/, () => verify(`${header}.${payload}.${zeros}`));
    const der = sign("sha256", Buffer.from(`${header}.${payload}`), ec.privateKey).toString("base64url");
    refused("TOKEN_INVALID", /does not verify/, () => verify(`${header}.${payload}.${der}`));
  });

  it("when it is not three parts, or far too long", () => {
    for (const token of ["", ".", "..", "a.b", "a.b.c.d", `${mint()}.`]) assert.throws(() => verify(token), isRefusal);
    refused("TOKEN_INVALID", /longer than 8192/, () => verify(mint({ ...goodClaims, x: "x".repeat(8192) })));
    refused("TOKEN_INVALID", /not unambiguous/, () => verify(mint(`${"[".repeat(100)}${"]".repeat(100)}`)));
  });

  it("when the clock gives no time, or the verifier has no name", () => {
    assert.throws(() => verify(mint(), { now: Number.NaN }), isRefusal);
    refused("TOKEN_AUDIENCE", /for someone else/, () =>
      verify(mint({ ...goodClaims, aud: [audience, "x"] }), { audience: "" }),
    );
  });

  it("once its token, its signer or its workload is revoked, in either spelling of its signature", () => {
    const token = mint();
    const twin = twinTokenOf(token);
    assert.equal(verify(twin).id, workload, "the twin verifies: revoking one text is not enough");
    const certificates = new Set([sha256Hex(token)]);
    for (const spelling of [token, twin])
      refused("SVID_REVOKED", /withdrawn/, () => verify(spelling, { revocations: { ...nothing, certificates } }));
    const keys = new Set([sha256Hex(ec.publicKey.export({ type: "spki", format: "der" }))]);
    refused("SVID_REVOKED", /revoked key/, () => verify(token, { revocations: { ...nothing, keys } }));
    const workloads = new Set([parseSpiffeId(workload)]);
    refused("SVID_REVOKED", /this workload/, () => verify(token, { revocations: { ...nothing, workloads } }));
  });
});

describe("a token that was tampered with", () => {
  it("never verifies, whichever character is changed, added or removed, but for the twin of its signature", () => {
    const token = mint();
    const alphabet = "ABab01-_.=+/ \n%".split("");
    const change = fc.tuple(
      fc.nat(token.length),
      fc.constantFrom(...alphabet),
      fc.constantFrom("set", "insert", "drop"),
    );
    fc.assert(
      fc.property(change, ([position, character, how]) => {
        const rest = token.slice(how === "insert" ? position : position + 1);
        const changed = token.slice(0, position) + (how === "drop" ? "" : character) + rest;
        if (changed === token) return;
        assert.throws(() => verify(changed), isRefusal);
      }),
      { numRuns: 1500 },
    );
  });

  it("fails with a refusal and nothing else, whatever the text", () => {
    const part = fc.oneof(fc.base64String({ maxLength: 40 }), fc.json().map(encode), fc.string());
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        assert.throws(() => verify(parts.join(".")), isRefusal);
      }),
      { numRuns: 500 },
    );
  });
});

function isRefusal(error: unknown): boolean {
  assert.ok(error instanceof CordonError, `threw ${String(error)}`);
  return true;
}

function twinTokenOf(token: string): string {
  const [header, payload, signature] = token.split(".");
  const twin = twinOfJoseSignature(Buffer.from(signature ?? "", "base64url"));
  assert.ok(twin);
  return `${header}.${payload}.${Buffer.from(twin).toString("base64url")}`;
}
