/**
 * The certificate authority of one trust domain. In: a vault for its keys, a store for its state, and requests from code
 * that has already established who asks. Out: the trust bundle, X.509-SVIDs and JWT-SVIDs.
 *
 * A root (long) signs issuers (shorter), an issuer signs leaves (hours). Who may have which id is not decided here; what
 * is decided here is that nothing revoked is issued, nothing outlives its issuer, and nothing leaves that our own
 * verifier would refuse.
 */
import { createPublicKey, sign, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { judgePublicKey } from "@cordon/core/identity/algorithms";
import { sha256Hex } from "@cordon/core/identity/certificate";
import { readCsr } from "@cordon/core/identity/csr";
import { pathOf, trustDomainOf, type SpiffeId, type TrustDomain } from "@cordon/core/identity/spiffe-id";
import { verifyX509Svid } from "@cordon/core/identity/x509-svid";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { TrustBundle } from "@cordon/core/policy/snapshot";
import type { KeyVault } from "../keys/key-vault.ts";
import type { StateStore } from "../store/state-store.ts";
import {
  activeOf,
  authorityKey,
  bundleKey,
  bundleOf,
  bundleValueOf,
  emptyState,
  readState,
  type AuthorityState,
} from "./authority-state.ts";
import { buildLeaf } from "./certificates.ts";
import { advance, backdateMs, generateP256, purposesDropped, type GenerationSettings } from "./generations.ts";
import { revocationKind, revocationsFrom } from "./revocation.ts";

export interface AuthoritySettings extends GenerationSettings {
  /** Of an X.509-SVID, where the request says nothing. */
  readonly svidTtlSeconds: number;
  /** The longest that a request may ask for. */
  readonly maxSvidTtlSeconds: number;
  /** Of a JWT-SVID, at most 300. */
  readonly jwtTtlSeconds: number;
}

export const defaultAuthoritySettings: AuthoritySettings = {
  rootTtlSeconds: 10 * 365 * 86_400,
  issuerTtlSeconds: 30 * 86_400,
  tokenKeyTtlSeconds: 30 * 86_400,
  refreshHintSeconds: 300,
  svidTtlSeconds: 3600,
  maxSvidTtlSeconds: 86_400,
  jwtTtlSeconds: 300,
};

/** SPIFFE's practice, and the longest that verifiers accept. */
const maxJwtTtlSeconds = 300;
const maxExtraNames = 32;
const maxAudienceBytes = 2048;
const actor = "system:authority";

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
  readonly audience: string;
  readonly ttlSeconds?: number;
}

export interface IssuedJwtSvid {
  readonly id: SpiffeId;
  readonly token: string;
  readonly notAfter: Instant;
}

export interface Authority {
  /** The trust bundle as last read or written; current after {@link maintain}. */
  bundle(): TrustBundle;
  /** Renews what is due and takes over what another process renewed. Issuing does it too; call it also by the clock. */
  maintain(): Promise<void>;
  /** @throws {CordonError} `SVID_INVALID` (key, names, lifetime), `SVID_REVOKED`, `KEY_SEALED`, `STORE_UNAVAILABLE` */
  issueX509Svid(request: X509SvidRequest): Promise<IssuedX509Svid>;
  /** @throws {CordonError} `TOKEN_INVALID` (audience, lifetime), `SVID_INVALID`, `SVID_REVOKED` */
  issueJwtSvid(request: JwtSvidRequest): Promise<IssuedJwtSvid>;
}

export interface AuthorityOptions {
  readonly vault: KeyVault;
  readonly store: StateStore;
  readonly trustDomain: TrustDomain;
  readonly now: () => Instant;
  readonly settings?: Partial<AuthoritySettings>;
}

/** Opens the authority, making its keys on first start. */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const settings = checkSettings({ ...defaultAuthoritySettings, ...options.settings });
  const { trustDomain } = options;
  let state = await settle(options, settings);
  let bundle = bundleOf(state, trustDomain, settings.refreshHintSeconds);
  let settling: Promise<void> | undefined;

  const maintain = (): Promise<void> => {
    settling ??= settle(options, settings)
      .then((settled) => {
        state = settled;
        if (settled.sequence !== bundle.sequence) bundle = bundleOf(settled, trustDomain, settings.refreshHintSeconds);
      })
      .finally(() => (settling = undefined));
    return settling;
  };

  return {
    bundle: () => bundle,
    maintain,
    async issueX509Svid(request) {
      await maintain();
      await checkSubject(options, request.id);
      return issueX509(options, settings, state, bundle, request);
    },
    async issueJwtSvid(request) {
      await maintain();
      await checkSubject(options, request.id);
      return issueJwt(options, settings, state, request);
    },
  };
}

/** Reads the state, renews what is due, and writes it back unless another process was first. */
async function settle(
  { vault, store, trustDomain, now }: AuthorityOptions,
  settings: AuthoritySettings,
): Promise<AuthorityState> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const stored = await store.get(authorityKey);
    const state = stored === undefined ? emptyState(trustDomain) : readState(stored, trustDomain);
    const at = now();
    const next = await advance(state, trustDomain, settings, vault, at);
    if (next === state) return state;
    const { result: won } = await store.transact(actor, at, async (transaction) => {
      if ((await transaction.get(authorityKey))?.revision !== stored?.revision) return false;
      await transaction.put(authorityKey, next, "system");
      const published = bundleOf(next, trustDomain, settings.refreshHintSeconds);
      await transaction.put(bundleKey(trustDomain), bundleValueOf(published), "system");
      return true;
    });
    // Whoever lost throws its unused keys away; whoever won, those that have ended.
    for (const purpose of won ? purposesDropped(state, next) : purposesDropped(next, state))
      await vault.forgetSigningKey(purpose);
    if (won) return next;
  }
  throw new CordonError("STORE_CONFLICT", "another process keeps changing the authority's state; try again");
}

async function checkSubject({ store, trustDomain }: AuthorityOptions, id: SpiffeId): Promise<void> {
  if (trustDomainOf(id) !== trustDomain)
    throw new CordonError(
      "SVID_INVALID",
      `${id} is not of ${trustDomain}; this authority issues for its own trust domain only`,
    );
  if (pathOf(id) === "") throw new CordonError("SVID_INVALID", `${id} names a trust domain, not a workload`);
  if (revocationsFrom(await store.list(revocationKind)).workloads.has(id))
    throw new CordonError("SVID_REVOKED", `${id} is revoked; it gets no identity until the revocation is lifted`);
}

async function issueX509(
  { vault, store, now }: AuthorityOptions,
  settings: AuthoritySettings,
  state: AuthorityState,
  bundle: TrustBundle,
  request: X509SvidRequest,
): Promise<IssuedX509Svid> {
  const publicKeyInfo =
    "csr" in request.key ? readCsr(request.key.csr).publicKeyInfo : exportPublic(request.key.publicKey);
  const verdict = judgePublicKey(publicKeyInfo);
  if ("refused" in verdict) throw invalid(`the request's key cannot be certified: ${verdict.refused}`);
  const ttlSeconds = request.ttlSeconds ?? settings.svidTtlSeconds;
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > settings.maxSvidTtlSeconds)
    throw invalid(`a lifetime of ${ttlSeconds} s is not between 1 and ${settings.maxSvidTtlSeconds} s`);
  const names = checkNames(request);

  const at = now();
  const issuer = activeOf(state.issuers, at);
  if (issuer === undefined) throw invalid("the authority has no issuer that can sign now");
  const certificate = new Uint8Array(Buffer.from(issuer.certificate, "base64"));
  const second = Math.floor(at / 1000) * 1000;
  const life = { notBefore: second - backdateMs, notAfter: Math.min(second + ttlSeconds * 1000, issuer.notAfter) };
  const signer = { certificate, key: await vault.signingKey(issuer.purpose, generateP256) };
  const leaf = await buildLeaf({ id: request.id, publicKeyInfo, ...names, ...life }, signer);

  const chain = [leaf, certificate];
  // Judged as a peer would judge it, revoked keys included, so that what leaves here works, or does not leave.
  const revocations = revocationsFrom(await store.list(revocationKind));
  const verified = verifyX509Svid(chain, { bundles: new Map([[bundle.trustDomain, bundle]]), revocations }, at);
  if (verified.id !== request.id) throw invalid("the certificate came out with another name than was asked for");
  return { id: request.id, chain, ...life, fingerprint: verified.fingerprint };
}

async function issueJwt(
  { vault, store, now }: AuthorityOptions,
  settings: AuthoritySettings,
  state: AuthorityState,
  { id, audience, ttlSeconds = settings.jwtTtlSeconds }: JwtSvidRequest,
): Promise<IssuedJwtSvid> {
  if (audience === "" || Buffer.byteLength(audience) > maxAudienceBytes || !audience.isWellFormed())
    throw new CordonError("TOKEN_INVALID", `a token's audience has 1 to ${maxAudienceBytes} bytes`);
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > maxJwtTtlSeconds)
    throw new CordonError("TOKEN_INVALID", `a token lives 1 to ${maxJwtTtlSeconds} s, not ${ttlSeconds} s`);
  const at = now();
  const signing = activeOf(state.tokenKeys, at);
  if (signing === undefined)
    throw new CordonError("TOKEN_INVALID", "the authority has no key that can sign tokens now");
  const key = await vault.signingKey(signing.purpose, generateP256);
  const revoked = revocationsFrom(await store.list(revocationKind)).keys;
  if (revoked.size > 0 && revoked.has(fingerprintOf(key)))
    throw new CordonError("SVID_REVOKED", "the key that signs tokens is revoked; wait for its successor");
  const issuedAt = Math.floor(at / 1000);
  const header = { alg: "ES256", kid: signing.kid, typ: "JWT" };
  const claims = { sub: id, aud: audience, iat: issuedAt, exp: issuedAt + ttlSeconds };
  const signed = `${encode(header)}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return { id, token: `${signed}.${signature.toString("base64url")}`, notAfter: claims.exp * 1000 };
}

const dnsPattern = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

function checkNames({ dnsNames = [], ipAddresses = [] }: X509SvidRequest) {
  if (dnsNames.length + ipAddresses.length > maxExtraNames) throw invalid(`more than ${maxExtraNames} further names`);
  for (const name of dnsNames) if (!dnsPattern.test(name)) throw invalid(`\`${name}\` is not a DNS name in lower case`);
  for (const address of ipAddresses)
    if (isIP(address) === 0 || address.includes("%")) throw invalid(`\`${address}\` is not an IP address`);
  return { dnsNames, ipAddresses };
}

function checkSettings(settings: AuthoritySettings): AuthoritySettings {
  for (const [name, value] of Object.entries(settings))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new CordonError("CONFIG_INVALID", `identity.${name} is ${value}, not a whole number of seconds from 1`);
  if (settings.jwtTtlSeconds > maxJwtTtlSeconds)
    throw new CordonError(
      "CONFIG_INVALID",
      `identity.jwtTtlSeconds is ${settings.jwtTtlSeconds}; at most ${maxJwtTtlSeconds}`,
    );
  if (
    settings.svidTtlSeconds > settings.maxSvidTtlSeconds ||
    settings.maxSvidTtlSeconds * 2 > settings.issuerTtlSeconds
  )
    throw new CordonError(
      "CONFIG_INVALID",
      "an SVID may live at most half as long as the key that issues it, or renewal would cut it short",
    );
  return settings;
}

function exportPublic(key: KeyObject): Uint8Array {
  if (key.type !== "public") throw invalid("the request's key is not a public key");
  return key.export({ type: "spki", format: "der" });
}

/** Lower-case hex SHA-256 of a private key's SubjectPublicKeyInfo. */
function fingerprintOf(key: KeyObject): string {
  return sha256Hex(createPublicKey(key).export({ type: "spki", format: "der" }));
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function invalid(why: string): CordonError {
  return new CordonError("SVID_INVALID", `no SVID is issued: ${why}`);
}
