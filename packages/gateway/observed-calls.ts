/**
 * What routes in observe mode let through. In: each such call, as it is admitted. Out: how many there were by route since
 * the gateway started, so that its owner sees what would break before enforcing. The ledger holds each of them.
 */
import type { Reason, RouteKey } from "@cordon/core/policy/decision";

/** Header that tells the caller of a denial that was not enforced. */
export const observedHeader = ["cordon-observed", "deny"] as const;

export class ObservedCalls {
  readonly #counts = new Map<RouteKey, number>();

  readonly #causes = new Map<string, number>();

  note(route: RouteKey, reasons: readonly Reason[] = []): void {
    this.#counts.set(route, (this.#counts.get(route) ?? 0) + 1);
    for (const { boundary, policy, namespace } of reasons) {
      const cause =
        boundary !== undefined
          ? `boundary ${boundary}`
          : policy !== undefined
            ? `policy ${namespace}/${policy}`
            : undefined;
      // Names are the configuration's: there are no more than it has policies.
      if (cause !== undefined) this.#causes.set(cause, (this.#causes.get(cause) ?? 0) + 1);
    }
  }

  /** The same by what would have denied: `boundary data`, `policy default/no-deploys`. */
  get causes(): ReadonlyMap<string, number> {
    return this.#causes;
  }

  /** Calls that would have been denied, by route. */
  get counts(): ReadonlyMap<RouteKey, number> {
    return this.#counts;
  }
}
