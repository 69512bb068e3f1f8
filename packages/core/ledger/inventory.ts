/**
 * The files of a ledger folder that a verification has not read: each is accounted for, so that nothing lies there
 * unsaid. In: a reader and the checkpoint's size. Out: findings and notices.
 */
import type { Findings } from "./finding.ts";
import { openPath } from "./interactions.ts";
import type { LedgerReader } from "./reader.ts";
import { parseTilePath, tileAt, tileWidth } from "./tiles.ts";
import { parseSegmentName } from "./write-ahead.ts";

/** `lock` is the writer's; it is never opened here (see the writer's file layer for why). */
const known = new Set(["checkpoint", "log.vkey", "lock", "lock-journal"]);
const maxDepth = 12;

type Place = "read" | "ahead" | "leftover" | "unknown";

export async function takeInventory(reader: LedgerReader, size: number, findings: Findings): Promise<void> {
  const counts = { ahead: 0, leftover: 0 };
  for await (const path of paths(reader, "", 0)) {
    const place = placeOf(path, size);
    if (place === "unknown") findings.notice(`${path} is no file of a ledger: it was not looked at`);
    else if (place !== "read") counts[place] += 1;
  }
  if (counts.ahead > 0)
    findings.notice(
      `${counts.ahead} tiles lie behind the checkpoint, published by a writer that went on or was killed: not checked`,
    );
  if (counts.leftover > 0)
    findings.notice(`${counts.leftover} files are leftovers of earlier checkpoints that no longer count: not checked`);
}

async function* paths(reader: LedgerReader, folder: string, depth: number): AsyncGenerator<string> {
  for (const name of await reader.list(folder)) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (!name.endsWith("/")) yield path;
    else if (depth < maxDepth) yield* paths(reader, path.slice(0, -1), depth + 1);
  }
}

function placeOf(path: string, size: number): Place {
  if (known.has(path) || path === openPath(size)) return "read";
  if (/^open\/[0-9]+$/.test(path) || path.startsWith("tmp/")) return "leftover";
  if (path.startsWith("wal/")) return parseSegmentName(path.slice("wal/".length)) === undefined ? "unknown" : "read";
  const tile = parseTilePath(path);
  if (tile === undefined) return "unknown";
  const { width } = tileAt(size, tile.level, tile.index);
  if (width === tile.width) return "read";
  return tile.width === tileWidth || width === 0 || tile.width > width ? "ahead" : "leftover";
}
