import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import { isCordonError } from "../errors.ts";
import { bundleDocument, defaultRefreshHintSeconds, jwtAuthorityOf, parseBundle, serializeBundle } from "./bundle.ts";
import { parseTrustDomain } from "./spiffe-id.ts";
import { forgeRoot } from "./testing/forge.ts";

const now = Date.UTC(2026, 10, 23, 12);
const trustDomain = parseTrustDomain("bank.example");
const root = forgeRoot("bank.example", now);
const token = generateKeyPairSync("ec", { namedCurve: "P-256" });
const bundle = {
  trustDomain,
  x509Authorities: [new Uint8Array(root.der)],
  jwtAuthorities: [jwtAuthorityOf("one", token.publicKey)],
  sequence: 7,
  refreshHintSeconds: 60,
};
const document = bundleDocument(bundle) as { keys: Record<string, unknown>[] } & Record<string, unknown>;
const [x509Key = {}, jwtKey = {}] = document.keys;

function parse(value: unknown) {
  return parseBundle(trustDomain, Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
}

function withKeys(...keys: unknown[]): unknown {
  return { ...document, keys };
}

describe("a bundle", () => {
  it("survives being published and read", () => {
    const read = parseBundle(trustDomain, serializeBundle(bundle));
    assert.deepEqual(read.x509Authorities.map(hex), bundle.x509Authorities.map(hex));
    assert.deepEqual({ ...read, x509Authorities: [] }, { ...bundle, x509Authorities: [] });
  });

  it("publishes what the standard asks: uses, one certificate each, kid only on token keys, nothing private", () => {
    assert.deepEqual(
      document.keys.map((key) => key["use"]),
      ["x509-svid", "jwt-svid"],
    );
    assert.deepEqual(x509Key["x5c"], [Buffer.from(root.der).toString("base64")]);
    assert.equal("kid" in x509Key, false);
    assert.deepEqual(Object.keys(jwtKey).sort(), ["crv", "kid", "kty", "use", "x", "y"]);
  });

  it("of no keys is read, and trusts nothing", () => {
    const read = parse({ keys: [] });
    assert.deepEqual([read.x509Authorities, read.jwtAuthorities, read.sequence], [[], [], 0]);
    assert.equal(read.refreshHintSeconds, defaultRefreshHintSeconds);
  });

  it("ignores what the standard says to ignore", () => {
    const ignored = [
      { ...jwtKey, use: "wit-svid" },
      { ...jwtKey, use: undefined },
      { ...jwtKey, kty: "OKP" },
      { ...x509Key, x5c: undefined },
      { ...x509Key, x5c: [] },
      { kty: "oct", use: "jwt-svid", kid: "secret", k: "c2VjcmV0" },
    ];
    assert.deepEqual(parse(withKeys(...ignored, jwtKey)).jwtAuthorities, bundle.jwtAuthorities);
    assert.equal(parse(withKeys(...ignored)).x509Authorities.length, 0);
    assert.equal(
      parse(withKeys({ ...x509Key, x5c: [(x509Key["x5c"] as string[])[0], "junk"] })).x509Authorities.length,
      1,
    );
  });

  const other = jwtAuthorityOf("two", generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey).jwk;
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });
  const refusals: readonly [string, RegExp, unknown][] = [
    ["that is not JSON", /JSON/, "keys"],
    ["that is a list", /not a JSON object/, "[]"],
    ["without keys", /no `keys`/, {}],
    ["with a name twice", /same name twice/, '{"keys":[],"keys":[]}'],
    ["with a key that is text", /not a JSON object/, withKeys("x")],
    ["with a token key without kid", /no name/, withKeys({ ...jwtKey, kid: undefined })],
    ["with an empty kid", /no name/, withKeys({ ...jwtKey, kid: "" })],
    ["with two token keys of one kid", /two keys/, withKeys(jwtKey, { ...jwtKey, ...other })],
    ["with a private key in it", /private key/, withKeys({ ...jwtKey, d: "AAAA" })],
    ["with a point that is not on its curve", /cannot be read/, withKeys({ ...jwtKey, x: jwtKey["y"] })],
    ["with a token key that is too weak", /1024 bits/, withKeys({ ...weak, use: "jwt-svid", kid: "weak" })],
    ["with a key that is not for verifying", /key_ops/, withKeys({ ...jwtKey, key_ops: ["sign"] })],
    ["with a certificate that is not base64", /not base64/, withKeys({ ...x509Key, x5c: ["!"] })],
    ["with a certificate that is not one", /malformed/, withKeys({ ...x509Key, x5c: ["AAAA"] })],
    ["with another key beside its certificate", /differs from the key/, withKeys({ ...x509Key, ...other })],
    ["with a negative sequence", /spiffe_sequence/, { ...document, spiffe_sequence: -1 }],
    ["with a sequence that loses digits", /spiffe_sequence/, '{"keys":[],"spiffe_sequence":9007199254740993}'],
    ["with a refresh hint in text", /spiffe_refresh_hint/, { ...document, spiffe_refresh_hint: "60" }],
    ["with more keys than anyone needs", /more than 64/, withKeys(...Array.from({ length: 65 }, () => jwtKey))],
    ["of more than a mebibyte", /longer than/, " ".repeat(1024 * 1024 + 1)],
  ];
  for (const [what, words, value] of refusals) {
    it(`${what} is refused whole`, () => {
      assert.throws(
        () => parse(value),
        (error) => {
          assert.ok(isCordonError(error, "SVID_UNTRUSTED"), String(error));
          assert.match(error.message, words);
          assert.match(error.message, /bank\.example/);
          return true;
        },
      );
    });
  }
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
