import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { proofAgeMs, proofAheadMs, verifyDpopProof } from "./dpop-proof.ts";
import { accessTokenHash, compact, ecPair, thumbprintOf } from "./test-tokens.ts";

const pair = ecPair();
const now = 1_800_000_000_000;
const accessToken = "an.access.token";
const uri = "https://gateway.test:8443/mcp";
const checks = { method: "POST", uri, accessToken, thumbprint: thumbprintOf(pair), now };
const header = { typ: "dpop+jwt", alg: "ES256", jwk: pair.jwk };
const claims = { jti: "p1", htm: "POST", htu: uri, iat: now / 1000, ath: accessTokenHash(accessToken) };
const proof = (bentClaims = {}, bentHeader = {}, key: Parameters<typeof compact>[2] = pair.privateKey): string =>
  compact({ ...header, ...bentHeader }, { ...claims, ...bentClaims }, key);

test("shows that its maker holds the key that the token is bound to", () => {
  const shown = verifyDpopProof(proof(), checks);
  assert.equal(shown.thumbprint, thumbprintOf(pair));
  assert.equal(shown.issuedAt, now);
});

for (const [namedCurve, alg, digest] of [
  ["P-384", "ES384", "sha384"],
  ["P-521", "ES512", "sha512"],
] as const)
  test(`takes a key on ${namedCurve}, with the digest of its algorithm only`, () => {
    const other = ecPair(namedCurve);
    const wanted = { ...checks, thumbprint: thumbprintOf(other) };
    const signed = (with_: string) => (text: string) =>
      sign(with_, Buffer.from(text), { key: other.privateKey, dsaEncoding: "ieee-p1363" });
    verifyDpopProof(proof({}, { alg, jwk: other.jwk }, signed(digest)), wanted);
    assert.throws(() => verifyDpopProof(proof({}, { alg, jwk: other.jwk }, signed("sha256")), wanted), {
      code: "DPOP_PROOF_INVALID",
    });
  });

const other = ecPair();
const { d: _private, ...rest } = pair.privateKey.export({ format: "jwk" });
const smallRsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
const hmac = (signed: string): Buffer => createHmac("sha256", JSON.stringify(pair.jwk)).update(signed).digest();

const refused: readonly (readonly [string, () => string, RegExp?])[] = [
  ["of another method", () => proof({ htm: "GET" })],
  ["of a method in another case", () => proof({ htm: "post" })],
  ["for another path", () => proof({ htu: "https://gateway.test:8443/data" })],
  ["for another host", () => proof({ htu: "https://evil.test:8443/mcp" })],
  ["for another port", () => proof({ htu: "https://gateway.test/mcp" })],
  ["for plain HTTP", () => proof({ htu: "http://gateway.test:8443/mcp" })],
  ["whose address has a user before the host", () => proof({ htu: "https://gateway.test:8443@evil.test/mcp" })],
  ["whose address is none", () => proof({ htu: "not an address" })],
  ["that is too old", () => proof({ iat: (now - proofAgeMs) / 1000 - 1 })],
  ["that is from the future", () => proof({ iat: (now + proofAheadMs) / 1000 + 1 })],
  ["of no time", () => proof({ iat: undefined })],
  ["of a time that is no whole number", () => proof({ iat: 1e300 })],
  ["for another token", () => proof({ ath: accessTokenHash("another") })],
  ["for no token", () => proof({ ath: undefined })],
  ["without an id", () => proof({ jti: "" })],
  ["with an id that is too long", () => proof({ jti: "x".repeat(257) })],
  ["of another type", () => proof({}, { typ: "JWT" })],
  ["by another key", () => proof({}, { jwk: other.jwk }, other.privateKey)],
  ["that shows a key it was not signed with", () => proof({}, {}, other.privateKey)],
  ["without a key", () => proof({}, { jwk: undefined })],
  ["that gives its private key away", () => proof({}, { jwk: { ...rest, d: "AAAA" } }), /not a public one/],
  ["with a symmetric key", () => proof({}, { alg: "HS256", jwk: { kty: "oct", k: "AAAA" } }, hmac), /algorithm/],
  [
    "with a key that is not on the curve",
    () => proof({}, { jwk: { ...pair.jwk, x: pair.jwk["y"] } }),
    /cannot be read/,
  ],
  ["with a coordinate that is padded", () => proof({}, { jwk: { ...pair.jwk, x: `${pair.jwk["x"]}=` } }), /canonical/],
  ["with a key of `__proto__`", () => proof({}, { jwk: { ...pair.jwk, kty: "__proto__" } })],
  ["with a short RSA key", () => proof({}, { alg: "RS256", jwk: smallRsa.publicKey.export({ format: "jwk" }) }), /RSA/],
  ["without a signature", () => proof({}, { alg: "none" }, () => Buffer.alloc(0))],
  ["whose header holds more", () => proof({}, { crit: ["exp"] })],
  ["that names its key by address", () => proof({}, { jku: "https://evil.test" })],
];
for (const [what, make, words = /./] of refused)
  test(`refuses a proof ${what}`, () =>
    assert.throws(() => verifyDpopProof(make(), checks), { code: "DPOP_PROOF_INVALID", message: words }));

test("query and fragment do not count, nor how the host is spelled (RFC 9449, 4.3)", () => {
  for (const htu of [`${uri}?a=b`, `${uri}#x`, "HTTPS://GATEWAY.TEST:8443/mcp"])
    verifyDpopProof(proof({ htu }), checks);
  const plain = { ...checks, uri: "https://gateway.test/mcp" };
  verifyDpopProof(proof({ htu: "https://gateway.test:443/mcp" }), plain);
});

test("where a nonce is wanted, only a recent one of ours will do", () => {
  const wanting = { ...checks, nonce: (value: string) => value === "n1" };
  verifyDpopProof(proof({ nonce: "n1" }), wanting);
  for (const nonce of [undefined, "n2", "", 1])
    assert.throws(() => verifyDpopProof(proof({ nonce }), wanting), { code: "DPOP_NONCE_NEEDED" });
});

test("ids of two keys are never the same, nor two ids of one", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 40 }), fc.string({ minLength: 1, maxLength: 40 }), (a, b) => {
      const [first, second] = [a, b].map((jti) => verifyDpopProof(proof({ jti }), checks).id);
      assert.equal(first === second, a === b);
    }),
    { numRuns: 50 },
  );
});

test("nothing that is not a proof is taken, whatever it is", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `${text}.${text}.${text}`),
      ),
      (text) => assert.throws(() => verifyDpopProof(text, checks), { code: "DPOP_PROOF_INVALID" }),
    ),
  );
});
