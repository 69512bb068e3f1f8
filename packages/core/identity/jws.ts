/**
 * Compact JSON web signatures, as far as JWT-SVID allows them. In: a token, and an authority's key. Out: the parsed
 * parts, and whether the signature stands.
 *
 * Own code on node:crypto, since a general JOSE library accepts what must be refused here (unknown headers, forgiving
 * base64url, repeated names) and answers with a promise. Each token has one accepted spelling but for ECDSA's twin
 * signature, which `revocation.ts` covers.
 *
 * @see SPIFFE JWT-SVID, section 2; RFC 7515, section 5.2; RFC 7518, section 3; RFC 8725
 */
import { constants, createPublicKey, verify, type KeyObject } from "node:crypto";
import { isJsonObject, parseStrictJson, type JsonObject } from "../contract/strict-json.ts";
import { CordonError } from "../errors.ts";
import type { JwtAuthority } from "../policy/snapshot.ts";
import { judgePublicKey } from "./algorithms.ts";
import { sha256Hex } from "./certificate.ts";

const maxTokenBytes = 8 * 1024;
const maxKidBytes = 256;
const jsonLimits = { depth: 8, names: 128 };

export interface TokenAlgorithm {
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

/** A token in its parts. Nothing about it is trusted yet. */
export interface CompactJws {
  readonly algorithm: TokenAlgorithm;
  readonly algorithmName: string;
  readonly kid: string;
  readonly payload: Uint8Array;
  /** What was signed: header and payload as they were sent. */
  readonly signed: string;
  readonly signature: Uint8Array;
}

/**
 * Takes a token apart, strictly.
 *
 * @param type what its header must say it is; absent: a JWT-SVID, which need not say
 * @throws {CordonError} `TOKEN_INVALID`
 */
export function parseJws(token: string, type?: string): CompactJws {
  const { header, algorithm, algorithmName, ...parts } = openJws(token, headerNames);
  const { kid, typ } = header;
  if (typeof kid !== "string" || kid === "" || kid.length > maxKidBytes) throw invalid("it names no key (kid)");
  if (type !== undefined && typ !== type) throw invalid(`its type is not ${type}`);
  if (type === undefined && typ !== undefined && typ !== "JWT" && typ !== "JOSE")
    throw invalid("its type is neither JWT nor JOSE");
  return { algorithm, algorithmName, kid, ...parts };
}

/** A compact JWS whose header has been read, and holds nothing but what was allowed. */
export interface OpenedJws extends Omit<CompactJws, "kid"> {
  readonly header: JsonObject;
}

/**
 * Takes apart a signature of any kind. The header is the caller's to judge, but for its names and the algorithm.
 *
 * @param names what the header may hold
 * @throws {CordonError} `TOKEN_INVALID`
 */
export function openJws(token: string, names: ReadonlySet<string>): OpenedJws {
  if (token.length > maxTokenBytes) throw invalid(`it is longer than ${maxTokenBytes} bytes`);
  const segments = token.split(".", 4);
  const [headerText, payloadText, signatureText] = segments;
  if (segments.length !== 3 || headerText === undefined || payloadText === undefined || signatureText === undefined)
    throw invalid("it is not three parts (compact serialisation)");
  const header = parseTokenJson(decodeSegment(headerText, "header"), "header");
  for (const name of Object.keys(header))
    if (!names.has(name)) throw invalid(`its header holds something other than ${[...names].join(", ")}`);
  const { alg } = header;
  const algorithm = typeof alg === "string" ? algorithms.get(alg) : undefined;
  if (algorithm === undefined || typeof alg !== "string")
    throw invalid("its algorithm is not RS, PS or ES 256, 384 or 512");
  return {
    header,
    algorithm,
    algorithmName: alg,
    payload: decodeSegment(payloadText, "payload"),
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

/** The JSON object in a part of a token; ambiguous JSON is refused. */
export function parseTokenJson(bytes: Uint8Array, what: string): JsonObject {
  let value;
  try {
    value = parseStrictJson(bytes, jsonLimits);
  } catch (cause) {
    throw new CordonError("TOKEN_INVALID", `the token is not valid: its ${what} is not unambiguous JSON`, {
      cause,
    });
  }
  if (!isJsonObject(value)) throw invalid(`its ${what} is not a JSON object`);
  return value;
}

/** A JWT authority, ready for use. */
export interface ImportedAuthority {
  readonly key: KeyObject;
  readonly keyFingerprint: string;
  readonly jwk: JwtAuthority["jwk"];
}

const importedAuthorities = new WeakMap<JwtAuthority, ImportedAuthority>();

/** The authority's key as a `KeyObject`; bundles are immutable, so each is imported once. */
export function importJwtAuthority(authority: JwtAuthority): ImportedAuthority {
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

/**
 * Whether the signature stands under the authority's key. The key must be of the algorithm's kind and curve: the header
 * never chooses how a key is used (RFC 8725, section 3.1).
 */
export function jwsStands(
  token: Omit<CompactJws, "kid">,
  { key, jwk }: Omit<ImportedAuthority, "keyFingerprint"> & Partial<ImportedAuthority>,
): boolean {
  const { algorithm, signature } = token;
  const fits =
    jwk["kty"] === algorithm.kty &&
    (algorithm.curve === undefined || jwk["crv"] === algorithm.curve) &&
    (jwk["alg"] === undefined || jwk["alg"] === token.algorithmName) &&
    (algorithm.signatureBytes === undefined || signature.length === algorithm.signatureBytes);
  return fits && stands(algorithm, token.signed, key, signature);
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

function invalid(why: string): CordonError {
  return new CordonError("TOKEN_INVALID", `the token is not valid: ${why}`);
}
