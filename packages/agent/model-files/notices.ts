/**
 * The kernel's notices of changes in folders (inotify). In: folders, some of interest for one name only. Out: a call back
 * soon after something changed; at most fifty a second. Where the kernel gives none (too many watches, another file system)
 * there are none: whoever uses this looks by itself too.
 */
import { watch, type FSWatcher } from "node:fs";

export interface Noticed {
  readonly folder: string;
  /** Only changes of this name count: the folder is not the model's own. */
  readonly only?: string;
}

export interface Notices extends Disposable {
  /** Folders to hear of, in place of those before. */
  readonly follow: (folders: readonly Noticed[]) => void;
}

const atMostEveryMs = 20;
const maxFolders = 500;

export function openNotices(onNotice: () => void): Notices {
  const open = new Map<string, FSWatcher>();
  let last = -Infinity;
  let later: NodeJS.Timeout | undefined;
  const notice = (): void => {
    const waitMs = last + atMostEveryMs - performance.now();
    if (waitMs > 0) {
      later ??= setTimeout(notice, waitMs).unref();
      return;
    }
    later = undefined;
    last = performance.now();
    onNotice();
  };
  const close = (key: string): void => {
    open.get(key)?.close();
    open.delete(key);
  };
  return {
    follow(folders) {
      const wanted = new Map(folders.slice(0, maxFolders).map((one) => [`${one.folder}\0${one.only ?? ""}`, one]));
      for (const key of open.keys()) if (!wanted.has(key)) close(key);
      for (const [key, { folder, only }] of wanted) {
        if (open.has(key)) continue;
        try {
          const watcher = watch(folder, { persistent: false }, (_event, name) => {
            if (only === undefined || name === null || name === only) notice();
          });
          watcher.on("error", () => close(key));
          open.set(key, watcher);
        } catch {
          // no watch to be had, or the folder is gone again: the next look says
        }
      }
    },
    [Symbol.dispose]() {
      clearTimeout(later);
      for (const key of open.keys()) close(key);
    },
  };
}
