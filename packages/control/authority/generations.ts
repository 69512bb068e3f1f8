/**
 * When the authority's keys follow one another. In: its state and now. Out: the next state, where anything is due.
 *
 * Each generation is replaced once less than half of its life is left, and stays published until it has ended, so what
 * it signed keeps verifying. A new root or token key is published first and signs later, after verifiers have had time
 * to refresh; a new issuer signs at once, since the root above it is already known.
 */
import { createPublicKey, generateKeyPair, randomBytes, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { Instant } from "@cordon/core/instant";
import { jwtAuthorityOf } from "@cordon/core/identity/bundle";
import { CordonError } from "@cordon/core/errors";
import type { TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { KeyVault } from "../keys/key-vault.ts";
import { activeOf, type AuthorityState, type CertifiedGeneration, type TokenKeyGeneration } from "./authority-state.ts";
import { buildAuthority } from "./certificates.ts";

export interface GenerationSettings {
  readonly rootTtlSeconds: number;
  readonly issuerTtlSeconds: number;
  readonly tokenKeyTtlSeconds: number;
  readonly refreshHintSeconds: number;
}

/** Issuers backdate by this, so that verifiers need no leeway of their own (SPIRE's practice). */
export const backdateMs = 10_000;

/** Research on rotation: publish a new key 3 to 5 refresh intervals before it signs. */
const refreshesBeforeUse = 4;

const generatePair = promisify(generateKeyPair);

/** Makes a P-256 private key. */
export async function generateP256(): Promise<KeyObject> {
  return (await generatePair("ec", { namedCurve: "P-256" })).privateKey;
}

/** The state that should hold now; the same object when nothing is due. */
export async function advance(
  state: AuthorityState,
  trustDomain: TrustDomain,
  settings: GenerationSettings,
  vault: KeyVault,
  now: Instant,
): Promise<AuthorityState> {
  let next = prune(state, now);
  if (isDue(next.roots, now))
    next = { ...next, roots: [...next.roots, await makeRoot(next, trustDomain, settings, vault, now)] };
  if (isDue(next.tokenKeys, now))
    next = { ...next, tokenKeys: [...next.tokenKeys, await makeTokenKey(next, settings, vault, now)] };
  const published = next.roots !== state.roots || next.tokenKeys !== state.tokenKeys;
  if (isDue(next.issuers, now))
    next = { ...next, issuers: [...next.issuers, await makeIssuer(next, trustDomain, settings, vault, now)] };
  return published ? { ...next, sequence: state.sequence + 1 } : next;
}

/** The vault names of keys that one state has and a later one no longer has. */
export function purposesDropped(before: AuthorityState, after: AuthorityState): readonly string[] {
  const kept = new Set(allOf(after).map((generation) => generation.purpose));
  return allOf(before).flatMap(({ purpose }) => (kept.has(purpose) ? [] : [purpose]));
}

function allOf(state: AuthorityState): readonly { readonly purpose: string }[] {
  return [...state.roots, ...state.issuers, ...state.tokenKeys];
}

/** Drops generations that have ended: nothing they signed can be valid. */
function prune(state: AuthorityState, now: Instant): AuthorityState {
  const keep = <G extends { readonly notAfter: Instant }>(generations: G[]): G[] =>
    generations.every((one) => now <= one.notAfter) ? generations : generations.filter((one) => now <= one.notAfter);
  const next = { ...state, roots: keep(state.roots), issuers: keep(state.issuers), tokenKeys: keep(state.tokenKeys) };
  const same = next.roots === state.roots && next.issuers === state.issuers && next.tokenKeys === state.tokenKeys;
  return same ? state : next;
}

function isDue(
  generations: readonly { readonly notBefore: Instant; readonly notAfter: Instant }[],
  now: Instant,
): boolean {
  const newest = generations.at(-1);
  return newest === undefined || newest.notAfter - now < (newest.notAfter - newest.notBefore) / 2;
}

/** At once when nothing else could sign; otherwise after verifiers have had time to learn of it. */
function activationOf(
  generations: readonly { readonly activeFrom: Instant; readonly notAfter: Instant }[],
  settings: GenerationSettings,
  now: Instant,
): Instant {
  const current = activeOf(generations, now);
  if (current === undefined) return now;
  return Math.min(now + refreshesBeforeUse * settings.refreshHintSeconds * 1000, current.notAfter);
}

function lifeOf(ttlSeconds: number, now: Instant, limit = Number.POSITIVE_INFINITY) {
  // Certificates count in whole seconds; the state must say what they say.
  const second = Math.floor(now / 1000) * 1000;
  return { notBefore: second - backdateMs, notAfter: Math.min(second + ttlSeconds * 1000, limit) };
}

async function makeRoot(
  state: AuthorityState,
  trustDomain: TrustDomain,
  settings: GenerationSettings,
  vault: KeyVault,
  now: Instant,
): Promise<CertifiedGeneration> {
  const { purpose, name, key, publicKeyInfo } = await makeKey("root", vault);
  const life = lifeOf(settings.rootTtlSeconds, now);
  const certificate = await buildAuthority({ trustDomain, name, publicKeyInfo, pathLength: 1, ...life }, { key });
  return { purpose, ...life, activeFrom: activationOf(state.roots, settings, now), certificate: toBase64(certificate) };
}

async function makeIssuer(
  state: AuthorityState,
  trustDomain: TrustDomain,
  settings: GenerationSettings,
  vault: KeyVault,
  now: Instant,
): Promise<CertifiedGeneration> {
  const root = activeOf(state.roots, now);
  if (root === undefined)
    throw new CordonError("SVID_UNTRUSTED", `the authority of ${trustDomain} has no root that can sign`);
  const { purpose, name, publicKeyInfo } = await makeKey("issuer", vault);
  const life = lifeOf(settings.issuerTtlSeconds, now, root.notAfter);
  const signer = {
    key: await vault.signingKey(root.purpose, generateP256),
    certificate: Buffer.from(root.certificate, "base64"),
  };
  const certificate = await buildAuthority({ trustDomain, name, publicKeyInfo, pathLength: 0, ...life }, signer);
  return { purpose, ...life, activeFrom: now, certificate: toBase64(certificate) };
}

async function makeTokenKey(
  state: AuthorityState,
  settings: GenerationSettings,
  vault: KeyVault,
  now: Instant,
): Promise<TokenKeyGeneration> {
  const { purpose, kid, key } = await makeKey("token", vault);
  const { jwk } = jwtAuthorityOf(kid, createPublicKey(key));
  const life = lifeOf(settings.tokenKeyTtlSeconds, now);
  return { purpose, ...life, activeFrom: activationOf(state.tokenKeys, settings, now), kid, jwk: { ...jwk } };
}

async function makeKey(role: "root" | "issuer" | "token", vault: KeyVault) {
  const kid = randomBytes(8).toString("hex");
  const purpose = `authority-${role}-${kid}`;
  const key = await vault.signingKey(purpose, generateP256);
  const publicKeyInfo = createPublicKey(key).export({ type: "spki", format: "der" });
  return { purpose, kid, name: `Cordon ${role} ${kid}`, key, publicKeyInfo };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
