/**
 * What routes in observe mode let through. In: each such call, as it is admitted. Out: how many there were by route since
 * the gateway started, so that its owner sees what would break before enforcing. The ledger holds each of them.
 */
import type { RouteKey } from "@cordon/core/policy/decision";

/** Header that tells the caller of a denial that was not enforced. */
export const observedHeader = ["cordon-observed", "deny"] as const;

export class ObservedCalls {
  readonly #counts = new Map<RouteKey, number>();

  note(route: RouteKey): void {
    this.#counts.set(route, (this.#counts.get(route) ?? 0) + 1);
  }

  /** Calls that would have been denied, by route. */
  get counts(): ReadonlyMap<RouteKey, number> {
    return this.#counts;
  }
}
