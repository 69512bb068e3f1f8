/** Destinations outside the trust domain as enforcement points hold them. In: a target. Out: the declaration that covers it. */
import { isAddressHost, type EgressTarget } from "../contract/egress-schema.ts";
import type { Namespace } from "../contract/vocabulary.ts";
import type { SpiffeId } from "../identity/spiffe-id.ts";

export interface EgressDestination {
  readonly namespace: Namespace;
  readonly name: string;
  /** Exact, or `*.` and a domain. */
  readonly host: string;
  readonly port: number;
  /** The external component that policy decides on. */
  readonly resource: SpiffeId;
  readonly protocol: "tls" | "any";
  readonly privateAddresses: boolean;
  readonly connectMs: number;
  readonly idleMs: number;
}

/** By {@link egressKey}. */
export type EgressDestinations = ReadonlyMap<string, EgressDestination>;

export function egressKey({ host, port }: EgressTarget): string {
  return `${host}:${port}`;
}

/** The exact declaration goes before one by `*.`, which stands for one label. */
export function findDestination(
  destinations: EgressDestinations | undefined,
  { host, port }: EgressTarget,
): EgressDestination | undefined {
  const exact = destinations?.get(egressKey({ host, port }));
  const dot = host.indexOf(".");
  if (exact !== undefined || dot < 0 || isAddressHost(host)) return exact;
  return destinations?.get(egressKey({ host: `*${host.slice(dot)}`, port }));
}
