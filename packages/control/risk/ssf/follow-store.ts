/**
 * Tells receivers what changes. In: the store's log. Out: events, each with the revision that it comes of, from the revision on up
 * to which they were told; none is left out by a restart, and none is told twice.
 *
 * What an event says may hang on what was before (whose session it was that ended). So what was before is known first: from the
 * newest state where nothing is missing, else from the log, from its beginning.
 */
import type { Revision } from "@cordon/core/contract/vocabulary";
import type { Instant } from "@cordon/core/instant";
import type { Change, StateStore } from "../../store/state-store.ts";
import type { OutgoingEvent } from "./outgoing.ts";
import { streamsIn } from "./stream-store.ts";
import type { Transmitter } from "./transmitter.ts";

export interface FollowOptions {
  readonly store: StateStore;
  readonly transmitter: Pick<Transmitter, "send">;
  /** What a change comes to; remembers what was before. */
  readonly read: (change: Change) => readonly OutgoingEvent[];
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
}

/** Revisions without events after which it is noted how far they were read. */
const noteEvery = 64;
const perRead = 256;
const retryMs = 1_000;

export async function followForSignals({
  store,
  transmitter,
  read,
  now,
  onProblem,
}: FollowOptions): Promise<AsyncDisposable> {
  const { revision: head, objects } = await store.snapshot();
  const told = await streamsIn(store.records, async (streams) => {
    const cursor = await streams.cursor();
    // The first time: what is so already is no news.
    if (cursor === undefined || cursor > head) await streams.moveCursor(head);
    return cursor === undefined || cursor > head ? head : cursor;
  });
  if (told === head) for (const object of objects) read({ ...object, at: now(), actor: "start", op: "put", object });
  else await readUpTo(store, told, read);

  const stop = new AbortController();
  let quiet = 0;
  let reached = told;
  const tell = async (changes: readonly Change[]): Promise<void> => {
    const revision = changes[0]?.revision;
    if (revision === undefined) return;
    const events = changes.flatMap((change) => read(change));
    quiet = events.length > 0 ? 0 : quiet + 1;
    // What cannot be written is tried again: an event that was due must not be left out.
    while ((events.length > 0 || quiet >= noteEvery) && !stop.signal.aborted)
      try {
        await transmitter.send(events, revision);
        quiet = 0;
        break;
      } catch (error) {
        onProblem(error);
        await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
      }
    if (!stop.signal.aborted) reached = revision;
  };
  const following = (async () => {
    try {
      for await (const changes of store.follow(told as Revision, stop.signal)) await tell(changes);
    } catch (error) {
      if (!stop.signal.aborted) onProblem(error);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await following;
      if (quiet > 0) await transmitter.send([], reached).catch(onProblem);
    },
  };
}

async function readUpTo(store: StateStore, last: number, read: FollowOptions["read"]): Promise<void> {
  for (let at = 0; at < last;) {
    const changes = await store.changesSince(at as Revision, perRead);
    for (const change of changes) if (change.revision <= last) read(change);
    at = changes.at(-1)?.revision ?? last;
  }
}
