/**
 * The process that `ledger-kill.test.ts` kills: appends entries as fast as it can and says on stdout which of them were
 * acknowledged. Arguments: ledger folder, file of the log key (PEM), number of its first entry.
 */
import { createPrivateKey } from "node:crypto";
import { readFileSync, writeSync } from "node:fs";
import { openLedger } from "@cordon/gateway/ledger/ledger";
import { busyEntry } from "./ledger-entries.ts";

const [folder = "", keyFile = "", first = "0"] = process.argv.slice(2);
writeSync(1, "opening\n");
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
    writeSync(1, `${index} ${mine}\n`);
  }
};
await Promise.all(Array.from({ length: 48 }, appendForever));
