/**
 * `cordon policy diff OLD NEW`: what a change of configuration changes, as pairs gained and lost. In: two configurations.
 * Out: text, Markdown for a review, or JSON; exit code 1 where anything is gained, so that a pipeline can stop there.
 */
import { parseArgs } from "node:util";
import { loadOfflineSnapshot } from "@cordon/control/registry/offline-snapshot";
import { CordonError } from "@cordon/core/errors";
import { reach } from "@cordon/core/policy/analysis/reach";
import { reachDifference, type ReachDifference, type ReachPair } from "@cordon/core/policy/analysis/reach-difference";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { Io } from "../../io.ts";
import { reporting } from "../ledger/folder.ts";
import { duringWords, shortName } from "./offline.ts";

const usage = `usage: cordon policy diff OLD NEW [--markdown | --json]

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
    const [before, after] = await Promise.all([loadOfflineSnapshot(older), loadOfflineSnapshot(newer)]);
    const reachBefore = reach(before.snapshot, before.policies, now);
    const reachAfter = reach(after.snapshot, after.policies, now);
    if (!reachBefore.complete || !reachAfter.complete)
      io.stderr("windows change too often: not all of their states were compared\n");
    const difference = reachDifference(reachBefore, reachAfter);
    if (values.json) io.stdout(`${JSON.stringify(difference)}\n`);
    else io.stdout((values.markdown ? markdown : plain)(difference, before.snapshot, after.snapshot));
    return difference.gained.length > 0 || difference.changed.length > 0 ? 1 : 0;
  });
}

function plain({ gained, lost, changed }: ReachDifference, before: Snapshot, after: Snapshot): string {
  const lines = [
    ...gained.map((pair) => `+ ${words(after, pair)}`),
    ...changed.map((pair) => `~ ${words(after, pair)}`),
    ...lost.map((pair) => `- ${words(before, pair)}`),
    `${gained.length} gained, ${changed.length} at other times, ${lost.length} lost`,
  ];
  return `${lines.join("\n")}\n`;
}

function words(snapshot: Snapshot, { principal, action, resource, permits, during }: ReachPair): string {
  const when = duringWords(during);
  const by = permits.length === 0 ? "" : `  [${permits.join(", ")}]`;
  return `${shortName(snapshot, principal)}  ${action}  ${shortName(snapshot, resource)}${when === "" ? "" : `  ${when}`}${by}`;
}

function markdown({ gained, lost, changed }: ReachDifference, before: Snapshot, after: Snapshot): string {
  const table = (title: string, snapshot: Snapshot, pairs: readonly ReachPair[]): string[] =>
    pairs.length === 0
      ? []
      : [
          `### ${title}: ${pairs.length}`,
          "",
          "| principal | action | resource | when | by |",
          "| --- | --- | --- | --- | --- |",
          ...pairs.map(
            ({ principal, action, resource, during, permits }) =>
              `| \`${shortName(snapshot, principal)}\` | ${action} | \`${shortName(snapshot, resource)}\` | ${duringWords(during) || "at any time"} | ${permits.map((id) => `\`${id}\``).join(" ")} |`,
          ),
          "",
        ];
  return [
    "## What this change lets through",
    "",
    ...table("Gained", after, gained),
    ...table("At other times", after, changed),
    ...table("Lost", before, lost),
    gained.length + lost.length + changed.length === 0 ? "Nothing is gained and nothing is lost.\n" : "",
  ].join("\n");
}
