/** `cordon ledger export`: every entry, as JSON lines or as OCSF events, for other programs. */
import { parseArgs } from "node:util";
import { CordonError } from "@cordon/core/errors";
import { parseEntry } from "@cordon/core/ledger/entry-codec";
import { ocsfEvents } from "@cordon/core/ledger/ocsf";
import { readEntries } from "@cordon/core/ledger/reader";
import type { Io } from "../../io.ts";
import { openFolder, parseCount, readCheckpoint, reporting } from "./folder.ts";

const usage = `usage: cordon ledger export FOLDER --format jsonl|ocsf [--from INDEX] [--key VKEY|FILE]

jsonl: one {"index", "entry"} a line. ocsf: one OCSF 1.3 event a line, as event sinks send them. --from goes on where an earlier export ended.
Exit code: 0 all exported, 1 some entries could not be read (they are named on stderr), 2 failure.
`;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        format: { type: "string" },
        from: { type: "string", default: "0" },
        key: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      io.stdout(usage);
      return 0;
    }
    const { format } = values;
    if (format !== "jsonl" && format !== "ocsf")
      throw new CordonError("USAGE", "say in which form: --format jsonl or --format ocsf");
    const ledger = await openFolder(positionals, values.key);
    const { checkpoint } = await readCheckpoint(ledger);
    const from = parseCount("from", values.from);
    let unreadable = 0;
    for await (const { index, bytes } of readEntries(ledger.reader, checkpoint.size, from)) {
      const entry = parseEntry(bytes);
      if (entry === undefined) {
        unreadable += 1;
        io.stderr(`entry ${index} is of a kind or version that this program does not read: left out\n`);
      } else {
        const lines = format === "jsonl" ? [{ index, entry }] : ocsfEvents(entry, index, checkpoint.origin);
        for (const line of lines) io.stdout(`${JSON.stringify(line)}\n`);
      }
    }
    io.stderr(
      `exported ${Math.max(0, checkpoint.size - from) - unreadable} entries; the next export goes on with --from ${checkpoint.size}\n`,
    );
    return unreadable === 0 ? 0 : 1;
  });
}
