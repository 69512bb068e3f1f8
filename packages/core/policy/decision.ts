/**
 * The words of a decision: what is asked, what is known of now, and what is answered. Values only; `decide.ts` beside
 * this file makes decisions, enforcement points act on them, the ledger keeps them.
 */
import type { Instant } from "../instant.ts";
import type { Action, Boundary, Namespace, Revision, RiskTier, Sensitivity } from "../contract/vocabulary.ts";
import type { JsonObject } from "../contract/strict-json.ts";
import type { SpiffeId } from "../identity/spiffe-id.ts";
import type { FlowFacts, FlowStep } from "../flow/flow.ts";
import type { FindingFacts } from "./finding-facts.ts";
import type { RiskSignals } from "../risk/signals.ts";
import type { InspectionDemands } from "./inspect-annotation.ts";
import type { ActingUser } from "./people.ts";

/** How the principal proved itself; policy can see it. */
export type Assurance =
  | "x509-svid"
  | "jwt-svid"
  /** A person in the console: each request is signed by the key that a passkey signed in. */
  | "passkey-session"
  /** A person, through an OAuth client that showed the key which its token is bound to (RFC 9449). */
  | "dpop-token"
  /** The same with a token that whoever has it may use. Only by a client's own setting. */
  | "bearer-token"
  /** It did not: another enforcement point, which proved itself, says who it is. */
  | "vouched";

/** What is asked. Facts about the request, never its content. */
export interface AccessRequest {
  readonly principal: SpiffeId;
  readonly action: Action;
  readonly resource: SpiffeId;
  readonly context: RequestContext;
  /** What the same call does besides, each by an MCP method of its own where it has one: an allow takes them all. */
  readonly also?: readonly {
    readonly action: Action;
    readonly resource: SpiffeId;
    readonly rpc?: string;
    readonly arguments?: JsonObject;
  }[];
  /** The route that it came in on; its mode says what a policy's denial does. Without one, denials are enforced. */
  readonly via?: RouteKey;
  /** The person behind it: the principal itself, or whom a workload acts for. */
  readonly user?: ActingUser;
  /** `sha256:` and hex of the call's exact arguments, where they are read before deciding: what an approval is bound to. */
  readonly call?: string;
  /** What its session holds; absent where no information flow is followed. */
  readonly flow?: FlowFacts;
  /** The arguments of a tool call, for policies that read them. Content: never recorded. */
  readonly arguments?: JsonObject;
}

/** `namespace/name` of a route. Built with {@link routeKey}. */
export type RouteKey = string & { readonly __brand: "RouteKey" };

export function routeKey(route: { readonly namespace: Namespace; readonly name: string }): RouteKey {
  return `${route.namespace}/${route.name}` as RouteKey;
}

/** The facts of a request that policy may read; each is a field of Cedar's `context`. */
export interface RequestContext {
  readonly assurance: Assurance;
  /** Route name within its namespace. */
  readonly route: string;
  /** Upper-case HTTP method. */
  readonly method: string;
  /** Whether a streamed answer was asked for. */
  readonly stream: boolean;
  /** Whether the upstream lies outside the trust domain. */
  readonly external: boolean;
  /** Of an MCP message: its method, such as `tools/call`. Policy reads the empty string where there is none. */
  readonly rpc?: string;
  /** Of an MCP `tools/call`: the tool's name, at most 256 characters. Policy reads the empty string where there is none. */
  readonly tool?: string;
  /** What inspection has found so far; absent before it, and where it found nothing. */
  readonly findings?: FindingFacts;
  /** The person behind it, as policies name them. `decide` fills this and the next three in; a caller's own are not read. */
  readonly user?: string;
  /** The workload that acts for that person, where the person does not ask itself. */
  readonly actor?: string;
  readonly userGroups?: readonly string[];
  /** Whether a grant that holds now covers the request. */
  readonly granted?: boolean;
  /** The OAuth client that acts for the person; filled in by `decide` too. */
  readonly client?: string;
  /** What another enforcement point claims of the request, as `subject.role=admin`. Policy reads the empty set without. */
  readonly claims?: readonly string[];
}

/** What is known of now, beyond the request. */
export interface Signals {
  /** Age of the snapshot's last confirmation by the control plane, in milliseconds (monotonic clock). */
  readonly snapshotAgeMs: number;
  /** Device, network, hour, conduct, threat intelligence; absent where nothing observes them. */
  readonly risk?: RiskSignals;
}

export interface Risk {
  readonly tier: RiskTier;
  /** 0 to 1. */
  readonly score: number;
  readonly contributions: readonly { readonly signal: string; readonly weight: number; readonly words: string }[];
}

/** What must be done for an allow to stand. An enforcement point that cannot meet one must deny. */
export type Obligation =
  | { readonly kind: "keepContent"; readonly request: boolean; readonly response: boolean }
  | { readonly kind: "restrictTo"; readonly sensitivity: Sensitivity }
  | { readonly kind: "stepUp"; readonly maxAgeSeconds: number }
  /** What must be done with what inspection finds, in place of what the route says. */
  | ({ readonly kind: "inspect" } & InspectionDemands)
  | { readonly kind: "throttle"; readonly requestsPerMinute: number }
  | { readonly kind: "requireApproval"; readonly approvers: number };

/** Why. `code` is stable; `policy` is the policy's `@id` within its namespace; `words` is for people. */
export interface Reason {
  readonly code:
    | "permitted"
    | "forbidden"
    | "no-permit"
    | "policy-error"
    | "principal-unknown"
    | "resource-unknown"
    | "isolated"
    | "revoked"
    | "snapshot-stale"
    | "token-not-permitted"
    /** The resource states a model that is not admitted, or not any more. */
    | "model-not-admitted"
    /** A grant permits it; `grant` says which. */
    | "granted"
    | "user-unknown"
    | "user-locked"
    /** The person's session, or the grant that its credential was made for, is over. */
    | "session-ended"
    /** The client that acts for the person was not let do this. */
    | "scope-insufficient"
    /** The workload may act for the person no longer. */
    | "delegation-ended"
    /** The person's delegation to the workload does not cover this. */
    | "outside-delegation"
    /** Policy wants somebody's approval of exactly this call first. */
    | "approval-required"
    /** The files that it serves are not the admitted ones, or nobody knows. */
    | "model-changed"
    | "obligation-unmet"
    /** Policy lets it through once the person has proved to be present; the obligation says how lately. */
    | "step-up-required"
    /** Policy lets less sensitive data through only. */
    | "restricted"
    /** What the risk is made of, beside a refusal. */
    | "risk"
    /** The session began before it was revoked. */
    | "session-revoked"
    /** It crosses one of the four boundaries; `boundary` says which. */
    | "boundary"
    /** A way out of a session that holds private data and untrusted content; `steps` led to it. */
    | "information-flow"
    /** It crosses a boundary, and an exception lets it. */
    | "boundary-exception"
    /** The route observes: policy denies, and the call goes through. `Decision.observed` says why it would not. */
    | "observed";
  readonly policy?: string;
  readonly namespace?: Namespace;
  readonly boundary?: Boundary;
  readonly grant?: string;
  readonly steps?: readonly FlowStep[];
  readonly words: string;
}

/**
 * Coarse keys of what a decision depended on; a change to any of them re-decides it. Built with {@link dependsOnKey}.
 */
export type DependencyKey = string & { readonly __brand: "DependencyKey" };

export function dependsOnKey(
  kind:
    | "component"
    | "namespace"
    | "policies"
    | "signals"
    | "grant"
    | "user"
    | "session"
    | "device"
    | "credential"
    | "address"
    | "host",
  name: string,
): DependencyKey {
  return `${kind}:${name}` as DependencyKey;
}

export interface Decision {
  readonly effect: "allow" | "deny";
  readonly reasons: readonly Reason[];
  readonly obligations: readonly Obligation[];
  readonly risk: Risk;
  readonly revision: Revision;
  readonly dependsOn: readonly DependencyKey[];
  /** The next instant at which a time fact that was read changes; caches and live streams obey it. */
  readonly validUntil: Instant | undefined;
  /** On a route that observes: what policy said, where that would have been a denial. Only ever on an allow. */
  readonly observed?: Observed;
  /** The approvals of this one call that it stands on: good once, so whoever enforces spends them first. */
  readonly approvals?: readonly string[];
}

/** A denial that was not enforced. */
export interface Observed {
  readonly effect: "deny";
  readonly reasons: readonly Reason[];
}
