/**
 * Nonces that were seen. In: a nonce and until when its signature could be shown again. Out: whether it is new. Bounded:
 * when there is no room, the answer is no; a nonce is never forgotten while it could be replayed.
 */
import type { Instant } from "@cordon/core/instant";

export interface Nonces {
  /** True the first time, while there is room; false ever after. */
  take(keyId: string, nonce: string, until: Instant, now: Instant): boolean;
}

/** One browser's share: thirty requests a second, without a pause. One key's flood is not another's. */
const maxPerKey = 4096;
const sweepEveryMs = 10_000;

export function rememberNonces(limit = maxPerKey): Nonces {
  const byKey = new Map<string, Map<string, Instant>>();
  let sweptAt = 0;
  const sweep = (now: Instant): void => {
    sweptAt = now;
    for (const [keyId, seen] of byKey) {
      for (const [nonce, until] of seen) if (until < now) seen.delete(nonce);
      if (seen.size === 0) byKey.delete(keyId);
    }
  };
  return {
    take(keyId, nonce, until, now) {
      if (Math.abs(now - sweptAt) >= sweepEveryMs) sweep(now);
      const seen = byKey.get(keyId) ?? new Map<string, Instant>();
      if (seen.has(nonce) || seen.size >= limit) return false;
      seen.set(nonce, until);
      byKey.set(keyId, seen);
      return true;
    },
  };
}
