/**
 * `cordon policy diff OLD NEW`: what a change of configuration changes, as pairs gained and lost. In: two configurations.
 * Out: text, Markdown for a review, or JSON; exit code 1 where anything is gained, so that a pipeline can stop there.
 */
import { parseArgs } from "node:util";
import { CordonError } from "@cordon/core/errors";
import { reach } from "@cordon/core/policy/analysis/reach";
import {
  reachDifference,
  type ReachDifference,
  type ReachPair,
  type ReachPairs,
} from "@cordon/core/policy/analysis/reach-difference";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { Io } from "../../io.ts";
import { reporting } from "../ledger/folder.ts";
import { duringWords, loadOffline, offlineOptions, shortName } from "./offline.ts";

const usage = `usage: cordon policy diff OLD NEW [--state DIR] [--markdown | --json]

OLD and NEW are configurations (cordon.yaml). Says which component can do what to which other that it could not before,
which no longer can, and whose times changed.

Exit code: 0 nothing is gained, 1 something is gained, 2 a configuration cannot be read.
`;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...offlineOptions,
        markdown: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      io.stdout(usage);
      return 0;
    }
    const [older, newer, ...more] = positionals;
    if (older === undefined || newer === undefined || more.length > 0)
      throw new CordonError("USAGE", "name two configurations: the old one and the new one");
    const now = Date.now();
    const [before, after] = await Promise.all([loadOffline(io, older, values), loadOffline(quiet(io), newer, values)]);
    const reachBefore = reach(before.snapshot, before.policies, now);
    const reachAfter = reach(after.snapshot, after.policies, now);
    if (!reachBefore.complete || !reachAfter.complete)
      io.stderr("windows change too often: not all of their states were compared\n");
    const difference = reachDifference(reachBefore, reachAfter);
    if (values.json) io.stdout(`${JSON.stringify(json(difference))}\n`);
    else io.stdout((values.markdown ? markdown : plain)(difference, before.snapshot, after.snapshot));
    return difference.gained.count > 0 || difference.changed.count > 0 ? 1 : 0;
  });
}

/** Says once what is said of both. */
function quiet({ stdout }: Io): Io {
  return { stdout, stderr: () => undefined };
}

/** Pairs that are spelled out of each kind; the rest is counted. */
const mostShown = 10_000;

function shown(pairs: ReachPairs): readonly ReachPair[] {
  const list: ReachPair[] = [];
  for (const pair of pairs) {
    if (list.length >= mostShown) break;
    list.push(pair);
  }
  return list;
}

function rest(count: number): string {
  return count > mostShown ? `and ${count - mostShown} more` : "";
}

function json({ gained, lost, changed }: ReachDifference): unknown {
  const counts = { gained: gained.count, lost: lost.count, changed: changed.count };
  return { gained: shown(gained), lost: shown(lost), changed: shown(changed), counts };
}

function plain({ gained, lost, changed }: ReachDifference, before: Snapshot, after: Snapshot): string {
  const list = (sign: string, snapshot: Snapshot, pairs: ReachPairs): string[] => [
    ...shown(pairs).map((pair) => `${sign} ${words(snapshot, pair)}`),
    ...(pairs.count > mostShown ? [`${sign} ${rest(pairs.count)}`] : []),
  ];
  const lines = [
    ...list("+", after, gained),
    ...list("~", after, changed),
    ...list("-", before, lost),
    `${gained.count} gained, ${changed.count} at other times, ${lost.count} lost`,
  ];
  return `${lines.join("\n")}\n`;
}

function words(snapshot: Snapshot, { principal, action, resource, permits, during }: ReachPair): string {
  const when = duringWords(during);
  const by = permits.length === 0 ? "" : `  [${permits.join(", ")}]`;
  return `${shortName(snapshot, principal)}  ${action}  ${shortName(snapshot, resource)}${when === "" ? "" : `  ${when}`}${by}`;
}

function markdown({ gained, lost, changed }: ReachDifference, before: Snapshot, after: Snapshot): string {
  const table = (title: string, snapshot: Snapshot, pairs: ReachPairs): string[] =>
    pairs.count === 0
      ? []
      : [
          `### ${title}: ${pairs.count}`,
          "",
          "| principal | action | resource | when | by |",
          "| --- | --- | --- | --- | --- |",
          ...shown(pairs).map(
            ({ principal, action, resource, during, permits }) =>
              `| \`${shortName(snapshot, principal)}\` | ${action} | \`${shortName(snapshot, resource)}\` | ${duringWords(during) || "at any time"} | ${permits.map((id) => `\`${id}\``).join(" ")} |`,
          ),
          rest(pairs.count),
          "",
        ];
  return [
    "## What this change lets through",
    "",
    ...table("Gained", after, gained),
    ...table("At other times", after, changed),
    ...table("Lost", before, lost),
    gained.count + lost.count + changed.count === 0 ? "Nothing is gained and nothing is lost.\n" : "",
  ].join("\n");
}
