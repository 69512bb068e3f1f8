/**
 * WebAuthn challenges. In: what a passkey is to confirm (a purpose and the digest of the exact thing). Out: a challenge
 * that is good for that alone, for two minutes, once.
 *
 * A challenge is the MAC of what it stands for: asking for a million of them keeps nothing here, and drives nobody else's
 * out. Only challenges that a passkey has answered are remembered, until they expire.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Instant } from "@cordon/core/instant";

export const challengeTtlMs = 120_000;

export interface Challenge {
  /** Names it to the server; says nothing about what it is for. */
  readonly id: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface Challenges {
  issue(purpose: string, digest: string): Challenge;
  /** What an answer to `id` for this purpose and digest must have signed, in base64url; `undefined` when it is too old. */
  expected(id: string, purpose: string, digest: string): string | undefined;
  /** Uses it up: true the first time. To be called once the answer's signature stands. */
  spend(id: string): boolean;
}

const idPattern = /^([1-9][0-9]{12})\.([A-Za-z0-9_-]{22})$/;

/** @param secret 32 random bytes of this run: a restart ends every challenge under way */
export function openChallenges(now: () => Instant, secret: Uint8Array = randomBytes(32)): Challenges {
  const spent = new Map<string, Instant>();
  const macOf = (id: string, purpose: string, digest: string): Buffer =>
    createHmac("sha256", secret).update(["cordon-passkey-v1", id, purpose, digest].join("\n")).digest();
  const endOf = (id: string): Instant | undefined => {
    const end = Number(idPattern.exec(id)?.[1] ?? 0);
    return end > now() && end <= now() + challengeTtlMs ? end : undefined;
  };
  return {
    issue(purpose, digest) {
      const id = `${now() + challengeTtlMs}.${randomBytes(16).toString("base64url")}`;
      return { id, bytes: Uint8Array.from(macOf(id, purpose, digest)) };
    },
    expected(id, purpose, digest) {
      return endOf(id) === undefined ? undefined : macOf(id, purpose, digest).toString("base64url");
    },
    spend(id) {
      const end = endOf(id);
      for (const [old, until] of spent) if (until <= now()) spent.delete(old);
      if (end === undefined || spent.has(id)) return false;
      spent.set(id, end);
      return true;
    },
  };
}

/** Whether two base64url texts are the same, in a time that does not depend on where they differ. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
