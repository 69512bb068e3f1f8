/**
 * When the authority's keys follow one another. In: its state, what is revoked, and now. Out: the next state, where
 * anything is due.
 *
 * Each generation is replaced once less than half of its life is left. A new root or token key is published first and
 * signs later, after verifiers have had time to refresh; a new issuer signs at once, since the root above it is already
 * known. An old one stays published until everything that it signed has expired, and then leaves. One that is tainted
 * or revoked signs nothing more: its successor takes over at once, published or not, for there is nothing to wait for.
 */
import { createPublicKey, generateKeyPair, randomBytes, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { Instant } from "@cordon/core/instant";
import { jwtAuthorityOf } from "@cordon/core/identity/bundle";
import { sha256Hex } from "@cordon/core/identity/certificate";
import { CordonError } from "@cordon/core/errors";
import type { TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { KeyVault } from "../keys/key-vault.ts";
import {
  activeIssuer,
  activeOf,
  fromBase64,
  isSound,
  toBase64,
  type AuthorityState,
  type IssuerGeneration,
  type RootGeneration,
  type TokenKeyGeneration,
} from "./authority-state.ts";
import { buildAuthority, type AuthorityRequest } from "./certificates.ts";
import type { UpstreamAuthority } from "./upstream-authority.ts";

export interface GenerationSettings {
  readonly rootTtlSeconds: number;
  readonly issuerTtlSeconds: number;
  readonly tokenKeyTtlSeconds: number;
  readonly refreshHintSeconds: number;
}

/** What generations are made with and judged by. */
export interface GenerationContext {
  readonly trustDomain: TrustDomain;
  readonly settings: GenerationSettings;
  readonly vault: KeyVault;
  /** Absent: our own root signs. */
  readonly upstream: UpstreamAuthority | undefined;
  /** SHA-256 of withdrawn keys. */
  readonly revokedKeys: ReadonlySet<string>;
  readonly now: Instant;
}

/** Issuers backdate by this, so that verifiers need no leeway of their own (SPIRE's practice). */
export const backdateMs = 10_000;

/** How long an old key stays published after the last thing that it signed: verifiers' clocks differ. */
const graceMs = 60_000;

/** SPIFFE Federation 4.1: publish a new key 3 to 5 refresh intervals before it signs. */
export const refreshesBeforeUse = 4;

const generatePair = promisify(generateKeyPair);

/** Makes a P-256 private key. */
export async function generateP256(): Promise<KeyObject> {
  return (await generatePair("ec", { namedCurve: "P-256" })).privateKey;
}

/** The state that should hold now; the same object when nothing is due. Its `sequence` is counted by the caller. */
export async function advance(state: AuthorityState, context: GenerationContext): Promise<AuthorityState> {
  let next = prune(state, context);
  next = context.upstream === undefined ? await withOwnRoot(next, context) : withUpstreamRoots(next, context);
  if (isDue(next.tokenKeys, context))
    next = { ...next, tokenKeys: [...next.tokenKeys, await makeTokenKey(next, context)] };
  return withIssuer(next, context);
}

/** What of the state is in the bundle, as one comparable text. */
export function published({ roots, tokenKeys, delegated }: AuthorityState): string {
  return JSON.stringify([roots.map(({ certificate }) => certificate), tokenKeys.map(({ kid }) => kid), delegated]);
}

/** The vault names of keys that one state has and a later one no longer has. */
export function purposesDropped(before: AuthorityState, after: AuthorityState): readonly string[] {
  const kept = new Set(purposesOf(after));
  return purposesOf(before).filter((purpose) => !kept.has(purpose));
}

function purposesOf({ roots, issuers, tokenKeys }: AuthorityState): readonly string[] {
  return [...roots, ...issuers, ...tokenKeys].flatMap(({ purpose }) => (purpose === undefined ? [] : [purpose]));
}

/** Drops what is revoked, what has ended, and what was replaced and has nothing left that it signed. */
function prune(state: AuthorityState, { revokedKeys, now, upstream }: GenerationContext): AuthorityState {
  const stands = ({ keyFingerprint, notAfter }: { keyFingerprint: string; notAfter: Instant }): boolean =>
    now <= notAfter && !revokedKeys.has(keyFingerprint);
  const roots = state.roots.filter(stands);
  const activeRoot = activeOf(roots, now, revokedKeys);
  const under = new Set(roots.map(({ keyFingerprint }) => keyFingerprint));
  const issuing = activeIssuer(state, now, revokedKeys);
  const issuers = state.issuers.filter(
    (one) => stands(one) && under.has(one.root) && (one === issuing || now <= one.signedUntil + graceMs),
  );
  const delegated = state.delegated.filter((one) => stands(one) && under.has(one.root));
  const upstreams = new Set(upstream?.roots.map(({ keyFingerprint }) => keyFingerprint));
  const needed = new Set([...issuers, ...delegated].map(({ root }) => root));
  const activeToken = activeOf(state.tokenKeys, now, revokedKeys);
  const next = {
    ...state,
    issuers,
    delegated,
    roots: roots.filter((root) => {
      if (needed.has(root.keyFingerprint) || isAhead(root, activeRoot)) return true;
      return isIdle(root) ? upstreams.has(root.keyFingerprint) : root.activeFrom > now;
    }),
    tokenKeys: state.tokenKeys.filter(
      (key) =>
        stands(key) &&
        (isAhead(key, activeToken) || key.activeFrom > now || now <= Math.min(key.signedUntil, key.notAfter) + graceMs),
    ),
  };
  const lists = ["roots", "issuers", "tokenKeys", "delegated"] as const;
  return lists.every((list) => next[list].length === state[list].length) ? state : next;
}

/** Signing now, or, where nothing does, waiting to be asked about: never dropped for having signed nothing. */
function isAhead<G>(one: G, active: G | undefined): boolean {
  return active === undefined || one === active;
}

interface Lifetime {
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly activeFrom: Instant;
  readonly keyFingerprint: string;
  readonly taintedAt?: Instant;
}

function isDue(generations: readonly Lifetime[], { now, revokedKeys }: GenerationContext): boolean {
  const newest = generations.findLast((one) => isSound(one, revokedKeys));
  return newest === undefined || newest.notAfter - now < (newest.notAfter - newest.notBefore) / 2;
}

/** At once when nothing else could sign; otherwise after verifiers have had time to learn of it. */
export function activationOf(
  generations: readonly Lifetime[],
  { settings, now, revokedKeys }: GenerationContext,
): Instant {
  const current = activeOf(generations, now, revokedKeys);
  if (current === undefined) return now;
  return Math.min(now + refreshesBeforeUse * settings.refreshHintSeconds * 1000, current.notAfter);
}

function lifeOf(ttlSeconds: number, now: Instant, limit = Number.POSITIVE_INFINITY) {
  // Certificates count in whole seconds; the state must say what they say.
  const second = Math.floor(now / 1000) * 1000;
  return { notBefore: second - backdateMs, notAfter: Math.min(second + ttlSeconds * 1000, limit) };
}

async function withOwnRoot(state: AuthorityState, context: GenerationContext): Promise<AuthorityState> {
  const own = state.roots.filter(({ purpose }) => purpose !== undefined);
  if (isDue(own, context)) return { ...state, roots: [...state.roots, await makeRoot(state, context)] };
  return promote(state, own.at(-1), context);
}

/** Adds the roots of the upstream authority, and lets the one that it signs under follow; ours stay while needed. */
function withUpstreamRoots(state: AuthorityState, context: GenerationContext): AuthorityState {
  const { upstream, revokedKeys, now } = context;
  if (upstream === undefined) return state;
  const known = new Set(state.roots.map(({ keyFingerprint }) => keyFingerprint));
  const added = upstream.roots.flatMap(({ der, keyFingerprint, notBefore, notAfter }): RootGeneration[] => {
    if (known.has(keyFingerprint) || revokedKeys.has(keyFingerprint) || notAfter < now) return [];
    const id = keyFingerprint.slice(0, 16);
    return [{ id, keyFingerprint, notBefore, notAfter, activeFrom: notAfter, certificate: toBase64(der) }];
  });
  const wider = added.length === 0 ? state : { ...state, roots: [...state.roots, ...added] };
  const signing = wider.roots.find(({ keyFingerprint }) => keyFingerprint === upstream.root.keyFingerprint);
  return promote(wider, signing, context);
}

/** Makes `wanted` the newest root that signs, or is about to; the same state where it is so already. */
function promote(
  state: AuthorityState,
  wanted: RootGeneration | undefined,
  context: GenerationContext,
): AuthorityState {
  const newest = state.roots.findLast((root) => !isIdle(root) && isSound(root, context.revokedKeys));
  if (wanted === undefined || newest === wanted || !isSound(wanted, context.revokedKeys)) return state;
  const others = state.roots.filter((root) => root !== wanted);
  return { ...state, roots: [...others, { ...wanted, activeFrom: activationOf(others, context) }] };
}

/** Published, and never to sign: an upstream's root that its signing key does not stand under. */
function isIdle({ activeFrom, notAfter }: RootGeneration): boolean {
  return activeFrom >= notAfter;
}

/** Makes an issuer under the active root where one is due. */
async function withIssuer(state: AuthorityState, context: GenerationContext): Promise<AuthorityState> {
  const { trustDomain, now, revokedKeys, upstream } = context;
  const root = activeOf(state.roots, now, revokedKeys);
  if (root === undefined)
    throw new CordonError(
      "SVID_UNTRUSTED",
      `the authority of ${trustDomain} has no root that can sign; where it stands under an upstream authority, give it ` +
        "one that is neither expired, tainted nor revoked (`identity.upstreamAuthority`)",
    );
  const under = state.issuers.filter((issuer) => issuer.root === root.keyFingerprint);
  if (!isDue(under, context)) return state;
  const canSign = root.purpose !== undefined || upstream?.root.keyFingerprint === root.keyFingerprint;
  // Its root's key is no longer here: what it signed before goes on until the next root takes over.
  if (!canSign && activeOf(under, now, revokedKeys) !== undefined) return state;
  const issuer = await makeIssuer(root, context);
  return { ...state, issuers: [...state.issuers, issuer] };
}

export async function makeRoot(state: AuthorityState, context: GenerationContext): Promise<RootGeneration> {
  const { trustDomain, settings, vault, now } = context;
  const { purpose, id, name, key, publicKeyInfo, keyFingerprint } = await makeKey("root", vault);
  const life = lifeOf(settings.rootTtlSeconds, now);
  const certificate = await buildAuthority({ trustDomain, name, publicKeyInfo, pathLength: 1, ...life }, { key });
  const activeFrom = activationOf(state.roots, context);
  return { id, purpose, keyFingerprint, ...life, activeFrom, certificate: toBase64(certificate) };
}

/** Signs an authority's certificate under a root, ours or an upstream's. */
export async function signUnder(
  root: RootGeneration,
  request: Omit<AuthorityRequest, "notBefore" | "notAfter" | "trustDomain"> & { readonly ttlSeconds: number },
  { trustDomain, vault, upstream, now }: GenerationContext,
) {
  const { ttlSeconds, ...rest } = request;
  if (root.purpose !== undefined) {
    const life = lifeOf(ttlSeconds, now, root.notAfter);
    const signer = {
      key: await vault.signingKey(root.purpose, generateP256),
      certificate: fromBase64(root.certificate),
    };
    return { ...life, certificate: await buildAuthority({ ...rest, trustDomain, ...life }, signer), above: [] };
  }
  if (upstream?.root.keyFingerprint !== root.keyFingerprint)
    throw new CordonError(
      "KEY_SEALED",
      `the authority of ${trustDomain} stands under an upstream authority whose key is not configured here; ` +
        "restore `identity.upstreamAuthority`, or activate another root (`cordon identity authority list`)",
    );
  const life = lifeOf(ttlSeconds, now, upstream.notAfter);
  return { ...life, certificate: await upstream.sign({ ...rest, trustDomain, ...life }), above: upstream.above };
}

async function makeIssuer(root: RootGeneration, context: GenerationContext): Promise<IssuerGeneration> {
  const { purpose, id, name, publicKeyInfo, keyFingerprint } = await makeKey("issuer", context.vault);
  const ttlSeconds = context.settings.issuerTtlSeconds;
  const signed = await signUnder(root, { name, publicKeyInfo, pathLength: 0, ttlSeconds }, context);
  const { notBefore, notAfter, certificate, above } = signed;
  return {
    id,
    purpose,
    keyFingerprint,
    notBefore,
    notAfter,
    activeFrom: context.now,
    certificate: toBase64(certificate),
    above: above.map(toBase64),
    root: root.keyFingerprint,
    signedUntil: context.now,
  };
}

export async function makeTokenKey(state: AuthorityState, context: GenerationContext): Promise<TokenKeyGeneration> {
  const { purpose, id, key, keyFingerprint } = await makeKey("token", context.vault);
  const { jwk } = jwtAuthorityOf(id, createPublicKey(key));
  const life = lifeOf(context.settings.tokenKeyTtlSeconds, context.now);
  const activeFrom = activationOf(state.tokenKeys, context);
  return { id, purpose, keyFingerprint, ...life, activeFrom, kid: id, jwk: { ...jwk }, signedUntil: context.now };
}

async function makeKey(role: "root" | "issuer" | "token", vault: KeyVault) {
  const id = randomBytes(8).toString("hex");
  const purpose = `authority-${role}-${id}`;
  const key = await vault.signingKey(purpose, generateP256);
  const publicKeyInfo = createPublicKey(key).export({ type: "spki", format: "der" });
  return { purpose, id, name: `Cordon ${role} ${id}`, key, publicKeyInfo, keyFingerprint: sha256Hex(publicKeyInfo) };
}
