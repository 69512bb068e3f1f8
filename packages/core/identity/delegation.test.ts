import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { actions } from "../contract/vocabulary.ts";
import { isCordonError } from "../errors.ts";
import { sha256Hex } from "./certificate.ts";
import {
  delegationType,
  maxDelegationSeconds,
  delegationDigest,
  mintDelegation,
  verifyDelegation,
} from "./delegation.ts";
import { parseSpiffeId } from "./spiffe-id.ts";

const person = parseSpiffeId("spiffe://bank.example/ns/default/user/mei");
const assistant = parseSpiffeId("spiffe://bank.example/ns/default/agent/assistant");
const rival = parseSpiffeId("spiffe://bank.example/ns/default/agent/rival");
const gateway = parseSpiffeId("spiffe://bank.example/ns/default/service/gateway");
const other = parseSpiffeId("spiffe://partner.example/ns/default/service/gateway");
const now = 1_764_000_000_000;
const { privateKey: key, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const session = sha256Hex(publicKey.export({ type: "spki", format: "der" }));
const plain = { person, actor: assistant, audience: gateway, issuedAt: now, lifetimeSeconds: 600, id: "d-1" };
const checks = { actor: assistant, audience: gateway, now };

/** A token with any header and claims, signed with any key. */
function forged(header: object, claims: object, by: KeyObject = key): string {
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${signed}.${sign("sha256", Buffer.from(signed), { key: by, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

function partsOf(token: string): readonly [Record<string, unknown>, Record<string, unknown>] {
  const [header = "", claims = ""] = token.split(".");
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
  return [read(header), read(claims)];
}

const refusal = (token: string, more: Partial<typeof checks> = {}): string => {
  try {
    verifyDelegation(token, { ...checks, ...more });
    return "accepted";
  } catch (error) {
    if (!isCordonError(error)) throw error;
    return error.code;
  }
};

test("a delegation says whom its one actor acts for, in which session, until when and for what", () => {
  const until = now + 600_000;
  const delegation = delegationDigest(session, plain.id);
  assert.deepEqual(verifyDelegation(mintDelegation(plain, key), checks), { id: person, session, until, delegation });
  assert.notEqual(delegation, delegationDigest(session, `${plain.id}x`));
  const narrow = mintDelegation({ ...plain, actions: ["read", "infer"], resources: [rival] }, key);
  const scope = { actions: ["read", "infer"], resources: [rival] };
  assert.deepEqual(verifyDelegation(narrow, checks), { id: person, session, until, delegation, scope });
  const empty = mintDelegation({ ...plain, resources: [] }, key);
  assert.deepEqual(verifyDelegation(empty, checks).scope, { resources: [] }, "nothing is not everything");
});

test("it is nothing in other hands, at another gateway, before and after its time", () => {
  const token = mintDelegation(plain, key);
  assert.equal(refusal(token, { actor: rival }), "TOKEN_NOT_PERMITTED");
  assert.equal(refusal(token, { audience: other }), "TOKEN_AUDIENCE");
  assert.equal(refusal(token, { now: now + 600_000 }), "TOKEN_EXPIRED");
  assert.equal(refusal(token, { now: now + 599_999 }), "accepted");
  assert.equal(refusal(token, { now: now - 60_001 }), "TOKEN_INVALID");
  assert.equal(refusal(token, { now: Number.NaN }), "TOKEN_EXPIRED");
});

test("what somebody else signed, bent or put together is refused", () => {
  const [header, claims] = partsOf(mintDelegation(plain, key));
  const { privateKey: thief, publicKey: thiefs } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { kty, crv, x, y } = thiefs.export({ format: "jwk" });
  assert.equal(refusal(forged(header, claims)), "accepted", "the forge itself works");
  assert.equal(refusal(forged(header, claims, thief)), "TOKEN_INVALID", "another key's signature");
  assert.equal(
    refusal(forged(header, { ...claims, sub_jwk: { kty, crv, x, y } }, thief)),
    "TOKEN_INVALID",
    "a key of the forger's own under the session's name",
  );
  const own = forged(
    { ...header, kid: sha256Hex(thiefs.export({ type: "spki", format: "der" })) },
    {
      ...claims,
      sub_jwk: { kty, crv, x, y },
    },
    thief,
  );
  assert.notEqual(
    verifyDelegation(own, checks).session,
    session,
    "names its own session, in which nobody is signed in",
  );
  for (const bent of [
    { act: { sub: rival, act: { sub: assistant } } },
    { act: [{ sub: assistant }] },
    { act: undefined },
    { iss: assistant },
    { sub: assistant, iss: assistant },
    { sub: "mei", iss: "mei" },
    { aud: [gateway, other] },
    { iat: undefined },
    { exp: Number(claims["iat"]) + maxDelegationSeconds + 1 },
    { exp: String(claims["exp"]) },
    { exp: 1e300 },
    { jti: undefined },
    { jti: "" },
    { scope: "" },
    { scope: "read  infer" },
    { scope: "everything" },
    { scope: 7 },
    { resources: "all" },
    { resources: ["training-data"] },
    { resources: Array.from({ length: 17 }, () => rival) },
    { cnf: {} },
    { sub_jwk: undefined },
    { sub_jwk: { ...(claims["sub_jwk"] as object), d: "AA" } },
    { sub_jwk: { ...(claims["sub_jwk"] as object), crv: "P-384" } },
  ])
    assert.notEqual(refusal(forged(header, { ...claims, ...bent })), "accepted", JSON.stringify(bent));
  for (const bent of [{ typ: "JWT" }, { typ: undefined }, { alg: "none" }, { alg: "HS256" }, { kid: "" }, { jwk: {} }])
    assert.equal(refusal(forged({ ...header, ...bent }, claims)), "TOKEN_INVALID", JSON.stringify(bent));
});

test("a delegation is no JWT-SVID, and its type says so", () => {
  assert.equal(partsOf(mintDelegation(plain, key))[0]["typ"], delegationType);
});

test("any text is read or refused", () => {
  const token = mintDelegation(plain, key);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 3_000 }),
        fc
          .tuple(fc.nat(token.length - 1), fc.constantFrom("A", "_", ".", "=", ""))
          .map(([at, letter]) => token.slice(0, at) + letter + token.slice(at + 1)),
      ),
      (text) => text === token || refusal(text) !== "accepted",
    ),
    { numRuns: 2_000 },
  );
});

test("what is minted is what is read, for any delegation that may be", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: maxDelegationSeconds }),
      fc.option(fc.uniqueArray(fc.constantFrom(...actions), { minLength: 1 }), { nil: undefined }),
      fc.option(fc.array(fc.constantFrom(assistant, rival, gateway), { maxLength: 16 }), { nil: undefined }),
      (lifetimeSeconds, only, resources) => {
        const asked = { ...plain, lifetimeSeconds, ...(only && { actions: only }), ...(resources && { resources }) };
        const read = verifyDelegation(
          mintDelegation(asked, createPrivateKey(key.export({ type: "pkcs8", format: "pem" }))),
          checks,
        );
        assert.deepEqual([read.scope?.actions, read.scope?.resources], [only, resources]);
        assert.equal(read.until, now + lifetimeSeconds * 1000);
      },
    ),
    { numRuns: 200 },
  );
});
