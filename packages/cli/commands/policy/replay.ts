/**
 * `cordon policy replay LEDGER`: what a candidate would have said to what was asked. In: a ledger folder, a configuration.
 * Out: the calls that would have gone otherwise, grouped; exit code 1 where there are any.
 */
import { parseArgs } from "node:util";
import { parseEntry } from "@cordon/core/ledger/entry-codec";
import { readEntries } from "@cordon/core/ledger/reader";
import { matches } from "@cordon/core/ledger/search";
import { replay } from "@cordon/core/policy/analysis/replay";
import type { Io } from "../../io.ts";
import { openFolder, readCheckpoint, reporting } from "../ledger/folder.ts";
import { parseTime } from "../ledger/time.ts";
import { shortName, loadOffline, offlineOptions } from "./offline.ts";

const usage = `usage: cordon policy replay LEDGER [--config FILE] [--state DIR] [--since TIME] [--until TIME] [--key VKEY|FILE] [--json]

Takes every decision of the ledger again, on the configuration (default: cordon.yaml), at the time and with the facts that
it was taken with. TIME is ISO 8601, or an age such as 90s, 15m, 6h, 7d.

Arguments of calls are in no ledger: where policies look at them, the answer is "unknown", unless it is the same for all.

Exit code: 0 every answer is the same, 1 some would be others or are unknown, 2 something cannot be read.
`;

interface Group {
  readonly change: "would allow" | "would deny" | "unknown";
  readonly words: string;
  readonly why: string;
  count: number;
  first: number;
  last: number;
}

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: "string", default: "cordon.yaml" },
        ...offlineOptions,
        since: { type: "string" },
        until: { type: "string" },
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
    const now = Date.now();
    const filter = {
      kind: "decision" as const,
      ...(values.since === undefined ? {} : { since: parseTime("since", values.since, now) }),
      ...(values.until === undefined ? {} : { until: parseTime("until", values.until, now) }),
    };
    const groups = new Map<string, Group>();
    let decisions = 0;
    for await (const { index, bytes } of readEntries(ledger.reader, checkpoint.size)) {
      const entry = parseEntry(bytes);
      if (entry?.kind !== "decision" || !matches(entry, filter)) continue;
      decisions += 1;
      const { change, now: decision } = replay(snapshot, entry, policies);
      if (change === "none") continue;
      const words = `${shortName(snapshot, entry.principal)} ${entry.action} ${shortName(snapshot, entry.resource)}`;
      const reasons = decision.reasons.map((reason) => reason.words).join("; ");
      const why =
        change === "unknown"
          ? `policies look at the call's arguments, which the ledger does not hold (${reasons})`
          : reasons;
      const key = `${change}\n${words}\n${why}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { change, words, why, count: 1, first: index, last: index });
      else Object.assign(group, { count: group.count + 1, last: index });
    }
    const sorted = [...groups.values()].toSorted((a, b) => b.count - a.count);
    if (values.json) io.stdout(`${JSON.stringify({ decisions, changes: sorted })}\n`);
    else
      for (const { change, words, why, count, first, last } of sorted)
        io.stdout(
          `${change}: ${words}, ${count} ${count === 1 ? "time" : "times"} (entries ${first} to ${last})\n    ${why}\n`,
        );
    const [unknown, differ] = [true, false].map((unsure) =>
      sorted.filter(({ change }) => (change === "unknown") === unsure).reduce((sum, { count }) => sum + count, 0),
    );
    const more = unknown ? `, ${unknown} depend on arguments that are not known` : "";
    io.stderr(`${decisions} decisions taken again: ${differ} would be others${more}\n`);
    return sorted.length > 0 ? 1 : 0;
  });
}
