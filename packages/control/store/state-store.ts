/**
 * State: what the control plane knows, as versioned objects with one gap-free revision and a change feed. In: changes,
 * each a transaction. Out: objects, and changes in revision order. Two adapters stand behind this interface, SQLite
 * (embedded) and PostgreSQL; one contract suite holds them to it.
 */
import type { Namespace, Revision } from "@cordon/core/contract/vocabulary";
import type { Instant } from "@cordon/core/instant";
import type { ShortLivedRecords } from "./short-lived-records.ts";
import type { WorkingRecords } from "./working-records.ts";

/** Who owns an object: what comes from `cordon.yaml` is read-only in the API. */
export type ObjectSource = "config" | "api" | "system";

export interface ObjectKey {
  /** `component`, `policy`, `route`, ... (see registry/objects.ts). */
  readonly kind: string;
  readonly namespace: Namespace;
  readonly name: string;
}

export interface StoredObject extends ObjectKey {
  readonly source: ObjectSource;
  /** The revision that last changed this object. */
  readonly revision: Revision;
  readonly value: unknown;
}

/** One object's change within a revision; `object` is absent for a delete. */
export interface Change extends ObjectKey {
  readonly revision: Revision;
  readonly at: Instant;
  readonly actor: string;
  readonly op: "put" | "delete";
  readonly object?: StoredObject;
}

/** What a transaction may do. Reads see its own writes. */
export interface StateTransaction {
  get(key: ObjectKey): Promise<StoredObject | undefined>;
  list(kind: string): Promise<readonly StoredObject[]>;
  /** @throws {CordonError} `STORE_CONFLICT` when the object belongs to another source; the message names both. */
  put(key: ObjectKey, value: unknown, source: ObjectSource): Promise<void>;
  delete(key: ObjectKey, source: ObjectSource): Promise<void>;
  /**
   * Erases every earlier value of a `sealed-key` object from the change log when this transaction commits: what is
   * destroyed must not live on in history. Takes effect only together with a change of the object.
   *
   * @throws {CordonError} `STORE_REQUEST_INVALID` for any other kind
   */
  eraseHistory(key: ObjectKey): Promise<void>;
}

export interface StateStore extends AsyncDisposable {
  /** What is kept beside the versioned state. */
  readonly records: WorkingRecords;
  /**
   * Runs `work` in one transaction. When it changed anything, the next revision is assigned inside that transaction,
   * under one lock, so revisions are gap-free and become visible in order; otherwise the head stays as it was. A throw
   * rolls everything back and takes no revision.
   *
   * `work` runs again, three times in all, when the database gave up before the commit, so it must have no effects
   * beyond the transaction. It holds up every other writer: it must be short, wait for nothing but the transaction it is
   * given, and await every operation. An object put back as it was is no change.
   *
   * @throws {CordonError} `STORE_UNAVAILABLE`, `STORE_CONFLICT`, `STORE_REQUEST_INVALID` (malformed key, not JSON),
   *   `STORE_OBJECT_TOO_LARGE` (above 1 MiB), or whatever `work` throws
   */
  transact<T>(
    actor: string,
    at: Instant,
    work: (transaction: StateTransaction) => Promise<T>,
  ): Promise<{ readonly revision: Revision; readonly result: T }>;
  get(key: ObjectKey): Promise<StoredObject | undefined>;
  list(kind: string): Promise<readonly StoredObject[]>;
  /** All objects at one revision, read consistently. */
  snapshot(): Promise<{ readonly revision: Revision; readonly objects: readonly StoredObject[] }>;
  /** Changes after `revision`, in order, at most `limit` whole revisions. */
  changesSince(revision: Revision, limit: number): Promise<readonly Change[]>;
  /**
   * Follows the database's own log from after `revision`; each item is one whole revision. Misses nothing; ends when
   * `signal` aborts. LISTEN/NOTIFY and the like only wake it.
   */
  follow(revision: Revision, signal: AbortSignal): AsyncIterable<readonly Change[]>;
  /** What is over within hours and bears on no decision: used up once, then swept. */
  readonly shortLived: ShortLivedRecords;
}
