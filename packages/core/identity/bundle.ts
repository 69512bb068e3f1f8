/**
 * SPIFFE bundles: a trust domain's authorities as a JWK set. In: the JSON that a trust domain publishes. Out: a
 * `TrustBundle`, or `SVID_UNTRUSTED` saying what is wrong; and back.
 *
 * Strict where an entry claims to be an authority: one that cannot be read refuses the whole document, for half a bundle
 * is a different bundle. What the standard tells consumers to ignore (unknown uses and key types, `x509-svid` entries
 * without a certificate, certificates after the first) is ignored.
 *
 * @see SPIFFE Trust Domain and Bundle, section 4; X.509-SVID, section 6; JWT-SVID, section 6
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import { isJsonObject, parseStrictJson, type JsonObject, type JsonValue } from "../contract/strict-json.ts";
import { CordonError } from "../errors.ts";
import type { JwtAuthority, TrustBundle } from "../policy/snapshot.ts";
import { judgePublicKey } from "./algorithms.ts";
import { parseCertificate, publicKeyOf } from "./certificate.ts";
import type { TrustDomain } from "./spiffe-id.ts";

/** The refresh interval where a bundle gives none (section 6.1), in seconds. */
export const defaultRefreshHintSeconds = 300;

const maxBundleBytes = 1024 * 1024;
const maxKeys = 64;
const maxKidBytes = 256;
const publicMembers = { EC: ["crv", "x", "y"], RSA: ["n", "e"] } as const;

/**
 * Parses a bundle document.
 *
 * @param bytes JSON, UTF-8, at most 1 MiB
 * @throws {CordonError} `SVID_UNTRUSTED`
 */
export function parseBundle(trustDomain: TrustDomain, bytes: Uint8Array): TrustBundle {
  const refuse = (why: string, cause?: unknown) =>
    new CordonError("SVID_UNTRUSTED", `the bundle of ${trustDomain} is refused: ${why}`, { cause });
  if (bytes.length > maxBundleBytes) throw refuse(`it is longer than ${maxBundleBytes} bytes`);
  try {
    const document = parseStrictJson(bytes, { depth: 8, names: 4096 });
    if (!isJsonObject(document)) throw new Refusal("it is not a JSON object");
    const { keys } = document;
    if (!Array.isArray(keys)) throw new Refusal("it has no `keys`");
    if (keys.length > maxKeys) throw new Refusal(`it has more than ${maxKeys} keys`);
    return {
      trustDomain,
      x509Authorities: keys.flatMap((entry, index) => readX509Authority(entry, index)),
      jwtAuthorities: readJwtAuthorities(keys),
      sequence: readCount(document, "spiffe_sequence", 0),
      refreshHintSeconds: readCount(document, "spiffe_refresh_hint", defaultRefreshHintSeconds),
    };
  } catch (cause) {
    if (cause instanceof Refusal) throw refuse(cause.message);
    if (cause instanceof CordonError) throw refuse(cause.message, cause);
    throw cause;
  }
}

/** The bundle as its published document, a plain JSON value. */
export function bundleDocument(bundle: TrustBundle): JsonObject {
  const x509 = bundle.x509Authorities.map((der) => ({
    use: "x509-svid",
    ...publicJwk(publicKeyOf(parseCertificate(der))),
    x5c: [Buffer.from(der).toString("base64")],
  }));
  const jwt = bundle.jwtAuthorities.map(({ kid, jwk }) => ({ use: "jwt-svid", kid, ...pickPublic(jwk) }));
  return {
    keys: [...x509, ...jwt],
    spiffe_sequence: bundle.sequence,
    spiffe_refresh_hint: bundle.refreshHintSeconds,
  };
}

/** The bundle as bytes to publish. */
export function serializeBundle(bundle: TrustBundle): Uint8Array {
  return Buffer.from(JSON.stringify(bundleDocument(bundle)));
}

/** A public key as a JWT authority; `kid` must be unique within its trust domain. */
export function jwtAuthorityOf(kid: string, publicKey: KeyObject): JwtAuthority {
  return { kid, jwk: publicJwk(publicKey) };
}

/** Why a bundle is refused, before the document's name is put before it. */
class Refusal extends Error {}

function readX509Authority(entry: JsonValue, index: number): readonly Uint8Array[] {
  if (!isUsable(entry, "x509-svid")) return [];
  const { x5c } = entry;
  if (x5c === undefined || (Array.isArray(x5c) && x5c.length === 0)) return [];
  const text = Array.isArray(x5c) ? x5c[0] : undefined;
  const der = typeof text === "string" ? Buffer.from(text, "base64") : undefined;
  if (der === undefined || der.toString("base64") !== text)
    throw new Refusal(`the certificate of key ${index} is not base64`);
  const certificate = parseCertificate(der);
  if (certificate.keyRefused !== undefined)
    throw new Refusal(`the certificate of key ${index}: ${certificate.keyRefused}`);
  // RFC 7517, section 4.7: the entry's own key is the certificate's. Two would leave readers to choose.
  const own = pickPublic(entry);
  const certified = publicJwk(publicKeyOf(certificate));
  for (const [name, value] of Object.entries(own))
    if (certified[name] !== value) throw new Refusal(`key ${index} differs from the key in its certificate`);
  return [der];
}

function readJwtAuthorities(keys: readonly JsonValue[]): readonly JwtAuthority[] {
  const authorities: JwtAuthority[] = [];
  for (const [index, entry] of keys.entries()) {
    if (!isUsable(entry, "jwt-svid")) continue;
    const { kid } = entry;
    if (typeof kid !== "string" || kid === "" || Buffer.byteLength(kid) > maxKidBytes)
      throw new Refusal(`key ${index} signs tokens and has no name (kid)`);
    if (authorities.some((other) => other.kid === kid)) throw new Refusal(`two keys are named \`${kid}\``);
    if ("d" in entry) throw new Refusal(`key ${index} is a private key; replace it, for it is no longer secret`);
    authorities.push({ kid, jwk: readPublicJwk(entry, index) });
  }
  return authorities;
}

/** An entry of the given use and a key type that we know; everything else is to be ignored (4.2.1, 4.2.2). */
function isUsable(entry: JsonValue, use: string): entry is JsonObject {
  if (!isJsonObject(entry)) throw new Refusal("a key is not a JSON object");
  return entry["use"] === use && (entry["kty"] === "EC" || entry["kty"] === "RSA");
}

function readPublicJwk(entry: JsonObject, index: number): JwtAuthority["jwk"] {
  const jwk = pickPublic(entry);
  let spki: Uint8Array;
  try {
    spki = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "der" });
  } catch {
    throw new Refusal(`key ${index} cannot be read`);
  }
  const verdict = judgePublicKey(spki);
  if ("refused" in verdict) throw new Refusal(`key ${index}: ${verdict.refused}`);
  const { alg, key_ops: operations } = entry;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify")))
    throw new Refusal(`key ${index} is not for verifying (key_ops)`);
  return typeof alg === "string" ? { ...jwk, alg } : jwk;
}

/** The members of a JWK that make up its public key, and no others. */
function pickPublic(jwk: Readonly<Record<string, JsonValue>>): Record<string, string> {
  const { kty } = jwk;
  if (kty !== "EC" && kty !== "RSA") return {};
  const picked: Record<string, string> = { kty };
  for (const name of publicMembers[kty]) {
    const value = jwk[name];
    if (typeof value === "string") picked[name] = value;
  }
  return picked;
}

function publicJwk(key: KeyObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(key.export({ format: "jwk" })).flatMap(([name, value]) =>
      typeof value === "string" ? [[name, value]] : [],
    ),
  );
}

function readCount(document: JsonObject, name: string, fallback: number): number {
  const value = document[name];
  if (value === undefined) return fallback;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw new Refusal(`\`${name}\` is not a whole number that can be held exactly`);
  return value;
}
