/**
 * The decision: a pure function of an immutable snapshot. In: a snapshot, a request, what is known of now, the time.
 * Out: allow or deny, with reasons, obligations, and what the answer depends on. No clock, no I/O, no randomness: the
 * same function serves live requests, streams that are decided again, replay and "what could this reach?".
 *
 * Nothing is allowed because something was missing. Every path but the last one denies.
 */
import type { Instant } from "../instant.ts";
import { checkBoundaries, type BoundaryVerdict, type Crossing } from "./boundaries.ts";
import type { AccessRequest, Decision } from "./decision.ts";
import type { Obligation, Reason, Signals } from "./decision.ts";
import type { Evaluation, MatchedPolicy } from "./engine.ts";
import { checkFlow } from "../flow/flow.ts";
import { demandsOf, joinDemands, type InspectionDemands } from "./inspect-annotation.ts";
import { isObserved } from "./observed-policy.ts";
import { atMost, permitted, reasonOf, watchingOf } from "./policy-reasons.ts";
import { parseKeep } from "./policy-lint.ts";
import { checkApproval, grantReason } from "./approval.ts";
import { dependencies } from "./dependencies.ts";
import { behalfOf, type Behalf } from "./behalf.ts";
import { checkPerson, grantsFor, grantsOfActingUser, isUser, withPerson } from "./people.ts";
import type { Granted, Principal } from "./people.ts";
import { noRisk } from "../risk/score.ts";
import { demandsOf as adaptiveDemandsOf, isConditional, type AdaptiveDemands } from "./adaptive.ts";
import { admittedUntil, shortName } from "./admission-check.ts";
import { assessRequest, checkAdaptive, checkSession, riskReason } from "./adaptive-checks.ts";
import { checkServedModel } from "./served-model.ts";
import type { Component, Snapshot } from "./snapshot.ts";

/**
 * Decides one request.
 *
 * @param now the time of the decision; only `validUntil` is made from it
 * @returns the decision. An enforcement point that cannot meet each of its obligations must deny
 */
export function decide(snapshot: Snapshot, request: AccessRequest, signals: Signals, now: Instant): Decision {
  const stale = checkFreshness(snapshot, signals); //                     1. do we know what holds now?
  if (stale) return deny(snapshot, request, [stale]);
  const parties = findParties(snapshot, request); //                      2. who is who?
  if ("code" in parties) return deny(snapshot, request, [parties]);
  const contained = checkContainment(snapshot, request) ?? checkSession(snapshot, request, signals);
  //                                                                       3. what containment forbids
  if (contained) return deny(snapshot, request, [contained], parties);
  const unproven = checkAssurance(request, parties.principal); //         4. is it proven well enough?
  if (unproven) return deny(snapshot, request, [unproven], parties);
  const { principal, resource } = parties;
  const person = checkPerson(snapshot, request, principal, now); //         is the person behind it signed in?
  if ("code" in person) return deny(snapshot, request, [person], parties);
  const unadmitted = checkServedModel(snapshot, resource, now); //        5. may its model serve?
  if (unadmitted) return deny(snapshot, request, [unadmitted], parties);
  const verdict: BoundaryVerdict = isUser(principal)
    ? noBoundary
    : checkBoundaries(snapshot.boundaries, request, principal, resource, now);
  const crossing = verdict.kind === "across" ? boundaryReason(verdict.crossing) : undefined;
  const across = verdict.kind === "across" && verdict.mode === "enforce"; // 6. what no permit is stronger than
  if (across && crossing) return deny(snapshot, request, [crossing], parties);
  const leak = flowReason(snapshot, request, resource); //                  what a session has read must not leave by it
  if (leak && snapshot.informationFlow?.mode === "enforce") return deny(snapshot, request, [leak], parties);
  const softened = [crossing, leak].filter((reason) => reason !== undefined);
  const windows = snapshot.windows.at(now);
  const granted = grantsFor(snapshot, request, now);
  const delegated = grantsOfActingUser(snapshot, request, now);
  const facts = withPerson(snapshot, request, granted.grants.length + delegated.grants.length > 0);
  const assessed = assessRequest(snapshot, request, resource, signals, now); // 7. how risky is it?
  const { risk } = assessed;
  const ask = (who: Principal) => snapshot.policies.evaluate(facts, who, resource, windows.of, assessed);
  const own = ask(principal);
  const behalf = behalfOf(snapshot, request, own, ask); //                 and what they say to the person it acts for
  const evaluation = behalf?.both ?? own;
  const { demands } = permission(evaluation);
  const refused = checkBoth(own, behalf, request, parties, granted, delegated); // 8. what policies and grants say
  const adaptive = refused ? undefined : checkAdaptive(demands, { snapshot, request, resource, signals, now });
  const refusals = refused ?? adaptive?.refusals;
  if (refusals && !observesBoth(snapshot, request, parties, own, behalf)) {
    const all = [...softened, ...refusals, ...riskReason(risk)];
    return { ...deny(snapshot, request, all, parties, signals), risk, obligations: adaptive?.obligations ?? [] };
  }
  const approval = checkApproval(snapshot, request, evaluation, now); //  9. has somebody approved exactly this call?
  if (approval !== undefined && "code" in approval) return deny(snapshot, request, [approval], parties, signals);
  const { watching } = permission(evaluation);
  const tried = [...softened, ...(refusals ?? []), ...watching];
  const observed = tried.length > 0 ? tried : undefined;
  return {
    effect: "allow",
    reasons: reasonsFor(evaluation, observed, verdict, [...granted.grants, ...(behalf ? delegated.grants : [])]),
    obligations: obligationsOf(evaluation), //                            10. what must be done for it to stand
    risk,
    revision: snapshot.revision,
    dependsOn: dependencies(request, parties, signals, behalf),
    validUntil: Math.min(
      staleAt(snapshot, signals, now),
      windows.until,
      endOf(verdict),
      admittedUntil(snapshot, resource),
      person.until,
      granted.until,
      delegated.until,
      approval?.ends ?? Infinity,
      assessed.until,
      adaptive?.until ?? Infinity,
    ),
    ...(approval ? { approvals: [approval.id] } : {}),
    ...(observed ? { observed: { effect: "deny", reasons: observed } } : {}),
  };
}

function flowReason(snapshot: Snapshot, request: AccessRequest, resource: Component): Reason | undefined {
  const refusal = checkFlow(snapshot.informationFlow, request, resource);
  return refusal && { code: "information-flow", ...refusal };
}

function boundaryReason({ boundary, words }: Crossing): Reason {
  return { code: "boundary", boundary, words };
}

/** Why it is allowed: what permits it, or what is only observed; and the exception that it stands on, if it does. */
function reasonsFor(
  evaluation: Evaluation,
  observed: readonly Reason[] | undefined,
  verdict: BoundaryVerdict,
  grants: Granted["grants"],
): readonly Reason[] {
  const permitting = [...permission(evaluation).reasons, ...grants.map(grantReason)];
  const reasons = observed ? [observedReason(observed)] : permitting;
  if (verdict.kind !== "excepted") return reasons;
  const { name, boundary, owner, reason, expires } = verdict.exception;
  const words = `exception \`${name}\` of ${owner}, until ${new Date(expires).toISOString()}: ${reason}`;
  return [...reasons, { code: "boundary-exception", boundary, words }];
}

/** People lie in none of the four boundaries: what one may reach is a matter of policies and grants. */
const noBoundary: BoundaryVerdict = Object.freeze({ kind: "within" });

/** An exception ends by itself. */
function endOf(verdict: BoundaryVerdict): Instant {
  return verdict.kind === "excepted" ? verdict.exception.expires : Infinity;
}

interface Parties {
  readonly principal: Principal;
  readonly resource: Component;
}

/** An age that is not a plain number of milliseconds is no knowledge of freshness at all. */
function checkFreshness(snapshot: Snapshot, { snapshotAgeMs }: Signals): Reason | undefined {
  if (snapshotAgeMs >= 0 && snapshotAgeMs <= snapshot.stalenessLimitMs) return undefined;
  const words =
    `the control plane last confirmed revision ${snapshot.revision} ${snapshotAgeMs} ms ago, ` +
    `past the limit of ${snapshot.stalenessLimitMs} ms; see that this gateway reaches the control plane`;
  return { code: "snapshot-stale", words };
}

/** The first millisecond at which the snapshot is stale, unless the control plane confirms it before. */
function staleAt(snapshot: Snapshot, { snapshotAgeMs }: Signals, now: Instant): Instant {
  return now + Math.floor(snapshot.stalenessLimitMs - snapshotAgeMs) + 1;
}

function findParties(snapshot: Snapshot, request: AccessRequest): Parties | Reason {
  const principal = snapshot.components.get(request.principal) ?? snapshot.users?.get(request.principal);
  if (principal === undefined)
    return { code: "principal-unknown", words: `${request.principal} is not registered: register it as a component` };
  const resource = snapshot.components.get(request.resource);
  if (resource === undefined)
    return { code: "resource-unknown", words: `${request.resource} is not registered: register it as a component` };
  return { principal, resource };
}

/** Containment holds for both sides: nothing goes to a contained resource either. */
export function checkContainment(
  snapshot: Snapshot,
  request: Pick<AccessRequest, "principal" | "resource" | "user">,
): Reason | undefined {
  const { principal, resource, user } = request;
  for (const id of user === undefined ? [principal, resource] : [principal, resource, user.id]) {
    if (snapshot.revocations.workloads.has(id))
      return {
        code: "revoked",
        words: `the identity of ${id} is revoked: issue it a new one once it is trusted again`,
      };
    const order = snapshot.overlays.isolated.get(id);
    if (order !== undefined) return { code: "isolated", words: `${id} is isolated: ${order.reason}` };
  }
  return undefined;
}

function checkAssurance({ context }: AccessRequest, principal: Principal): Reason | undefined {
  // Who is vouched for may do what policies permit to those; the enforcement point that vouches proved itself.
  if (context.assurance === "x509-svid" || context.assurance === "vouched") return undefined;
  if (isUser(principal) && context.assurance === "passkey-session") return undefined;
  // Whether the client may use the weaker one is judged with the session that it stands on.
  if (isUser(principal) && (context.assurance === "dpop-token" || context.assurance === "bearer-token"))
    return undefined;
  if (isUser(principal))
    return { code: "token-not-permitted", words: `${principal.id} is a person: people never use bearer tokens` };
  if (context.assurance === "jwt-svid" && principal.bearerTokens) return undefined;
  const words = `${principal.id} may not authenticate with a bearer token: use mutual TLS, or set \`bearerTokens\` on the component`;
  return { code: "token-not-permitted", words };
}

/**
 * A workload that acts for a person needs both: what policies and grants let the workload do, and what they let the person.
 * Neither's rights are ever lent to the other.
 */
function checkBoth(
  own: Evaluation,
  behalf: Behalf | undefined,
  request: AccessRequest,
  parties: Parties,
  granted: Granted,
  delegated: Granted,
): readonly Reason[] | undefined {
  const refused = checkPolicies(own, request, parties, granted);
  if (refused !== undefined || behalf === undefined) return refused;
  const theirs = { ...parties, principal: behalf.person };
  return checkPolicies(behalf.evaluation, request, theirs, delegated);
}

/** Why policies refuse, or `undefined` when they permit. A policy that failed might have been a forbid: it denies. */
function checkPolicies(
  evaluation: Evaluation,
  request: AccessRequest,
  { principal, resource }: Parties,
  granted: Granted,
): readonly Reason[] | undefined {
  const { permits } = evaluation;
  const { forbids } = permission(evaluation);
  const errors = evaluation.errors.filter((one) => one.observed !== true);
  if (errors.length > 0 || forbids.length > 0) {
    const failed = errors.map(({ policy, words }): Reason => {
      const which = policy === "" ? "the policies could not be evaluated" : `policy \`${policy}\` failed`;
      return { code: "policy-error", ...(policy === "" ? {} : { policy }), words: `${which}: ${words}` };
    });
    return atMost([...failed, ...forbids.map((policy) => reasonOf("forbidden", policy))], "policies refuse");
  }
  if (permits.length > 0 || granted.grants.length > 0) return undefined;
  if (isUser(principal)) {
    const acts = principal.id === request.principal ? "" : `${request.principal} acts for ${principal.name}, and `;
    const words =
      `${acts}no policy and no grant lets ${principal.name} ${request.action} ${shortName(resource)}; ask for it: ` +
      `cordon grant request ${request.action} ${resource.namespace}/${resource.name}`;
    return [{ code: "no-permit", namespace: resource.namespace, words }];
  }
  const words =
    `no policy of namespace \`${resource.namespace}\` permits ${shortName(principal)} to ${request.action} ` +
    `${shortName(resource)}; to allow it, add a permit to the policies of \`${resource.namespace}\``;
  return [{ code: "no-permit", namespace: resource.namespace, words }];
}

/** Where policy spoke to both, both halves have to be only observed. */
function observesBoth(
  snapshot: Snapshot,
  request: AccessRequest,
  parties: Parties,
  own: Evaluation,
  behalf: Behalf | undefined,
): boolean {
  if (!observes(snapshot, request, parties, own)) return false;
  return (
    behalf === undefined || observes(snapshot, request, { ...parties, principal: behalf.person }, behalf.evaluation)
  );
}

/**
 * Whether a refusal by policy is only observed. A namespace may soften what its own policies say and nothing else: a
 * route of one team that observes must not open what belongs to another, nor let out whom another keeps in.
 */
function observes(
  snapshot: Snapshot,
  { via }: AccessRequest,
  { principal, resource }: Parties,
  { forbids, errors }: Evaluation,
): boolean {
  const own = via === undefined ? undefined : snapshot.observing.get(via);
  if (own === undefined || resource.namespace !== own) return false;
  // An error does not say whose policy it was: it may be that of the principal's namespace.
  if (errors.length > 0 && principal.namespace !== own) return false;
  return forbids.every(({ namespace }) => namespace === own);
}

function observedReason(refusals: readonly Reason[]): Reason {
  const more = refusals.length > 1 ? ` (and ${refusals.length - 1} more)` : "";
  return {
    code: "observed",
    words: `let through because it is only observed: ${refusals[0]?.words ?? ""}${more}`,
  };
}

interface Permission {
  readonly reasons: readonly Reason[];
  readonly obligations: readonly Obligation[];
  /** What permits, and forbids that can be lifted, demand of who asks. */
  readonly demands: AdaptiveDemands;
  /** Those that nothing lifts. */
  readonly forbids: readonly MatchedPolicy[];
  /** What forbids say that are only observed. */
  readonly watching: readonly Reason[];
}

/** What an evaluation's policies come to. The engine answers with the same object for the same policies. */
const permissions = new WeakMap<Evaluation, Permission>();

function permission(evaluation: Evaluation): Permission {
  let known = permissions.get(evaluation);
  if (known === undefined) {
    const { permits } = evaluation;
    const forbids = evaluation.forbids.filter(({ annotations }) => !isObserved(annotations));
    known = {
      reasons: permitted(permits),
      obligations: oblige(permits),
      demands: adaptiveDemandsOf([...permits, ...forbids.filter(isConditional)]),
      forbids: forbids.filter((policy) => !isConditional(policy)),
      watching: watchingOf(evaluation),
    };
    permissions.set(evaluation, known);
  }
  return known;
}

/**
 * What the matching permits ask for, together: content is kept when any of them says so, and of what they say about
 * findings the strictest holds.
 */
function oblige(permits: readonly MatchedPolicy[]): readonly Obligation[] {
  let request = false;
  let response = false;
  const demands: InspectionDemands[] = [];
  for (const { annotations } of permits) {
    const keep = annotations["keep"] === undefined ? undefined : parseKeep(annotations["keep"]);
    request ||= keep?.request ?? false;
    response ||= keep?.response ?? false;
    const demanded = demandsOf(annotations);
    if (demanded !== undefined) demands.push(demanded);
  }
  if (!request && !response && demands.length === 0) return noObligations;
  return [
    ...(request || response ? [{ kind: "keepContent" as const, request, response }] : []),
    ...(demands.length > 0 ? [{ kind: "inspect" as const, ...joinDemands(demands) }] : []),
  ];
}

const noObligations: readonly Obligation[] = Object.freeze([]);

/** What must be done for an allow to stand: what permits ask for, and what less sensitive data it is restricted to. */
function obligationsOf(evaluation: Evaluation): readonly Obligation[] {
  const { obligations, demands } = permission(evaluation);
  if (demands.restrict === undefined) return obligations;
  return [...obligations, { kind: "restrictTo", sensitivity: demands.restrict.sensitivity }];
}

/** A deny has no `validUntil`: the passing of time alone never turns one into an allow. */
function deny(
  snapshot: Snapshot,
  request: AccessRequest,
  reasons: readonly Reason[],
  parties?: Parties,
  signals?: Signals,
): Decision {
  return {
    effect: "deny",
    reasons,
    obligations: noObligations,
    risk: noRisk,
    revision: snapshot.revision,
    dependsOn: dependencies(request, parties, signals),
    validUntil: undefined,
  };
}
