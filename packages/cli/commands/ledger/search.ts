/** `cordon ledger search`: entries that match, oldest first. */
import { parseArgs } from "node:util";
import { CordonError } from "@cordon/core/errors";
import { entryKinds, parseEntry } from "@cordon/core/ledger/entry-codec";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import { readEntries } from "@cordon/core/ledger/reader";
import { matches, type EntryFilter } from "@cordon/core/ledger/search";
import type { Io } from "../../io.ts";
import { entryLine } from "./entry-line.ts";
import { openFolder, parseCount, readCheckpoint, reporting } from "./folder.ts";
import { parseTime } from "./time.ts";

const usage = `usage: cordon ledger search FOLDER [--principal TEXT] [--user TEXT] [--resource TEXT] [--effect allow|deny]
         [--would-deny] [--kind KIND] [--id REQUEST_ID] [--since TIME] [--until TIME] [--limit N] [--key VKEY|FILE] [--json]

TEXT is a SPIFFE ID or a part of one; --user is the person behind a call, by themselves or through a workload. TIME is ISO 8601, or an age such as 90s, 15m, 6h, 2d.
--would-deny: what a route in observe mode let through and would have been denied.
KIND is one of ${entryKinds.join(", ")}.
Exit code: 0 something found, 1 nothing found, 2 failure.
`;

const defaultLimit = 1_000;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        principal: { type: "string" },
        user: { type: "string" },
        resource: { type: "string" },
        effect: { type: "string" },
        "would-deny": { type: "boolean", default: false },
        kind: { type: "string" },
        id: { type: "string" },
        since: { type: "string" },
        until: { type: "string" },
        limit: { type: "string", default: String(defaultLimit) },
        key: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      io.stdout(usage);
      return 0;
    }
    const filter = parseFilter(values, Date.now());
    const limit = parseCount("limit", values.limit);
    const ledger = await openFolder(positionals, values.key);
    const { checkpoint } = await readCheckpoint(ledger);
    let found = 0;
    for await (const { index, bytes } of readEntries(ledger.reader, checkpoint.size)) {
      const entry = parseEntry(bytes);
      if (entry === undefined || !matches(entry, filter)) continue;
      if (found === limit) {
        io.stderr(`stopped at ${limit} entries; there are more: --limit N\n`);
        return 0;
      }
      found += 1;
      io.stdout(values.json ? `${JSON.stringify({ index, entry })}\n` : `${entryLine(index, entry)}\n`);
    }
    io.stderr(
      `${found} of ${checkpoint.size} entries match. They are shown as they lie in the folder; ` +
        `\`cordon ledger verify\` says whether that is what was signed\n`,
    );
    return found === 0 ? 1 : 0;
  });
}

function parseFilter(values: Readonly<Record<string, string | boolean | undefined>>, now: number): EntryFilter {
  const { principal, user, resource, effect, kind, id, since, until } = values as Record<string, string | undefined>;
  if (effect !== undefined && effect !== "allow" && effect !== "deny")
    throw new CordonError("USAGE", `--effect is allow or deny, not \`${effect}\``);
  if (kind !== undefined && !isKind(kind)) throw new CordonError("USAGE", `there is no kind of entry \`${kind}\``);
  return {
    ...(principal === undefined ? {} : { principal }),
    ...(user === undefined ? {} : { user }),
    ...(resource === undefined ? {} : { resource }),
    ...(effect === undefined ? {} : { effect }),
    ...(values["would-deny"] === true ? { wouldDeny: true } : {}),
    ...(kind === undefined ? {} : { kind }),
    ...(id === undefined ? {} : { id }),
    ...(since === undefined ? {} : { since: parseTime("since", since, now) }),
    ...(until === undefined ? {} : { until: parseTime("until", until, now) }),
  };
}

function isKind(kind: string): kind is LedgerEntry["kind"] {
  return (entryKinds as readonly string[]).includes(kind);
}
