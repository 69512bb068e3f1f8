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
import { fullLabels, joinLabels, labelsAdded, type FlowFacts } from "@cordon/core/flow/flow";
import type { FlowSessions } from "@cordon/core/flow/sessions";
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
import { personStated, type Stated } from "./stated-person.ts";

export interface DecisionPointDeps {
  readonly snapshots: SnapshotSource;
  readonly ledger: LedgerAppender;
  readonly now: () => Instant;
  readonly monotonicMs: () => number;
  readonly nextId: () => string;
  /** Whom delegations are for: the gateway's own id. */
  readonly id: SpiffeId;
  /** What sessions hold. Without it nobody follows information flow, and where the snapshot wants that, ways out are denied. */
  readonly flows?: Pick<FlowSessions, "look" | "raise"> | undefined;
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
  /** For whom the call is. */
  readonly stated?: Stated;
}

/** A question about a component that is known by its SPIFFE ID already. */
export interface Asked {
  readonly principal: SpiffeId;
  readonly action: Action | undefined;
  readonly resource: SpiffeId;
  readonly claims: readonly string[] | undefined;
  readonly method: string;
  readonly protocol: "authzen" | "ext_authz";
  readonly stated?: Stated | undefined;
  /** What the caller's session holds. */
  readonly flow?: FlowFacts | undefined;
}

export interface Answered {
  readonly id: string;
  readonly decision: Decision;
}

/** A question in the words of the enforcement point, mapped. */
export function asked(
  point: EnforcementPoint,
  { subject, action, resource, stated }: Question,
  snapshot: Snapshot,
): Asked {
  const from = mapEntity(point, "subjects", subject, snapshot);
  const to = mapEntity(point, "resources", resource, snapshot);
  return {
    principal: from.id,
    action: mapAction(point, action.name),
    resource: to.id,
    claims: claimsOf({ ...subject, properties: from.properties }, action, { ...resource, properties: to.properties }),
    method: "POST",
    protocol: "authzen",
    stated,
  };
}

/** What is decided, not yet written down: for a search, which asks about many at once. */
export function decideFor(
  { snapshots, monotonicMs, now, id }: Pick<DecisionPointDeps, "snapshots" | "monotonicMs" | "now" | "id">,
  point: EnforcementPoint,
  question: Asked,
): { readonly request: AccessRequest; readonly decision: Decision; readonly signals: { snapshotAgeMs: number } } {
  const snapshot = snapshots.current();
  const at = now();
  const signals = { snapshotAgeMs: Math.max(0, Math.round(monotonicMs() - snapshots.confirmedAtMs())) };
  const resource = snapshot.components.get(question.resource);
  const { action = "administer", claims = [] } = question;
  const { principal, flow } = question;
  const person = personStated(point, question.stated ?? {}, snapshot, { principal, audience: id, now: at });
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
    ...(person === undefined || typeof person === "string" ? {} : { user: person }),
    ...(flow === undefined ? {} : { flow }),
  };
  const decision = decide(snapshot, request, signals, at);
  const refusal =
    refusalOf(snapshot, point, question, resource?.namespace, decision) ??
    (typeof person === "string" ? ({ code: "user-unknown", words: person } as const) : undefined);
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

/** The question with what its caller's session holds, and what is asked for would bring in: nobody cuts it later. */
async function withFlow(
  { flows, now }: DecisionPointDeps,
  { informationFlow: settings, components }: Snapshot,
  question: Asked,
  id: string,
): Promise<Asked> {
  if (settings === undefined) return question;
  if (flows === undefined) return { ...question, flow: { ...fullLabels, standing: "lost" } };
  const held = await flows.look({ principal: question.principal, user: "", name: "" }, settings.idleMs, now());
  const labels = components.get(question.resource)?.labels;
  if (labels === undefined) return { ...question, flow: held };
  const untrusted = held.integrity === "trusted" && labels.integrity === "untrusted";
  const own = untrusted ? { untrusted: { id, resource: question.resource, at: now() } } : {};
  return { ...question, flow: { ...held, ...joinLabels(held, labels), ...own } };
}

async function raise(
  { flows, now }: DecisionPointDeps,
  { informationFlow: settings, components }: Snapshot,
  { principal, action, resource }: AccessRequest,
  id: string,
): Promise<void> {
  const labels = components.get(resource)?.labels;
  if (flows === undefined || settings === undefined || labels === undefined) return;
  const step = { id, resource, at: now() };
  await flows.raise({ principal, user: "", name: "" }, labelsAdded(action, labels), step, settings.idleMs, now());
}

/** Decides one question and writes it down before it is answered. */
export async function answerFor(deps: DecisionPointDeps, asker: Asker, question: Asked): Promise<Answered> {
  const { point, fingerprint } = asker;
  const id = deps.nextId();
  const snapshot = deps.snapshots.current();
  const held = await withFlow(deps, snapshot, question, id);
  const { request, decision, signals } = decideFor(deps, point, held);
  // What is let through is in the session before anybody hears of it.
  if (decision.effect === "allow") await raise(deps, snapshot, request, id);
  const namespace = snapshot.components.get(request.resource)?.namespace ?? point.component.namespace;
  const at = deps.now();
  const entry: DecisionEntry = {
    ...{ v: 1, kind: "decision", at, id, namespace, revision: decision.revision },
    principal: request.principal,
    credential: { assurance: "vouched", fingerprint },
    askedBy: point.component.id,
    ...{ action: request.action, resource: request.resource, context: request.context, signals },
    ...(request.user === undefined ? {} : { user: request.user }),
    ...(request.flow === undefined ? {} : { flow: request.flow }),
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
