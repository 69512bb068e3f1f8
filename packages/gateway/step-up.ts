/**
 * Step-up: a call that policy lets through once the person has proved to be present. In: a decision that says so. Out: the
 * challenge of RFC 9470 with the link where they can; or, where the route holds such calls, the decision once they have.
 */
import type { ServerResponse } from "node:http";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { AccessRequest, Decision } from "@cordon/core/policy/decision";
import { scopeChallenge, type ResourceChallenge } from "./listener/challenge.ts";
import type { SnapshotSource } from "@cordon/core/policy/snapshot-source";

/** How lately the person must have proved to be present for this denial to be lifted; absent where nothing lifts it. */
export function stepUpAge({ effect, obligations }: Decision): number | undefined {
  if (effect !== "deny") return undefined;
  const stepUp = obligations.find((obligation) => obligation.kind === "stepUp");
  return stepUp?.kind === "stepUp" ? stepUp.maxAgeSeconds : undefined;
}

/**
 * The headers of a 401.
 *
 * @param url where the person proves to be present; absent where this Cordon has no such page
 * @see RFC 9470, section 3: `error="insufficient_user_authentication"`, `max_age`; RFC 6750, section 3, for the characters
 */
export function challengeHeaders(maxAgeSeconds: number, words: string, url: string | undefined): string[] {
  const description = words.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "'").slice(0, 500);
  const at = url === undefined ? "" : `, step_up_uri="${url}"`;
  const challenge = `Bearer error="insufficient_user_authentication", error_description="${description}", max_age="${maxAgeSeconds}"${at}`;
  return ["www-authenticate", challenge, ...(url === undefined ? [] : ["link", `<${url}>; rel="step-up"`])];
}

/** How a denial is answered: with the challenge, where it is a person's and a step-up lifts it. */
export function denialAnswer(
  decision: Decision,
  { user, action, also = [] }: AccessRequest,
  words: string,
  url: (() => string | undefined) | undefined,
  resource: ResourceChallenge = {},
): { readonly status: 401 | 403; readonly code: string; readonly headers: readonly string[] } {
  // All that the call needs, told at once: one missing after another would send the person round and round.
  const scopes = [...new Set([action, ...also.filter(({ rpc }) => rpc !== undefined).map((one) => one.action)])].join(
    " ",
  );
  const unscoped = decision.reasons.find(({ code }) => code === "scope-insufficient");
  if (unscoped !== undefined)
    return { status: 403, code: "ACCESS_DENIED", headers: scopeChallenge(scopes, unscoped.words, resource) };
  const age = user === undefined ? undefined : stepUpAge(decision);
  if (age === undefined) return { status: 403, code: "ACCESS_DENIED", headers: [] };
  return { status: 401, code: "STEP_UP_REQUIRED", headers: challengeHeaders(age, words, url?.()) };
}

const mostHeld = 256;
const mostHeldEach = 4;

export interface StepUpHold {
  /**
   * Where the route holds such calls: waits for the denial to be lifted, decided again at each new snapshot.
   *
   * @returns the newest decision: `first` itself where nothing is held, or too many wait already; after the route's time at
   *   most, or when the client has left
   */
  wait(
    route: { readonly stepUpHoldMs?: number },
    asked: AccessRequest,
    held: {
      readonly response: ServerResponse;
      readonly first: Decision;
      readonly again: (asked: AccessRequest) => Decision;
    },
  ): Promise<Decision> | Decision;
  readonly size: number;
}

export function openStepUpHold(snapshots: SnapshotSource): StepUpHold {
  const held = new Map<SpiffeId, number>();
  let size = 0;
  return {
    get size() {
      return size;
    },
    wait({ stepUpHoldMs: ms = 0 }, asked, { response, first, again }) {
      const who = asked.user?.id;
      if (ms === 0 || who === undefined || stepUpAge(first) === undefined) return first;
      const own = held.get(who) ?? 0;
      if (size >= mostHeld || own >= mostHeldEach || response.destroyed) return first;
      held.set(who, own + 1);
      size += 1;
      return lifted(snapshots, ms, response, first, () => again(asked)).finally(() => {
        size -= 1;
        const left = (held.get(who) ?? 1) - 1;
        if (left > 0) held.set(who, left);
        else held.delete(who);
      });
    },
  };
}

function lifted(
  snapshots: SnapshotSource,
  ms: number,
  response: ServerResponse,
  first: Decision,
  again: () => Decision,
): Promise<Decision> {
  return new Promise((resolve) => {
    let newest = first;
    const end = (): void => {
      clearTimeout(timer);
      unsubscribe();
      response.off("close", end);
      resolve(newest);
    };
    const timer = setTimeout(end, ms);
    const unsubscribe = snapshots.subscribe(() => {
      newest = again();
      if (stepUpAge(newest) === undefined) end();
    });
    response.once("close", end);
  });
}
