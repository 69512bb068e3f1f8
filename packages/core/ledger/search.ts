/**
 * Finding entries. In: an entry and a filter. Out: whether it matches. A filter's parts must all match; an entry that
 * lacks the field that a part asks for does not.
 */
import type { Instant } from "../instant.ts";
import type { LedgerEntry } from "./entry.ts";

export interface EntryFilter {
  /** SPIFFE ID, or a part of one. */
  readonly principal?: string;
  /** The person behind it: SPIFFE ID, or a part of one. */
  readonly user?: string;
  /** SPIFFE ID, or a part of one. */
  readonly resource?: string;
  readonly effect?: "allow" | "deny";
  /** Only what was let through because its route observes, and would have been denied. */
  readonly wouldDeny?: boolean;
  readonly kind?: LedgerEntry["kind"];
  /** Request id, whole. */
  readonly id?: string;
  /** Inclusive. */
  readonly since?: Instant;
  /** Exclusive. */
  readonly until?: Instant;
}

export function matches(entry: LedgerEntry, filter: EntryFilter): boolean {
  const { principal, user, resource, effect, wouldDeny, kind, id, since, until } = filter;
  if (kind !== undefined && entry.kind !== kind) return false;
  if (since !== undefined && entry.at < since) return false;
  if (until !== undefined && entry.at >= until) return false;
  if (id !== undefined && !("id" in entry && entry.id === id)) return false;
  if (principal !== undefined && !("principal" in entry && entry.principal.includes(principal))) return false;
  if (user !== undefined && !("user" in entry && entry.user.id.includes(user))) return false;
  if (resource !== undefined && !("resource" in entry && entry.resource.includes(resource))) return false;
  if (wouldDeny === true && !("observed" in entry)) return false;
  return effect === undefined || ("effect" in entry && entry.effect === effect);
}
