/**
 * Whose access tokens count, and whose clients may carry them. Values of the snapshot: enforcement points verify tokens with
 * them, and `decide` asks whether a session's client still stands.
 */
import type { Namespace } from "../contract/vocabulary.ts";
import type { JwtAuthority } from "../policy/snapshot.ts";

/** An authorization server: Cordon's own, or one that the configuration names. */
export interface TokenIssuer {
  /** Its issuer identifier, letter for letter (RFC 8414, section 2). */
  readonly issuer: string;
  readonly keys: readonly JwtAuthority[];
  /** The longest that a token of it may live. */
  readonly maxLifetimeSeconds: number;
}

/** A program that people let act for them. */
export interface OauthClient {
  /** `namespace/name`, or the URL of its metadata document. */
  readonly id: string;
  readonly namespace: Namespace;
  readonly displayName: string;
  /** Whether it may use tokens that are bound to no key. */
  readonly bearer: boolean;
  /** Why it may not act for anybody any more; absent while it may. */
  readonly disabled?: string | undefined;
}
