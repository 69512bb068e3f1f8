/**
 * Streams and their queues as working records of the store: they survive a restart, and processes over one store share them. In: a
 * receiver's name. Out: its stream, the events that wait for it, in order, until they are taken.
 *
 * An event is put together with the revision that it comes of, in one transaction: of two processes that see the same change one
 * tells of it, and a crash between a change and its telling loses nothing.
 */
import { CordonError } from "@cordon/core/errors";
import { z } from "zod";
import type { RecordTransaction, WorkingRecords } from "../../store/working-records.ts";

export const streamStatuses = ["enabled", "paused", "disabled"] as const;

const streamValue = z.strictObject({
  id: z.string(),
  requested: z.array(z.string()),
  method: z.enum(["push", "poll"]),
  status: z.enum(streamStatuses),
  reason: z.string().exactOptional(),
  /** Number of the event that is put next. */
  next: z.int().positive(),
  /** Who pushes at present, so that not every process does. */
  pusher: z.strictObject({ id: z.string(), until: z.number() }).exactOptional(),
});
export type StreamValue = z.output<typeof streamValue>;

const eventValue = z.strictObject({ jti: z.string(), text: z.string() });

/** A signed token that waits. */
export interface WaitingEvent {
  readonly jti: string;
  readonly text: string;
}

/** Events that wait for one receiver at most; the oldest makes room. */
export const mostWaiting = 10_000;

const room = "shared-signals";
const streamName = "stream";
const cursorKey = { owner: ".", name: "cursor" } as const;

/** What may be done to one receiver's stream within a transaction. */
export interface OpenStreams {
  read(receiver: string): Promise<StreamValue | undefined>;
  write(receiver: string, stream: StreamValue): Promise<void>;
  /** The stream with all that waits. */
  remove(receiver: string): Promise<void>;
  /** Drops what waits. */
  empty(receiver: string): Promise<void>;
  /** @returns whether the oldest was dropped for it */
  append(receiver: string, stream: StreamValue, make: (jti: string) => WaitingEvent): Promise<boolean>;
  waiting(receiver: string, limit: number): Promise<readonly WaitingEvent[]>;
  /** Those that were taken, or refused for good; of others' names nothing happens. @returns how many were there */
  taken(receiver: string, stream: StreamValue, jtis: readonly string[]): Promise<number>;
  /** The revision up to which changes were told of. */
  cursor(): Promise<number | undefined>;
  moveCursor(revision: number): Promise<void>;
}

export function streamsIn<T>(records: WorkingRecords, work: (streams: OpenStreams) => Promise<T>): Promise<T> {
  return records.transact(room, (transaction) => work(openStreams(transaction)));
}

/** Receivers that have records, those that are no longer configured included. */
export async function knownReceivers(records: WorkingRecords): Promise<ReadonlySet<string>> {
  const owners = new Set<string>();
  for (let stamp = 0; ;) {
    const some = await records.changedSince(room, stamp, 500);
    const last = some.at(-1);
    if (last === undefined) return owners;
    for (const { owner } of some) if (owner !== cursorKey.owner) owners.add(owner);
    stamp = last.stamp;
  }
}

function openStreams(transaction: RecordTransaction): OpenStreams {
  const read = async (receiver: string): Promise<StreamValue | undefined> => {
    const value = await transaction.get({ owner: receiver, name: streamName });
    return value === undefined ? undefined : parsed(streamValue, value);
  };
  const write = (receiver: string, stream: StreamValue): Promise<void> =>
    transaction.put([{ owner: receiver, name: streamName, value: stream }]);
  const waiting = async (receiver: string, limit: number): Promise<readonly WaitingEvent[]> =>
    // The stream's own record sorts after its events.
    (await transaction.list(receiver, limit + 1))
      .filter(({ name }) => name !== streamName)
      .slice(0, limit)
      .map(({ value }) => parsed(eventValue, value));
  return {
    read,
    write,
    waiting,
    remove: (receiver) => transaction.clear(receiver),
    async empty(receiver) {
      const stream = await read(receiver);
      await transaction.clear(receiver);
      if (stream !== undefined) await write(receiver, stream);
    },
    async append(receiver, stream, make) {
      const event = make(`${stream.id}.${stream.next}`);
      const full = (await transaction.count(receiver)) > mostWaiting;
      if (full) {
        const [oldest] = await transaction.list(receiver, 1);
        if (oldest !== undefined) await transaction.delete(receiver, [oldest.name]);
      }
      await transaction.put([
        { owner: receiver, name: eventName(stream.next), value: event },
        { owner: receiver, name: streamName, value: { ...stream, next: stream.next + 1 } },
      ]);
      return full;
    },
    async taken(receiver, stream, jtis) {
      const names = jtis.flatMap((jti) => {
        const number = jti.startsWith(`${stream.id}.`) ? jti.slice(stream.id.length + 1) : "";
        return /^[1-9][0-9]{0,14}$/.test(number) ? [eventName(Number(number))] : [];
      });
      const before = await transaction.count(receiver);
      await transaction.delete(receiver, [...new Set(names)]);
      return before - (await transaction.count(receiver));
    },
    async cursor() {
      const value = await transaction.get(cursorKey);
      return value === undefined ? undefined : parsed(z.int().nonnegative(), value);
    },
    moveCursor: (revision) => transaction.put([{ ...cursorKey, value: revision }]),
  };
}

/** In the order of their numbers. */
function eventName(number: number): string {
  return `e${String(number).padStart(15, "0")}`;
}

function parsed<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw new CordonError("STORE_CORRUPT", "a record of shared signals cannot be read: make the stream anew");
}
