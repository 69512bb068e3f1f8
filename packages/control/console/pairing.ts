/**
 * The one-time code that pairs a browser. In: `newCode()`, when somebody at the terminal asks for one. Out: a code that
 * is good once, for ten minutes, and void after five wrong tries; the newest one only.
 *
 * 50 bits and five tries: whoever guesses has one chance in 2 * 10^14.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Instant } from "@cordon/core/instant";

/** Crockford's base 32: no I, L, O, U, so that a code can be read out. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const codeLength = 10;
export const codeTtlMs = 10 * 60_000;
export const maxWrongTries = 5;

export interface PairingCode {
  /** `XXXXX-XXXXX`. */
  readonly code: string;
  readonly expiresAt: Instant;
}

/** `void`: this try used up the last chance of the code. `none`: there is no code to try. */
export type Redemption = "paired" | "wrong" | "void" | "none";

export interface PairingDesk {
  /** Makes a code; the one before it is void. */
  newCode(): PairingCode;
  /** Tries a code as a person typed it. The right one is used up by this. */
  redeem(typed: string): Redemption;
  /** Whether this is the code; the right one stays good, a wrong one counts as a try. */
  holds(typed: string): boolean;
}

/** A code of 50 random bits, `XXXXX-XXXXX`. */
export function newPairingCode(): string {
  const letters = Array.from(randomBytes(codeLength), (byte) => alphabet[byte & 31]).join("");
  return `${letters.slice(0, codeLength / 2)}-${letters.slice(codeLength / 2)}`;
}

/**
 * @param clock both clocks: a code ends when either says so, so that setting the wall clock back revives none
 */
export function openPairingDesk(clock: {
  readonly now: () => Instant;
  readonly monotonicMs: () => number;
}): PairingDesk {
  let current:
    | { readonly digest: Buffer; readonly until: Instant; readonly untilMs: number; wrong: number }
    | undefined;
  return {
    newCode() {
      const code = newPairingCode();
      const until = clock.now() + codeTtlMs;
      current = { digest: digestOf(code), until, untilMs: clock.monotonicMs() + codeTtlMs, wrong: 0 };
      return { code, expiresAt: until };
    },
    holds: (typed) => judge(typed) === "paired",
    redeem(typed) {
      const redemption = judge(typed);
      if (redemption === "paired") current = undefined;
      return redemption;
    },
  };
  function judge(typed: string): Redemption {
    if (current !== undefined && (clock.now() >= current.until || clock.monotonicMs() >= current.untilMs))
      current = undefined;
    if (current === undefined) return "none";
    if (timingSafeEqual(current.digest, digestOf(typed))) return "paired";
    current.wrong += 1;
    if (current.wrong < maxWrongTries) return "wrong";
    current = undefined;
    return "void";
  }
}

/** Of the code as it was meant: case, hyphens and spaces aside, and the letters that Crockford reads as digits. */
function digestOf(typed: string): Buffer {
  const meant = typed.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  return createHash("sha256").update(meant).digest();
}
