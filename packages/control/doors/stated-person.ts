/**
 * For whom a call is, as an enforcement point says it. In: a delegation that the caller showed, or a name that the enforcement
 * point states. Out: the person behind the call, or why it is not believed. What is said and does not hold denies: it is never
 * taken for a call without a person.
 */
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { isName } from "@cordon/core/contract/vocabulary";
import { isCordonError } from "@cordon/core/errors";
import { verifyDelegation } from "@cordon/core/identity/delegation";
import { userId, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import type { ActingUser } from "@cordon/core/policy/people";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { EnforcementPoint } from "./foreign-names.ts";

/** What was said; both absent: the call is for nobody. */
export interface Stated {
  /** Of the person's own session: proves whom the caller acts for. */
  readonly delegation?: string | undefined;
  /** `mei`, `default/mei` or `default/user/mei`: believed of an enforcement point that may say so. */
  readonly user?: string | undefined;
}

export interface StatedChecks {
  /** The caller. */
  readonly principal: SpiffeId;
  /** Whom delegations are for: the gateway. */
  readonly audience: SpiffeId;
  readonly now: Instant;
}

/** The person; in words why they are not believed; or nobody. */
export function personStated(
  point: EnforcementPoint,
  { delegation, user }: Stated,
  { trustDomain }: Pick<Snapshot, "trustDomain">,
  { principal, audience, now }: StatedChecks,
): ActingUser | string | undefined {
  if (delegation !== undefined && user !== undefined) return "the question says twice for whom the call is";
  if (delegation !== undefined) {
    try {
      return verifyDelegation(delegation, { actor: principal, audience, now });
    } catch (error) {
      if (!isCordonError(error)) throw error;
      return error.message;
    }
  }
  if (user === undefined) return undefined;
  const { id } = point.component;
  if (!point.settings.people) return `${id} may not say for which person a call is (\`people\` under \`doors\`)`;
  const [, namespace = "default", name = ""] = /^(?:([^/]+)\/(?:user\/)?)?([^/]+)$/.exec(user) ?? [];
  if (!isName(namespace) || !isName(name)) return "the question names no person: `name`, or `namespace/user/name`";
  return { id: userId(trustDomain, namespace as Namespace, name), vouchedBy: id };
}
