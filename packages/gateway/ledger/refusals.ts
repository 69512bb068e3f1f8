/**
 * Records what never became an interaction: refused handshakes, malformed requests. In: refusals. Out: ledger entries,
 * the first of a kind at once, repeats as a count once a second, so that a stranger who knocks a million times cannot
 * fill the disk.
 */
import type { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { LedgerAppender, RefusalEntry } from "@cordon/core/ledger/entry";

export interface Refusals extends AsyncDisposable {
  note(error: CordonError, from: string): void;
}

/** Distinct (code, source) pairs held between two flushes; past it, sources are counted as one. */
const maxHeld = 1024;

export function openRefusals(ledger: LedgerAppender, now: () => Instant, failed: (error: unknown) => void): Refusals {
  const held = new Map<string, RefusalEntry>();
  const written: Promise<unknown>[] = [];

  const append = (entry: RefusalEntry): void => {
    const write = ledger.append(entry).catch(failed);
    written.push(write);
    void write.then(() => written.splice(written.indexOf(write), 1));
  };
  const flush = (): void => {
    for (const [key, entry] of [...held]) {
      // Quiet for a whole second: forget the source, so that its next knock is recorded at once.
      if (entry.count === 0) held.delete(key);
      else {
        append(entry);
        held.set(key, { ...entry, count: 0 });
      }
    }
  };
  const timer = setInterval(flush, 1000);
  timer.unref();

  return {
    note(error, from) {
      const source = held.size < maxHeld ? from : "several sources";
      const key = `${error.code} ${source}`;
      const repeat = held.get(key);
      const entry: RefusalEntry = {
        v: 1,
        kind: "refusal",
        at: now(),
        code: error.code,
        words: error.message.slice(0, 500),
        from: source,
        count: (repeat?.count ?? 0) + 1,
      };
      if (repeat === undefined) {
        append(entry);
        held.set(key, { ...entry, count: 0 });
      } else held.set(key, entry);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      flush();
      await Promise.all(written);
    },
  };
}
