/**
 * Callers and what they are entitled to. In: a connection's attested facts, the registrations as they are now. Out: the
 * components that the caller is. Asked again at every change, always by the same facts.
 */
import type { Registration } from "@cordon/core/contract/registration-schema";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { CallerFacts } from "../attestation/attest.ts";
import { mismatch, type MeasuredLaunch } from "../attestation/match.ts";
import type { KnownState, RegisteredWorkload } from "../node/node-state.ts";

export interface Entitlement {
  readonly workload: RegisteredWorkload;
  readonly hint: string;
}

/** What `cordon run` measured of the session that a process belongs to. */
export type LaunchesBySession = (facts: CallerFacts) => MeasuredLaunch | undefined;

/** Components whose registration the caller meets, in the order of their ids. */
export function entitlementsOf(
  facts: CallerFacts,
  { registrations }: Pick<KnownState, "registrations">,
  launches: LaunchesBySession,
): readonly Entitlement[] {
  const launch = launches(facts);
  const found: Entitlement[] = [];
  for (const workload of registrations.values()) {
    const met = workload.selectors.find((selectors) => mismatch(selectors, facts, launch) === undefined);
    if (met !== undefined) found.push({ workload, hint: met.hint ?? "" });
  }
  return uniqueHints(found.toSorted((a, b) => (a.workload.id < b.workload.id ? -1 : 1)));
}

/** Hints are unique in one answer (Workload API, 4.2.1): of two that are the same, the first keeps it. */
function uniqueHints(found: readonly Entitlement[]): readonly Entitlement[] {
  const seen = new Set<string>();
  return found.map((one) => {
    if (one.hint === "" || !seen.has(one.hint)) {
      seen.add(one.hint);
      return one;
    }
    return { ...one, hint: "" };
  });
}

/** Why a caller is nobody here, one line a component, for the operator's log. At most ten. */
export function refusalsOf(
  facts: CallerFacts,
  { registrations }: Pick<KnownState, "registrations">,
  launches: LaunchesBySession,
): readonly string[] {
  const launch = launches(facts);
  const why = (id: SpiffeId, one: Registration) => `${id}: ${mismatch(one, facts, launch) ?? "met"}`;
  return [...registrations.values()].slice(0, 10).flatMap(({ id, selectors }) => selectors.map((one) => why(id, one)));
}
