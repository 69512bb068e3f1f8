/**
 * JWT-SVID verification: who a caller is, by a bearer token. In: the token, the bundles of all trust domains we know,
 * what was revoked, our own audience, and now. Out: the verified identity, or a `CordonError` saying which rule it
 * breaks. Synchronous, as `jws.ts` below it: the path of every request needs no promise here.
 *
 * @see SPIFFE JWT-SVID, sections 3 and 4; RFC 7519; RFC 8725
 */
import { CordonError } from "../errors.ts";
import type { Instant } from "../instant.ts";
import type { JsonObject } from "../contract/strict-json.ts";
import { sha256Hex } from "./certificate.ts";
import { importJwtAuthority, jwsStands, parseJws, parseTokenJson, type ImportedAuthority } from "./jws.ts";
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

const maxAudiences = 16;

/**
 * Verifies a JWT-SVID.
 *
 * @param token compact serialisation, at most 8 KiB, without the `Bearer ` before it
 * @returns the identity; `fingerprint` is the token's SHA-256, `notAfter` its `exp`
 * @throws {CordonError} `TOKEN_INVALID`, `TOKEN_EXPIRED`, `TOKEN_AUDIENCE`, `SPIFFE_ID_INVALID`, `SVID_UNTRUSTED`,
 *   `SVID_NOT_YET_VALID`, `SVID_REVOKED`. No message holds any part of the token but its id.
 */
export function verifyJwtSvid(token: string, checks: JwtSvidChecks): VerifiedJwtSvid {
  const jws = parseJws(token); // 1. the form
  const claims = parseTokenJson(jws.payload, "payload");
  const id = readSubject(claims);
  const authority = findAuthority(id, jws.kid, checks); // 2. the key, of the subject's own trust domain
  if (!jwsStands(jws, authority)) throw invalid(`its signature does not verify (it claims ${id})`); // 3. the signature
  const { notAfter, issuedAt } = checkTimes(id, claims, checks); // 4. the claims, believed only now
  checkAudience(id, claims, checks.audience);
  const twin = jws.algorithm.kty === "EC" ? twinOfJoseSignature(jws.signature) : undefined;
  const verified: VerifiedJwtSvid = {
    id,
    fingerprint: sha256Hex(token),
    ...(twin && { twinFingerprint: sha256Hex(`${jws.signed}.${Buffer.from(twin).toString("base64url")}`) }),
    authorities: [authority.keyFingerprint],
    notAfter,
    audience: checks.audience,
    ...(issuedAt !== undefined && { issuedAt }),
  };
  const revoked = revocationOf(verified, checks.revocations); // 5. what was withdrawn
  if (revoked !== undefined) throw new CordonError("SVID_REVOKED", `the token of ${id} is revoked: ${revoked}`);
  return verified;
}

/**
 * Who a token says it is of; nothing about it is verified.
 *
 * @throws {CordonError} `TOKEN_INVALID`, `SPIFFE_ID_INVALID`
 */
export function claimedSubject(token: string): SpiffeId {
  return readSubject(parseTokenJson(parseJws(token).payload, "payload"));
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
  const bundle = bundles.get(trustDomain);
  if (bundle === undefined || bundle.trustDomain !== trustDomain)
    throw new CordonError("SVID_UNTRUSTED", `the token of ${id} is of a trust domain that is not known here`);
  const authority = bundle.jwtAuthorities.find((candidate) => candidate.kid === kid);
  if (authority === undefined)
    throw new CordonError("SVID_UNTRUSTED", `the token of ${id} names a key that ${trustDomain} does not publish`);
  const imported = importJwtAuthority(authority);
  if (revocations.keys.has(imported.keyFingerprint))
    throw new CordonError("SVID_REVOKED", `the token of ${id} is signed by the revoked key ${imported.keyFingerprint}`);
  return imported;
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
