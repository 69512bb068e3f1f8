/** Destinations outside the trust domain as enforcement points hold them. In: a target. Out: the declaration that covers it. */
import { isAddressHost, type EgressTarget } from "../contract/egress-schema.ts";
import type { Namespace } from "../contract/vocabulary.ts";
import type { SpiffeId } from "../identity/spiffe-id.ts";
import type { InspectionSettings } from "../inspection/settings.ts";
import type { RouteKey } from "./decision.ts";
import type { EgressRequests } from "./egress-requests.ts";

/** How requests to a destination are seen, where they are. */
export interface Interception {
  readonly requests: EgressRequests;
  /** Who certifies the host, instead of the web's public authorities. */
  readonly caFile?: string;
  readonly maxBodyBytes: number;
  readonly firstByteMs: number;
  readonly inspection?: InspectionSettings;
}

export interface EgressDestination {
  readonly namespace: Namespace;
  readonly name: string;
  /** Exact, or `*.` and a domain. */
  readonly host: string;
  readonly port: number;
  /** The external component that policy decides on. */
  readonly resource: SpiffeId;
  readonly protocol: "tls" | "http" | "any";
  readonly privateAddresses: boolean;
  readonly connectMs: number;
  readonly idleMs: number;
  readonly limit?: EgressLimit;
  /** Absent: what is inside is not seen. */
  readonly intercept?: Interception;
}

/** What one principal may carry to and from a destination, in fixed windows of time. Past it, what is open is cut. */
export interface EgressLimit {
  readonly perSeconds: number;
  readonly bytesOut?: number;
  readonly bytesIn?: number;
  readonly requests?: number;
}

/** By {@link egressKey}. */
export type EgressDestinations = ReadonlyMap<string, EgressDestination>;

/** What a request inside a connection came in by: no route's key, for a colon is in no name. */
export function egressVia({ namespace, name }: Pick<EgressDestination, "namespace" | "name">): RouteKey {
  return `egress:${namespace}/${name}` as RouteKey;
}

/** The destination that {@link egressVia} named. */
export function destinationOf(
  destinations: EgressDestinations | undefined,
  via: RouteKey | undefined,
): EgressDestination | undefined {
  if (via?.startsWith("egress:") !== true) return undefined;
  for (const destination of destinations?.values() ?? []) if (egressVia(destination) === via) return destination;
  return undefined;
}

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
