/**
 * Whether somebody may seal or open tokens outside of a call. In: who asks, on what. Out: a decision in the ledger, before
 * anything is done.
 *
 * The same decision as at the gateway: `detokenize` on what is asked about. To seal is to put data there, so it asks for
 * `write`: whoever may seal in a scope can test a guess there, which is why it is no free service. What policy would demand
 * besides (an approval, kept content, a step-up) cannot be met here, and a denial is never softened to observing.
 */
import type { Action, Namespace } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import type { LedgerAppender } from "@cordon/core/ledger/entry";
import { decide } from "@cordon/core/policy/decide";
import type { AccessRequest, Assurance, Decision, Reason, Signals } from "@cordon/core/policy/decision";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";
import type { RiskSignals } from "@cordon/core/risk/signals";

/** Who asks: a component that the local administrator says it is, or a person who is signed in. */
export interface Asker {
  readonly id: SpiffeId;
  readonly namespace: Namespace;
  readonly credential: { readonly assurance: Assurance; readonly fingerprint: string };
  /** Who vouches for a component. */
  readonly askedBy?: SpiffeId;
  readonly user?: { readonly id: SpiffeId; readonly session: string };
  /** What is known of the person now, and what a decision teaches; components are vouched for, and nothing is sensed of them. */
  readonly sensing?: {
    readonly signals: (resource: SpiffeId) => RiskSignals | undefined;
    readonly decided: (resource: SpiffeId, decision: Decision) => void;
  };
}

export interface AdmissionDeps {
  readonly snapshot: () => Snapshot;
  readonly snapshotAgeMs: () => number;
  readonly ledger: LedgerAppender;
  readonly nextId: () => string;
  readonly now: () => Instant;
}

/**
 * @param namespace whose key is asked for; it must be the asker's own
 * @returns the decision's id
 * @throws {CordonError} `ACCESS_DENIED` with policy's reasons; `LEDGER_UNAVAILABLE`
 */
export async function admit(
  deps: AdmissionDeps,
  asker: Asker,
  resource: Component,
  namespace: string,
  action: Extract<Action, "write" | "detokenize">,
): Promise<string> {
  const { assurance } = asker.credential;
  const request: AccessRequest = {
    ...{ principal: asker.id, action, resource: resource.id },
    context: {
      ...{ assurance, route: "data", method: "POST", stream: false },
      external: resource.kind === "external",
    },
    ...(asker.user === undefined ? {} : { user: asker.user }),
  };
  const risk = asker.sensing?.signals(resource.id);
  const signals: Signals = { snapshotAgeMs: deps.snapshotAgeMs(), ...(risk === undefined ? {} : { risk }) };
  const at = deps.now();
  const decided = decide(deps.snapshot(), request, signals, at);
  const refusal = refusalOf(asker, namespace, decided);
  const decision: Decision =
    refusal === undefined ? decided : { ...decided, effect: "deny", reasons: [refusal], obligations: [] };
  asker.sensing?.decided(resource.id, decision);
  const id = deps.nextId();
  await deps.ledger.append({
    ...{ v: 1, kind: "decision", at, id, namespace: resource.namespace, revision: decision.revision },
    ...{ principal: asker.id, credential: asker.credential },
    ...(asker.askedBy === undefined ? {} : { askedBy: asker.askedBy }),
    ...(asker.user === undefined ? {} : { user: asker.user }),
    ...{ action, resource: resource.id, context: request.context, signals },
    ...{ effect: decision.effect, reasons: decision.reasons, obligations: decision.obligations, risk: decision.risk },
  });
  if (decision.effect === "allow") return id;
  throw new CordonError(
    "ACCESS_DENIED",
    `${asker.id} may not ${action === "write" ? "seal tokens" : "open tokens"} on ${resource.id}: ` +
      `${decision.reasons.map(({ words }) => words).join("; ")} (decision ${id})`,
  );
}

/** Why it is refused whatever policies say, or what they ask for besides. */
function refusalOf(asker: Asker, namespace: string, decision: Decision): Reason | undefined {
  if (namespace !== asker.namespace)
    return {
      code: "no-permit",
      words: `${asker.id} is of the namespace \`${asker.namespace}\`; tokens of \`${namespace}\` are for that namespace's own principals`,
    };
  if (decision.effect === "deny") return undefined;
  const besides =
    (decision.approvals?.length ?? 0) > 0
      ? "approval"
      : decision.obligations.find(({ kind }) => kind !== "inspect")?.kind;
  if (decision.observed === undefined && besides === undefined) return undefined;
  return {
    code: "obligation-unmet",
    words: `policy allows this only with \`${besides ?? "observation"}\`, which the command line does not meet`,
  };
}
