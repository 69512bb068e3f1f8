/**
 * Tokens that a platform signs for a machine or a pod: a JWS by a published key, for our audience, short-lived. In: the
 * token, the platform's issuer and keys. Out: its claims, or a refusal. What the claims say of a node is the attestor's.
 */
import { isJsonObject, parseStrictJson, type JsonObject, type JsonValue } from "@cordon/core/contract/strict-json";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { importJwtAuthority, jwsStands, parseJws, parseTokenJson } from "@cordon/core/identity/jws";
import type { Instant } from "@cordon/core/instant";
import type { JwtAuthority } from "@cordon/core/policy/snapshot";

export interface Platform {
  readonly issuer: string;
  readonly audience: string;
  /** The platform's keys (JWKS), read again at each attestation. */
  readonly readKeys: () => Promise<Uint8Array>;
}

const clockSkewMs = 10_000;

/**
 * @param maxLifetimeSeconds longest that a token may still live
 * @throws {CordonError} `ACCESS_DENIED`; `CONFIG_INVALID` where the keys' file is none
 */
export async function verifyPlatformToken<T>(
  token: string,
  platform: Platform,
  maxLifetimeSeconds: number,
  now: Instant,
  read: (claims: JsonObject) => T,
): Promise<T> {
  const keys = readKeySet(await platform.readKeys());
  try {
    const jws = parseJws(token);
    const key = keys.get(jws.kid);
    if (key === undefined) throw refusedToken("it is signed by a key that its issuer does not publish");
    if (!jwsStands(jws, importJwtAuthority(key))) throw refusedToken("its signature does not verify");
    const claims = parseTokenJson(jws.payload, "payload");
    checkClaims(claims, platform, maxLifetimeSeconds, now);
    return read(claims);
  } catch (error) {
    if (isCordonError(error, "ACCESS_DENIED")) throw error;
    throw isCordonError(error) ? refusedToken(error.message, error) : error;
  }
}

function checkClaims(claims: JsonObject, platform: Platform, maxLifetimeSeconds: number, now: Instant): void {
  const { iss, aud, exp, nbf } = claims;
  if (iss !== platform.issuer) throw refusedToken("it is of another issuer");
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (!audiences.includes(platform.audience)) throw refusedToken(`its audience is not \`${platform.audience}\``);
  if (typeof exp !== "number" || !(now - clockSkewMs < exp * 1000)) throw refusedToken("it has expired, or never does");
  if (!(exp * 1000 - now <= maxLifetimeSeconds * 1000))
    throw refusedToken("it lives too long; ask for a short-lived one");
  if (nbf !== undefined && (typeof nbf !== "number" || !(now + clockSkewMs >= nbf * 1000)))
    throw refusedToken("it is from the future");
}

export function objectIn(object: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = object?.[name];
  return value !== undefined && isJsonObject(value) ? value : undefined;
}

export function textIn(object: JsonObject | undefined, name: string): string | undefined {
  const value = object?.[name];
  return typeof value === "string" ? value : undefined;
}

function readKeySet(bytes: Uint8Array): ReadonlyMap<string, JwtAuthority> {
  const document: JsonValue = parseStrictJson(bytes, { depth: 6, names: 1024 });
  const keys = isJsonObject(document) ? document["keys"] : undefined;
  if (!Array.isArray(keys))
    throw new CordonError("CONFIG_INVALID", "the file of keys under `agents` is not a JWKS: it has no `keys`");
  const found = new Map<string, JwtAuthority>();
  for (const entry of keys) {
    if (!isJsonObject(entry)) continue;
    const { kid, kty } = entry;
    if (typeof kid !== "string" || (kty !== "RSA" && kty !== "EC")) continue;
    const jwk = Object.fromEntries(
      ["kty", "n", "e", "crv", "x", "y"].flatMap((name) =>
        typeof entry[name] === "string" ? [[name, entry[name]] as const] : [],
      ),
    );
    found.set(kid, { kid, jwk });
  }
  return found;
}

export function refusedToken(why: string, cause?: unknown): CordonError {
  return new CordonError("ACCESS_DENIED", `the platform's token is refused: ${why}`, { cause });
}
