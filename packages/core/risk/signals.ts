/**
 * What is known of now, beyond the request: from which device and network it comes, at what hour, after how many failures,
 * and what others have said about who asks. Values only, as the ledger keeps them beside the decision; `assess.ts` weighs
 * them. What nobody could observe is absent, and absent is never taken for good where it was to be expected.
 */
import type { RiskTier } from "../contract/vocabulary.ts";
import type { Instant } from "../instant.ts";

/** Kinds of network that an address may belong to. `public` is any other that is routed. */
export const networkKinds = ["loopback", "private", "public", "datacentre", "tor", "unknown"] as const;
export type NetworkKind = (typeof networkKinds)[number];

export interface NetworkSignal {
  readonly address: string;
  readonly kind: NetworkKind;
  /** ISO 3166-1 alpha-2; absent where the address is in no list. */
  readonly country?: string;
  /** Whether this principal has come from this country before; absent while too little is known of it. */
  readonly countrySeen?: boolean;
  /** Speed that the way from the place before would have taken, where it moved between countries. */
  readonly travelKmPerHour?: number;
}

/** How usual this hour of the week is for this principal. */
export interface HourSignal {
  /** Hour of the week in UTC, 0 (Monday 00:00) to 167. */
  readonly hourOfWeek: number;
  /** Share of what it did before that fell into this hour and those beside it, 0 to 1. */
  readonly share: number;
  /** How much was seen of it before. */
  readonly observations: number;
}

export const indicatorKinds = ["address", "domain", "hash", "prompt"] as const;
export type IndicatorKind = (typeof indicatorKinds)[number];

/** An indicator of threat intelligence that this request matches. */
export interface ThreatSignal {
  readonly kind: IndicatorKind;
  /** The indicator as its source writes it. */
  readonly indicator: string;
  /** Name of the list it came from. */
  readonly source: string;
  /** 0 to 100. */
  readonly confidence: number;
  /** When it ends by itself. */
  readonly until?: Instant;
}

export interface IncidentSignal {
  readonly id: string;
  readonly severity: RiskTier;
}

export interface RiskSignals {
  /** The enrolled device that proved itself; `none`: one was to be expected and none did. Absent: none is expected. */
  readonly device?: string;
  /** Whether this principal has used that device before. */
  readonly deviceSeen?: boolean;
  readonly network?: NetworkSignal;
  readonly hour?: HourSignal;
  /** Failed attempts in its name within the last quarter of an hour. */
  readonly failures?: number;
  /** Failed attempts from its address, in whosever name, within the last quarter of an hour. */
  readonly addressFailures?: { readonly address: string; readonly times: number };
  /** Requests in the last minute, and what is usual for this principal. */
  readonly rate?: { readonly perMinute: number; readonly usual: number };
  readonly threats?: readonly ThreatSignal[];
  /** Open incidents that name it. */
  readonly incidents?: readonly IncidentSignal[];
  /** When the person last proved to be present. Absent: never, or it is no person. */
  readonly assertedAt?: Instant;
  /** When the session, or the credential that it stands on, began. */
  readonly sessionSince?: Instant;
  /** The first instant at which any of this may be otherwise by time alone. */
  readonly until?: Instant;
}

/** Stands for `device` where one was to be expected. No device may have this name: it is shorter than any id. */
export const noDevice = "none";
