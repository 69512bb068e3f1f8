/** `cordon ledger prove`: the receipt of one entry, for someone who has only the log's public key. */
import { parseArgs } from "node:util";
import { CordonError } from "@cordon/core/errors";
import { parseEntry } from "@cordon/core/ledger/entry-codec";
import { leafHash } from "@cordon/core/ledger/merkle";
import { inclusionRanges } from "@cordon/core/ledger/proof";
import { hashesOfRanges, readEntries, readEntry } from "@cordon/core/ledger/reader";
import { formatReceipt, openReceipt } from "@cordon/core/ledger/receipt";
import type { Io } from "../../io.ts";
import { entryLine } from "./entry-line.ts";
import { openFolder, parseCount, readCheckpoint, reporting, type LedgerFolder } from "./folder.ts";

const usage = `usage: cordon ledger prove FOLDER --index N | --id REQUEST_ID [--key VKEY|FILE] [--json]

Writes the receipt (C2SP tlog-proof) to stdout and what it proves to stderr. With --id: of the request's first entry.
Exit code: 0 proved, 1 no such entry, 2 failure.
`;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        key: { type: "string" },
        index: { type: "string" },
        id: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      io.stdout(usage);
      return 0;
    }
    if ((values.index === undefined) === (values.id === undefined))
      throw new CordonError("USAGE", "say which entry: --index N or --id REQUEST_ID");
    const ledger = await openFolder(positionals, values.key);
    const { checkpoint, note } = await readCheckpoint(ledger);
    const indexes =
      values.id === undefined
        ? [parseCount("index", values.index ?? "")].filter((index) => index < checkpoint.size)
        : await indexesOf(ledger, checkpoint.size, values.id);
    const [index, ...others] = indexes;
    if (index === undefined) {
      const asked = values.id === undefined ? `entry ${values.index}` : `entry of request ${values.id}`;
      io.stderr(`no ${asked} among the ${checkpoint.size} entries that the checkpoint covers\n`);
      return 1;
    }
    await prove(ledger, note, checkpoint.size, index, values.json, io);
    if (others.length > 0)
      io.stderr(`the request has more entries: ${others.map((each) => `--index ${each}`).join(", ")}\n`);
    return 0;
  });
}

async function prove(
  { reader, verifier, keyFromFolder }: LedgerFolder,
  note: string,
  size: number,
  index: number,
  json: boolean,
  io: Io,
): Promise<void> {
  const bytes = await readEntry(reader, size, index);
  const proof = await hashesOfRanges(reader, size, inclusionRanges(index, size));
  const receipt = formatReceipt(index, leafHash(bytes), proof, note);
  openReceipt(receipt, verifier); // never hand out what would not be believed
  const entry = parseEntry(bytes);
  if (json)
    io.stdout(`${JSON.stringify({ index, size, entry, text: Buffer.from(bytes).toString("utf8"), receipt })}\n`);
  else io.stdout(receipt);
  io.stderr(`${entry === undefined ? `entry ${index}` : entryLine(index, entry).trimStart()}\n`);
  io.stderr(`proved to be entry ${index} of the ${size} that ${verifier.name} signed\n`);
  if (keyFromFolder)
    io.stderr("the key came from the folder itself: whoever checks the receipt needs it from elsewhere\n");
}

async function indexesOf({ reader }: LedgerFolder, size: number, id: string): Promise<number[]> {
  const indexes: number[] = [];
  for await (const { index, bytes } of readEntries(reader, size)) {
    const entry = parseEntry(bytes);
    if (entry !== undefined && "id" in entry && entry.id === id) indexes.push(index);
  }
  return indexes;
}
