/**
 * What each principal has carried to and from each destination. In: pieces as they pass, decisions as they fall. Out:
 * totals since the start, and whether a destination's limit for one principal is used up. The ledger has each connection;
 * this is their sum, at hand.
 *
 * Pairs are bounded: past {@link maxPairs} what comes new is counted for its destination, for `principal` `*`.
 */
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import type { EgressLimit } from "@cordon/core/policy/egress";

export interface EgressTotal {
  /** `*` for those past the bound. */
  readonly principal: SpiffeId | "*";
  readonly namespace: Namespace;
  readonly destination: string;
  /** As they cross the gateway, TLS among them. */
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Connections that were let through; where the destination is looked into, requests. */
  readonly requests: number;
  readonly refused: number;
  /** What of it counts for the destination's limit, where it has one. */
  readonly used?: {
    readonly bytesOut: number;
    readonly bytesIn: number;
    readonly requests: number;
    readonly since: Instant;
  };
}

interface Destination {
  readonly namespace: Namespace;
  readonly name: string;
  readonly limit?: EgressLimit;
}

export interface EgressAccount {
  /** Counts what is about to pass; or says why it may not, and counts nothing. */
  readonly sent: (bytes: number) => string | undefined;
  readonly received: (bytes: number) => string | undefined;
  /** Counts a decision; returns how to say that what was let through is refused after all. */
  readonly decided: (effect: "allow" | "deny") => () => void;
  /** Why nothing new may begin just now, if so. */
  readonly usedUp: () => string | undefined;
}

export interface EgressTotals {
  of(principal: SpiffeId, destination: Destination): EgressAccount;
  readonly list: () => readonly EgressTotal[];
}

export const maxPairs = 2_000;

class Counted {
  bytesOut = 0;
  bytesIn = 0;
  requests = 0;
  refused = 0;
  window = { bytesOut: 0, bytesIn: 0, requests: 0, since: 0 };
  limited = false;
  /** A piece did not pass any more, in the window that began then: nothing new begins in it. */
  ended: { readonly why: string; readonly since: number } | undefined;
  readonly principal: SpiffeId | "*";
  readonly namespace: Namespace;
  readonly destination: string;
  constructor(principal: SpiffeId | "*", { namespace, name }: Destination) {
    this.principal = principal;
    this.namespace = namespace;
    this.destination = name;
  }
}

export function openEgressTotals(now: () => Instant, atMost = maxPairs): EgressTotals {
  const pairs = new Map<string, Counted>();

  function counted(principal: SpiffeId | "*", destination: Destination): Counted {
    const key = `${principal} ${destination.namespace}/${destination.name}`;
    let found = pairs.get(key);
    if (found === undefined) {
      if (pairs.size >= atMost && principal !== "*") return counted("*", destination);
      pairs.set(key, (found = new Counted(principal, destination)));
    }
    return found;
  }

  return {
    of(principal, destination) {
      const total = counted(principal, destination);
      const { limit } = destination;
      total.limited = limit !== undefined;
      const current = (): Counted["window"] => {
        const lengthMs = (limit?.perSeconds ?? 0) * 1000;
        const since = lengthMs === 0 ? 0 : Math.floor(now() / lengthMs) * lengthMs;
        if (total.window.since !== since) total.window = { bytesOut: 0, bytesIn: 0, requests: 0, since };
        return total.window;
      };
      const over = (used: number, most: number | undefined, what: string): string | undefined =>
        most === undefined || used <= most
          ? undefined
          : `${principal} has used up what \`${destination.name}\` allows it in ${limit?.perSeconds} s: ${most} ${what}`;
      const outOf = (bytes: number) => over(current().bytesOut + bytes, limit?.bytesOut, "bytes out");
      const inOf = (bytes: number) => over(current().bytesIn + bytes, limit?.bytesIn, "bytes in");
      const refuse = (why: string): string => {
        total.ended = { why, since: current().since };
        return why;
      };
      return {
        sent(bytes) {
          const why = outOf(bytes);
          if (why !== undefined) return refuse(why);
          total.bytesOut += bytes;
          current().bytesOut += bytes;
          return undefined;
        },
        received(bytes) {
          const why = inOf(bytes);
          if (why !== undefined) return refuse(why);
          total.bytesIn += bytes;
          current().bytesIn += bytes;
          return undefined;
        },
        decided(effect) {
          const through = effect === "deny" ? 0 : 1;
          const window = current();
          total.refused += 1 - through;
          total.requests += through;
          window.requests += through;
          return () => {
            total.refused += through;
            total.requests -= through;
            window.requests -= through;
          };
        },
        usedUp: () =>
          (total.ended?.since === current().since ? total.ended.why : undefined) ??
          outOf(1) ??
          inOf(1) ??
          over(current().requests + 1, limit?.requests, "requests"),
      };
    },
    list: () =>
      [...pairs.values()].map(
        ({ principal, namespace, destination, bytesOut, bytesIn, requests, refused, ...rest }) => ({
          ...{ principal, namespace, destination, bytesOut, bytesIn, requests, refused },
          ...(rest.limited ? { used: { ...rest.window } } : {}),
        }),
      ),
  };
}
