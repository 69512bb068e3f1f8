/**
 * Entry of the thread that verifies the live ledger for the console, so that the gateway's event loop does not. In: the
 * folder, the log's public key and the checkpoints that were kept elsewhere. Out: progress, then one report.
 */
import { parentPort, workerData } from "node:worker_threads";
import { isCordonError } from "@cordon/core/errors";
import { parseKept, type Kept } from "@cordon/core/ledger/kept";
import { parseVkey } from "@cordon/core/ledger/note";
import type { LedgerReader } from "@cordon/core/ledger/reader";
import { verifyFolder } from "@cordon/core/ledger/verify-folder";
import { folderReader } from "../commands/ledger/folder.ts";
import type { FromVerifier, VerifyOrder } from "./verify-ledger.ts";

/** Progress is said at most this often; a message a bundle would cost more than hashing it. */
const sayEveryMs = 100;

const port = parentPort;
if (port !== null) {
  const say = (message: FromVerifier): void => port.postMessage(message);
  try {
    say(await verify(workerData as VerifyOrder, say));
  } catch (error) {
    say({ type: "failed", words: isCordonError(error) ? error.message : String(error) });
  }
}

async function verify(
  { folder, vkey, copies }: VerifyOrder,
  say: (message: FromVerifier) => void,
): Promise<FromVerifier> {
  const verifier = parseVkey(vkey);
  const kept: Kept[] = [];
  const findings: { code: string; words: string }[] = [];
  for (const { name, text } of copies) {
    try {
      kept.push(parseKept(name, text, verifier));
    } catch (error) {
      const words = isCordonError(error) ? error.message : String(error);
      findings.push({ code: "CHECKPOINT_INVALID", words: `the checkpoint copy ${name} cannot be compared: ${words}` });
    }
  }
  let note = "";
  const files = folderReader(folder);
  const reader: LedgerReader = {
    read: async (path, maxBytes) => {
      const bytes = await files.read(path, maxBytes);
      if (path === "checkpoint" && bytes !== undefined) note = Buffer.from(bytes).toString("utf8");
      return bytes;
    },
    list: (path) => files.list(path),
  };
  let saidAt = 0;
  const report = await verifyFolder(reader, verifier, kept, (entries, size) => {
    const now = performance.now();
    if (entries < size && now - saidAt < sayEveryMs) return;
    saidAt = now;
    say({ type: "progress", entries, size });
  });
  for (const { code, words } of report.findings) findings.push({ code, words });
  const root = report.checkpoint === undefined ? "" : Buffer.from(report.checkpoint.root).toString("base64");
  const { size = 0 } = report.checkpoint ?? {};
  const agreements = report.kept.map((each) => ({ ...each }));
  return { type: "verdict", ok: findings.length === 0, size, root, findings, checkpoint: note, copies: agreements };
}
