/**
 * The process that `ledger-kill.test.ts` kills: appends entries as fast as it can and says on stdout which of them were
 * acknowledged. Arguments: ledger folder, file of the log key (PEM), number of its first entry.
 */
import { createPrivateKey } from "node:crypto";
import { readFileSync, writeSync } from "node:fs";
import { openLedger } from "@cordon/gateway/ledger/ledger";
import { busyEntry } from "./ledger-entries.ts";

const [folder = "", keyFile = "", first = "0"] = process.argv.slice(2);
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes all of it before going on; a full pipe (EAGAIN) means that the reader is behind, not that it has failed. */
function say(text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

say("opening\n");
const ledger = await openLedger({
  folder,
  origin: "bank.example/gateway-1",
  privateKey: createPrivateKey(readFileSync(keyFile)),
  checkpointEveryMs: 5,
  segmentBytes: 20_000,
});
let n = Number(first);
const appendForever = async (): Promise<never> => {
  for (;;) {
    const mine = n++;
    const index = await ledger.append(busyEntry(mine));
    say(`${index} ${mine}\n`);
  }
};
await Promise.all(Array.from({ length: 48 }, appendForever));
