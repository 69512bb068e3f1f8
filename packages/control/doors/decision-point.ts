/**
 * Decides what other enforcement points ask, and writes it down. In: an enforcement point that proved itself, and a question
 * in its own words. Out: the decision, once it is durable; what cannot be recorded is denied.
 *
 * They decide once: nothing here can cut what they let through. So what they cannot meet is denied, their modes are not
 * softened, and a decision says how long it holds.
 */
import type { Instant } from "@cordon/core/instant";
import type { DecisionEntry, LedgerAppender } from "@cordon/core/ledger/entry";
import { checkContainment, decide } from "@cordon/core/policy/decide";
import type { AccessRequest, Decision, Reason } from "@cordon/core/policy/decision";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { SnapshotSource } from "@cordon/core/policy/snapshot-source";
import type { Action, Namespace } from "@cordon/core/contract/vocabulary";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import {
  claimsOf,
  mapAction,
  mapEntity,
  mayAskAbout,
  type EnforcementPoint,
  type ForeignAction,
  type ForeignEntity,
} from "./foreign-names.ts";

export interface DecisionPointDeps {
  readonly snapshots: SnapshotSource;
  readonly ledger: LedgerAppender;
  readonly now: () => Instant;
  readonly monotonicMs: () => number;
  readonly nextId: () => string;
  /** Told of what could not be recorded. */
  readonly onFailure: (error: unknown) => void;
}

/** Who asks, as the handshake proved it. */
export interface Asker {
  readonly point: EnforcementPoint;
  /** Lower-case hex SHA-256 of its certificate. */
  readonly fingerprint: string;
}

export interface Question {
  readonly subject: ForeignEntity;
  readonly action: ForeignAction;
  readonly resource: ForeignEntity;
}

/** A question about a component that is known by its SPIFFE ID already. */
export interface Asked {
  readonly principal: SpiffeId;
  readonly action: Action | undefined;
  readonly resource: SpiffeId;
  readonly claims: readonly string[] | undefined;
  readonly method: string;
  readonly protocol: "authzen" | "ext_authz";
}

export interface Answered {
  readonly id: string;
  readonly decision: Decision;
}

/** A question in the words of the enforcement point, mapped. */
export function asked(point: EnforcementPoint, { subject, action, resource }: Question, snapshot: Snapshot): Asked {
  const from = mapEntity(point, "subjects", subject, snapshot);
  const to = mapEntity(point, "resources", resource, snapshot);
  return {
    principal: from.id,
    action: mapAction(point, action.name),
    resource: to.id,
    claims: claimsOf({ ...subject, properties: from.properties }, action, { ...resource, properties: to.properties }),
    method: "POST",
    protocol: "authzen",
  };
}

/** What is decided, not yet written down: for a search, which asks about many at once. */
export function decideFor(
  { snapshots, monotonicMs, now }: Pick<DecisionPointDeps, "snapshots" | "monotonicMs" | "now">,
  point: EnforcementPoint,
  question: Asked,
): { readonly request: AccessRequest; readonly decision: Decision; readonly signals: { snapshotAgeMs: number } } {
  const snapshot = snapshots.current();
  const at = now();
  const signals = { snapshotAgeMs: Math.max(0, Math.round(monotonicMs() - snapshots.confirmedAtMs())) };
  const resource = snapshot.components.get(question.resource);
  const { action = "administer", claims = [] } = question;
  const request: AccessRequest = {
    ...{ principal: question.principal, action, resource: question.resource },
    context: {
      assurance: "vouched",
      route: question.protocol,
      method: question.method,
      stream: false,
      external: resource?.kind === "external",
      ...(claims.length === 0 ? {} : { claims }),
    },
  };
  const decision = decide(snapshot, request, signals, at);
  const refusal = refusalOf(snapshot, point, question, resource?.namespace, decision);
  if (refusal === undefined) return { request, decision, signals };
  return { request, decision: { ...decision, effect: "deny", reasons: [refusal], validUntil: undefined }, signals };
}

/** Why it is denied whatever policies say. */
function refusalOf(
  snapshot: Snapshot,
  point: EnforcementPoint,
  { action, claims, resource }: Asked,
  namespace: Namespace | undefined,
  { effect, obligations }: Decision,
): Reason | undefined {
  const { id } = point.component;
  const contained = checkContainment(snapshot, { principal: id, resource: id });
  if (contained !== undefined) return contained;
  // The same words whether it exists: who may not ask learns nothing.
  if (namespace === undefined || !mayAskAbout(point, namespace))
    return {
      code: "resource-unknown",
      words: `${id} may not ask about ${resource}: no component of its namespaces is called so (\`doors\` in cordon.yaml)`,
    };
  if (action === undefined)
    return { code: "no-permit", words: `${id} asks for an action that is none of ours; map it under its \`actions\`` };
  if (claims === undefined)
    return {
      code: "no-permit",
      words: "the question carries too many properties, too long ones, or names that could be read as others",
    };
  if (effect === "deny") return undefined;
  const unmet = obligations.find(({ kind }) => !point.settings.meets.some((met) => met === kind));
  if (unmet === undefined) return undefined;
  return {
    code: "obligation-unmet",
    words: `policy allows this only with \`${unmet.kind}\`, which ${id} does not meet`,
  };
}

/** Decides one question and writes it down before it is answered. */
export async function answerFor(deps: DecisionPointDeps, asker: Asker, question: Asked): Promise<Answered> {
  const { point, fingerprint } = asker;
  const { request, decision, signals } = decideFor(deps, point, question);
  const id = deps.nextId();
  const snapshot = deps.snapshots.current();
  const namespace = snapshot.components.get(request.resource)?.namespace ?? point.component.namespace;
  const at = deps.now();
  const entry: DecisionEntry = {
    ...{ v: 1, kind: "decision", at, id, namespace, revision: decision.revision },
    principal: request.principal,
    credential: { assurance: "vouched", fingerprint },
    askedBy: point.component.id,
    ...{ action: request.action, resource: request.resource, context: request.context, signals },
    ...{ effect: decision.effect, reasons: decision.reasons, obligations: decision.obligations, risk: decision.risk },
    ...(decision.validUntil === undefined ? {} : { validUntil: decision.validUntil }),
  };
  try {
    await deps.ledger.append(entry);
  } catch (error) {
    deps.onFailure(error);
    const words = "the decision could not be recorded, and what cannot be recorded does not happen";
    return { id, decision: { ...decision, effect: "deny", reasons: [{ code: "no-permit", words }], obligations: [] } };
  }
  // What follows is the enforcement point's: its answer ends here.
  if (decision.effect === "allow")
    deps.ledger
      .append({
        ...{ v: 1, kind: "outcome", at: deps.now(), id, namespace, end: "complete", status: 200 },
        ...{ upstream: `asked by ${point.component.id}`, findings: [], masks: 0 },
      })
      .catch(deps.onFailure);
  return { id, decision };
}
