/**
 * What becomes of a running Cordon whose ledger cannot be written any more, as on a full disk. In: the Cordon. Out: the moment at
 * which its folder can be written again. Until then the gateway answers 503 with the reason, and what was under way has ended:
 * what cannot be recorded does not happen. Then it is started anew, as after a crash: only a start can say what the disk holds.
 */
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { CordonError } from "@cordon/core/errors";
import type { Cordon } from "./wire.ts";

/** How often it is looked at, whether it works, and whether there is room again. */
const lookEveryMs = 500;
/** So much has to be there at least: what a start writes, and a while of entries. */
const roomBytes = 4 * 1024 * 1024;

/** Resolves once the ledger was lost and its folder can be written again; never, while all is well. */
export async function lostAndFound(
  { ledger, ledgerFolder, gateway, log }: Pick<Cordon, "ledger" | "ledgerFolder" | "gateway" | "log">,
  signal: AbortSignal,
): Promise<void> {
  while (ledger.health.state !== "failed") if (!(await pause(signal))) return;
  const why = ledger.health.why ?? "it ended";
  log({
    ...{ level: "error", event: "ledger-lost", code: "LEDGER_UNAVAILABLE" },
    words: `nothing is served, and what was under way is ended: ${why}. Cordon starts anew once ${ledgerFolder} can be written`,
  });
  await gateway.endAll(new CordonError("LEDGER_UNAVAILABLE", `nothing can be recorded, so nothing goes on: ${why}`));
  while (!hasRoom(ledgerFolder)) if (!(await pause(signal))) return;
}

/** Whether a file of some size can be made durable there. */
export function hasRoom(folder: string): boolean {
  const path = join(folder, "room");
  try {
    const fd = openSync(path, "w", 0o600);
    try {
      const bytes = Buffer.alloc(roomBytes, 0x55);
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    return true;
  } catch {
    return false;
  } finally {
    rmSync(path, { force: true });
  }
}

/** @returns false when it was told to stop meanwhile */
export function pause(signal: AbortSignal, ms = lookEveryMs): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const stop = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve(true);
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
