/** What a gateway remembers of proofs is shared out by person: keys and unknown subjects are nobody's way to fill it. */
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { accessTokenHash, compact, ecPair, thumbprintOf, type SigningPair } from "@cordon/core/oauth/test-tokens";
import { snapshot } from "@cordon/core/policy/test-estate";
import { openAccessTokens, type AccessTokens } from "./access-tokens.ts";
import { rememberedMs } from "./proof-memory.ts";

const now = 1_800_000_000_000;
const origin = "https://gateway.test:8443";
const issuer = "https://console.test/oauth";
const issuerKey = ecPair();
const known = snapshot("", {
  tokenIssuers: new Map([[issuer, { issuer, keys: [{ kid: "k1", jwk: issuerKey.jwk }], maxLifetimeSeconds: 300 }]]),
});
let count = 0;

/** A request of a person, with a token that is bound to the key, and a proof of its own. */
function call(tokens: AccessTokens, person: string, key: SigningPair): string {
  return answerTo(tokens, signedCall(person, key));
}

function signedCall(person: string, key: SigningPair): IncomingMessage {
  const token = compact(
    { alg: "ES256", typ: "at+jwt", kid: "k1" },
    {
      ...{ iss: issuer, sub: `spiffe://bank.example/ns/default/${person}`, aud: `${origin}/mcp` },
      ...{ client_id: "default/app", iat: now / 1000, exp: now / 1000 + 300, jti: `t${count++}`, scope: "read" },
      ...{ sid: "a".repeat(64), cnf: { jkt: thumbprintOf(key) } },
    },
    issuerKey.privateKey,
  );
  const proof = compact(
    { typ: "dpop+jwt", alg: "ES256", jwk: key.jwk },
    { jti: `p${count++}`, htm: "POST", htu: `${origin}/mcp`, iat: now / 1000, ath: accessTokenHash(token) },
    key.privateKey,
  );
  return { headers: { authorization: `DPoP ${token}`, dpop: proof } } as unknown as IncomingMessage;
}

function answerTo(tokens: AccessTokens, request: IncomingMessage): string {
  try {
    void tokens.callerOf(request, { method: "POST", path: "/mcp", query: "" }, { path: "/mcp" });
    return "in";
  } catch (error) {
    return (error as Error).message;
  }
}

test("one person fills one share, however many keys there are; who is nobody here fills none", () => {
  const source = { current: () => known, confirmedAtMs: () => 0, subscribe: () => () => undefined };
  const deps = { snapshots: source, origin: () => origin, now: () => now, monotonicMs: () => 0 };
  const tokens = openAccessTokens(deps, { most: 6, mostOfOne: 3 });
  for (let one = 0; one < 10; one++) assert.match(call(tokens, "agent/assistant", ecPair()), /not of a person here/);
  const greedy = Array.from({ length: 6 }, () => call(tokens, "user/kay", ecPair()));
  assert.deepEqual(greedy.slice(0, 3), ["in", "in", "in"]);
  for (const refused of greedy.slice(3)) assert.match(refused, /too many DPoP proofs/);
  assert.equal(call(tokens, "user/mei", ecPair()), "in");
});

test("when the memory of all is full every call is refused, whoever's it is, and no proof that was seen comes in again", () => {
  const source = { current: () => known, confirmedAtMs: () => 0, subscribe: () => () => undefined };
  let monotonicMs = 0;
  const deps = { snapshots: source, origin: () => origin, now: () => now, monotonicMs: () => monotonicMs };
  const tokens = openAccessTokens(deps, { most: 4, mostOfOne: 2 });
  const seen = ["kay", "kay", "mei", "mei"].map((name) => signedCall(`user/${name}`, ecPair()));
  for (const request of seen) assert.equal(answerTo(tokens, request), "in");
  for (const name of ["ada", "kay", "mei"])
    assert.match(call(tokens, `user/${name}`, ecPair()), /too many DPoP proofs/);
  const refused = signedCall("user/ada", ecPair());
  assert.match(answerTo(tokens, refused), /too many DPoP proofs/);
  for (const request of seen) assert.match(answerTo(tokens, request), /was used before/);
  monotonicMs = rememberedMs;
  for (const request of seen) assert.match(answerTo(tokens, request), /was used before/, "it was not forgotten early");
  assert.equal(call(tokens, "user/ada", ecPair()), "in", "there is room again once old proofs are good for nothing");
});
