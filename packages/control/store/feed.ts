/**
 * The change feed. In: the log, and a bell that says "look". Out: each revision once, whole, in order, without gaps.
 * A database that is away is waited for; one whose log has a hole, or ends before what was already seen, is refused.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CordonError } from "@cordon/core/errors";
import type { Revision } from "@cordon/core/contract/vocabulary";
import type { Bell } from "./bell.ts";
import { byRevision } from "./rows.ts";
import type { Change } from "./state-store.ts";

export interface FeedSource {
  readonly bell: Bell;
  head(): Promise<Revision>;
  changesSince(revision: Revision, limit: number): Promise<readonly Change[]>;
  /** True for a failure that may pass, such as a lost connection. */
  mayPass(error: unknown): boolean;
  /** Told of each failure that is waited out. */
  trouble(error: unknown): void;
}

const revisionsPerRead = 64;
const longestPauseMilliseconds = 5000;

/**
 * Yields every revision after `revision` until `signal` aborts.
 *
 * @throws {CordonError} `STORE_CORRUPT` for a log with a hole or one that went back; what `source` throws otherwise
 */
export async function* followLog(
  source: FeedSource,
  revision: Revision,
  signal: AbortSignal,
): AsyncGenerator<readonly Change[], void, undefined> {
  let seen = revision;
  let failures = 0;
  while (!signal.aborted) {
    const heard = source.bell.rings;
    let changes: readonly Change[];
    try {
      changes = await source.changesSince(seen, revisionsPerRead);
      if (changes.length === 0) refuseOlderHead(await source.head(), seen);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (!source.mayPass(error)) throw error;
      source.trouble(error);
      failures += 1;
      await pause(failures, signal);
      continue;
    }
    for (const item of byRevision(changes)) {
      if (signal.aborted) return;
      seen = refuseHole(item, seen);
      yield item;
    }
    if (changes.length === 0) await source.bell.wait(heard, signal);
  }
}

/** A head before what was seen means that the database was replaced: going on would miss what it says instead. */
function refuseOlderHead(head: Revision, seen: Revision): void {
  if (head >= seen) return;
  throw new CordonError(
    "STORE_CORRUPT",
    `The state store is at revision ${head}, but revision ${seen} has been seen: it was restored from an older backup ` +
      `or replaced. Restart, so that everything is read afresh.`,
  );
}

function refuseHole(item: readonly Change[], seen: Revision): Revision {
  const revision = item[0]?.revision;
  if (revision !== undefined && revision === seen + 1) return revision;
  throw new CordonError(
    "STORE_CORRUPT",
    `The state store's log goes from revision ${seen} to ${revision}: changes are missing. Restore a backup.`,
  );
}

/** Waits 0.1 s doubling to 5 s, with jitter so that many gateways do not return at once. */
export async function pause(failures: number, signal: AbortSignal): Promise<void> {
  const ceiling = Math.min(longestPauseMilliseconds, 100 * 2 ** Math.min(failures - 1, 10));
  await sleep(ceiling * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
}
