/**
 * JWT-SVID verification: who a caller is, by a bearer token. In: the token, the bundles of all trust domains we know,
 * what was revoked, our own audience, and now. Out: the verified identity, or a `CordonError` saying which rule it
 * breaks.
 *
 * Synchronous and on node:crypto: the path of every request needs no promise here, and a general JOSE library accepts
 * what must be refused (missing `exp`, unknown headers, non-canonical base64url, duplicate names). Each token has one
 * accepted spelling but for ECDSA's twin signature, which `revocation.ts` covers.
 *
 * @see SPIFFE JWT-SVID, sections 2 to 4; RFC 7515, 7518, 7519, 8725
 */
import { constants, createPublicKey, verify, type KeyObject } from "node:crypto";
import { CordonError } from "../errors.ts";
import type { Instant } from "../instant.ts";
import { isJsonObject, parseStrictJson, type JsonObject } from "../contract/strict-json.ts";
import type { JwtAuthority, TrustBundle } from "../policy/snapshot.ts";
import { judgePublicKey } from "./algorithms.ts";
import { sha256Hex } from "./certificate.ts";
import { revocationOf, twinOfJoseSignature } from "./revocation.ts";
import { parseSpiffeId, pathOf, trustDomainOf, type SpiffeId } from "./spiffe-id.ts";
import type { VerifiedSvid } from "./svid.ts";
import type { IdentityTrust } from "./x509-svid.ts";

export interface JwtSvidChecks extends IdentityTrust {
  /** What this enforcement point calls itself; must be among the token's audiences, letter for letter. */
  readonly audience: string;
  readonly now: Instant;
  /** How long a token may live, from issue and from now. Default 300. */
  readonly maxLifetimeSeconds?: number;
  /** Leeway for clocks, in milliseconds, on either end. Default 0. */
  readonly clockSkewMs?: number;
}

export interface VerifiedJwtSvid extends VerifiedSvid {
  /** The audience that matched: the verifier's own. */
  readonly audience: string;
  readonly issuedAt?: Instant;
}

const maxTokenBytes = 8 * 1024;
const maxAudiences = 16;
const maxKidBytes = 256;
const jsonLimits = { depth: 8, names: 128 };

interface TokenAlgorithm {
  readonly kty: "EC" | "RSA";
  readonly digest: string;
  readonly curve?: string;
  /** Bytes of an ECDSA signature (RFC 7518, 3.4); RSA's follows from the key. */
  readonly signatureBytes?: number;
  readonly pss?: boolean;
}

/** JWT-SVID 2.1. No `none`, no HMAC, no EdDSA. */
const algorithms: ReadonlyMap<string, TokenAlgorithm> = new Map([
  ["RS256", { kty: "RSA", digest: "sha256" }],
  ["RS384", { kty: "RSA", digest: "sha384" }],
  ["RS512", { kty: "RSA", digest: "sha512" }],
  ["PS256", { kty: "RSA", digest: "sha256", pss: true }],
  ["PS384", { kty: "RSA", digest: "sha384", pss: true }],
  ["PS512", { kty: "RSA", digest: "sha512", pss: true }],
  ["ES256", { kty: "EC", digest: "sha256", curve: "P-256", signatureBytes: 64 }],
  ["ES384", { kty: "EC", digest: "sha384", curve: "P-384", signatureBytes: 96 }],
  ["ES512", { kty: "EC", digest: "sha512", curve: "P-521", signatureBytes: 132 }],
]);

const headerNames: ReadonlySet<string> = new Set(["alg", "kid", "typ"]);

interface ParsedToken {
  readonly algorithm: TokenAlgorithm;
  readonly algorithmName: string;
  readonly kid: string;
  readonly claims: JsonObject;
  readonly signed: string;
  readonly signature: Uint8Array;
}

/**
 * Verifies a JWT-SVID.
 *
 * @param token compact serialisation, at most 8 KiB, without the `Bearer ` before it
 * @returns the identity; `fingerprint` is the token's SHA-256, `notAfter` its `exp`
 * @throws {CordonError} `TOKEN_INVALID`, `TOKEN_EXPIRED`, `TOKEN_AUDIENCE`, `SPIFFE_ID_INVALID`, `SVID_UNTRUSTED`,
 *   `SVID_NOT_YET_VALID`, `SVID_REVOKED`. No message holds any part of the token but its id.
 */
export function verifyJwtSvid(token: string, checks: JwtSvidChecks): VerifiedJwtSvid {
  const parsed = parseToken(token); // 1. the form
  const id = readSubject(parsed.claims);
  const authority = findAuthority(id, parsed.kid, checks); // 2. the key, of the subject's own trust domain
  checkSignature(id, parsed, authority); // 3. the signature, before any claim is believed
  const { notAfter, issuedAt } = checkTimes(id, parsed.claims, checks); // 4. the claims
  checkAudience(id, parsed.claims, checks.audience);
  const twin = parsed.algorithm.kty === "EC" ? twinOfJoseSignature(parsed.signature) : undefined;
  const verified: VerifiedJwtSvid = {
    id,
    fingerprint: sha256Hex(token),
    ...(twin && { twinFingerprint: sha256Hex(`${parsed.signed}.${Buffer.from(twin).toString("base64url")}`) }),
    notAfter,
    audience: checks.audience,
    ...(issuedAt !== undefined && { issuedAt }),
  };
  const revoked = revocationOf(verified, checks.revocations); // 5. what was withdrawn
  if (revoked !== undefined) throw new CordonError("SVID_REVOKED", `the token of ${id} is revoked: ${revoked}`);
  return verified;
}

function parseToken(token: string): ParsedToken {
  if (token.length > maxTokenBytes) throw invalid(`it is longer than ${maxTokenBytes} bytes`);
  const segments = token.split(".", 4);
  const [headerText, payloadText, signatureText] = segments;
  if (segments.length !== 3 || headerText === undefined || payloadText === undefined || signatureText === undefined)
    throw invalid("it is not three parts (compact serialisation)");
  const header = parseObject(decodeSegment(headerText, "header"), "header");
  for (const name of Object.keys(header))
    if (!headerNames.has(name)) throw invalid("its header holds something other than alg, kid and typ");
  const { alg, kid, typ } = header;
  const algorithm = typeof alg === "string" ? algorithms.get(alg) : undefined;
  if (algorithm === undefined || typeof alg !== "string")
    throw invalid("its algorithm is not RS, PS or ES 256, 384 or 512");
  if (typeof kid !== "string" || kid === "" || kid.length > maxKidBytes) throw invalid("it names no key (kid)");
  if (typ !== undefined && typ !== "JWT" && typ !== "JOSE") throw invalid("its type is neither JWT nor JOSE");
  return {
    algorithm,
    algorithmName: alg,
    kid,
    claims: parseObject(decodeSegment(payloadText, "payload"), "payload"),
    signed: `${headerText}.${payloadText}`,
    signature: decodeSegment(signatureText, "signature"),
  };
}

const base64urlPattern = /^[A-Za-z0-9_-]+$/;

/** Canonical base64url only (RFC 4648, 3.5): a decoder that forgives lets one token have many spellings. */
function decodeSegment(text: string, what: string): Uint8Array {
  if (!base64urlPattern.test(text)) throw invalid(`its ${what} is not base64url`);
  const bytes = Buffer.from(text, "base64url");
  if (bytes.toString("base64url") !== text) throw invalid(`its ${what} is not canonical base64url`);
  return bytes;
}

function parseObject(bytes: Uint8Array, what: string): JsonObject {
  let value;
  try {
    value = parseStrictJson(bytes, jsonLimits);
  } catch (cause) {
    throw new CordonError("TOKEN_INVALID", `the token is not a JWT-SVID: its ${what} is not unambiguous JSON`, {
      cause,
    });
  }
  if (!isJsonObject(value)) throw invalid(`its ${what} is not a JSON object`);
  return value;
}

function readSubject(claims: JsonObject): SpiffeId {
  const { sub } = claims;
  if (typeof sub !== "string") throw invalid("it has no subject (sub)");
  const id = parseSpiffeId(sub);
  if (pathOf(id) === "") throw invalid("its subject names a trust domain, not a workload");
  return id;
}

function findAuthority(id: SpiffeId, kid: string, { bundles, revocations }: IdentityTrust): ImportedAuthority {
  const trustDomain = trustDomainOf(id);
  const bundle: TrustBundle | undefined = bundles.get(trustDomain);
  if (bundle === undefined || bundle.trustDomain !== trustDomain)
    throw new CordonError("SVID_UNTRUSTED", `the token of ${id} is of a trust domain that is not known here`);
  const authority = bundle.jwtAuthorities.find((candidate) => candidate.kid === kid);
  if (authority === undefined)
    throw new CordonError("SVID_UNTRUSTED", `the token of ${id} names a key that ${trustDomain} does not publish`);
  const imported = importAuthority(authority);
  if (revocations.keys.has(imported.keyFingerprint))
    throw new CordonError("SVID_REVOKED", `the token of ${id} is signed by the revoked key ${imported.keyFingerprint}`);
  return imported;
}

interface ImportedAuthority {
  readonly key: KeyObject;
  readonly keyFingerprint: string;
  readonly jwk: JwtAuthority["jwk"];
}

const importedAuthorities = new WeakMap<JwtAuthority, ImportedAuthority>();

/** The authority's key as a `KeyObject`; bundles are immutable, so each is imported once. */
function importAuthority(authority: JwtAuthority): ImportedAuthority {
  let imported = importedAuthorities.get(authority);
  if (imported === undefined) {
    const { kty = "", crv, x, y, n, e } = authority.jwk;
    // Only the public members are handed on: a private or symmetric key in a bundle must not become usable here.
    const members = { kty, crv, x, y, n, e };
    const key = importJwk(Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)));
    const spki = key.export({ type: "spki", format: "der" });
    const verdict = judgePublicKey(spki);
    if ("refused" in verdict) throw invalid(`the key it names may not be used: ${verdict.refused}`);
    imported = { key, keyFingerprint: sha256Hex(spki), jwk: authority.jwk };
    importedAuthorities.set(authority, imported);
  }
  return imported;
}

function importJwk(jwk: Record<string, string | undefined>): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch (cause) {
    throw new CordonError("TOKEN_INVALID", "the token names a key in its bundle that cannot be read", { cause });
  }
}

/** The key must be of the algorithm's kind and curve: the header never chooses how a key is used (RFC 8725, 3.1). */
function checkSignature(id: SpiffeId, token: ParsedToken, { key, jwk }: ImportedAuthority): void {
  const { algorithm, signature } = token;
  const fits =
    jwk["kty"] === algorithm.kty &&
    (algorithm.curve === undefined || jwk["crv"] === algorithm.curve) &&
    (jwk["alg"] === undefined || jwk["alg"] === token.algorithmName);
  if (!fits) throw invalid("its algorithm does not fit the key it names");
  if (algorithm.signatureBytes !== undefined && signature.length !== algorithm.signatureBytes)
    throw invalid("its signature has a wrong length");
  if (!stands(algorithm, token.signed, key, signature))
    throw invalid(`its signature does not verify (it claims ${id})`);
}

function stands(algorithm: TokenAlgorithm, signed: string, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return verify(
      algorithm.digest,
      Buffer.from(signed, "latin1"),
      algorithm.pss === true
        ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
        : { key, dsaEncoding: "ieee-p1363" },
      signature,
    );
  } catch {
    return false; // OpenSSL throws for some malformed inputs: not a signature, so it does not stand
  }
}

function checkTimes(
  id: SpiffeId,
  claims: JsonObject,
  { now, maxLifetimeSeconds = 300, clockSkewMs = 0 }: JwtSvidChecks,
): { readonly notAfter: Instant; readonly issuedAt: Instant | undefined } {
  const expires = readSeconds(claims, "exp");
  if (expires === undefined) throw invalid("it never expires (no exp)");
  const issuedAt = readSeconds(claims, "iat");
  const notBefore = readSeconds(claims, "nbf");
  // Negated so that a clock that gives no time (NaN) refuses.
  if (!(now - clockSkewMs < expires))
    throw new CordonError("TOKEN_EXPIRED", `the token of ${id} expired at ${words(expires)}; get a new one`);
  if (!(now + clockSkewMs >= Math.max(issuedAt ?? 0, notBefore ?? 0)))
    throw new CordonError("SVID_NOT_YET_VALID", `the token of ${id} is from the future; check both clocks`);
  const limit = maxLifetimeSeconds * 1000;
  if (!(expires - (issuedAt ?? 0) <= limit || issuedAt === undefined) || !(expires - now <= limit + clockSkewMs))
    throw invalid(`it lives longer than ${maxLifetimeSeconds} seconds`);
  return { notAfter: expires, issuedAt };
}

/** A NumericDate in whole seconds, as an instant. */
function readSeconds(claims: JsonObject, name: string): Instant | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isSafeInteger(value * 1000) || value < 0 || !Number.isInteger(value))
    throw invalid(`its ${name} is not a whole number of seconds`);
  return value * 1000;
}

function checkAudience(id: SpiffeId, { aud }: JsonObject, audience: string): void {
  const audiences = typeof aud === "string" ? [aud] : Array.isArray(aud) ? aud : [];
  const known = audiences.every((value) => typeof value === "string" && value !== "");
  if (audiences.length === 0 || audiences.length > maxAudiences || !known)
    throw invalid(`its audience is not one to ${maxAudiences} names`);
  if (audience === "" || !audiences.includes(audience))
    throw new CordonError("TOKEN_AUDIENCE", `the token of ${id} is for someone else, not for \`${audience}\``);
}

function words(instant: Instant): string {
  return instant <= 8.64e15 ? new Date(instant).toISOString() : String(instant);
}

function invalid(why: string): CordonError {
  return new CordonError("TOKEN_INVALID", `the token is not a valid JWT-SVID: ${why}`);
}
