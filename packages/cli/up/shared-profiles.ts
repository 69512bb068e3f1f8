/**
 * Carries what gateways learn of principals between them, and over a restart, by working records of the store. In: the store, and
 * what this gateway knows. Out: its own observations written down every few seconds, those of others taken up; never while a
 * request waits. What cannot be written is tried again: a profile is knowledge, not permission.
 */
import type { WorkingRecords } from "@cordon/control/store/working-records";
import type { Instant } from "@cordon/core/instant";
import { sharedFromJson } from "@cordon/core/risk/profile-json";
import type { Knowledge } from "@cordon/gateway/risk/knowledge";

export interface SharedProfilesOptions {
  readonly records: WorkingRecords;
  /** Names this gateway among the others, also after a restart. */
  readonly gateway: string;
  readonly knowledge: Knowledge;
  readonly everyMs: number;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
}

export interface SharedProfiles extends AsyncDisposable {
  /** Writes and reads now. */
  exchange(): Promise<void>;
}

const room = "risk-profile";
/** Records a transaction: with SQLite it is this thread that waits for the disk. */
const perTransaction = 100;
const perRead = 500;
/** Nobody was seen for so long: forgotten. */
const keepMs = 90 * 86_400_000;
const sweepEveryMs = 86_400_000;

export async function openSharedProfiles(options: SharedProfilesOptions): Promise<SharedProfiles> {
  const { records, gateway, knowledge, everyMs, now, onProblem } = options;
  let stamp = 0;
  let sweptAt = -Infinity;
  let running: Promise<void> | undefined;
  let started = false;

  const read = async (): Promise<void> => {
    for (;;) {
      const news = await records.changedSince(room, stamp, perRead);
      for (const record of news) {
        stamp = record.stamp;
        if (started && record.owner === gateway) continue; // what it wrote itself
        const value = sharedFromJson(record.value);
        if (value === undefined) continue; // a newer Cordon's: it is learnt here as well
        if (record.owner !== gateway) knowledge.take(record.owner, { name: record.name, value });
        else knowledge.restore({ name: record.name, value });
      }
      if (news.length < perRead) return;
    }
  };
  const write = async (all = false): Promise<void> => {
    for (;;) {
      const news = knowledge.drain(perTransaction, all).filter(({ name }) => Buffer.byteLength(name) <= 1_024);
      if (news.length === 0) return;
      try {
        await records.transact(room, (transaction) =>
          transaction.put(news.map(({ name, value }) => ({ owner: gateway, name, value }))),
        );
      } catch (error) {
        knowledge.keep(news.map(({ name }) => name));
        throw error;
      }
      await new Promise((resolve) => setImmediate(resolve)); // requests first
    }
  };
  const exchange = async (): Promise<void> => {
    await write();
    await read();
    if (now() - sweptAt < sweepEveryMs) return;
    sweptAt = now();
    await forget(records, now() - keepMs);
  };
  const turn = (): Promise<void> => (running ??= exchange().finally(() => (running = undefined)));

  await read();
  started = true;
  const timer = setInterval(() => void turn().catch(onProblem), everyMs);
  timer.unref();
  return {
    exchange: turn,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running?.catch(() => undefined);
      await write(true).catch(onProblem);
    },
  };
}

/** Drops what nobody has confirmed for long, whichever gateway wrote it: one that is gone cannot do so itself. */
async function forget(records: WorkingRecords, before: Instant): Promise<void> {
  for (let stamp = 0; ;) {
    const some = await records.changedSince(room, stamp, perRead);
    const last = some.at(-1);
    if (last === undefined) return;
    stamp = last.stamp;
    const old = some.filter(({ value }) => (sharedFromJson(value)?.at ?? Infinity) < before);
    for (const owner of new Set(old.map((one) => one.owner))) {
      const names = old.filter((one) => one.owner === owner).map(({ name }) => name);
      await records.transact(room, (transaction) => transaction.delete(owner, names));
    }
  }
}
