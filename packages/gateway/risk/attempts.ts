/**
 * Attempts that failed lately, by in whose name and from which address. In: each failure, and whether it is proven that it was
 * theirs. Out: how many count now. Bounded in every direction.
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

export interface Attempts {
  failed(attempt: FailedAttempt, now: Instant): void;
  /** What counts of those in its name. */
  inName(who: SpiffeId, now: Instant): number;
  fromAddress(address: string, now: Instant): number;
}

export const attemptWindowMs = 900_000;
/** Of attempts that nobody proved to be theirs, no more than these count: four make a share below the first tier. */
export const mostUnproven = 4;
const mostNames = 20_000;
const mostAddresses = 50_000;
/** Of one name or address; more count no more. */
const mostTimes = 32;

export function openAttempts(): Attempts {
  const proven = new Map<string, Instant[]>();
  const claimed = new Map<string, Instant[]>();
  const addresses = new Map<string, Instant[]>();
  return {
    failed({ who, proven: theirs, address }, now) {
      if (who !== undefined) note(theirs ? proven : claimed, who, now, mostNames, theirs ? mostTimes : mostUnproven);
      if (address !== undefined) note(addresses, networkOf(address), now, mostAddresses, mostTimes);
    },
    inName: (who, now) => recent(proven, who, now) + recent(claimed, who, now),
    fromAddress: (address, now) => (addresses.size === 0 ? 0 : recent(addresses, networkOf(address), now)),
  };
}

function note(all: Map<string, Instant[]>, name: string, now: Instant, mostKept: number, mostOfOne: number): void {
  const times = all.get(name) ?? [];
  if (times.length >= mostOfOne) times.shift();
  times.push(now);
  // The one that failed longest ago makes room: whoever floods with new names drives out his own.
  all.delete(name);
  if (all.size >= mostKept) for (const oldest of all.keys()) if (all.delete(oldest)) break;
  all.set(name, times);
}

function recent(all: Map<string, Instant[]>, name: string, now: Instant): number {
  const times = all.get(name);
  if (times === undefined) return 0;
  const left = times.filter((at) => at > now - attemptWindowMs);
  if (left.length === 0) all.delete(name);
  else if (left.length < times.length) all.set(name, left);
  return left.length;
}

/** IPv4 whole, IPv6 by its /64: one host has all of that. One address, however it is written. */
function networkOf(address: string): string {
  const bits = addressBits(address);
  if (bits === undefined) return address.slice(0, 64);
  return bits >> 32n === 0xffffn ? `4:${bits & 0xffffffffn}` : `6:${bits >> 64n}`;
}
