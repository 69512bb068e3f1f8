/**
 * Grants as the store keeps them, from the request to the end. In: stored objects (kind `grant`, in the namespace of what
 * is asked for). Out: their typed values, and those that the snapshot holds.
 */
import { z } from "zod";
import { actions } from "@cordon/core/contract/vocabulary";
import { parseSpiffeId, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Grant } from "@cordon/core/policy/people";
import { readValue } from "../registry/objects.ts";
import type { StoredObject } from "../store/state-store.ts";

export const grantKind = "grant";

export const grantStates = ["requested", "approved", "denied", "revoked", "withdrawn", "lapsed", "ended"] as const;
export type GrantState = (typeof grantStates)[number];

const spiffeId = z.string().startsWith("spiffe://").max(2048);
const words = z.string().regex(/^\P{C}{1,1000}$/u);

/** What somebody said about it: approved, denied, or looked over afterwards; with a passkey, over the request's digest. */
const voice = z.strictObject({ by: spiffeId, at: z.int(), passkey: z.string(), words: z.string() });

export const grantValue = z.strictObject({
  requester: spiffeId,
  principal: spiffeId,
  actions: z.array(z.enum(actions)).min(1).max(16),
  resources: z.array(spiffeId).min(1).max(64),
  reason: words,
  seconds: z.int().positive(),
  requestedAt: z.int(),
  /** `namespace/name` of the rule that it came under. */
  rule: z.string(),
  approversNeeded: z.int().min(0).max(2),
  /** Groups that may approve; empty: everybody but the requester whom the rule's namespace knows. */
  approverGroups: z.array(z.string()).max(64),
  state: z.enum(grantStates),
  approvals: z.array(voice).max(2),
  denial: voice.exactOptional(),
  starts: z.int().exactOptional(),
  ends: z.int().exactOptional(),
  /** What the rule took off the request. */
  narrowed: z.string().exactOptional(),
  breakGlass: z.boolean().exactOptional(),
  review: voice.exactOptional(),
  revocation: z.strictObject({ by: z.string(), at: z.int(), words: z.string() }).exactOptional(),
  /** Of one call: the digest of its exact arguments, what it is in words, and when it was spent. */
  call: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .exactOptional(),
  callWords: z.string().max(4000).exactOptional(),
  spentAt: z.int().exactOptional(),
});
export type GrantValue = z.output<typeof grantValue>;

/** Those that were approved, by principal. Their own times say when they hold. */
export function grantsFrom(objects: readonly StoredObject[]): ReadonlyMap<SpiffeId, readonly Grant[]> {
  const grants = new Map<SpiffeId, Grant[]>();
  for (const object of objects) {
    const value = readValue(grantValue, object);
    if (value.state !== "approved" || value.starts === undefined || value.ends === undefined) continue;
    const principal = parseSpiffeId(value.principal);
    const own = grants.get(principal) ?? [];
    grants.set(principal, own);
    own.push(
      Object.freeze({
        id: object.name,
        principal,
        actions: Object.freeze(value.actions),
        resources: Object.freeze(value.resources.map(parseSpiffeId)),
        starts: value.starts,
        ends: value.ends,
        reason: value.reason,
        approvers: Object.freeze(value.approvals.map(({ by }) => parseSpiffeId(by))),
        ...(value.breakGlass && { breakGlass: true }),
        ...(value.call && { call: value.call }),
        ...(value.spentAt !== undefined && { spent: true }),
      }),
    );
  }
  return grants;
}
