/**
 * Attempts that failed lately, by in whose name and from which address. In: each failure, and whether it is proven that it was
 * theirs; what other gateways counted. Out: how many count now. Bounded in every direction.
 *
 * What strangers fail at in somebody's name counts a little and never more: else whoever types wrong codes for somebody else
 * could have them refused. What came by a credential of theirs counts whole.
 */
import { addressBits } from "@cordon/core/risk/cidr";
import type { Instant } from "@cordon/core/instant";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";

/** A failed attempt. */
export interface FailedAttempt {
  /** In whose name. */
  readonly who?: SpiffeId | undefined;
  /** Whether a credential of theirs proved that it was they. */
  readonly proven: boolean;
  /** Where it came from, if that is known. */
  readonly address?: string | undefined;
}

export const attemptKinds = ["proven", "claimed", "address"] as const;
export type AttemptKind = (typeof attemptKinds)[number];

/** When attempts of one kind failed; `name` is a principal's, or an address's as {@link Attempts.drain} writes it. */
interface CountedAttempts {
  readonly kind: AttemptKind;
  readonly name: string;
  readonly times: readonly Instant[];
}

export interface Attempts {
  failed(attempt: FailedAttempt, now: Instant): void;
  /** What counts of those in its name. */
  inName(who: SpiffeId, now: Instant): number;
  fromAddress(address: string, now: Instant): number;
  /** Of what something was counted here since the last call. */
  drain(): readonly { readonly kind: AttemptKind; readonly name: string }[];
  /** What was counted here and is not too old. */
  counted(kind: AttemptKind, name: string, now: Instant): readonly Instant[];
  /** What another gateway has counted (or {@link here}, before it was started anew), in place of what it said before. */
  take(gateway: string, counted: CountedAttempts): void;
}

export const attemptWindowMs = 900_000;
/** Of attempts that nobody proved to be theirs, no more than these count: four make a share below the first tier. */
export const mostUnproven = 4;
const mostNames: Readonly<Record<AttemptKind, number>> = { proven: 20_000, claimed: 20_000, address: 50_000 };
/** Of one name or address at one gateway; more count no more. */
const mostTimes = 32;
const mostGateways = 64;
/** Stands for this gateway. */
export const here = "";

type Times = Map<string, readonly Instant[]>;

export function openAttempts(): Attempts {
  const counted: Readonly<Record<AttemptKind, Map<string, Times>>> = {
    proven: new Map(),
    claimed: new Map(),
    address: new Map(),
  };
  const untold = new Map<string, { readonly kind: AttemptKind; readonly name: string }>();

  const timesOf = (kind: AttemptKind, name: string): Times => {
    const all = counted[kind];
    const times: Times = all.get(name) ?? new Map();
    // The one that failed longest ago makes room: whoever floods with new names drives out his own.
    all.delete(name);
    if (all.size >= mostNames[kind]) for (const oldest of all.keys()) if (all.delete(oldest)) break;
    all.set(name, times);
    return times;
  };
  const note = (kind: AttemptKind, name: string, now: Instant): void => {
    const times = timesOf(kind, name);
    const most = kind === "claimed" ? mostUnproven : mostTimes;
    times.set(here, [...(times.get(here) ?? []).slice(1 - most), now]);
    if (untold.size < mostNames.proven) untold.set(`${kind} ${name}`, { kind, name });
  };
  const recent = (kind: AttemptKind, name: string, now: Instant): number => {
    const times = counted[kind].get(name);
    if (times === undefined) return 0;
    let left = 0;
    for (const [gateway, own] of times) {
      const still = own.filter((at) => at > now - attemptWindowMs);
      left += still.length;
      if (still.length === 0) times.delete(gateway);
      else if (still.length < own.length) times.set(gateway, still);
    }
    if (times.size === 0) counted[kind].delete(name);
    return left;
  };

  return {
    failed({ who, proven, address }, now) {
      if (who !== undefined) note(proven ? "proven" : "claimed", who, now);
      if (address !== undefined) note("address", networkOf(address), now);
    },
    inName: (who, now) => recent("proven", who, now) + Math.min(mostUnproven, recent("claimed", who, now)),
    fromAddress: (address, now) => (counted.address.size === 0 ? 0 : recent("address", networkOf(address), now)),
    drain() {
      const news = [...untold.values()];
      untold.clear();
      return news;
    },
    counted: (kind, name, now) => (counted[kind].get(name)?.get(here) ?? []).filter((at) => at > now - attemptWindowMs),
    take(gateway, { kind, name, times }) {
      if (times.length === 0 && counted[kind].get(name)?.has(gateway) !== true) return;
      const own = timesOf(kind, name);
      if (times.length === 0 || (own.size >= mostGateways && !own.has(gateway))) own.delete(gateway);
      else own.set(gateway, times.slice(-mostTimes));
    },
  };
}

/** IPv4 whole, IPv6 by its /64: one host has all of that. One address, however it is written. */
function networkOf(address: string): string {
  const bits = addressBits(address);
  if (bits === undefined) return address.slice(0, 64);
  return bits >> 32n === 0xffffn ? `4:${bits & 0xffffffffn}` : `6:${bits >> 64n}`;
}
