/**
 * `cordon policy diff OLD NEW`: what a change of configuration changes, as pairs gained and lost. In: two configurations.
 * Out: text, Markdown for a review, or JSON; exit code 1 where anything is gained, so that a pipeline can stop there.
 */
import { parseArgs } from "node:util";
import { CordonError } from "@cordon/core/errors";
import { reach } from "@cordon/core/policy/analysis/reach";
import { reachDifference } from "@cordon/core/policy/analysis/reach-difference";
import { personDifference } from "@cordon/core/policy/analysis/person-difference";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { Io } from "../../io.ts";
import { reporting } from "../ledger/folder.ts";
import { json, markdown, plain, type Change } from "./diff-text.ts";
import { findComponent, loadOffline, offlineOptions } from "./offline.ts";

const usage = `usage: cordon policy diff OLD NEW [--state DIR] [--through COMPONENT]... [--markdown | --json]

OLD and NEW are configurations (cordon.yaml). Says which component can do what to which other that it could not before,
which no longer can, and whose times changed. People are compared as well: those whom the state knows or policies name, a
member of each group that policies speak of, and anybody of each namespace; by policy and by grants that they hold.

  --state DIR               also what this state folder knows: revocations, isolations, grants, people, admissions
  --through COMPONENT       also what people reach through this workload, which acts for them

Exit code: 0 nothing is gained, 1 something is gained, 2 a configuration cannot be read.
`;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...offlineOptions,
        through: { type: "string", multiple: true, default: [] },
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
    const through = values.through.map((name) => workloadIn([after.snapshot, before.snapshot], name));
    const people = personDifference({ ...before, reach: reachBefore }, { ...after, reach: reachAfter }, through);
    const change: Change = { before: before.snapshot, after: after.snapshot, difference, people };
    if (values.json) io.stdout(`${JSON.stringify(json(change))}\n`);
    else io.stdout((values.markdown ? markdown : plain)(change));
    const wider = difference.gained.count + difference.changed.count + people.gained.length + people.changed.length;
    return wider > 0 ? 1 : 0;
  });
}

/** A workload that may be in one of two estates alone. */
function workloadIn([first, second]: readonly [Snapshot, Snapshot], name: string): SpiffeId {
  try {
    return findComponent(first, name).id;
  } catch {
    return findComponent(second, name).id;
  }
}

/** Says once what is said of both. */
function quiet({ stdout }: Io): Io {
  return { stdout, stderr: () => undefined };
}
