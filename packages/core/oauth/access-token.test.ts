import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { Revocations } from "../policy/snapshot.ts";
import { looksLikeAccessToken, verifyAccessToken } from "./access-token.ts";
import { compact, ecPair, thumbprintOf } from "./test-tokens.ts";
import type { TokenIssuer } from "./token-issuer.ts";

const issuerKey = ecPair();
const clientKey = ecPair();
const now = 1_800_000_000_000;
const resource = "https://gateway.test:8443/mcp";
const issuer: TokenIssuer = {
  issuer: "https://console.test/oauth",
  keys: [{ kid: "k1", jwk: { ...issuerKey.jwk, alg: "ES256" } }],
  maxLifetimeSeconds: 300,
};
const revocations: Revocations = { certificates: new Set(), keys: new Set(), workloads: new Set() };
const checks = { issuers: new Map([[issuer.issuer, issuer]]), revocations, resource, now };
const header = { alg: "ES256", typ: "at+jwt", kid: "k1" };
const claims = {
  ...{ iss: issuer.issuer, sub: "spiffe://test.example/ns/default/user/mei", aud: resource, client_id: "default/app" },
  ...{ iat: now / 1000, exp: now / 1000 + 300, jti: "t1", scope: "callTool read", sid: "a".repeat(64) },
  cnf: { jkt: thumbprintOf(clientKey) },
};
const token = (bentClaims = {}, bentHeader = {}, key: Parameters<typeof compact>[2] = issuerKey.privateKey): string =>
  compact({ ...header, ...bentHeader }, { ...claims, ...bentClaims }, key);

test("says who acts, through what, within which scopes, with which key", () => {
  const verified = verifyAccessToken(token(), checks);
  assert.equal(verified.subject, claims.sub);
  assert.equal(verified.client, "default/app");
  assert.deepEqual(verified.scopes, ["callTool", "read"]);
  assert.equal(verified.thumbprint, thumbprintOf(clientKey));
  assert.equal(verified.session, claims.sid);
  assert.equal(verified.notAfter, now + 300_000);
});

const publicPem = issuerKey.publicKey.export({ type: "spki", format: "pem" });
const hmacWithPublicKey = (signed: string): Buffer => createHmac("sha256", publicPem).update(signed).digest();

const refused: readonly (readonly [string, () => string, string])[] = [
  ["of an issuer that is not known", () => token({ iss: "https://evil.test" }), "SVID_UNTRUSTED"],
  ["with an issuer that differs by a slash", () => token({ iss: `${issuer.issuer}/` }), "SVID_UNTRUSTED"],
  ["of a key that is not published", () => token({}, { kid: "k2" }), "SVID_UNTRUSTED"],
  ["signed by somebody else", () => token({}, {}, ecPair().privateKey), "TOKEN_INVALID"],
  ["without a signature (alg none)", () => token({}, { alg: "none" }, () => Buffer.alloc(0)), "TOKEN_INVALID"],
  [
    "signed with the public key as a secret (HS256)",
    () => token({}, { alg: "HS256" }, hmacWithPublicKey),
    "TOKEN_INVALID",
  ],
  ["that is an ID token", () => token({}, { typ: "JWT" }), "TOKEN_INVALID"],
  ["that brings its own key", () => token({}, { jwk: clientKey.jwk }), "TOKEN_INVALID"],
  ["that says where its key is", () => token({}, { jku: "https://evil.test/jwks" }), "TOKEN_INVALID"],
  ["that is over", () => token({ iat: now / 1000 - 300, exp: now / 1000 }), "TOKEN_EXPIRED"],
  ["that never ends", () => token({ exp: undefined }), "TOKEN_INVALID"],
  ["that lives too long", () => token({ exp: now / 1000 + 301 }), "TOKEN_INVALID"],
  ["from the future", () => token({ iat: now / 1000 + 60, exp: now / 1000 + 120 }), "SVID_NOT_YET_VALID"],
  ["for another resource", () => token({ aud: "https://gateway.test:8443/data" }), "TOKEN_AUDIENCE"],
  ["for a path below the resource", () => token({ aud: `${resource}/x` }), "TOKEN_AUDIENCE"],
  ["for two resources", () => token({ aud: [resource, "https://gateway.test:8443/data"] }), "TOKEN_INVALID"],
  ["for nobody", () => token({ aud: [] }), "TOKEN_INVALID"],
  ["of no client", () => token({ client_id: undefined }), "TOKEN_INVALID"],
  ["of nobody", () => token({ sub: "" }), "TOKEN_INVALID"],
  ["without an id", () => token({ jti: undefined }), "TOKEN_INVALID"],
  ["bound to a certificate, which is not looked at here", () => token({ cnf: { "x5t#S256": "a" } }), "TOKEN_INVALID"],
  ["bound to two things", () => token({ cnf: { ...claims.cnf, "x5t#S256": "a" } }), "TOKEN_INVALID"],
  ["bound to nothing, in words", () => token({ cnf: null }), "TOKEN_INVALID"],
  ["whose scope is a list", () => token({ scope: ["read"] }), "TOKEN_INVALID"],
  ["whose scope has an empty name", () => token({ scope: "read  write" }), "TOKEN_INVALID"],
];
for (const [what, make, code] of refused)
  test(`refuses a token ${what}`, () => assert.throws(() => verifyAccessToken(make(), checks), { code }));

test("refuses a token whose signing key was withdrawn", () => {
  const { keyFingerprint } = verifyAccessToken(token(), checks);
  const withdrawn = { ...revocations, keys: new Set([keyFingerprint]) };
  assert.throws(() => verifyAccessToken(token(), { ...checks, revocations: withdrawn }), { code: "SVID_REVOKED" });
});

test("a clock that gives no time refuses", () => {
  assert.throws(() => verifyAccessToken(token(), { ...checks, now: Number.NaN }), { code: "TOKEN_EXPIRED" });
});

test("no change of a character leaves a token good", () => {
  const good = token();
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 0x21, max: 0x7e }), (at, character) => {
      const bent = good.slice(0, at) + String.fromCharCode(character) + good.slice(at + 1);
      if (bent === good) return;
      assert.throws(() => verifyAccessToken(bent, checks));
    }),
  );
});

test("tells access tokens from anything else by what their header says", () => {
  assert.equal(looksLikeAccessToken(token()), true);
  assert.equal(looksLikeAccessToken(token({}, { typ: "JWT" })), false);
  fc.assert(fc.property(fc.string(), (text) => assert.equal(looksLikeAccessToken(text), false)));
});
