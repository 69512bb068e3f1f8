/**
 * Nonces for DPoP proofs: a proof that has to hold one cannot have been made long ahead, whatever its client's clock said. In: a
 * key that every gateway of the estate has, and the time. Out: the nonce of now, and whether one is recent. Nothing is kept: any
 * gateway knows the nonces of all.
 *
 * @see RFC 9449, sections 8 and 9
 */
import { createHmac, timingSafeEqual, type KeyObject } from "node:crypto";
import type { Instant } from "../instant.ts";

export interface DpopNonces {
  /** What clients are given now. */
  current(): string;
  /** Whether a nonce was given out by a gateway of this estate within the last two minutes. */
  isRecent(value: string): boolean;
}

/** How long one is given out. It is taken for as long again; and as much ahead, for gateways whose clocks differ. */
export const nonceSeconds = 60;

/** @param key a secret key of the estate */
export function dpopNonces(key: KeyObject, now: () => Instant): DpopNonces {
  const made = new Map<number, string>();
  const of = (period: number): string => {
    let value = made.get(period);
    if (value === undefined) {
      if (made.size > 8) made.clear();
      const mac = createHmac("sha256", key).update(`cordon dpop-nonce ${period}`).digest();
      made.set(period, (value = mac.subarray(0, 18).toString("base64url")));
    }
    return value;
  };
  const period = (): number => Math.floor(now() / (nonceSeconds * 1000));
  return {
    current: () => of(period()),
    isRecent(value) {
      const given = Buffer.from(value);
      return [0, -1, 1].some((away) => {
        const own = Buffer.from(of(period() + away));
        return own.length === given.length && timingSafeEqual(own, given);
      });
    },
  };
}
