/**
 * Verifies a whole ledger folder offline. In: a reader, the log's public key, and checkpoints or receipts that were kept
 * elsewhere. Out: a report. Every entry is hashed again and every tile recomputed; nothing that the folder says of
 * itself is believed but what the signature and the recomputation bear out. Memory is bounded whatever the history.
 *
 * What this can and cannot show: with the key alone, that the folder is what the holder of the log key last signed. Who
 * holds that key can rewrite history and sign again; only a checkpoint or receipt kept elsewhere shows that.
 */
import { isCordonError } from "../errors.ts";
import { openCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { Findings, maxReported, type Finding } from "./finding.ts";
import { encodeOpen, openPath, type Interactions } from "./interactions.ts";
import { takeInventory } from "./inventory.ts";
import { compareKept, type Kept, type KeptVerdict } from "./kept.ts";
import { leafHash, sameHash } from "./merkle.ts";
import { formatVkey, maxNoteBytes, type NoteVerifier } from "./note.ts";
import { readBundle, readTileHashes, type LedgerReader } from "./reader.ts";
import { Recomputation, type ComputedTile } from "./recomputation.ts";
import { tileAt, tilePath, tileWidth } from "./tiles.ts";
import { readWriteAhead, type WriteAhead } from "./write-ahead-check.ts";

export interface LedgerReport {
  readonly origin: string;
  /** The checkpoint that was verified; none where the folder has no valid one. */
  readonly checkpoint: Checkpoint | undefined;
  /** How many entries were read and hashed. */
  readonly entries: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly firstAt: number | undefined;
  readonly lastAt: number | undefined;
  /** Allowed interactions without an outcome at the end of the log: the first few, and how many. */
  readonly open: readonly { readonly id: string; readonly index: number }[];
  readonly openCount: number;
  /** The first few, and how many. */
  readonly findings: readonly Finding[];
  readonly findingCount: number;
  /** What is worth knowing and breaks nothing. */
  readonly notices: readonly string[];
  readonly kept: readonly KeptVerdict[];
}

export type Progress = (entries: number, size: number) => void;

/** More than 100,000 open interactions. */
const maxOpenBytes = 64 * 1024 * 1024;

/**
 * Verifies the folder. Never throws for what is in it: that is what the report is for.
 *
 * @param kept checkpoints and receipts from elsewhere, already checked against `verifier`
 * @param progress called after each bundle
 */
export async function verifyFolder(
  reader: LedgerReader,
  verifier: NoteVerifier,
  kept: readonly Kept[] = [],
  progress?: Progress,
): Promise<LedgerReport> {
  const findings = new Findings();
  const tree = new Recomputation(findings, new Set(kept.map((each) => each.checkpoint.size)));
  const checkpoint = await readCheckpoint(reader, verifier, findings); // 1. what was signed
  let verdicts: KeptVerdict[] = [];
  if (checkpoint !== undefined) {
    verdicts = await guarded(findings, tree, async () => {
      const writeAhead = await readWriteAhead(reader, checkpoint.size, findings);
      await recompute(reader, checkpoint.size, tree, writeAhead, findings, progress); // 2. every entry, every tile
      checkSignedRoot(tree, checkpoint, findings); // 3. what was signed is what is there
      await checkOpen(reader, checkpoint.size, tree.interactions, findings);
      checkEnd(tree.interactions, findings); // 4. nothing allowed was left without an end
      await checkKeyFile(reader, verifier, findings);
      await takeInventory(reader, checkpoint.size, findings);
      return compareKept(reader, checkpoint, tree.roots, kept, findings); // 5. what others hold
    });
  }
  return report(verifier.name, checkpoint, tree, findings, verdicts);
}

async function readCheckpoint(
  reader: LedgerReader,
  verifier: NoteVerifier,
  findings: Findings,
): Promise<Checkpoint | undefined> {
  try {
    const bytes = await reader.read("checkpoint", maxNoteBytes);
    if (bytes !== undefined) return openCheckpoint(new TextDecoder("utf8", { fatal: true }).decode(bytes), verifier);
    findings.add("CHECKPOINT_INVALID", "there is no file `checkpoint`: nothing was signed, so nothing can be verified");
  } catch (error) {
    findings.add("CHECKPOINT_INVALID", `the file \`checkpoint\` cannot be trusted: ${wordsOf(error)}`);
  }
  return undefined;
}

/** Runs the steps; one that cannot go on ends the verification with a finding that says how far it came. */
async function guarded(
  findings: Findings,
  tree: Recomputation,
  steps: () => Promise<KeptVerdict[]>,
): Promise<KeptVerdict[]> {
  try {
    return await steps();
  } catch (error) {
    findings.add("LEDGER_CORRUPT", `${wordsOf(error)}. The verification ended there, behind entry ${tree.size - 1}`);
    return [];
  }
}

async function recompute(
  reader: LedgerReader,
  size: number,
  tree: Recomputation,
  writeAhead: WriteAhead,
  findings: Findings,
  progress: Progress | undefined,
): Promise<void> {
  for (let n = 0; n * tileWidth < size; n++) {
    for (const bytes of await readBundle(reader, tileAt(size, "entries", n))) {
      const leaf = leafHash(bytes);
      writeAhead.compare(tree.size, leaf);
      tree.push(bytes, leaf);
    }
    for (const tile of tree.takeFilled()) await compareTile(reader, size, tile, findings);
    progress?.(tree.size, size);
  }
  for (const tile of tree.partial()) await compareTile(reader, size, tile, findings);
}

async function compareTile(
  reader: LedgerReader,
  size: number,
  { level, index, hashes }: ComputedTile,
  findings: Findings,
): Promise<void> {
  const tile = tileAt(size, level, index);
  const stored = await readTileHashes(reader, tile);
  const differing = hashes.findIndex((hash, i) => !sameHash(hash, stored[i] ?? new Uint8Array()));
  if (differing < 0) return;
  const span = tileWidth ** level;
  const first = (index * tileWidth + differing) * span;
  const entries = span === 1 ? `entry ${first}` : `entries ${first} to ${first + span - 1}`;
  findings.add(
    "LEDGER_CORRUPT",
    `${tilePath(tile)} does not fit ${entries}: the tile or what it hashes was changed`,
    first,
  );
}

function checkSignedRoot(tree: Recomputation, checkpoint: Checkpoint, findings: Findings): void {
  if (sameHash(tree.root(), checkpoint.root)) return;
  findings.add(
    "LEDGER_CORRUPT",
    `the ${checkpoint.size} entries in the folder are not those that the checkpoint was signed over: entries or tiles were changed after signing`,
  );
}

/** The writer's own note of what is open must be what the entries say. */
async function checkOpen(
  reader: LedgerReader,
  size: number,
  interactions: Interactions,
  findings: Findings,
): Promise<void> {
  const stored = await reader.read(openPath(size), maxOpenBytes);
  if (stored === undefined)
    findings.notice(`${openPath(size)} is not there: a writer is running and has moved on, or it was removed`);
  else if (!encodeOpen(size, interactions).equals(stored))
    findings.add("LEDGER_CORRUPT", `${openPath(size)} is not what the entries say was open at the checkpoint`);
}

/** A folder that names another key than the one it was verified with misleads whoever verifies it next. */
async function checkKeyFile(reader: LedgerReader, verifier: NoteVerifier, findings: Findings): Promise<void> {
  const stored = await reader.read("log.vkey", maxNoteBytes);
  if (stored === undefined) findings.notice("log.vkey is not there; the key that was given does not need it");
  else if (Buffer.compare(stored, Buffer.from(`${formatVkey(verifier.name, verifier.publicKey)}\n`)) !== 0)
    findings.add("LEDGER_CORRUPT", "log.vkey in the folder is not the key that the folder was verified with");
}

function checkEnd(interactions: Interactions, findings: Findings): void {
  if (!interactions.stopped) return;
  for (const { id, index } of interactions.open())
    findings.add(
      "OUTCOME_MISSING",
      `entry ${index} allowed request ${id}, and the writer stopped without recording how it ended`,
      index,
    );
}

function report(
  origin: string,
  checkpoint: Checkpoint | undefined,
  tree: Recomputation,
  findings: Findings,
  kept: readonly KeptVerdict[],
): LedgerReport {
  const open = tree.interactions.open();
  return {
    origin,
    checkpoint,
    entries: tree.size,
    kinds: Object.fromEntries(tree.kinds),
    firstAt: tree.firstAt,
    lastAt: tree.lastAt,
    open: open.slice(0, maxReported).map(({ id, index }) => ({ id, index })),
    openCount: open.length,
    findings: findings.list,
    findingCount: findings.count,
    notices: findings.notices,
    kept,
  };
}

function wordsOf(error: unknown): string {
  if (isCordonError(error)) return error.message;
  return error instanceof Error ? error.message : String(error);
}
