/**
 * A tap on the ledger: the same ledger, with a listener that hears each entry once it is durable. The path pays for one
 * more promise reaction an entry and waits for nothing; what the listener throws goes nowhere near it.
 */
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import type { Ledger } from "./ledger.ts";

export type LedgerListener = (index: number, entry: LedgerEntry) => void;

/**
 * The ledger with a listener. Entries that the writer makes itself (started, recovered, stopped) are not heard.
 *
 * @param failed hears of what the listener threw
 */
export function observeLedger(ledger: Ledger, listener: LedgerListener, failed: (error: unknown) => void): Ledger {
  return {
    append(entry) {
      const appended = ledger.append(entry);
      appended.then(
        (index) => {
          try {
            listener(index, entry);
          } catch (error) {
            failed(error);
          }
        },
        () => undefined, // whoever appended hears of it
      );
      return appended;
    },
    receipt: (index) => ledger.receipt(index),
    latestCheckpoint: () => ledger.latestCheckpoint(),
    get size() {
      return ledger.size;
    },
    get health() {
      return ledger.health;
    },
    [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
  };
}
