/**
 * `cordon policy observed LEDGER`: when what is only observed can be enforced. In: a ledger folder, a configuration. Out: for
 * each route, boundary and forbid that observes, what it would refuse of the calls that went through; exit code 1 where any is
 * left.
 */
import { parseArgs } from "node:util";
import { parseEntry } from "@cordon/core/ledger/entry-codec";
import { readEntries } from "@cordon/core/ledger/reader";
import { matches } from "@cordon/core/ledger/search";
import { ObservedReport, type ObservedItem } from "@cordon/core/policy/analysis/observed-report";
import type { Io } from "../../io.ts";
import { openFolder, readCheckpoint, reporting } from "../ledger/folder.ts";
import { parseTime } from "../ledger/time.ts";
import { loadOffline, offlineOptions, offlineUsage, shortName } from "./offline.ts";

const usage = `usage: cordon policy observed LEDGER [--config FILE] [--state DIR] [--since TIME] [--key VKEY|FILE] [--json]

For each route, boundary and \`@mode("observe")\` forbid of the configuration (default: cordon.yaml): which of the calls that the
ledger saw go through it would refuse, and whether it is safe to enforce it: calls of a week at least, and none refused. Each
call is decided again by what the configuration says now, so that a permit that was added since counts.

  --since TIME              ISO 8601, or an age such as 7d
${offlineUsage}

Exit code: 0 nothing that observes would refuse anything, 1 something would, 2 something cannot be read.
`;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: "string", default: "cordon.yaml" },
        ...offlineOptions,
        since: { type: "string" },
        key: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      io.stdout(usage);
      return 0;
    }
    const { snapshot, policies } = await loadOffline(io, values.config, values);
    const ledger = await openFolder(positionals, values.key);
    const { checkpoint } = await readCheckpoint(ledger);
    const since = values.since === undefined ? {} : { since: parseTime("since", values.since, Date.now()) };
    const report = new ObservedReport(snapshot, policies);
    for await (const { bytes } of readEntries(ledger.reader, checkpoint.size)) {
      const entry = parseEntry(bytes);
      if (entry?.kind === "decision" && matches(entry, { kind: "decision", ...since }))
        report.add(entry, (id) => shortName(snapshot, id));
    }
    const items = report.items();
    if (values.json) io.stdout(`${JSON.stringify({ observed: items })}\n`);
    else
      io.stdout(items.length === 0 ? "nothing is only observed: everything is enforced\n" : items.map(words).join(""));
    return items.some(({ wouldDeny }) => wouldDeny > 0) ? 1 : 0;
  });
}

const shownGroups = 10;

const advice = {
  safe: () => "safe to enforce: calls of a week and more, and none would be refused",
  "too early": () => "none would be refused so far; less than a week of calls was seen",
  "nothing seen": () => "no call was seen: nothing is known",
  "would deny": ({ wouldDeny, seen, last }: ObservedItem) =>
    `NOT yet: ${wouldDeny} of ${seen} would be refused, the last ${new Date(last ?? 0).toISOString()}`,
} as const satisfies Record<ObservedItem["verdict"], (item: ObservedItem) => string>;

function words(item: ObservedItem): string {
  const { kind, name, seen, groups, verdict } = item;
  const lines = [
    `${kind} ${name}  (${seen} calls)\n  ${advice[verdict](item)}\n`,
    ...groups.slice(0, shownGroups).map(({ what, why, count }) => `    ${count}x  ${what}\n          ${why}\n`),
  ];
  if (groups.length > shownGroups) lines.push(`    and ${groups.length - shownGroups} more; --json has all\n`);
  return lines.join("");
}
