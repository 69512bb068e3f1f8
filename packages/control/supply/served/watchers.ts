/**
 * Which watchers of model files are alive, among all machines that share a store. In: who spoke here. Out: for how long each has
 * said nothing, to whichever machine. While Cordon runs no clocks are compared: a record that changes is a sign of life, however
 * its writer's clock stands.
 */
import type { Instant } from "@cordon/core/instant";
import type { WorkingRecord, WorkingRecords } from "../../store/working-records.ts";

export interface Watchers {
  /** A watcher spoke, here and now. */
  heard(where: string): void;
  /** Tells the others who spoke here, and learns who spoke elsewhere. @throws {CordonError} `STORE_UNAVAILABLE` */
  exchange(): Promise<void>;
  /** For how long, at the least, it has said nothing to anybody: while nobody could be asked, nobody counts as silent. */
  silentMs(where: string): number;
  /** It is gone, and so is what is kept of it. */
  forget(where: string): Promise<void>;
}

export interface WatchersOptions {
  readonly records: WorkingRecords;
  /** Names this machine among the others. */
  readonly machine: string;
  readonly now: () => Instant;
  readonly monotonicMs?: () => number;
}

const room = "model-watchers";
const perRead = 500;
/** A watcher that has said nothing for so long has seen nothing. */
export const silentAfterMs = 60_000;

export function openWatchers({
  records,
  machine,
  now,
  monotonicMs = () => performance.now(),
}: WatchersOptions): Watchers {
  const heardAt = new Map<string, number>();
  /** Machines that have heard it, by the watcher's name. */
  const hearers = new Map<string, Set<string>>();
  const news = new Set<string>();
  let stamp = 0;
  let askableSince: number | undefined;

  return {
    heard(where) {
      heardAt.set(where, monotonicMs());
      news.add(where);
    },
    async exchange() {
      const told = [...news];
      news.clear();
      try {
        const at = now();
        if (told.length > 0)
          await records.transact(room, (transaction) =>
            transaction.put(told.map((name) => ({ owner: machine, name, value: { at } }))),
          );
        for await (const { owner, name, stamp: last } of recordsSince(records, stamp)) {
          stamp = last;
          heardAt.set(name, monotonicMs());
          hearers.set(name, (hearers.get(name) ?? new Set()).add(owner));
        }
        askableSince ??= monotonicMs();
      } catch (error) {
        for (const where of told) news.add(where);
        askableSince = undefined;
        throw error;
      }
    },
    silentMs(where) {
      if (askableSince === undefined) return 0;
      return monotonicMs() - Math.max(heardAt.get(where) ?? -Infinity, askableSince);
    },
    async forget(where) {
      const owners = hearers.get(where) ?? new Set();
      heardAt.delete(where);
      hearers.delete(where);
      await records.transact(room, async (transaction) => {
        for (const owner of owners) await transaction.delete(owner, [where]);
      });
    },
  };
}

/** Whom another machine heard within the last minute, as its clock and ours stand: for a start, when nobody was heard here yet. */
export async function heardElsewhere(records: WorkingRecords, machine: string, now: Instant): Promise<Set<string>> {
  const heard = new Set<string>();
  for await (const { owner, name, value } of recordsSince(records, 0)) {
    const { at } = value as { readonly at?: unknown };
    if (owner !== machine && typeof at === "number" && Math.abs(now - at) < silentAfterMs) heard.add(name);
  }
  return heard;
}

async function* recordsSince(records: WorkingRecords, since: number): AsyncGenerator<WorkingRecord> {
  for (let stamp = since; ;) {
    const some = await records.changedSince(room, stamp, perRead);
    yield* some;
    stamp = some.at(-1)?.stamp ?? stamp;
    if (some.length < perRead) return;
  }
}
