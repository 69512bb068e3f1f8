/**
 * What the event loop and the ledger's thread say to each other. Everything here survives a structured clone, and the
 * one message that is sent often is flat: one string for all entries of a turn, one for their marks.
 */
import type { KeyObject } from "node:crypto";
import type { ErrorCode } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";

export interface WriterOptions {
  readonly folder: string;
  readonly origin: string;
  readonly privateKey: KeyObject;
  readonly openedAt: Instant;
  readonly checkpointEveryMs: number;
  readonly segmentBytes?: number;
  /** Folders outside the state folder that get a copy of every checkpoint. */
  readonly sinkFolders: readonly string[];
}

export interface AppendMessage {
  readonly type: "append";
  /** The entries' JSON texts, one a line: JSON text holds no raw newline. */
  readonly text: string;
  /** Positions, in this message, of the entries that open or close an interaction or start or stop the writer. */
  readonly markedAt: readonly number[];
  /** Three lines for each of `markedAt`: what it does, id, namespace. One string is cloned faster than many. */
  readonly marks: string;
}

export type ToWriter =
  | AppendMessage
  | { readonly type: "receipt"; readonly request: number; readonly index: number }
  | { readonly type: "close"; readonly at: Instant };

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

export type FromWriter =
  | { readonly type: "opened"; readonly size: number }
  /** The next `count` entries, in the order sent, are durable from index `first` on. */
  | { readonly type: "durable"; readonly first: number; readonly count: number }
  | { readonly type: "checkpoint"; readonly note: string; readonly size: number }
  | { readonly type: "sink"; readonly folder: string; readonly failure: string | undefined }
  | { readonly type: "receipt"; readonly request: number; readonly receipt: string }
  | { readonly type: "no-receipt"; readonly request: number; readonly failure: Failure }
  /** Nothing more is recorded. Before `opened`: it could not be opened. */
  | { readonly type: "failed"; readonly failure: Failure }
  | { readonly type: "closed" };
