/**
 * Decides one request and writes the decision down. In: caller, intent, snapshot. Out: the decision, and a promise of
 * the moment at which it is durable. Used for a request's first decision, for a fallback, and again for live streams.
 */
import { actionsWithoutEffects, type Action, type Namespace } from "@cordon/core/contract/vocabulary";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Instant } from "@cordon/core/instant";
import type { ContentDigest, DecisionEntry } from "@cordon/core/ledger/entry";
import { decide } from "@cordon/core/policy/decide";
import {
  routeKey,
  type AccessRequest,
  type Decision,
  type RequestContext,
  type Signals,
} from "@cordon/core/policy/decision";
import { destinationOf } from "@cordon/core/policy/egress";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { personBehind } from "./listener/acting-for.ts";
import type { Caller } from "./listener/caller.ts";
import { obligationsMet, type GatewayLedger } from "./ports.ts";
import type { Intent } from "./routes/intent.ts";

export interface AdmissionDeps {
  readonly ledger: GatewayLedger;
  readonly now: () => Instant;
  readonly signals: () => Signals;
}

export function accessRequestOf(
  caller: Caller,
  intent: Intent,
  route: { readonly namespace: Namespace; readonly name: string },
  method: string,
  via = routeKey(route),
): AccessRequest {
  const { action, resource, also, arguments: given } = intent;
  const context = contextOf(caller, intent, route, method);
  const access: Mutable<AccessRequest> = { principal: caller.id, action, resource, context, via };
  const { user } = personBehind(caller);
  if (also !== undefined) access.also = also;
  if (given !== undefined) access.arguments = given;
  if (user !== undefined) access.user = user;
  return access;
}

/** While it is put together, one property after another: a dozen spreads a request can be measured. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A route's requests differ in little else: the same facts are the same object, of which policy makes its own once. */
const contexts = new WeakMap<object, Map<string, RequestContext>>();

function contextOf(
  { assurance }: Caller,
  { stream, upstream: { external }, mcp }: Intent,
  route: { readonly name: string },
  method: string,
): RequestContext {
  const facts = { assurance, route: route.name, method, stream, external };
  if (mcp !== undefined) return { ...facts, ...mcp };
  let known = contexts.get(route);
  if (known === undefined) contexts.set(route, (known = new Map()));
  const key = `${method} ${assurance} ${stream} ${external}`;
  const context = known.get(key) ?? Object.freeze(facts);
  if (known.size < mostContexts) known.set(key, context); // the method is the client's own word
  return context;
}

const mostContexts = 64;

/** Scopes are of what was asked for; what the same call does besides is for policy alone. */
function unscoped({ user }: AccessRequest, action: Action): Pick<AccessRequest, "user"> {
  if (user === undefined || (user.scopes ?? user.scope) === undefined) return {};
  const { scope, ...rest } = user;
  const { resources } = scope ?? {}; // what a delegation names is all that is touched for it, however
  const acting = resources === undefined ? rest : { ...rest, scope: { resources } };
  return { user: user.scopes === undefined ? acting : { ...acting, scopes: [action] } };
}

/** Decides, and turns an allow whose obligations this enforcement point cannot meet into a deny. */
export function decideHere(snapshot: Snapshot, access: AccessRequest, signals: Signals, now: Instant): Decision {
  if (access.also === undefined) return decideOne(snapshot, access, signals, now);
  const { also, ...asked } = access;
  let decision = decideOne(snapshot, asked, signals, now);
  for (const one of also) {
    if (decision.effect === "deny") return decision;
    decision = bothOf(decision, decideOne(snapshot, besides(asked, one), signals, now));
  }
  return decision;
}

type Besides = NonNullable<AccessRequest["also"]>[number];

/** What the same call does besides. A question's answer is a thing of its own, and needs a scope of its own. */
function besides(asked: AccessRequest, { rpc, arguments: given, action, resource }: Besides): AccessRequest {
  if (rpc === undefined) return { ...asked, action, resource, ...unscoped(asked, action) };
  const context = { ...asked.context, rpc, tool: "" };
  return { ...asked, action, resource, context, ...(given === undefined ? {} : { arguments: given }) };
}

/** Both must allow, and what both demand must be done. */
function bothOf(first: Decision, second: Decision): Decision {
  const validUntil = Math.min(first.validUntil ?? Infinity, second.validUntil ?? Infinity);
  const both = {
    ...(second.effect === "deny" ? second : first),
    validUntil: validUntil === Infinity ? undefined : validUntil,
    dependsOn: [...first.dependsOn, ...second.dependsOn],
  };
  if (second.effect === "deny") return both;
  const observed = first.observed ?? second.observed;
  const approvals = [...new Set([...(first.approvals ?? []), ...(second.approvals ?? [])])];
  return {
    ...both,
    reasons: [...first.reasons, ...second.reasons],
    obligations: [...first.obligations, ...second.obligations],
    ...(observed === undefined ? {} : { observed }),
    ...(approvals.length === 0 ? {} : { approvals }),
  };
}

function decideOne(snapshot: Snapshot, access: AccessRequest, signals: Signals, now: Instant): Decision {
  const decision = decide(snapshot, access, signals, now);
  if (decision.effect === "deny") return decision;
  const unmet = decision.obligations.find(
    ({ kind }) => !obligationsMet.has(kind) || (kind === "inspect" && !inspects(snapshot, access)),
  );
  if (unmet === undefined) return decision;
  return {
    ...decision,
    effect: "deny",
    reasons: [
      {
        code: "obligation-unmet",
        words: `policy allows this only with \`${unmet.kind}\`, which this gateway cannot do`,
      },
    ],
  };
}

/** Whether the route that a request came in on is inspected at all. */
function inspects({ routes, egress }: Snapshot, { via }: AccessRequest): boolean {
  const outside = destinationOf(egress, via);
  if (outside !== undefined) return outside.intercept?.inspection !== undefined;
  return routes.some((route) => routeKey(route) === via && route.inspection !== undefined);
}

export interface DecisionRecord {
  readonly id: string;
  readonly caller: Caller;
  readonly access: AccessRequest;
  readonly decision: Decision;
  readonly signals: Signals;
  readonly body: ContentDigest | undefined;
  readonly namespace: Namespace;
  /** What inspection found in the request, without content. */
  readonly findings: readonly unknown[];
}

/**
 * Appends the decision; resolves with its index in the ledger once it is durable.
 *
 * @param again its place in the interaction, where it is not the first
 */
export function recordDecision(
  ledger: GatewayLedger,
  at: Instant,
  { id, caller, access, decision, signals, body, namespace, findings }: DecisionRecord,
  again?: number,
): Promise<number> {
  const { principal, action, resource, context, user, call, flow, via } = access;
  const { revision, effect, reasons, obligations, risk, validUntil } = decision;
  // What turned an observed allow into a deny afterwards (a quota, a revocation) is the answer, and the whole of it.
  const observed = effect === "allow" ? decision.observed : undefined;
  const credential = { assurance: caller.assurance, fingerprint: caller.svid.fingerprint };
  // oxfmt-ignore
  const entry: Mutable<DecisionEntry> = {
    v: 1, kind: "decision", at, id, namespace, revision, principal, credential, action, resource, context,
    signals, effect, reasons, obligations, risk,
  };
  if (again !== undefined) entry.again = again;
  if (user !== undefined) entry.user = user;
  if (call !== undefined) entry.call = call;
  if (flow !== undefined) entry.flow = flow;
  if (body !== undefined) entry.body = body;
  if (validUntil !== undefined) entry.validUntil = validUntil;
  if (findings.length > 0) entry.findings = findings;
  if (observed !== undefined) {
    entry.observed = observed;
    if (via !== undefined) entry.via = via;
  }
  return ledger.append(entry);
}

/**
 * Whether the decision must be durable before a byte of the request is forwarded (DESIGN 6.2): actions with effects,
 * and everything that leaves the trust domain.
 */
export function mustRecordFirst(access: AccessRequest): boolean {
  return access.context.external || !actionsWithoutEffects.has(access.action);
}

/** The namespace that an interaction is filed under: its resource's. */
export function namespaceOf(snapshot: Snapshot, resource: SpiffeId): Namespace {
  return snapshot.components.get(resource)?.namespace ?? ("default" as Namespace);
}

/** A refusal in one sentence for the client. */
export function refusalWords(decision: Decision): string {
  return decision.reasons.map((reason) => reason.words).join("; ");
}

/** A denial by something other than policy: inspection, a quota. */
export function denied(decision: Decision, policy: string, words: string): Decision {
  return { ...decision, effect: "deny", obligations: [], reasons: [{ code: "forbidden", policy, words }] };
}

/** Whether policy says to keep the request's content. */
export function keepsRequest(decision: Decision): boolean {
  return decision.obligations.some((obligation) => obligation.kind === "keepContent" && obligation.request);
}
