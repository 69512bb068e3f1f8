/**
 * The certificate authority of one trust domain. In: a vault for its keys, a store for its state, and requests from code
 * that has already established who asks. Out: the trust bundle, X.509-SVIDs and JWT-SVIDs.
 *
 * A root (long, ours or an upstream's) signs issuers (shorter), an issuer signs leaves (hours). Several processes may
 * share one state: each reads it before it signs, and writes down until when what it signs will be valid, so that no key
 * leaves the bundle while something still needs it.
 */
import { CordonError } from "@cordon/core/errors";
import { readCsr } from "@cordon/core/identity/csr";
import { pathOf, trustDomainOf, type SpiffeId, type TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import type { Revocations, TrustBundle } from "@cordon/core/policy/snapshot";
import type { KeyVault } from "../keys/key-vault.ts";
import type { StateStore } from "../store/state-store.ts";
import { defaultAuthoritySettings, checkSettings, type AuthoritySettings } from "./authority-settings.ts";
import { activeIssuer, activeOf, bundleOf, taintedKeys, type AuthorityState } from "./authority-state.ts";
import { delegate, type DelegationRequest, type Delegation } from "./delegate.ts";
import { generateP256, type GenerationContext } from "./generations.ts";
import {
  invalid,
  issueLeaf,
  issueToken,
  orderLeaf,
  orderToken,
  type IssuedJwtSvid,
  type IssuedX509Svid,
  type JwtSvidRequest,
  type X509SvidRequest,
} from "./issue.ts";
import { activate, prepare, retire, taint, viewOf, type AuthoritiesView, type AuthorityKind } from "./lifecycle.ts";
import { revocationKind, revocationsFrom, revokedAuthorities } from "./revocation.ts";
import { changeState, type StateChange } from "./change-state.ts";
import { followUpstream, type UpstreamFiles } from "./upstream-authority.ts";

export type { IssuedJwtSvid, IssuedX509Svid, JwtSvidRequest, X509SvidRequest } from "./issue.ts";

export interface Authority {
  /** The trust bundle as last read or written; current after {@link maintain}. */
  bundle(): TrustBundle;
  /**
   * Public keys of authorities that are not to be relied on any more (SHA-256 of SubjectPublicKeyInfo, hex): roots,
   * issuers and token keys, tainted or revoked. Whoever holds an SVID with one of these in its chain gets a new one now. Current after
   * {@link maintain}.
   */
  tainted(): ReadonlySet<string>;
  /** Calls back after the bundle or what is tainted changed; returns the way to stop. */
  onChange(listener: () => void): () => void;
  /** Renews what is due and takes over what another process changed. Issuing does it too; call it also by the clock. */
  maintain(): Promise<void>;
  /** @throws {CordonError} `SVID_INVALID` (key, names, lifetime), `SVID_REVOKED`, `KEY_SEALED`, `STORE_UNAVAILABLE` */
  issueX509Svid(request: X509SvidRequest): Promise<IssuedX509Svid>;
  /** @throws {CordonError} `TOKEN_INVALID` (audience, lifetime), `SVID_INVALID`, `SVID_REVOKED` */
  issueJwtSvid(request: JwtSvidRequest): Promise<IssuedJwtSvid>;
  /** All keys and their states. */
  authorities(): Promise<AuthoritiesView>;
  /** Makes the next key. @throws {CordonError} `AUTHORITY_IN_USE`; so do the ones below, and `AUTHORITY_UNKNOWN` */
  prepare(kind: AuthorityKind): Promise<AuthoritiesView>;
  activate(id: string, options: { readonly early: boolean }): Promise<AuthoritiesView>;
  taint(id: string, options: { readonly early: boolean }): Promise<AuthoritiesView>;
  retire(id: string): Promise<AuthoritiesView>;
  /** Certifies somebody else's authority under ours, such as a mesh's. @throws {CordonError} `SVID_INVALID` */
  delegate(request: DelegationRequest): Promise<Delegation>;
}

export interface AuthorityOptions {
  readonly vault: KeyVault;
  readonly store: StateStore;
  readonly trustDomain: TrustDomain;
  readonly now: () => Instant;
  readonly settings?: Partial<AuthoritySettings>;
  /** The authority above ours. Absent: our own root. */
  readonly upstream?: UpstreamFiles | undefined;
  /** Hears of upstream files that could not be read again. */
  readonly onProblem?: (error: unknown) => void;
}

/** Opens the authority, making its keys on first start. */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const settings = checkSettings({ ...defaultAuthoritySettings, ...options.settings });
  const { trustDomain, vault, store, now } = options;
  const listeners = new Set<() => void>();
  const upstream =
    options.upstream && (await followUpstream(options.upstream, now, options.onProblem ?? (() => undefined)));
  let state: AuthorityState;
  let bundle: TrustBundle;
  let tainted: ReadonlySet<string>;

  let withdrawn: ReadonlySet<string> = new Set();
  const context = async (): Promise<GenerationContext> => {
    const objects = await store.list(revocationKind);
    withdrawn = revokedAuthorities(objects);
    const revokedKeys = revocationsFrom(objects).keys;
    return { trustDomain, settings, vault, revokedKeys, upstream: await upstream?.(), now: now() };
  };
  const take = (next: AuthorityState): void => {
    const before = { bundle, tainted };
    if (bundle?.sequence !== next.sequence) bundle = bundleOf(next, trustDomain, settings.refreshHintSeconds);
    state = next;
    tainted = new Set([...taintedKeys(next), ...withdrawn]);
    if (before.bundle === undefined) return;
    if (before.bundle !== bundle || [...tainted].some((key) => !before.tainted.has(key)))
      for (const listener of listeners) listener();
  };

  // One at a time: a read that began before a change must not be taken after it.
  let last: Promise<unknown> = Promise.resolve();
  const change = (work?: StateChange): Promise<void> => {
    const done = last.then(async () => take(await changeState(store, await context(), work)));
    last = done.catch(() => undefined);
    return done;
  };
  let waiting: Promise<void> | undefined;
  /** Joins a reading that has not begun yet: one that has may be older than what the caller knows. */
  const maintain = (): Promise<void> => {
    if (waiting !== undefined) return waiting;
    const begun = last.then(() => (waiting = undefined));
    last = begun;
    return (waiting = begun.then(() => change()));
  };
  const view = async (): Promise<AuthoritiesView> => viewOf(state, now(), (await revocationsOf(store)).keys);
  const administer = async (work: StateChange): Promise<AuthoritiesView> => {
    await change(work);
    return view();
  };

  /** Writes down that what is signed may be valid until then, with room so that it is not written each time. */
  const promise = (list: "issuers" | "tokenKeys", id: string, until: Instant, roomMs: number): Promise<void> =>
    change((held) => {
      const signing = held[list].find((one) => one.id === id);
      if (signing === undefined) throw new CordonError("STORE_CONFLICT", "the key has just been replaced; ask again");
      if (signing.signedUntil >= until) return held;
      const longer = held[list].map((one) =>
        one.id === id
          ? { ...one, signedUntil: Math.max(one.signedUntil, Math.min(until + roomMs, one.notAfter)) }
          : one,
      );
      return { ...held, [list]: longer };
    });

  await change();
  return {
    bundle: () => bundle,
    tainted: () => tainted,
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    maintain,
    async issueX509Svid(request) {
      await maintain();
      const revocations = await checkSubject(options, request.id);
      const at = now();
      const issuer = activeIssuer(state, at, revocations.keys);
      if (issuer === undefined) throw invalid("the authority has no issuer that can sign now");
      const order = orderLeaf(request, issuer, settings, at);
      if (order.notAfter > issuer.signedUntil)
        await promise("issuers", issuer.id, order.notAfter, settings.svidTtlSeconds * 1000);
      const key = await vault.signingKey(issuer.purpose, generateP256);
      return issueLeaf(request.id, order, { issuer, key }, { bundle, revocations }, at);
    },
    async issueJwtSvid(request) {
      await maintain();
      const revocations = await checkSubject(options, request.id);
      const at = now();
      const signing = activeOf(state.tokenKeys, at, revocations.keys);
      if (signing === undefined)
        throw new CordonError("TOKEN_INVALID", "the authority has no key that can sign tokens now");
      const times = orderToken(request, settings.jwtTtlSeconds, at);
      if (times.expires * 1000 > signing.signedUntil)
        await promise("tokenKeys", signing.id, times.expires * 1000, settings.jwtTtlSeconds * 1000);
      return issueToken(request, times, signing, await vault.signingKey(signing.purpose, generateP256));
    },
    authorities: async () => {
      await maintain();
      return view();
    },
    prepare: (kind) => administer((held, within) => prepare(held, kind, within)),
    activate: (id, how) => administer((held, within) => activate(held, id, how, within)),
    taint: (id, how) => administer((held, within) => taint(held, id, how, within)),
    retire: (id) => administer((held, within) => retire(held, id, within)),
    async delegate(request) {
      const { publicKeyInfo } = readCsr(request.csr);
      let made: Delegation | undefined;
      await change(async (held, within) => {
        const result = await delegate(held, { ...request, publicKeyInfo }, within);
        made = result.delegation;
        return result.state;
      });
      if (made === undefined) throw invalid("the authority was not certified");
      return made;
    },
  };
}

async function revocationsOf(store: StateStore): Promise<Revocations> {
  return revocationsFrom(await store.list(revocationKind));
}

/** Refuses whoever may have no identity. Returns what is revoked, read after the caller asked. */
async function checkSubject({ store, trustDomain }: AuthorityOptions, id: SpiffeId): Promise<Revocations> {
  if (trustDomainOf(id) !== trustDomain)
    throw new CordonError(
      "SVID_INVALID",
      `${id} is not of ${trustDomain}; this authority issues for its own trust domain only`,
    );
  if (pathOf(id) === "") throw new CordonError("SVID_INVALID", `${id} names a trust domain, not a workload`);
  const revocations = await revocationsOf(store);
  if (revocations.workloads.has(id))
    throw new CordonError("SVID_REVOKED", `${id} is revoked; it gets no identity until the revocation is lifted`);
  return revocations;
}
