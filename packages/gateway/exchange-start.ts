/**
 * What an exchange begins with, and what it is given of the gateway around it. In: nothing. Out: the interfaces between
 * `exchange.ts` and whoever makes exchanges.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { CordonError } from "@cordon/core/errors";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { OutcomeEntry } from "@cordon/core/ledger/entry";
import type { AccessRequest, Decision } from "@cordon/core/policy/decision";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { ContentMeter, DigestKey } from "./content-meter.ts";
import type { Exchange } from "./exchange.ts";
import type { Caller } from "./listener/caller.ts";
import type { Passage } from "./observation/passage.ts";
import type { GatewayLedger, InspectionSubject, QuotaUse, ResponseFilter, ResponseHead } from "./ports.ts";
import type { Sensed } from "./risk/sensing.ts";
import type { Intent } from "./routes/intent.ts";

/** What an exchange needs from the gateway around it. */
export interface ExchangeHost {
  readonly ledger: GatewayLedger;
  readonly now: () => number;
  redecide(exchange: Exchange, snapshot: Snapshot): Decision;
  recordAgain(exchange: Exchange, decision: Decision): Promise<number>;
  openFilter(exchange: Exchange, head: ResponseHead): ResponseFilter | undefined;
  keepContent(namespace: Namespace, digest: string, bytes: Uint8Array): Promise<void>;
  created(exchange: Exchange, id: string): void;
  deleted(exchange: Exchange): void;
  ended(exchange: Exchange, outcome: OutcomeEntry): void;
  /** Answers with an error in the API's own shape. Only called before a head was sent. */
  answerError(exchange: Exchange, status: number, code: string, words: string): void;
}

export interface ExchangeStart {
  readonly id: string;
  readonly passage: Passage;
  /** 1 for the first decision, 2 for a fallback's, and so on. */
  readonly attempt: number;
  readonly caller: Caller;
  readonly sensed: Sensed;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly access: AccessRequest;
  readonly intent: Intent;
  readonly decision: Decision;
  readonly namespace: Namespace;
  readonly subject: InspectionSubject;
  readonly digestKey: DigestKey;
  /** Resolves with the decision's index once it is durable. */
  readonly recorded: Promise<number>;
  readonly requestMeter: ContentMeter;
  readonly findings: readonly unknown[];
  readonly masks: number;
  /** What quotas hold for this interaction, where they do. */
  readonly reservation: { settle(used: QuotaUse): void } | undefined;
  /** Called when this upstream cannot answer, before anything was sent; true when another has taken over. */
  readonly fallBack: (why: CordonError) => boolean;
  readonly receiptHeaders: (index: number) => string[];
}
