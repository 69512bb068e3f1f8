/**
 * What sessions hold, wherever it is kept: a file that the gateways of a machine share, or the store that those of several
 * share. In: who a session is of, and labels that come into it. Out: what it holds now.
 *
 * Promises are only of what lies elsewhere. What cannot be read or written rejects, and its request is refused.
 */
import type { Labels } from "../contract/vocabulary.ts";
import type { FlowFacts, FlowSession, FlowStep, SessionKey } from "./flow.ts";
import type { Instant } from "../instant.ts";

export interface Raised {
  readonly facts: FlowFacts;
  /** Whether it holds more than before. */
  readonly changed: boolean;
}

export type MayWait<T> = T | Promise<T>;

export interface FlowSessions {
  /** What a session holds, whichever gateway brought it in. */
  look(key: SessionKey, idleMs: number, now: Instant): MayWait<FlowFacts>;
  /** The same at once, as far as it is known here: for decisions that are taken again. What is not known holds the most. */
  held(key: SessionKey, idleMs: number, now: Instant): FlowFacts;
  /** Adds labels to a session; what it held before stays. Other gateways see it once this is done. */
  raise(key: SessionKey, labels: Labels, step: FlowStep, idleMs: number, now: Instant): MayWait<Raised>;
  /** Says where in the ledger a step's decision is, once that is known. */
  recorded(key: SessionKey, id: string, index: number): MayWait<void>;
  /** Remembers labels of content by its keyed digest. */
  remember(digests: readonly string[], labels: Labels, step: FlowStep, now: Instant): MayWait<void>;
  /** The labels of content that was seen before. */
  recall(digests: readonly string[]): MayWait<{ readonly labels: Labels; readonly step: FlowStep } | undefined>;
  /** Lowers what a session holds; whoever may is asked elsewhere, and records it. Undefined where there is no such session. */
  lower(
    key: SessionKey,
    to: Partial<Labels>,
    now: Instant,
  ): MayWait<{ readonly before: Labels; readonly after: Labels } | undefined>;
  find(key: SessionKey): MayWait<FlowSession | undefined>;
  list(limit: number): MayWait<readonly FlowSession[]>;
  /** Tells whenever a session comes to hold more: which, or none where another process changed some. */
  follow(changed: (key?: SessionKey) => void): () => void;
}
