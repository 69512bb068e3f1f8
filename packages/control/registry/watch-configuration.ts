/**
 * Makes a changed `cordon.yaml`, or a changed policy file, take effect: whole or not at all. In: the configuration that
 * is in force, and how to apply another. Out: calls of `apply`, one at a time; and `onProblem` for every version that
 * could not be applied, which leaves the last good one in force.
 *
 * Folders are watched rather than files, so that editors which replace a file, and Kubernetes, which swaps a link, are
 * seen; a slow look at the content catches what the system does not report (network file systems).
 *
 * A file that is being written may be empty for a moment, and a set of policies without its forbids is a valid one. So what
 * was found by watching takes effect only once it has been read twice the same, the settling time apart.
 */
import { watch, type FSWatcher } from "node:fs";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { CordonError } from "@cordon/core/errors";
import type { Configuration } from "@cordon/core/contract/configuration";
import { loadConfiguration, type LoadedConfiguration } from "./load-configuration.ts";

export interface WatchOptions {
  /** Path of the `cordon.yaml`. */
  readonly path: string;
  /** The configuration that is in force. */
  readonly initial: LoadedConfiguration;
  /** Makes a configuration the state; rejects when it cannot. Never called twice at a time. */
  readonly apply: (loaded: LoadedConfiguration) => Promise<void>;
  /** Hears why a changed configuration was not applied. Once for each version of the files. */
  readonly onProblem: (error: unknown) => void;
  /** Quiet time after a change before the files are read. Default 200. */
  readonly settleMs?: number;
  /** Looks at the content this often even if nothing is reported. Default 5000. */
  readonly lookEveryMs?: number;
}

export interface ConfigurationWatch extends AsyncDisposable {
  /**
   * Reads and applies now, as on SIGHUP. Resolves to whether anything changed.
   *
   * @throws {CordonError} what kept the configuration from being applied; the last good one stays in force
   */
  reload(): Promise<boolean>;
}

/** Fields that a running process cannot change. */
const fixedFields = [
  "trustDomain",
  "state",
  "store",
  "keys",
  "gateway",
  "console",
  "operations",
  "events",
  "ledger",
  "identity",
] as const;

/** Starts watching. */
export function watchConfiguration(options: WatchOptions): ConfigurationWatch {
  return new FolderWatch(options);
}

/**
 * @throws {CordonError} `CONFIG_INVALID` naming the fields that differ and only take effect at a start
 */
export function refuseFixedChanges(before: Configuration, after: Configuration): void {
  const changed = fixedFields.filter((field) => !isDeepStrictEqual(before[field], after[field]));
  if (changed.length === 0) return;
  const names = changed.map((field) => `\`${field}\``).join(", ");
  throw new CordonError(
    "CONFIG_INVALID",
    `${names} cannot change while Cordon runs; restart it. Until then nothing of the changed file is in force.`,
  );
}

class FolderWatch implements ConfigurationWatch {
  readonly #options: WatchOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #look: NodeJS.Timeout;
  #inForce: LoadedConfiguration;
  #settling: NodeJS.Timeout | undefined;
  #reported = "";
  /** What the last look found: a digest, or the words of why it could not be read. */
  #seen = "";
  #turn: Promise<unknown> = Promise.resolve();
  #ended = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#inForce = options.initial;
    this.#watchFolders(options.initial.files);
    this.#look = setInterval(() => void this.#inTurn(() => this.#lookOnce()), options.lookEveryMs ?? 5000).unref();
  }

  reload(): Promise<boolean> {
    return this.#inTurn(() => this.#reload());
  }

  #inTurn(step: () => Promise<boolean>): Promise<boolean> {
    const turn = this.#turn.then(step);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    clearInterval(this.#look);
    clearTimeout(this.#settling);
    for (const watcher of this.#watchers.values()) watcher.close();
    await this.#turn;
  }

  async #reload(): Promise<boolean> {
    if (this.#ended) return false;
    return await this.#take(await this.#read());
  }

  /** Only notices that something is otherwise; it may come at any moment of a write. */
  async #lookOnce(): Promise<boolean> {
    if (this.#ended) return false;
    const found = await this.#read().then(({ digest }) => digest, wordsOf);
    if (found !== this.#inForce.digest && found !== this.#seen && this.#settling === undefined) this.#changed();
    return false;
  }

  /** The same, once the files have held still. */
  async #reloadSettled(): Promise<boolean> {
    if (this.#ended) return false;
    let loaded: LoadedConfiguration;
    try {
      loaded = await this.#read();
    } catch (error) {
      if (this.#isNew(wordsOf(error))) return false;
      throw error;
    }
    if (loaded.digest !== this.#inForce.digest && this.#isNew(loaded.digest)) return false;
    return await this.#take(loaded);
  }

  /** Whether the look before found something else; then there will be another. */
  #isNew(found: string): boolean {
    if (found === this.#seen) return false;
    this.#seen = found;
    this.#changed();
    return true;
  }

  #read(): Promise<LoadedConfiguration> {
    return loadConfiguration(this.#options.path, undefined, this.#inForce);
  }

  async #take(loaded: LoadedConfiguration): Promise<boolean> {
    if (loaded.digest === this.#inForce.digest) {
      this.#reported = "";
      this.#seen = "";
      return false;
    }
    refuseFixedChanges(this.#inForce.configuration, loaded.configuration);
    await this.#options.apply(loaded);
    this.#inForce = loaded;
    this.#reported = "";
    this.#watchFolders(loaded.files);
    return true;
  }

  #reloadQuietly(): void {
    this.#inTurn(() => this.#reloadSettled()).catch((error: unknown) => {
      const words = wordsOf(error);
      if (words === this.#reported || this.#ended) return;
      this.#reported = words;
      this.#options.onProblem(error);
    });
  }

  #changed(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.#settling = undefined;
      this.#reloadQuietly();
    }, this.#options.settleMs ?? 200).unref();
  }

  #watchFolders(files: readonly string[]): void {
    const folders = new Set(files.map((file) => dirname(file)));
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#changed());
        // A folder that goes away is found again by the slow look.
        watcher.on("error", () => this.#watchers.delete(folder));
        this.#watchers.set(folder, watcher);
      } catch (error) {
        this.#options.onProblem(
          new CordonError("CONFIG_UNREADABLE", `cannot watch ${folder}; changes are seen more slowly`, {
            cause: error,
          }),
        );
      }
    }
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
