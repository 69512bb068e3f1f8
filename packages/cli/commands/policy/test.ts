/** `cordon policy test FILE...`: tables of requests and expected answers. In: a configuration, tables. Out: what differs. */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { CordonError } from "@cordon/core/errors";
import { parseTable, runTable, type RowResult, type TableRow } from "@cordon/core/policy/analysis/table-test";
import type { Io } from "../../io.ts";
import { loadOffline, offlineOptions } from "./offline.ts";
import { reporting } from "../ledger/folder.ts";

const usage = `usage: cordon policy test FILE... [--config FILE] [--state DIR] [--json]

FILE holds, in YAML:
  tests:
    - { principal: assistant, action: infer, resource: chat, expect: allow, because: assistant-may-chat }
    - { principal: assistant, action: read, resource: training-data, expect: deny }
    - { person: mei, groups: [data-science], action: read, resource: docs, expect: allow }
    - { principal: assistant, person: mei, granted: true, action: read, resource: docs, expect: deny }
A row names a principal, a person, or both: then the one acts for the other. A person is enrolled (--state), or somebody
with the groups that are named. granted: true takes a grant for just this for given, passkeyMinutes: 30 that the passkey
was touched so long ago.
A row may have a name, a context (assurance, route, method, stream, external, rpc, tool), the arguments of a tool call
(arguments: { amount: 900 }) and a time (at: 2027-01-31T02:00:00+08:00).
Policies are enforced here, whatever a route's mode is.

Exit code: 0 every row is as expected, 1 some are not, 2 a file cannot be read.
`;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: "string", default: "cordon.yaml" },
        ...offlineOptions,
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      io.stdout(usage);
      return 0;
    }
    if (positionals.length === 0) throw new CordonError("USAGE", "name at least one file of tests");
    const { snapshot } = await loadOffline(io, values.config, values);
    const results: { file: string; number: number; result: RowResult }[] = [];
    for (const file of positionals)
      for (const [index, result] of runTable(snapshot, await readTable(file), Date.now()).entries())
        results.push({ file, number: index + 1, result });
    const failed = results.filter(({ result }) => !result.passed);
    if (values.json) {
      const listed = failed.map(({ file, number, result: { row, words } }) => ({ file, test: number, row, words }));
      io.stdout(`${JSON.stringify({ passed: results.length - failed.length, failed: listed })}\n`);
    } else
      for (const { file, number, result } of failed)
        io.stdout(`${file}: test ${number} (${nameOf(result.row)}): ${result.words}\n`);
    io.stderr(`${results.length - failed.length} as expected, ${failed.length} not\n`);
    return failed.length > 0 ? 1 : 0;
  });
}

function nameOf({ name, principal, person, action, resource }: TableRow): string {
  const who = principal === undefined ? person : person === undefined ? principal : `${principal} for ${person}`;
  return name ?? `${who} ${action} ${resource}`;
}

async function readTable(file: string): Promise<readonly TableRow[]> {
  let content: string;
  try {
    content = await readFile(file, "utf8");
  } catch (cause) {
    throw new CordonError("CONFIG_UNREADABLE", `cannot read ${file}`, { cause });
  }
  return parseTable(content, file);
}
