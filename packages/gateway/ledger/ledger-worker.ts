/**
 * Entry of the ledger's worker thread: hands messages between the event loop and a {@link Writer}. A bundle ships this
 * file as `ledger-worker.js` beside the file that `ledger.ts` went into.
 */
import { parentPort, workerData } from "node:worker_threads";
import { nodeFiles } from "./files.ts";
import type { FromWriter, ToWriter, WriterOptions } from "./protocol.ts";
import { Writer } from "./writer.ts";

const port = parentPort;
if (port !== null) {
  const options = workerData as WriterOptions;
  const emit = (message: FromWriter): void => port.postMessage(message);
  const early: ToWriter[] = [];
  let writer: Writer | undefined;
  port.on("message", (message: ToWriter) => (writer === undefined ? early.push(message) : writer.receive(message)));
  try {
    writer = await Writer.open(options, nodeFiles(options.folder), emit);
  } catch (error) {
    const message = `the ledger's folder ${options.folder} cannot be used: ${error instanceof Error ? error.message : String(error)}`;
    emit({ type: "failed", failure: { code: "LEDGER_UNAVAILABLE", message } });
  }
  for (const message of early) writer?.receive(message);
}
