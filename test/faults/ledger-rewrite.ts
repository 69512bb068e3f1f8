/**
 * What an attacker with the ledger folder and the real log key can do: write another history over the first, whole and
 * signed. In: a folder and what to make of its entries. Out: the same folder, of which every byte fits.
 */
import type { KeyObject } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openCheckpoint, signCheckpoint } from "@cordon/core/ledger/checkpoint";
import { parseEntry } from "@cordon/core/ledger/entry-codec";
import { encodeOpen, Interactions, markOf, openPath } from "@cordon/core/ledger/interactions";
import { formatVkey, parseVkey } from "@cordon/core/ledger/note";
import { readEntries } from "@cordon/core/ledger/reader";
import { tilePath } from "@cordon/core/ledger/tiles";
import { encodeFrame, segmentPath } from "@cordon/core/ledger/write-ahead";
import { nodeFiles } from "@cordon/gateway/ledger/files";
import { RightEdge } from "@cordon/gateway/ledger/right-edge";

export async function rewriteHistory(
  folder: string,
  origin: string,
  privateKey: KeyObject,
  rewrite: (entries: string[]) => string[],
): Promise<void> {
  const files = nodeFiles(folder);
  const verifier = parseVkey(formatVkey(origin, privateKey));
  const { size } = openCheckpoint(Buffer.from(files.read("checkpoint") ?? []).toString(), verifier);
  const entries: string[] = [];
  for await (const { bytes } of readEntries(files, size)) entries.push(Buffer.from(bytes).toString());
  const edge = new RightEdge(0, []);
  const interactions = new Interactions();
  const rewritten = rewrite(entries).map((text) => Buffer.from(text));
  for (const [index, bytes] of rewritten.entries()) {
    edge.push(bytes);
    const entry = parseEntry(bytes);
    if (entry !== undefined) interactions.apply(markOf(entry), index);
  }
  for (const name of ["tile", "open", "wal"]) rmSync(join(folder, name), { recursive: true });
  const put = (path: string, bytes: Uint8Array | string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  };
  const { full, partial } = edge.unsealed(edge.size);
  for (const tile of [...full, ...partial]) put(tilePath(tile), edge.bytesOf(tile));
  put(openPath(edge.size), encodeOpen(edge.size, interactions));
  put(segmentPath({ generation: 1, firstIndex: 0 }), encodeFrame(0, rewritten));
  put("checkpoint", signCheckpoint({ origin, size: edge.size, root: edge.root() }, privateKey));
}
