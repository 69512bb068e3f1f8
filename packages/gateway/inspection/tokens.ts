/**
 * Tokens of one interaction: whose they are, and whether its caller may have them undone. In: keys, the caller, policy. Out:
 * a screening that seals and opens; a decision to reveal.
 */
import type { KeyObject } from "node:crypto";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { createTokenSealer, scopeName } from "@cordon/core/inspection/redaction/token-sealer";
import { defaultTokens, tokenizes } from "@cordon/core/inspection/settings";
import type { Instant } from "@cordon/core/instant";
import type { AccessRequest, Decision, Signals } from "@cordon/core/policy/decision";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { decideHere } from "../admission.ts";
import type { TokenKeys } from "../ports.ts";
import type { Screening } from "./screening.ts";

export interface TokenOwner {
  readonly snapshot: Snapshot;
  readonly caller: Pick<AccessRequest, "principal" | "user">;
  /** Where the caller is no component. */
  readonly namespace: Namespace;
  readonly now: () => Instant;
}

/**
 * Gives a screening the tokens of its caller's namespace and scope.
 *
 * @throws {CordonError} `KEY_SEALED`, `STORE_UNAVAILABLE`
 */
export async function openTokens(
  keys: TokenKeys | undefined,
  screening: Screening,
  { snapshot, caller, namespace, now }: TokenOwner,
): Promise<void> {
  if (keys === undefined || screening.observes) return;
  const home = snapshot.components.get(caller.principal)?.namespace ?? namespace;
  const { settings } = screening;
  const { scope, lifetimeHours } = settings.tokens ?? defaultTokens;
  let key: KeyObject;
  try {
    const held = keys.current(home);
    key = held instanceof Promise ? await held : held;
  } catch (error) {
    if (settings.tokens !== undefined || tokenizes(settings)) throw error;
    return; // nobody here asked for tokens; should policy, what it would have tokenised is redacted
  }
  screening.tokens = createTokenSealer({
    key,
    scope: scopeName(scope, caller.principal, caller.user?.id),
    lifetimeHours,
    now,
  });
}

export interface Revealing {
  readonly request: AccessRequest;
  readonly decision: Decision;
  readonly validUntil: Instant | undefined;
}

/**
 * Whether policy permits `detokenize` to whoever asks, on what is asked. `undefined` where it does not, where it is only
 * observed, and where something would have to be done for it: then tokens stay.
 */
export function mayReveal(
  snapshot: Snapshot,
  access: AccessRequest,
  signals: Signals,
  now: Instant,
): Revealing | undefined {
  const { call, ...rest } = access;
  // An approval is of a call, and tokens are none.
  const request: AccessRequest = { ...(call === undefined ? access : rest), action: "detokenize" };
  const decision = decideHere(snapshot, request, signals, now);
  const stands = decision.effect === "allow" && decision.observed === undefined && decision.approvals === undefined;
  if (!stands || decision.obligations.some(({ kind }) => kind !== "inspect")) return undefined;
  return { request, decision, validUntil: decision.validUntil };
}
