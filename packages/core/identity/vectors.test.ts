/** Other people's certificates, bundles and tokens, judged here. Reads ../shared/vectors; skips where it is absent. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { CordonError, isCordonError, type ErrorCode } from "../errors.ts";
import { parseBundle } from "./bundle.ts";
import { extendedKeyUsages } from "./extensions.ts";
import { importJwtAuthority, jwsStands as standsUnder, parseJws } from "./jws.ts";
import { buildPath, checkUnderstood, validityProblem } from "./path.ts";
import { isEmptyName, parseCertificate } from "./certificate.ts";
import { parseTrustDomain } from "./spiffe-id.ts";
import { readX509Svid } from "./x509-svid.ts";

const vectors = new URL("../../../../shared/vectors/", import.meta.url);
const skip = existsSync(fileURLToPath(vectors)) ? false : "the vectors in ../shared are not here";

function read(path: string): Buffer {
  return readFileSync(new URL(path, vectors));
}

/** The certificates of a PEM file, leaf first. */
function fromPem(text: string): Uint8Array[] {
  const blocks = text.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g);
  return [...blocks].map(([, body]) => new Uint8Array(Buffer.from(body ?? "", "base64")));
}

describe("go-spiffe's X.509-SVIDs", { skip }, () => {
  const expected: Readonly<Record<string, ErrorCode | "accepted">> = {
    "good-cert-and-key.pem": "accepted",
    "good-key-and-cert.pem": "accepted",
    "good-leaf-and-intermediate.pem": "accepted",
    "good-leaf-only.pem": "accepted",
    "corrupt-cert.pem": "CERTIFICATE_MALFORMED",
    "wrong-intermediate-no-ca.pem": "SVID_INVALID",
    "wrong-intermediate-no-key-cert-sign.pem": "SVID_INVALID",
    "wrong-leaf-ca-true.pem": "SVID_INVALID",
    "wrong-leaf-cert-sign.pem": "SVID_INVALID",
    "wrong-leaf-crl-sign.pem": "SVID_INVALID",
    "wrong-leaf-empty-id.pem": "SVID_INVALID",
    "wrong-leaf-no-digital-signature.pem": "SVID_INVALID",
  };
  for (const [file, verdict] of Object.entries(expected)) {
    it(`${file}: ${verdict}`, () => {
      const chain = fromPem(read(`spiffe/go-spiffe/svid/x509svid/testdata/${file}`).toString("latin1"));
      if (verdict === "accepted") assert.match(readX509Svid(chain).id, /^spiffe:\/\/example\.org\/workload-1$/);
      else
        assert.throws(
          () => readX509Svid(chain),
          (error) => isCordonError(error, verdict),
        );
    });
  }
});

describe("go-spiffe's bundles", { skip }, () => {
  const domain = parseTrustDomain("domain.test");
  const cases: readonly [string, number | undefined, number | undefined][] = [
    ["spiffebundle/testdata/spiffebundle_valid_1.json", 1, 1],
    ["spiffebundle/testdata/spiffebundle_valid_2.json", 1, 6],
    ["spiffebundle/testdata/spiffebundle_valid_with_wit.json", 1, 2],
    // go-spiffe refuses a second certificate; the standard says to ignore it (X.509-SVID, 6.2), and so do we.
    ["spiffebundle/testdata/spiffebundle_multiple_x509.json", 1, 1],
    ["spiffebundle/testdata/spiffebundle_missing_kid.json", undefined, undefined],
    ["spiffebundle/testdata/spiffebundle_no_keys.json", undefined, undefined],
  ];
  for (const [file, x509, jwt] of cases) {
    it(`${file}: ${x509 === undefined ? "refused" : "accepted"}`, () => {
      const bytes = read(`spiffe/go-spiffe/bundle/${file}`);
      if (x509 === undefined) {
        assert.throws(
          () => parseBundle(domain, bytes),
          (error) => isCordonError(error, "SVID_UNTRUSTED"),
        );
        return;
      }
      const bundle = parseBundle(domain, bytes);
      assert.equal(bundle.x509Authorities.length, x509);
      assert.equal(bundle.jwtAuthorities.length, jwt);
    });
  }
});

interface LimboCase {
  readonly id: string;
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly validation_time: string | null;
  readonly expected_result: "SUCCESS" | "FAILURE";
  readonly max_chain_depth: number | null;
}

const identifiers = "key identifiers are hints to us (RFC 5280, 4.2.1.1), wrong ones are refused, missing ones not";
const webNames = "names of web servers are not what identifies a workload";
const webPurposes = "a stricter profile of the web; X.509-SVID has its own rule for purposes";

/** Every case on which we differ, and why. A case that is not here and differs fails the test. */
const limboDifferences: Readonly<Record<"stricter" | "laxer", Readonly<Record<string, string>>>> = {
  stricter: {
    "pathlen::validation-ignores-pathlen-in-leaf": "its leaf is CA:TRUE, which may not authenticate",
    "pathlen::max-chain-depth-1-self-issued": "our bound counts every certificate, self-issued ones too",
    "webpki::nc::permitted-dns-match-noncritical": "RFC 5280 requires name constraints to be critical",
    "online::google.com": "it has more names than we read",
  },
  laxer: {
    "rfc5280::aki::leaf-missing-aki": identifiers,
    "rfc5280::aki::intermediate-missing-aki": identifiers,
    "rfc5280::aki::cross-signed-root-missing-aki": identifiers,
    "rfc5280::ski::root-missing-ski": identifiers,
    "rfc5280::ski::intermediate-missing-ski": identifiers,
    "webpki::aki::root-with-aki-missing-keyidentifier": identifiers,
    "webpki::aki::root-with-aki-authoritycertissuer": identifiers,
    "webpki::aki::root-with-aki-authoritycertserialnumber": identifiers,
    "webpki::aki::root-with-aki-all-fields": identifiers,
    "webpki::aki::root-with-aki-ski-mismatch":
      "the identifiers of an anchor itself are not looked at: it is configured",
    "webpki::eku::ee-anyeku": webPurposes,
    "webpki::eku::ee-critical-eku": webPurposes,
    "webpki::eku::ee-without-eku": webPurposes,
    "webpki::san::mismatch-domain-san": webNames,
    "webpki::san::mismatch-subdomain-san": webNames,
    "webpki::san::mismatch-subdomain-apex-san": webNames,
    "webpki::san::mismatch-apex-subdomain-san": webNames,
    "webpki::san::public-suffix-wildcard-san": webNames,
    "webpki::san::wildcard-embedded-leftmost-san": webNames,
    "webpki::san::wildcard-not-in-leftmost-san": webNames,
    "webpki::san::wildcard-match-across-labels-san": webNames,
    "webpki::san::wildcard-embedded-ulabel-san": webNames,
    "webpki::san::san-critical-with-nonempty-subject": "a SHOULD of the web; X.509-SVID allows it",
    "webpki::malformed-aia": "nothing is fetched from a certificate's pointers, so they are not read",
  },
};

/** When the vectors were made; cases without a time of their own are judged then. */
const limboNow = Date.UTC(2023, 11, 2);

/**
 * Path validation alone, with the leaf checks that are not SPIFFE's: limbo's leaves name web servers, which
 * `verifyX509Svid` refuses as such.
 */
function judgeLimbo(testcase: LimboCase): string | undefined {
  const now = testcase.validation_time === null ? limboNow : Date.parse(testcase.validation_time);
  const parse = (pem: string) => fromPem(pem).map((der) => parseCertificate(der));
  try {
    const [leaf] = parse(testcase.peer_certificate);
    assert.ok(leaf);
    const { extensions } = leaf;
    const refuse = (why: string) => new CordonError("SVID_INVALID", why);
    checkUnderstood(leaf, "the leaf");
    const time = validityProblem(leaf, { now, clockSkewMs: 0 });
    if (time !== undefined) throw refuse(time);
    if (leaf.keyRefused !== undefined) throw refuse(leaf.keyRefused);
    if (extensions.basicConstraints?.ca === true) throw refuse("CA:TRUE");
    if (((extensions.keyUsage?.bits ?? 0) & (1 << 5)) !== 0) throw refuse("keyCertSign");
    if (extensions.nameConstraints !== undefined) throw refuse("name constraints");
    if (extensions.subjectAltName === undefined) throw refuse("no alternative name");
    if (isEmptyName(leaf.subject) && !extensions.subjectAltName.critical) throw refuse("not critical");
    const purposes = extensions.extendedKeyUsage;
    if (purposes !== undefined && !purposes.includes(extendedKeyUsages.serverAuth)) throw refuse("no serverAuth");
    buildPath(leaf, testcase.untrusted_intermediates.flatMap(parse), testcase.trusted_certs.flatMap(parse), {
      now,
      clockSkewMs: 0,
      ...(testcase.max_chain_depth !== null && { maxLength: testcase.max_chain_depth + 2 }),
    });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof CordonError, `threw ${String(error)}`);
    return error.message;
  }
}

describe("x509-limbo", { skip }, () => {
  it("differs only where it is said and why", (context) => {
    const { testcases } = JSON.parse(read("x509-limbo/limbo-2023-12-02.json").toString()) as {
      testcases: readonly LimboCase[];
    };
    const stricter: string[] = [];
    const laxer: string[] = [];
    for (const testcase of testcases) {
      const accepted = judgeLimbo(testcase) === undefined;
      if (accepted && testcase.expected_result === "FAILURE") laxer.push(testcase.id);
      if (!accepted && testcase.expected_result === "SUCCESS") stricter.push(testcase.id);
    }
    const agreed = testcases.length - stricter.length - laxer.length;
    context.diagnostic(`${testcases.length} cases: ${agreed} judged as there; out of profile:`);
    for (const [kind, cases] of Object.entries(limboDifferences)) {
      const reasons = Map.groupBy(Object.entries(cases), ([, why]) => why);
      for (const [why, same] of reasons) context.diagnostic(`  ${same.length} ${kind}: ${why}`);
    }
    assert.deepEqual(stricter.sort(), Object.keys(limboDifferences.stricter).sort());
    assert.deepEqual(laxer.sort(), Object.keys(limboDifferences.laxer).sort());
  });
});

interface JwsGroup {
  readonly comment: string;
  readonly public?: Readonly<Record<string, unknown>>;
  readonly private?: Readonly<Record<string, unknown>>;
  readonly tests: readonly {
    readonly tcId: number;
    readonly comment: string;
    readonly jws: string;
    readonly result: string;
  }[];
}

/** Valid there and refused here: what the refusal says, why that is right, and how many there are. */
const outOfProfile: readonly (readonly [RegExp, string, number])[] = [
  [/its algorithm is not RS, PS or ES/, "HMAC and EdDSA are no algorithms of JWT-SVID (2.1)", 9],
  [/its payload is not base64url/, "a token without claims names nobody", 6],
  [/does not stand/, "the key is for another algorithm (PS256 for PS384; ES521, which does not exist)", 4],
  [/its header is not base64url/, "its header holds a character outside the alphabet", 1],
];

describe("Wycheproof's JSON web signatures", { skip }, () => {
  it("are judged like there, once what JWT-SVID forbids anyway is taken out", (context) => {
    const { testGroups } = JSON.parse(read("wycheproof/json_web_signature_test.json").toString()) as {
      testGroups: readonly JwsGroup[];
    };
    const tally = { refusedInvalid: 0, acceptedValid: 0, refusedValid: 0 };
    const reasons = new Map<string, number>();
    for (const group of testGroups) {
      const jwk = group.public ?? group.private ?? {};
      for (const test of group.tests) {
        const stands = jwsStands(test.jws, jwk);
        if (stands === true) {
          assert.equal(test.result, "valid", `test ${test.tcId} (${test.comment}) is forged and was accepted`);
          tally.acceptedValid++;
        } else if (test.result === "valid") {
          tally.refusedValid++;
          reasons.set(stands, (reasons.get(stands) ?? 0) + 1);
        } else tally.refusedInvalid++;
      }
    }
    context.diagnostic(`${tally.acceptedValid} good accepted, ${tally.refusedInvalid} bad refused; out of profile:`);
    let explained = 0;
    for (const [words, why, count] of outOfProfile) {
      const found = [...reasons].filter(([reason]) => words.test(reason)).reduce((sum, [, times]) => sum + times, 0);
      assert.equal(found, count, why);
      explained += found;
      context.diagnostic(`  ${count} good ones refused: ${why}`);
    }
    assert.equal(explained, tally.refusedValid, "each good one that is refused is explained");
    assert.ok(tally.acceptedValid > 0, "something verifies, else refusing proves nothing");
  });
});

const privateMembers: ReadonlySet<string> = new Set(["d", "p", "q", "dp", "dq", "qi"]);

/** True, or why not. The key goes the way that every key goes: through a bundle. */
function jwsStands(token: string, jwk: Readonly<Record<string, unknown>>): true | string {
  try {
    const jws = parseJws(token);
    const use = jwk["use"] === undefined || jwk["use"] === "sig" ? "jwt-svid" : jwk["use"];
    const open = Object.entries(jwk).filter(([name]) => !privateMembers.has(name));
    const document = Buffer.from(JSON.stringify({ keys: [{ ...Object.fromEntries(open), use, kid: jws.kid }] }));
    const [authority] = parseBundle(parseTrustDomain("domain.test"), document).jwtAuthorities;
    if (authority === undefined) return "the key is no authority for tokens";
    return standsUnder(jws, importJwtAuthority(authority)) || "does not stand";
  } catch (error) {
    assert.ok(error instanceof CordonError, `threw ${String(error)}`);
    return error.message;
  }
}
