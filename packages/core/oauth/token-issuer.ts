/**
 * Whose access tokens count, and whose clients may carry them. Values of the snapshot: enforcement points verify tokens with
 * them, and `decide` asks whether a session's client still stands.
 */
import type { Action, Namespace } from "../contract/vocabulary.ts";
import type { JwtAuthority } from "../policy/snapshot.ts";

/** An authorization server: Cordon's own, or one that the configuration names. */
export interface TokenIssuer {
  /** Its issuer identifier, letter for letter (RFC 8414, section 2). */
  readonly issuer: string;
  readonly keys: readonly JwtAuthority[];
  /** The longest that a token of it may live. */
  readonly maxLifetimeSeconds: number;
  /** What tokens of a company's own authorization server count for; absent for Cordon's. */
  readonly foreign?: ForeignIssuer | undefined;
}

/** An authorization server that is not ours: it knows people by its own subjects, and clients and scopes by its own names. */
export interface ForeignIssuer {
  /** Clients, as its tokens name them, that may act for people here; and whether without showing a key. */
  readonly clients: Readonly<Record<string, { readonly bearer: boolean }>>;
  /** What its scopes let a client do. One that is not here is an action by its own name, or nothing. */
  readonly scopes: Readonly<Record<string, readonly Action[]>>;
}

/** What the scopes of a token let its client do, in our words. */
export function actionsOfScopes({ foreign }: TokenIssuer, scopes: readonly string[]): readonly string[] {
  if (foreign === undefined) return scopes;
  const actionsOf = (scope: string): readonly string[] =>
    Object.hasOwn(foreign.scopes, scope) ? (foreign.scopes[scope] ?? []) : [scope];
  return [...new Set(scopes.flatMap(actionsOf))];
}

/** A program that people let act for them. */
export interface OauthClient {
  /** `namespace/name`, or the URL of its metadata document. */
  readonly id: string;
  readonly namespace: Namespace;
  readonly displayName: string;
  /** Where answers to it are sent. */
  readonly redirectUris: readonly string[];
  /** `namespace/name` of the routes that it may ask to use; empty: any. */
  readonly routes: readonly string[];
  /** Whether it may use tokens that are bound to no key. */
  readonly bearer: boolean;
  /** Why it may not act for anybody any more; absent while it may. */
  readonly disabled?: string | undefined;
}
