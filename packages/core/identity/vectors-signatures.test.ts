/** Wycheproof's signatures and JSON web keys, by the functions that judge SVIDs. Reads ../shared/vectors; skips without. */
import assert from "node:assert/strict";
import { createPublicKey, type JsonWebKey } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { CordonError } from "../errors.ts";
import { importPublicKey, judgePublicKey, signatureAlgorithmOf, signatureStands } from "./algorithms.ts";
import { parseBundle } from "./bundle.ts";
import { importJwtAuthority, jwsStands, parseJws, type TokenAlgorithm } from "./jws.ts";
import { parseTrustDomain } from "./spiffe-id.ts";

const vectors = new URL("../../../../shared/vectors/wycheproof/", import.meta.url);
const skip = existsSync(fileURLToPath(vectors)) ? false : "the vectors in ../shared are not here";

interface SignatureGroup {
  readonly publicKeyDer: string;
  readonly publicKeyJwk?: JsonWebKey;
  readonly tests: readonly {
    readonly tcId: number;
    readonly comment: string;
    readonly msg: string;
    readonly sig: string;
    readonly result: "valid" | "invalid";
  }[];
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the shape of a file of vectors
function groupsOf<G>(name: string): readonly G[] {
  return (JSON.parse(readFileSync(new URL(name, vectors), "utf8")) as { testGroups: readonly G[] }).testGroups;
}

type Stands = (group: SignatureGroup, message: Buffer, signature: Buffer) => boolean;

/** By the code that judges certificates. */
function asCertificates(identifier: string): Stands {
  return ({ publicKeyDer }, message, signature) => {
    const spki = Buffer.from(publicKeyDer, "hex");
    const verdict = judgePublicKey(spki);
    assert.ok(!("refused" in verdict), "a key of this kind is allowed");
    const algorithm = signatureAlgorithmOf(Buffer.from(identifier, "hex"));
    assert.ok(algorithm);
    return signatureStands(algorithm, message, importPublicKey(spki), signature);
  };
}

/** By the code that judges tokens. */
function asTokens(algorithmName: string, algorithm: TokenAlgorithm): Stands {
  return ({ publicKeyDer }, message, signature) => {
    const key = createPublicKey({ key: Buffer.from(publicKeyDer, "hex"), format: "der", type: "spki" });
    const jwk = key.export({ format: "jwk" }) as Record<string, string>;
    const token = {
      algorithm,
      algorithmName,
      kid: "k",
      payload: message,
      signed: message.toString("latin1"),
      signature,
    };
    return jwsStands(token, { key, keyFingerprint: "", jwk });
  };
}

const pssSha256 =
  "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120";
const es256 = { kty: "EC", digest: "sha256", curve: "P-256", signatureBytes: 64 } as const;
const es384 = { kty: "EC", digest: "sha384", curve: "P-384", signatureBytes: 96 } as const;
const ps256 = { kty: "RSA", digest: "sha256", pss: true } as const;

const suites: readonly (readonly [string, string, Stands])[] = [
  ["ecdsa_secp256r1_sha256_test.json", "in certificates", asCertificates("300a06082a8648ce3d040302")],
  ["ecdsa_secp256r1_sha256_p1363_test.json", "in tokens", asTokens("ES256", es256)],
  ["ecdsa_secp384r1_sha384_p1363_test.json", "in tokens", asTokens("ES384", es384)],
  ["ed25519_test.json", "in certificates", asCertificates("300506032b6570")],
  ["rsa_pss_2048_sha256_mgf1_32_test.json", "in certificates", asCertificates(pssSha256)],
  ["rsa_pss_2048_sha256_mgf1_32_test.json", "in tokens", asTokens("PS256", ps256)],
];

describe("Wycheproof's signatures", { skip }, () => {
  for (const [file, where, stands] of suites) {
    it(`${file} ${where}: every bad one is refused and every good one accepted`, (context) => {
      const tally = { accepted: 0, refused: 0 };
      for (const group of groupsOf<SignatureGroup>(file))
        for (const { tcId, comment, msg, sig, result } of group.tests) {
          const accepted = stands(group, Buffer.from(msg, "hex"), Buffer.from(sig, "hex"));
          assert.equal(accepted, result === "valid", `test ${tcId} (${comment}) is ${result}`);
          tally[accepted ? "accepted" : "refused"]++;
        }
      context.diagnostic(`${file} ${where}: ${tally.accepted} good accepted, ${tally.refused} bad refused`);
      assert.ok(tally.accepted > 0 && tally.refused > 0);
    });
  }
});

interface JwkGroup {
  readonly comment: string;
  readonly public?: JwkOrSet;
  readonly private?: JwkOrSet;
  readonly tests: readonly {
    readonly tcId: number;
    readonly comment: string;
    /** An object where it is in the JSON serialisation. */
    readonly jws?: string | object;
    readonly result: "valid" | "invalid";
  }[];
}
type JwkOrSet = Readonly<Record<string, unknown>> & { readonly keys?: readonly Readonly<Record<string, unknown>>[] };

const privateMembers: ReadonlySet<string> = new Set(["d", "p", "q", "dp", "dq", "qi"]);

/** Keys as a trust domain publishes them: without their private parts, and `use` in SPIFFE's word. */
function published(group: JwkGroup, kid: string): Buffer {
  const held = group.public ?? group.private ?? {};
  const keys = (held.keys ?? [{ ...held, kid }]).map((key) => {
    const open = Object.fromEntries(Object.entries(key).filter(([name]) => !privateMembers.has(name)));
    return { ...open, use: key["use"] === "sig" || key["use"] === undefined ? "jwt-svid" : key["use"] };
  });
  return Buffer.from(JSON.stringify({ keys }));
}

/** True, or why not. */
function judge(group: JwkGroup, token: string): true | string {
  try {
    const jws = parseJws(token);
    const bundle = parseBundle(parseTrustDomain("domain.test"), published(group, jws.kid));
    const authority = bundle.jwtAuthorities.find(({ kid }) => kid === jws.kid);
    if (authority === undefined) return "the bundle holds no such authority for tokens";
    return jwsStands(jws, importJwtAuthority(authority)) || "the signature does not stand";
  } catch (error) {
    assert.ok(error instanceof CordonError, `threw ${String(error)}`);
    return error.message;
  }
}

describe("Wycheproof's JSON web keys", { skip }, () => {
  /** Valid there, and out of JWT-SVID's profile. */
  const outOfProfile = /its algorithm is not RS, PS or ES/;
  for (const file of ["json_web_key_test.json", "json_web_crypto_test.json"])
    it(`${file}: no bad token is accepted; a good one is refused for its HMAC alone`, (context: TestContext) => {
      const tally = { accepted: 0, refused: 0, hmac: 0, encrypted: 0 };
      for (const group of groupsOf<JwkGroup>(file))
        for (const { tcId, comment, jws, result } of group.tests) {
          if (jws === undefined) {
            tally.encrypted++;
            continue;
          }
          const verdict = judge(group, typeof jws === "string" ? jws : JSON.stringify(jws));
          if (result === "invalid") {
            assert.notEqual(verdict, true, `test ${tcId} (${group.comment}: ${comment}) is bad and was accepted`);
            tally.refused++;
          } else if (verdict === true) tally.accepted++;
          else {
            assert.match(verdict, outOfProfile, `test ${tcId} (${group.comment}: ${comment})`);
            tally.hmac++;
          }
        }
      context.diagnostic(
        `${file}: ${tally.accepted} good accepted, ${tally.refused} bad refused; out of profile: ` +
          `${tally.hmac} good ones with an HMAC (JWT-SVID 2.1), ${tally.encrypted} encrypted (no token of SPIFFE is)`,
      );
      assert.ok(tally.accepted > 0 && tally.refused > 0);
    });
});
