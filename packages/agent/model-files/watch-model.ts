/**
 * Watches the files of a served model. In: a path. Out: what lies there, whenever that changes: its digest, or a problem.
 *
 * Two eyes: the kernel's notices (inotify), which come at once and may be lost, and a look at every file's state four times
 * a second, which misses nothing that a file system records. What changed is hashed in another thread, and only that. From
 * the first sign of a change until what lies there was measured whole, the old verdict stands for at most {@link graceMs};
 * after it the files count as unknown, however large they are. All of it is hashed again from time to time, because some
 * writes leave no trace: through a memory mapping, below the file system, twice within one tick of its clock.
 *
 * Whatever keeps it from looking (an error, a file system that hangs, a dead thread) is a problem like any other: unknown.
 */
import { basename, dirname } from "node:path";
import type { FilesSeen } from "@cordon/core/contract/served-files";
import { contentDigest } from "@cordon/core/supply/content-digest";
import type { Hasher } from "./hasher.ts";
import { isOfFile, listModel, type FileState, type ModelState } from "./list-files.ts";
import { openNotices } from "./notices.ts";

export interface WatchModelOptions {
  readonly path: string;
  /** For what changed. */
  readonly hasher: Hasher;
  /** For hashing again what did not; never in the way of the other. */
  readonly quietHasher: Hasher;
  /** Whether it says so while it measures for the first time; else it says nothing before it knows. */
  readonly saysMeasuring?: boolean;
  /** Hears each verdict that differs from the last. */
  readonly onSeen: (seen: FilesSeen) => void;
  /** Milliseconds since the epoch, to compare with files' times. */
  readonly now?: () => number;
  /** How often every file is looked at. */
  readonly lookEveryMs?: number;
  /** Least time between two hashings of everything, which take at most a twentieth of the time. */
  readonly rehashEveryMs?: number;
  /** Kernel notices; tests switch them off to see that the other eye suffices. */
  readonly notices?: boolean;
  readonly list?: (path: string) => Promise<ModelState>;
}

/** How long a verdict outlives the first sign of a change, while what changed is measured. */
export const graceMs = 300;
/** A look that takes longer is a problem: a file system that hangs shows nothing. */
const lookTimeoutMs = 2_000;
/** Files that changed this recently are hashed once more: a second write in the same tick leaves no other trace. */
const racyMs = 100;

export interface ModelWatch extends AsyncDisposable {
  /** What was seen last; undefined before the first measurement. */
  readonly seen: () => FilesSeen | undefined;
}

export function watchModel(options: WatchModelOptions): ModelWatch {
  const { path, hasher, quietHasher, now = Date.now, lookEveryMs = 250, rehashEveryMs = 60_000 } = options;
  const list = options.list ?? listModel;
  /** SHA-256 by a file's identity: of what was listed last, and nothing else. */
  const digests = new Map<string, string>();
  let seen: FilesSeen | undefined;
  let listed: ModelState | undefined;
  let lookingSince: number | undefined;
  let lookAgain = false;
  let measuring: Promise<void> | undefined;
  let rehashing: Promise<void> | undefined;
  let rehashedAt = performance.now();
  let rehashTookMs = 0;
  let grace: NodeJS.Timeout | undefined;
  let closed = false;
  const notices = options.notices === false ? undefined : openNotices(() => look());

  const say = (next: FilesSeen): void => {
    if (closed || JSON.stringify(next) === JSON.stringify(seen)) return;
    seen = next;
    options.onSeen(next);
  };
  /** Something changed: the old verdict stands for a moment, no longer. */
  const doubt = (): void => {
    if (seen === undefined && options.saysMeasuring !== true) return;
    grace ??= setTimeout(() => say({ problem: "they changed, and are being measured again" }), graceMs);
  };
  const settle = (next: FilesSeen): void => {
    clearTimeout(grace);
    grace = undefined;
    say(next);
  };
  const trouble = (error: unknown): void => settle({ problem: (error as Error).message.slice(0, 500) });

  function look(): void {
    if (closed) return;
    if (lookingSince !== undefined) {
      lookAgain = true;
      return;
    }
    lookingSince = performance.now();
    lookAgain = false;
    list(path)
      .then(consider, trouble)
      .finally(() => {
        lookingSince = undefined;
        if (lookAgain) look();
      })
      .catch(trouble);
  }

  function consider(state: ModelState): void {
    if (closed) return;
    listed = state;
    notices?.follow([...state.folders.map((folder) => ({ folder })), { folder: dirname(path), only: basename(path) }]);
    const current = new Set(state.files.map(({ identity }) => identity));
    for (const identity of digests.keys()) if (!current.has(identity)) digests.delete(identity);
    if (state.files.every(({ identity }) => digests.has(identity))) return settle(verdictOf(state, digests));
    doubt();
    measuring ??= measure()
      .catch(trouble)
      .finally(() => {
        measuring = undefined;
        look(); // what was measured counts once it is still what lies there
      });
  }

  /** Hashes what is new, and what became new meanwhile. A file that cannot be read although it did not change is a problem. */
  async function measure(): Promise<void> {
    for (;;) {
      const file = listed?.files.find(({ identity }) => !digests.has(identity));
      if (file === undefined || closed) return;
      try {
        await learn(file, hasher);
      } catch (error) {
        const same = (await list(path)).files.some(({ identity }) => identity === file.identity);
        if (same) throw error;
        return;
      }
    }
  }

  async function learn(file: FileState, by: Hasher): Promise<void> {
    const digest = await by.hash(file.absolute);
    if (!isOfFile(file, digest)) return look(); // another file lies there by now
    const before = digests.get(file.identity);
    digests.set(file.identity, digest.sha256);
    if (before === undefined && now() - file.changedAtMs < racyMs)
      setTimeout(() => void rehash([file]), racyMs).unref();
    if (before !== undefined && before !== digest.sha256) look();
  }

  /** Hashes again what is thought to be known. The verdict stands meanwhile. */
  async function rehash(files: readonly FileState[]): Promise<void> {
    for (const file of files) {
      if (closed || !digests.has(file.identity)) continue;
      try {
        await learn(file, quietHasher);
      } catch {
        digests.delete(file.identity); // then it is measured in earnest, with its doubt and its problem
        look();
      }
    }
  }

  const ticking = setInterval(() => {
    const at = performance.now();
    if (lookingSince === undefined) look();
    else if (at - lookingSince > lookTimeoutMs)
      say({ problem: `they could not be looked at for ${lookTimeoutMs / 1000} s` });
    if (rehashing !== undefined || at - rehashedAt < Math.max(rehashEveryMs, 20 * rehashTookMs)) return;
    rehashing = rehash(listed?.files ?? []).finally(() => {
      rehashing = undefined;
      rehashedAt = performance.now();
      rehashTookMs = rehashedAt - at;
    });
  }, lookEveryMs);
  ticking.unref();
  look();

  return {
    seen: () => seen,
    [Symbol.asyncDispose]() {
      closed = true;
      clearInterval(ticking);
      clearTimeout(grace);
      notices?.[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

function verdictOf({ kind, files }: ModelState, digests: ReadonlyMap<string, string>): FilesSeen {
  const of = (file: FileState): string => digests.get(file.identity) ?? "";
  const [first] = files;
  if (first === undefined) return { problem: "the folder is empty" };
  if (kind === "file") return { digest: `sha256:${of(first)}` };
  return { digest: `sha256:${contentDigest(files.map((file) => [file.path, of(file)]))}` };
}
