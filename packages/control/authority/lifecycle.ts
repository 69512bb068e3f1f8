/**
 * What an administrator does to the authority's keys, beyond what time does. In: its state and what is asked. Out: the
 * next state, or `AUTHORITY_UNKNOWN` / `AUTHORITY_IN_USE` with the remedy. The words are SPIRE's.
 *
 * - prepare: make the next key and publish it; it signs later.
 * - activate: let a prepared key sign now.
 * - taint: rely on a key no more. It signs nothing, and what it signed is replaced in seconds; verifiers still accept it.
 * - retire: take an old key out of the bundle. By itself that happens once everything that it signed has expired.
 */
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import { activeIssuer, activeOf, type AuthorityState } from "./authority-state.ts";
import { makeRoot, makeTokenKey, refreshesBeforeUse, type GenerationContext } from "./generations.ts";

export type AuthorityKind = "x509" | "jwt";
const lists = { x509: "roots", jwt: "tokenKeys" } as const;

export interface AuthorityView {
  readonly id: string;
  /** `old`: replaced, and published while something that it signed is valid. `idle`: an upstream's, published only. */
  readonly state: "prepared" | "active" | "old" | "tainted" | "idle";
  readonly keyFingerprint: string;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly activeFrom: Instant;
  /** Nothing that it signed is valid after this; absent when it has signed nothing. */
  readonly signedUntil?: Instant;
  readonly upstream?: boolean;
  /** Key fingerprint of the root above, where it is not a root. */
  readonly root?: string;
}

export interface DelegatedView {
  readonly id: string;
  readonly name: string;
  readonly keyFingerprint: string;
  readonly notAfter: Instant;
  readonly root: string;
}

/** All of the authority's keys, oldest first. */
export interface AuthoritiesView {
  readonly x509: readonly AuthorityView[];
  readonly issuers: readonly AuthorityView[];
  readonly jwt: readonly AuthorityView[];
  readonly delegated: readonly DelegatedView[];
}

export function viewOf(state: AuthorityState, now: Instant, revokedKeys: ReadonlySet<string>): AuthoritiesView {
  const activeRoot = activeOf(state.roots, now, revokedKeys);
  const issuing = activeIssuer(state, now, revokedKeys);
  const activeToken = activeOf(state.tokenKeys, now, revokedKeys);
  const describe = (
    one: Described,
    active: Described | undefined,
    signedUntil: Instant | undefined,
  ): AuthorityView => ({
    id: one.id,
    state: stateOf(one, active, now),
    keyFingerprint: one.keyFingerprint,
    notBefore: one.notBefore,
    notAfter: one.notAfter,
    activeFrom: one.activeFrom,
    ...(signedUntil !== undefined && signedUntil > one.activeFrom && { signedUntil }),
  });
  return {
    x509: state.roots.map((root) => ({
      ...describe(root, activeRoot, rootNeededUntil(state, root.keyFingerprint)),
      ...(root.purpose === undefined && { upstream: true }),
    })),
    issuers: state.issuers.map((issuer) => ({ ...describe(issuer, issuing, issuer.signedUntil), root: issuer.root })),
    jwt: state.tokenKeys.map((key) => describe(key, activeToken, key.signedUntil)),
    delegated: state.delegated.map(({ id, name, keyFingerprint, notAfter, root }) => {
      return { id, name, keyFingerprint, notAfter, root };
    }),
  };
}

/** Makes the next key of a kind, unless one is prepared already. */
export async function prepare(
  state: AuthorityState,
  kind: AuthorityKind,
  context: GenerationContext,
): Promise<AuthorityState> {
  const waiting = state[lists[kind]].find((one) => stateOf(one, undefined, context.now) === "prepared");
  if (waiting !== undefined) throw inUse(`the key ${waiting.id} is prepared already; activate it first`);
  if (kind === "jwt") return { ...state, tokenKeys: [...state.tokenKeys, await makeTokenKey(state, context)] };
  if (context.upstream !== undefined)
    throw inUse("the root is an upstream authority's: prepare the next one there, and name it in `bundleFile`");
  return { ...state, roots: [...state.roots, await makeRoot(state, context)] };
}

/** Lets a prepared key sign now. Before verifiers had time to learn of it only where `now` says so. */
export function activate(
  state: AuthorityState,
  id: string,
  { early }: { readonly early: boolean },
  context: GenerationContext,
): AuthorityState {
  const { kind, one } = find(state, id);
  if (stateOf(one, undefined, context.now) !== "prepared") throw inUse(`the key ${id} is not waiting to be activated`);
  // It is published since it was made, 4 refreshes before `activeFrom`; most verifiers know it after one.
  const knownFrom = one.activeFrom - (refreshesBeforeUse - 1) * context.settings.refreshHintSeconds * 1000;
  if (!early && context.now < knownFrom)
    throw inUse(
      `verifiers may not know the key ${id} before ${new Date(knownFrom).toISOString()}; wait, or say so (--now)`,
    );
  return replaced(state, kind, id, { ...one, activeFrom: context.now });
}

/**
 * Marks a key as not to be relied on. The one that signs now is tainted only where `now` says so: its successor then
 * takes over at once, whether or not verifiers have heard of it.
 */
export function taint(
  state: AuthorityState,
  id: string,
  { early }: { readonly early: boolean },
  context: GenerationContext,
): AuthorityState {
  const { kind, one } = find(state, id);
  if (one.taintedAt !== undefined) return state;
  if (!early && one === activeOf<Described>(state[lists[kind]], context.now, context.revokedKeys))
    throw inUse(
      `the key ${id} signs now. Prepare and activate its successor first (\`cordon identity authority prepare ${kind}\`), ` +
        "or have it replaced at once (--now), where verifiers elsewhere may refuse the new SVIDs until they refresh",
    );
  const marked = replaced(state, kind, id, { ...one, taintedAt: context.now });
  // A prepared successor signs from now on: nothing sound is left to wait for.
  const rest = marked[lists[kind]] as readonly Described[];
  if (activeOf(rest, context.now, context.revokedKeys) !== undefined) return marked;
  const next = rest.find((other) => stateOf(other, undefined, context.now) === "prepared");
  return next === undefined ? marked : replaced(marked, kind, next.id, { ...next, activeFrom: context.now });
}

/** Takes a key out of the bundle that does not sign and of which nothing is left, or that is tainted. */
export function retire(state: AuthorityState, id: string, context: GenerationContext): AuthorityState {
  const { kind, one } = find(state, id);
  if (one === activeOf<Described>(state[lists[kind]], context.now, context.revokedKeys))
    throw inUse(`the key ${id} signs now; activate its successor first`);
  const until = kind === "x509" ? rootNeededUntil(state, one.keyFingerprint) : tokenNeededUntil(state, id);
  if (one.taintedAt === undefined && until !== undefined && until > context.now)
    throw inUse(
      `SVIDs that the key ${id} stands behind are valid until ${new Date(until).toISOString()}; wait (it then leaves ` +
        "by itself), or taint it first, so that they are replaced",
    );
  if (kind === "jwt") return { ...state, tokenKeys: state.tokenKeys.filter((key) => key.id !== id) };
  return {
    ...state,
    roots: state.roots.filter((root) => root.id !== id),
    issuers: state.issuers.filter(({ root }) => root !== one.keyFingerprint),
    delegated: state.delegated.filter(({ root }) => root !== one.keyFingerprint),
  };
}

interface Described {
  readonly id: string;
  readonly keyFingerprint: string;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly activeFrom: Instant;
  readonly taintedAt?: Instant;
}

function stateOf(one: Described, active: Described | undefined, now: Instant): AuthorityView["state"] {
  if (one.taintedAt !== undefined) return "tainted";
  if (one.activeFrom >= one.notAfter) return "idle";
  if (one.activeFrom > now) return "prepared";
  return one.id === active?.id ? "active" : "old";
}

function find(state: AuthorityState, id: string): { readonly kind: AuthorityKind; readonly one: Described } {
  for (const kind of ["x509", "jwt"] as const) {
    const one = state[lists[kind]].find((candidate) => candidate.id === id || candidate.keyFingerprint === id);
    if (one !== undefined) return { kind, one };
  }
  throw new CordonError(
    "AUTHORITY_UNKNOWN",
    `\`${id}\` is no authority of this trust domain; \`cordon identity authority list\` shows those that are`,
  );
}

function replaced(state: AuthorityState, kind: AuthorityKind, id: string, by: Described): AuthorityState {
  const list = state[lists[kind]].map((one) => (one.id === id || one.keyFingerprint === id ? { ...one, ...by } : one));
  return { ...state, [lists[kind]]: list };
}

/** Nothing below this root is valid after; `undefined` when nothing ever was. */
function rootNeededUntil(state: AuthorityState, root: string): Instant | undefined {
  const below = [
    ...state.issuers.flatMap((issuer) => (issuer.root === root ? [issuer.signedUntil] : [])),
    ...state.delegated.flatMap((authority) => (authority.root === root ? [authority.notAfter] : [])),
  ];
  return below.length === 0 ? undefined : Math.max(...below);
}

function tokenNeededUntil(state: AuthorityState, id: string): Instant | undefined {
  return state.tokenKeys.find((key) => key.id === id)?.signedUntil;
}

function inUse(why: string): CordonError {
  return new CordonError("AUTHORITY_IN_USE", why);
}
