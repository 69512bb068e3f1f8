/**
 * Working records: what processes share and keep over a restart, and what is no part of the versioned state: queues that are
 * drained, summaries that are written again and again. In: a room of records, by owner and name. Out: the newest value of each;
 * no revision, no history, no snapshot is built of them.
 *
 * What decisions must be replayed from does not belong here.
 */
export interface RecordKey {
  /** At most 64 bytes. */
  readonly owner: string;
  /** At most 1,024 bytes. Records of an owner are listed in the order of their names' code points. */
  readonly name: string;
}

export interface WorkingRecord extends RecordKey {
  /** Grows with each change in the room, in commit order. */
  readonly stamp: number;
  readonly value: unknown;
}

/** Reads see the transaction's own writes. */
export interface RecordTransaction {
  get(key: RecordKey): Promise<unknown>;
  list(owner: string, limit: number): Promise<readonly WorkingRecord[]>;
  count(owner: string): Promise<number>;
  put(records: readonly (RecordKey & { readonly value: unknown })[]): Promise<void>;
  delete(owner: string, names: readonly string[]): Promise<void>;
  /** Every record of an owner. */
  clear(owner: string): Promise<void>;
}

export interface WorkingRecords {
  /**
   * Runs `work` in one transaction, one at a time for a room, in whichever process. It commits when `work` resolves, durably, and
   * leaves nothing behind when it rejects. `work` must be short, and may run again where the database gave up before the commit.
   *
   * @throws {CordonError} `STORE_UNAVAILABLE`, `STORE_REQUEST_INVALID`, `STORE_OBJECT_TOO_LARGE`, or whatever `work` throws
   */
  transact<T>(room: string, work: (transaction: RecordTransaction) => Promise<T>): Promise<T>;
  /** Records of an owner as they were last committed, those of `names` or all, at most `limit`; waits for no writer. */
  read(
    room: string,
    owner: string,
    names: readonly string[] | undefined,
    limit: number,
  ): Promise<readonly WorkingRecord[]>;
  /** Records of a room that changed after `stamp`, in order of their change, at most `limit`. */
  changedSince(room: string, stamp: number, limit: number): Promise<readonly WorkingRecord[]>;
}
