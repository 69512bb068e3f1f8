/**
 * What a gateway is given: everything it needs from outside, as values and small interfaces. `wire.ts` of the process
 * hands these in; nothing in this package reaches for them.
 */
import type { KeyObject } from "node:crypto";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { SpiffeId, TrustDomain } from "@cordon/core/identity/spiffe-id";
import type { IdentitySource } from "@cordon/core/identity/svid";
import type { Instant } from "@cordon/core/instant";
import type { DpopNonces } from "@cordon/core/oauth/dpop-nonce";
import type { LedgerAppender } from "@cordon/core/ledger/entry";
import type { StoppedAfter } from "@cordon/core/inspection/streaming/answer-filter";
import type { LogEvent } from "@cordon/core/observation/log-event";
import type { Decision, Obligation } from "@cordon/core/policy/decision";
import type { SecretReference } from "@cordon/core/policy/snapshot";
import type { SnapshotSource } from "@cordon/core/policy/snapshot-source";
import type { JsonValue } from "@cordon/core/contract/strict-json";
import type { DigestKey } from "./content-meter.ts";
import type { FlowSessions } from "@cordon/core/flow/sessions";
import type { GatewayObserver } from "./observation/observer.ts";
import type { ResolveHost } from "./egress/dial.ts";
import type { Screening } from "./inspection/screening.ts";
import type { RiskSensing } from "./risk/sensing.ts";
import type { ApiShape } from "./routes/error-shapes.ts";
import type { ObjectOwners } from "./routes/ownership.ts";

/** The ledger as a gateway sees it: append, and the newest checkpoint to hand to clients. */
export interface GatewayLedger extends LedgerAppender {
  /** The newest signed checkpoint, or the empty string before the first. */
  latestCheckpoint(): string;
  /** The inclusion proof of an entry, as text; it waits for a checkpoint that covers the entry. */
  receipt(index: number): Promise<string>;
}

/** HMAC keys for content digests: one per namespace and period. Immediate, but for the first use of a key. */
export interface DigestKeys {
  /** `name` goes into the ledger beside the digest; destroying the key forgets the content for good. */
  current(namespace: Namespace, now: Instant): DigestKey | Promise<DigestKey>;
}

/** Keys that tokens for values are made with: one per namespace. Immediate, but for the first use of a key. */
export interface TokenKeys {
  current(namespace: Namespace): KeyObject | Promise<KeyObject>;
}

/** DPoP proofs that were used at any gateway of the estate. */
export interface UsedProofs {
  /**
   * Uses one up, by its id.
   *
   * @returns whether it is the first time, wherever
   * @throws {CordonError} `STORE_UNAVAILABLE`, as a rejection: then nobody knows, and it counts for nothing
   */
  take(id: string): Promise<boolean>;
}

/** Where content is kept, encrypted, when policy says so. Resolves once durable. */
export interface ContentKeeper {
  keep(namespace: Namespace, digest: string, bytes: Uint8Array): Promise<void>;
}

/** A request or a response as an inspector sees it. */
export interface InspectionSubject {
  /** What inspection does here, and what it has found; absent where nothing is inspected. */
  readonly screening?: Screening | undefined;
  readonly requestId: string;
  readonly principal: SpiffeId;
  readonly resource: SpiffeId;
  readonly api: ApiShape;
  /** Below the route's own. */
  readonly path: string;
  /** Path and query as they were sent. */
  readonly address?: string;
  readonly contentType?: string | undefined;
}

/** A request's content, as far as it could be read. */
export type RequestContent =
  | { readonly kind: "none" }
  /** `exact` is the tree with long numbers as they are written; absent where there are none. */
  | { readonly kind: "json"; readonly tree: JsonValue; readonly exact?: JsonValue; readonly bytes: number }
  | { readonly kind: "text"; readonly text: string; readonly bytes: number }
  /** Images, audio, files, archives. */
  | { readonly kind: "unread"; readonly content: Buffer; readonly type: string };

export type RequestVerdict =
  | { readonly verdict: "pass"; readonly findings: readonly unknown[] }
  | { readonly verdict: "block"; readonly findings: readonly unknown[]; readonly words: string }
  /** The tree replaces the body and is re-serialised: what was inspected is what is forwarded. */
  | {
      readonly verdict: "replace";
      readonly findings: readonly unknown[];
      readonly masks: number;
      readonly body: Uint8Array;
    };

/** Filters a response while it streams. `push` returns the bytes that are safe to release now. */
export interface ResponseFilter {
  /** The answer is judged whole: nothing of it is sent, its head included, before `end` has said what. */
  readonly whole?: boolean;
  /** A promise where something has to be settled first; nothing more is pushed before it is. */
  push(chunk: Uint8Array): Uint8Array | FilterCut | Promise<Uint8Array | FilterCut>;
  /** A long body may be judged elsewhere meanwhile. */
  end(): Uint8Array | FilterCut | Promise<Uint8Array | FilterCut>;
  /**
   * Says where to tell what comes of its own accord: bytes that may be released by now, or a cut. It does so only while no
   * promise of `push` or `end` is out.
   */
  tellTo?(told: (out: Uint8Array | FilterCut) => void): void;
  /** Nothing more is wanted of it; its findings are read afterwards. */
  close?(): void;
  readonly findings: readonly unknown[];
  readonly masks: number;
}

/** A filter that has its answer at hand: it looks at content, and asks nobody. */
export interface ContentFilter extends ResponseFilter {
  push(chunk: Uint8Array): Uint8Array | FilterCut;
  /** Ends the answer for what was found elsewhere. */
  stop(words: string, after: StoppedAfter): FilterCut;
}

/** Nothing more of the answer comes. */
export interface FilterCut {
  readonly cut: string;
  /** What policy said about what was found, where it was policy that refused: recorded before the cut. */
  readonly decision?: Decision;
  /** Ends a stream in the API's own way; sent once the cut is on record. Without it the connection is closed. */
  readonly last?: Uint8Array;
}

/** The head of an answer, as far as inspection needs it. */
export interface ResponseHead {
  readonly status: number;
  readonly contentType: string;
}

/**
 * Inspection of content. `undefined` from `openResponse` means that nothing looks at this response, and the gateway's
 * status says so. A throw blocks.
 */
export interface Inspection {
  /**
   * Reads a long request elsewhere, so that this thread is not held up. Out: an inspection that knows what was found in it;
   * `undefined` for one that is inspected here. Rejects where it could not be read.
   */
  aside?(subject: InspectionSubject, content: RequestContent): Promise<Pick<Inspection, "inspectRequest">> | undefined;
  inspectRequest(subject: InspectionSubject, content: RequestContent): RequestVerdict;
  /**
   * Directly after `inspectRequest`: reads the request again elsewhere where a costlier detector should be asked about it. Out: as
   * of `aside`; `undefined` where there is no doubt.
   */
  closer?(subject: InspectionSubject, content: RequestContent): Promise<Pick<Inspection, "inspectRequest">> | undefined;
  /**
   * Asks elsewhere about what `inspectRequest` was not sure of; `undefined` where there is nothing to ask. Out: why the
   * request may not pass, if it may not; findings are on record.
   */
  secondOpinion?(subject: InspectionSubject): Promise<{ readonly blocked: string | undefined }> | undefined;
  openResponse(subject: InspectionSubject, head: ResponseHead): ResponseFilter | undefined;
}

/** Certificates to show in place of hosts that egress looks into. The same object as long as it is good. */
export interface InterceptionLeaves {
  /** What clients trust for it: DER. */
  certificates(): Promise<readonly Uint8Array[]>;
  leafFor(host: string): Promise<{ readonly key: KeyObject; readonly chain: readonly Uint8Array[] }>;
}

/** Quotas: reserved before forwarding so that they cannot be overspent, settled with what was used. */
export interface Quotas {
  reserve(
    principal: SpiffeId,
    resource: SpiffeId,
    now: Instant,
  ): { readonly refused: string } | { settle(used: QuotaUse): void };
}

export interface QuotaUse {
  readonly requestBytes: number;
  readonly responseBytes: number;
}

export interface GatewayOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** What clients call it, given the port that it listens on. Default: `https://localhost:PORT`. */
  readonly url?: (port: number) => string;
  readonly limits: { readonly headerBytes: number; readonly connections: number };
  /** How long in-flight work may finish after close was asked for. */
  readonly drainMs: number;
  /** Connections older than this are told to close after the answer in flight. */
  readonly connectionMaxAgeMs: number;
  /** How long a client may take to send a whole request head, and a body that is read before deciding. */
  readonly receiveTimeoutMs: number;
}

export interface GatewayDependencies {
  readonly options: GatewayOptions;
  readonly identity: IdentitySource;
  readonly snapshots: SnapshotSource;
  readonly ledger: GatewayLedger;
  readonly digestKeys: DigestKeys;
  readonly content: ContentKeeper;
  readonly owners: ObjectOwners;
  readonly resolveSecret: (reference: SecretReference) => Promise<string>;
  /**
   * Asks another trust domain for its bundle again, because a peer showed a key that the one we have does not hold. True
   * when the snapshot now holds another. It limits how often it really asks. Absent: there is no such trust domain.
   */
  readonly refreshTrust?: (trustDomain: TrustDomain) => Promise<boolean>;
  readonly inspection?: Inspection;
  /** Without it nothing is tokenised: what would be is redacted. */
  readonly tokenKeys?: TokenKeys;
  readonly quotas?: Quotas;
  /** What sessions have read. Without it nobody follows information flow, and where the snapshot wants that, all is denied. */
  readonly flows?: FlowSessions;
  /** Uses all approvals of one call up, or none; which one was used before. Without it no approved call is let through. */
  readonly spendApprovals?: (grants: readonly string[]) => Promise<{ readonly spentBefore: string } | undefined>;
  /** DPoP proofs that other gateways of the estate have taken; without it there are none. */
  readonly usedProofs?: UsedProofs | undefined;
  /** Nonces that DPoP proofs must hold; without it none is asked for. */
  readonly dpopNonces?: DpopNonces | undefined;
  /** Senses what bears on risk; without it nothing does. */
  readonly sensing?: RiskSensing;
  /** Where a person proves to be present, for the answer to a call that needs it. */
  readonly stepUpUrl?: () => string | undefined;
  /** Looks the names of egress destinations up; the system's resolver when absent. */
  readonly resolveHost?: ResolveHost;
  /** Without it no destination is looked into: one whose declaration asks for that is refused. */
  readonly interception?: InterceptionLeaves;
  readonly now: () => Instant;
  readonly monotonicMs: () => number;
  /** Operational log: one line an event, never content. */
  readonly log: (event: GatewayEvent) => void;
  /** Metrics and traces. */
  readonly observer?: GatewayObserver;
}

export type GatewayEvent = LogEvent;

/** Obligations that this enforcement point can meet. An allow that carries any other is denied here. */
export const obligationsMet: ReadonlySet<Obligation["kind"]> = new Set(["keepContent", "inspect", "restrictTo"]);
