/**
 * OAuth access tokens as JWTs: who acts, through which client, on what, within which scopes. In: the token, the issuers that
 * the snapshot trusts, the resource that is asked for, and now. Out: its verified claims, or a refusal that says which rule
 * it breaks. Whether the person still stands behind it is `decide`'s to say; whether the caller holds its key, `dpop-proof.ts`'s.
 *
 * @see RFC 9068, section 4; RFC 8707; RFC 8725; RFC 7800 and RFC 9449, section 6, for `cnf`
 */
import { CordonError } from "../errors.ts";
import type { JsonObject } from "../contract/strict-json.ts";
import { sha256Hex } from "../identity/certificate.ts";
import { importJwtAuthority, jwsStands, openJws, parseJws, parseTokenJson } from "../identity/jws.ts";
import type { ImportedAuthority } from "../identity/jws.ts";
import { twinOfJoseSignature } from "../identity/revocation.ts";
import type { Instant } from "../instant.ts";
import type { Revocations } from "../policy/snapshot.ts";
import type { TokenIssuer } from "./token-issuer.ts";

export interface AccessTokenChecks {
  readonly issuers: ReadonlyMap<string, TokenIssuer>;
  readonly revocations: Revocations;
  /** The one resource that the request is for (RFC 8707); the token must be for it and for nothing else. */
  readonly resource: string;
  readonly now: Instant;
}

export interface VerifiedAccessToken {
  readonly issuer: TokenIssuer;
  readonly subject: string;
  readonly client: string;
  /** What it may be used for; empty where it says nothing. */
  readonly scopes: readonly string[];
  /** Thumbprint of the key that it is bound to; absent for a bearer token. */
  readonly thumbprint?: string;
  /** The session at its issuer that it belongs to. */
  readonly session?: string;
  /** All of its claims, for what an issuer says of people in its own words. */
  readonly claims: JsonObject;
  readonly issuedAt: Instant;
  readonly notAfter: Instant;
  /** Lower-case hex SHA-256 of the token, and of the one that differs by its signature's twin. */
  readonly fingerprint: string;
  readonly twinFingerprint?: string;
  /** Of the key that signed it. */
  readonly keyFingerprint: string;
}

const headerNames = new Set(["alg", "kid", "typ"]);
const maxScopes = 64;
const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/; // RFC 6749, section 3.3
const thumbprintPattern = /^[A-Za-z0-9_-]{43}$/;
/** An issuer's clock may be this far ahead of ours. */
const skewMs = 5_000;

/**
 * Verifies an access token.
 *
 * @throws {CordonError} `TOKEN_INVALID`, `TOKEN_EXPIRED`, `TOKEN_AUDIENCE`, `SVID_UNTRUSTED` (no such issuer or key),
 *   `SVID_REVOKED` (its key was withdrawn). No message holds any part of the token but its issuer and client.
 */
export function verifyAccessToken(token: string, checks: AccessTokenChecks): VerifiedAccessToken {
  const jws = parseJws(token, "at+jwt"); //                            1. the form, and that it is an access token
  const claims = parseTokenJson(jws.payload, "payload");
  const issuer = issuerOf(claims, checks.issuers); //                  2. whose it says it is
  const authority = keyOf(issuer, jws.kid, checks.revocations);
  if (!jwsStands(jws, authority)) throw invalid("its signature does not stand"); // 3. the signature
  const { issuedAt, notAfter } = checkTimes(claims, issuer, checks.now); //        4. the claims, believed only now
  checkAudience(claims, checks.resource);
  const twin = jws.algorithm.kty === "EC" ? twinOfJoseSignature(jws.signature) : undefined;
  const thumbprint = confirmationOf(claims);
  const { sid } = claims;
  text(claims, "jti");
  return {
    issuer,
    subject: text(claims, "sub"),
    client: text(claims, "client_id"),
    scopes: scopesOf(claims),
    ...(thumbprint !== undefined && { thumbprint }),
    ...(sid !== undefined && { session: text(claims, "sid") }),
    claims,
    issuedAt,
    notAfter,
    fingerprint: sha256Hex(token),
    ...(twin && { twinFingerprint: sha256Hex(`${jws.signed}.${Buffer.from(twin).toString("base64url")}`) }),
    keyFingerprint: authority.keyFingerprint,
  };
}

/** Whether a token says of itself that it is an OAuth access token (RFC 9068). Nothing about it is verified. */
export function looksLikeAccessToken(token: string): boolean {
  try {
    return openJws(token, headerNames).header["typ"] === "at+jwt";
  } catch {
    return false; // it is judged by whoever takes it
  }
}

function issuerOf({ iss }: JsonObject, issuers: AccessTokenChecks["issuers"]): TokenIssuer {
  const issuer = typeof iss === "string" ? issuers.get(iss) : undefined;
  if (issuer === undefined)
    throw new CordonError("SVID_UNTRUSTED", "the access token is of an issuer that is not known here");
  return issuer;
}

function keyOf(issuer: TokenIssuer, kid: string, revocations: Revocations): ImportedAuthority {
  const key = issuer.keys.find((candidate) => candidate.kid === kid);
  if (key === undefined)
    throw new CordonError("SVID_UNTRUSTED", `the access token names a key that ${issuer.issuer} does not publish`);
  const imported = importJwtAuthority(key);
  if (revocations.keys.has(imported.keyFingerprint))
    throw new CordonError("SVID_REVOKED", `the access token is signed by the revoked key ${imported.keyFingerprint}`);
  return imported;
}

function checkTimes(
  claims: JsonObject,
  { maxLifetimeSeconds }: TokenIssuer,
  now: Instant,
): { readonly issuedAt: Instant; readonly notAfter: Instant } {
  const [issuedAt, notAfter] = [seconds(claims, "iat"), seconds(claims, "exp")];
  const notBefore = claims["nbf"] === undefined ? issuedAt : seconds(claims, "nbf");
  if (!(now < notAfter)) throw new CordonError("TOKEN_EXPIRED", "the access token has expired; refresh it");
  if (!(Math.max(issuedAt, notBefore) <= now + skewMs))
    throw new CordonError("SVID_NOT_YET_VALID", "the access token is from the future; check both clocks");
  if (!(notAfter - issuedAt <= maxLifetimeSeconds * 1000))
    throw invalid(`it lives longer than the ${maxLifetimeSeconds} seconds that its issuer may give`);
  return { issuedAt, notAfter };
}

/** One token, one resource: a token for two could be carried by one of them to the other. */
function checkAudience({ aud }: JsonObject, resource: string): void {
  const audience = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud;
  if (typeof audience !== "string" || audience === "") throw invalid("it is not for exactly one resource (aud)");
  if (resource === "" || audience !== resource)
    throw new CordonError("TOKEN_AUDIENCE", `the access token is for another resource, not for \`${resource}\``);
}

/** `cnf` names one key by its thumbprint; a confirmation of any other kind cannot be checked here, so it is refused. */
function confirmationOf({ cnf }: JsonObject): string | undefined {
  if (cnf === undefined) return undefined;
  const [name, ...more] = typeof cnf === "object" && cnf !== null && !Array.isArray(cnf) ? Object.keys(cnf) : [];
  const value = name === "jkt" && more.length === 0 ? (cnf as JsonObject)["jkt"] : undefined;
  if (typeof value !== "string" || !thumbprintPattern.test(value))
    throw invalid("it is bound to something else than a DPoP key (cnf)");
  return value;
}

function scopesOf({ scope }: JsonObject): readonly string[] {
  if (scope === undefined) return [];
  const scopes = typeof scope === "string" ? scope.split(" ") : [];
  if (scopes.length === 0 || scopes.length > maxScopes || !scopes.every((one) => scopePattern.test(one)))
    throw invalid("its scope is not a list of names");
  return scopes;
}

function text(claims: JsonObject, name: string): string {
  const value = claims[name];
  if (typeof value !== "string" || value === "" || value.length > 2_048) throw invalid(`it has no ${name}`);
  return value;
}

function seconds(claims: JsonObject, name: string): Instant {
  const value = claims[name];
  if (typeof value !== "number" || !Number.isInteger(value) || !Number.isSafeInteger(value * 1000) || value < 0)
    throw invalid(`its ${name} is not a whole number of seconds`);
  return value * 1000;
}

function invalid(why: string): CordonError {
  return new CordonError("TOKEN_INVALID", `the access token is not valid: ${why}`);
}
