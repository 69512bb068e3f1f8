/**
 * Issues one SVID. In: the authority's state, its signing key, and who is to have it. Out: a certificate or a token.
 *
 * Who may have which id is not decided here; what is decided here is that nothing outlives its issuer, nothing is signed
 * by a key that was withdrawn, and nothing leaves that our own verifier would refuse.
 */
import { sign, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { judgePublicKey } from "@cordon/core/identity/algorithms";
import { readCsr } from "@cordon/core/identity/csr";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { verifyX509Svid } from "@cordon/core/identity/x509-svid";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { Revocations, TrustBundle } from "@cordon/core/policy/snapshot";
import { fromBase64, type IssuerGeneration, type TokenKeyGeneration } from "./authority-state.ts";
import { buildLeaf } from "./certificates.ts";
import { backdateMs } from "./generations.ts";

/** SPIFFE's practice, and the longest that verifiers accept. */
export const maxJwtTtlSeconds = 300;
const maxExtraNames = 32;
const maxAudienceBytes = 2048;
/** As many as our own verifier reads. */
const maxAudiences = 16;

export interface X509SvidRequest {
  readonly id: SpiffeId;
  /**
   * Proves possession of the key; only the key in it is used, never a name. PEM or DER. Or, from code that made the key
   * itself, `publicKey` (SubjectPublicKeyInfo).
   */
  readonly key: { readonly csr: string | Uint8Array } | { readonly publicKey: KeyObject };
  /** Further names that TLS clients may dial, never used to authenticate. */
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly ttlSeconds?: number;
}

export interface IssuedX509Svid {
  readonly id: SpiffeId;
  /** DER, leaf first, without the root. */
  readonly chain: readonly Uint8Array[];
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  /** Lower-case hex SHA-256 of the leaf. */
  readonly fingerprint: string;
}

export interface JwtSvidRequest {
  readonly id: SpiffeId;
  /** For whom the token is: one, as a rule. Whoever is named may present it to the others. */
  readonly audience: string | readonly string[];
  readonly ttlSeconds?: number;
}

export interface IssuedJwtSvid {
  readonly id: SpiffeId;
  readonly token: string;
  readonly notAfter: Instant;
}

/** A request that may be met, before a key is touched. */
export interface LeafOrder {
  readonly publicKeyInfo: Uint8Array;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}

/**
 * Judges a request: its key, its names and its lifetime.
 *
 * @throws {CordonError} `SVID_INVALID`, `CERTIFICATE_MALFORMED`
 */
export function orderLeaf(
  request: X509SvidRequest,
  issuer: IssuerGeneration,
  settings: { readonly svidTtlSeconds: number; readonly maxSvidTtlSeconds: number },
  now: Instant,
): LeafOrder {
  const publicKeyInfo =
    "csr" in request.key ? readCsr(request.key.csr).publicKeyInfo : exportPublic(request.key.publicKey);
  const verdict = judgePublicKey(publicKeyInfo);
  if ("refused" in verdict) throw invalid(`the request's key cannot be certified: ${verdict.refused}`);
  const ttlSeconds = request.ttlSeconds ?? settings.svidTtlSeconds;
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > settings.maxSvidTtlSeconds)
    throw invalid(`a lifetime of ${ttlSeconds} s is not between 1 and ${settings.maxSvidTtlSeconds} s`);
  const second = Math.floor(now / 1000) * 1000;
  const notAfter = Math.min(second + ttlSeconds * 1000, issuer.notAfter);
  return { publicKeyInfo, ...checkNames(request), notBefore: second - backdateMs, notAfter };
}

/** @throws {CordonError} `SVID_INVALID`, `SVID_REVOKED` and all of `verifyX509Svid` */
export async function issueLeaf(
  id: SpiffeId,
  order: LeafOrder,
  signing: { readonly issuer: IssuerGeneration; readonly key: KeyObject },
  trust: { readonly bundle: TrustBundle; readonly revocations: Revocations },
  now: Instant,
): Promise<IssuedX509Svid> {
  const certificate = fromBase64(signing.issuer.certificate);
  const leaf = await buildLeaf({ id, ...order }, { certificate, key: signing.key });
  const chain = [leaf, certificate, ...signing.issuer.above.map(fromBase64)];
  // Judged as a peer would judge it, revoked keys included, so that what leaves here works, or does not leave.
  const { bundle, revocations } = trust;
  const verified = verifyX509Svid(chain, { bundles: new Map([[bundle.trustDomain, bundle]]), revocations }, now);
  if (verified.id !== id) throw invalid("the certificate came out with another name than was asked for");
  return { id, chain, notBefore: order.notBefore, notAfter: order.notAfter, fingerprint: verified.fingerprint };
}

/**
 * Judges a request for a token; returns when it would end.
 *
 * @throws {CordonError} `TOKEN_INVALID`
 */
export function orderToken({ audience, ttlSeconds }: JwtSvidRequest, jwtTtlSeconds: number, now: Instant) {
  const seconds = ttlSeconds ?? jwtTtlSeconds;
  const names = typeof audience === "string" ? [audience] : audience;
  // Together so short that the token stays within what verifiers read.
  const bytes = Buffer.byteLength(names.join(""));
  if (
    names.length === 0 ||
    names.length > maxAudiences ||
    new Set(names).size !== names.length ||
    bytes > 2 * maxAudienceBytes
  )
    throw new CordonError(
      "TOKEN_INVALID",
      `a token is for 1 to ${maxAudiences} different audiences, ${2 * maxAudienceBytes} bytes in all`,
    );
  for (const name of names)
    if (name === "" || Buffer.byteLength(name) > maxAudienceBytes || !name.isWellFormed())
      throw new CordonError("TOKEN_INVALID", `a token's audience has 1 to ${maxAudienceBytes} bytes`);
  if (!Number.isSafeInteger(seconds) || seconds < 1 || seconds > maxJwtTtlSeconds)
    throw new CordonError("TOKEN_INVALID", `a token lives 1 to ${maxJwtTtlSeconds} s, not ${seconds} s`);
  const issuedAt = Math.floor(now / 1000);
  return { issuedAt, expires: issuedAt + seconds };
}

export function issueToken(
  { id, audience }: JwtSvidRequest,
  { issuedAt, expires }: { readonly issuedAt: number; readonly expires: number },
  { kid }: TokenKeyGeneration,
  key: KeyObject,
): IssuedJwtSvid {
  const header = { alg: "ES256", kid, typ: "JWT" };
  const claims = { sub: id, aud: audience, iat: issuedAt, exp: expires };
  const signed = `${encode(header)}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return { id, token: `${signed}.${signature.toString("base64url")}`, notAfter: expires * 1000 };
}

const dnsPattern = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

function checkNames({ dnsNames = [], ipAddresses = [] }: X509SvidRequest) {
  if (dnsNames.length + ipAddresses.length > maxExtraNames) throw invalid(`more than ${maxExtraNames} further names`);
  for (const name of dnsNames) if (!dnsPattern.test(name)) throw invalid(`\`${name}\` is not a DNS name in lower case`);
  for (const address of ipAddresses)
    if (isIP(address) === 0 || address.includes("%")) throw invalid(`\`${address}\` is not an IP address`);
  return { dnsNames, ipAddresses };
}

function exportPublic(key: KeyObject): Uint8Array {
  if (key.type !== "public") throw invalid("the request's key is not a public key");
  return key.export({ type: "spki", format: "der" });
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

export function invalid(why: string): CordonError {
  return new CordonError("SVID_INVALID", `no SVID is issued: ${why}`);
}
