/** Moves state from one store to another, such as from SQLite to PostgreSQL. In: a store, and an empty one. */
import { CordonError } from "@cordon/core/errors";
import type { Revision } from "@cordon/core/contract/vocabulary";
import { byRevision } from "./rows.ts";
import type { Change, StateStore, StateTransaction } from "./state-store.ts";

const revisionsPerRead = 64;

/**
 * Replays every revision of `from` into `to`, with its number, time and actor. Nothing else may write to either
 * meanwhile. After a failure start again with a new, empty store.
 *
 * @param onProgress told the revision reached, after each batch
 * @returns the revision at which both stand
 * @throws {CordonError} `STORE_CONFLICT` when `to` is not empty, or somebody writes to it meanwhile
 */
export async function copyStateStore(
  from: StateStore,
  to: StateStore,
  onProgress: (revision: Revision) => void = () => undefined,
): Promise<Revision> {
  let reached = (await to.snapshot()).revision;
  if (reached !== 0) {
    throw new CordonError("STORE_CONFLICT", `The store to copy to is at revision ${reached}: name an empty one.`);
  }
  for (;;) {
    const changes = await from.changesSince(reached, revisionsPerRead);
    if (changes.length === 0) break;
    for (const revision of byRevision(changes)) reached = await replay(revision, to, reached);
    onProgress(reached);
  }
  for (const room of recordRooms) await copyRecords(room, from, to);
  return reached;
}

/** Rooms of working records that go with the state: what waits in a queue must not be lost by a move. */
export const recordRooms = ["risk-profile", "shared-signals"] as const;

async function copyRecords(room: string, from: StateStore, to: StateStore): Promise<void> {
  for (let stamp = 0; ;) {
    const records = await from.records.changedSince(room, stamp, 500);
    const last = records.at(-1);
    if (last === undefined) return;
    await to.records.transact(room, (transaction) => transaction.put(records));
    stamp = last.stamp;
  }
}

async function replay(changes: readonly Change[], to: StateStore, reached: Revision): Promise<Revision> {
  const [first] = changes;
  if (first === undefined) return reached;
  const { revision } = await to.transact(first.actor, first.at, async (transaction) => {
    for (const change of changes) await replayChange(change, transaction);
  });
  if (revision === first.revision) return revision;
  throw new CordonError(
    "STORE_CONFLICT",
    `Copying revision ${first.revision} made revision ${revision}: something else writes to the store. Start again with an empty one.`,
  );
}

/** An object may change owner within one revision, so the old one lets go first. */
async function replayChange(change: Change, transaction: StateTransaction): Promise<void> {
  const current = await transaction.get(change);
  if (current !== undefined && current.source !== change.object?.source)
    await transaction.delete(change, current.source);
  if (change.object !== undefined) await transaction.put(change, change.object.value, change.object.source);
}
