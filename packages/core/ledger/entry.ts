/**
 * What the ledger keeps. One JSON object an entry, versioned, at most {@link maxEntryBytes} long. Entries hold facts
 * and keyed digests, never content.
 */
import type { Instant } from "../instant.ts";
import type { Action, Namespace, Revision } from "../contract/vocabulary.ts";
import type { SpiffeId } from "../identity/spiffe-id.ts";
import type { FlowFacts } from "../flow/flow.ts";
import type { Assurance, Obligation, Observed, Reason, RequestContext, Risk } from "../policy/decision.ts";
import type { RouteKey, Signals } from "../policy/decision.ts";
import type { ActingUser } from "../policy/people.ts";
import type { ErrorCode } from "../errors.ts";

/** C2SP tlog-tiles: entry bundles prefix each entry with a 16-bit length. */
export const maxEntryBytes = 65_535;

interface EntryBase {
  readonly v: 1;
  readonly at: Instant;
}

/** A decision that was taken, with everything needed to take it again. */
export interface DecisionEntry extends EntryBase {
  readonly kind: "decision";
  /** Request id: joins the decision to its outcome. */
  readonly id: string;
  /** Set when this decision re-took an earlier one (live stream, fallback): its place in the interaction, from 1. */
  readonly again?: number;
  readonly namespace: Namespace;
  readonly revision: Revision;
  readonly principal: SpiffeId;
  /** How it was proved, and with which certificate or token (lower-case hex SHA-256). */
  readonly credential: { readonly assurance: Assurance; readonly fingerprint: string };
  /** The enforcement point that asked, where it was another's than ours; then the credential is its own. */
  readonly askedBy?: SpiffeId;
  readonly action: Action;
  readonly resource: SpiffeId;
  readonly context: RequestContext;
  /** The person behind it: the principal itself, or whom a workload acted for. */
  readonly user?: ActingUser;
  /** Digest of the call's exact arguments, where they were read. */
  readonly call?: string;
  /** What the session held that it came from. */
  readonly flow?: FlowFacts;
  readonly signals: Signals;
  /** Keyed digest of the request body, where it was read whole before deciding. */
  readonly body?: ContentDigest;
  readonly effect: "allow" | "deny";
  readonly reasons: readonly Reason[];
  readonly obligations: readonly Obligation[];
  readonly risk: Risk;
  readonly validUntil?: Instant;
  /** The denial that was not enforced, on a route that observes; `via` is that route, to take the decision again. */
  readonly observed?: Observed;
  readonly via?: RouteKey;
  /** What inspection found in the request: detectors, counts and actions, never content. */
  readonly findings?: readonly unknown[];
}

/** How an interaction ended. Every allowed decision gets exactly one, joined by `id` and `again`. */
export interface OutcomeEntry extends EntryBase {
  readonly kind: "outcome";
  readonly id: string;
  /** The same as in the decision that this ends, where an interaction had several. */
  readonly again?: number;
  readonly namespace: Namespace;
  readonly end: "complete" | "cut" | "client-closed" | "upstream-failed" | "interrupted";
  /** Why it was cut or failed: a stable code, and words. */
  readonly why?: { readonly code: string; readonly words: string };
  /** HTTP status sent to the client; 0 when none was. */
  readonly status: number;
  readonly upstream: string;
  readonly request?: ContentDigest;
  readonly response?: ContentDigest;
  readonly findings: readonly unknown[];
  readonly masks: number;
  /** Objects at the upstream that this interaction made, and whom they now belong to. */
  readonly objects?: readonly { readonly type: string; readonly id: string }[];
}

/** A keyed digest: HMAC-SHA-256 under the namespace's key of the named period, so that content cannot be guessed back. */
export interface ContentDigest {
  readonly key: string;
  readonly hmac: string;
  readonly bytes: number;
}

/** A principal asked which models it may use; `visible` is what it was shown. */
export interface DiscoveryEntry extends EntryBase {
  readonly kind: "discovery";
  readonly id: string;
  readonly namespace: Namespace;
  readonly revision: Revision;
  readonly principal: SpiffeId;
  readonly user?: ActingUser;
  readonly route: string;
  readonly visible: readonly SpiffeId[];
}

/** Something that never became a request: a refused handshake, a malformed request. Repeats are counted, not repeated. */
export interface RefusalEntry extends EntryBase {
  readonly kind: "refusal";
  readonly code: ErrorCode;
  readonly words: string;
  readonly from: string;
  readonly count: number;
}

/** A change to the state, by the control plane. */
export interface ChangeEntry extends EntryBase {
  readonly kind: "change";
  readonly revision: Revision;
  readonly actor: string;
  /** What happened, for people, where the object's name alone does not say it. */
  readonly words?: string;
  readonly objects: readonly {
    readonly op: "put" | "delete";
    readonly kind: string;
    readonly namespace: Namespace;
    readonly name: string;
    /** Lower-case hex SHA-256 of the object's canonical JSON; absent for a delete. */
    readonly sha256?: string;
  }[];
}

/** The writer's own life: started, stopped, recovered. */
export interface WriterEntry extends EntryBase {
  readonly kind: "writer";
  readonly event: "started" | "stopped" | "recovered";
  readonly words: string;
}

/** Who acts, in words: a workload for a person, where there is one behind it. */
export function whoActs({ principal, user }: Pick<DecisionEntry, "principal" | "user">): string {
  return user === undefined || user.id === principal ? principal : `${principal} for ${user.id}`;
}

export type LedgerEntry = DecisionEntry | OutcomeEntry | DiscoveryEntry | RefusalEntry | ChangeEntry | WriterEntry;

/**
 * Where entries go. `append` resolves with the entry's index once it is durable, and rejects with
 * `LEDGER_UNAVAILABLE` when it cannot be: what cannot be recorded does not happen.
 */
export interface LedgerAppender {
  append(entry: LedgerEntry): Promise<number>;
}
