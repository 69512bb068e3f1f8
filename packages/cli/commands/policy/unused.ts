/** `cordon policy unused`: policies that do nothing. In: a configuration. Out: dead and shadowed permits, idle forbids. */
import { parseArgs } from "node:util";
import { policyUse } from "@cordon/core/policy/analysis/policy-use";
import type { Io } from "../../io.ts";
import { loadOffline, offlineOptions } from "./offline.ts";
import { reporting } from "../ledger/folder.ts";

const usage = `usage: cordon policy unused [--config FILE] [--state DIR] [--json]

Tries every policy on everything that can be asked, and says which permits apply to nothing (dead), which permit only what
others permit as well (shadowed), and which forbids refuse nothing that is permitted (idle: a safeguard, or left over).

Exit code: 0 none is dead or shadowed, 1 some are, 2 the configuration cannot be read.
`;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values } = parseArgs({
      args: [...args],
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
    const { snapshot, policies } = await loadOffline(io, values.config, values);
    const found = policyUse(snapshot, policies, Date.now());
    if (values.json) io.stdout(`${JSON.stringify({ policies: policies.size, unused: found })}\n`);
    else
      for (const { policy, effect, finding, words } of found)
        io.stdout(`${finding.padEnd(9)} ${effect} ${policy}: ${words}\n`);
    const useless = found.filter(({ finding }) => finding !== "idle").length;
    io.stderr(`${policies.size} policies: ${useless} dead or shadowed, ${found.length - useless} idle\n`);
    return useless > 0 ? 1 : 0;
  });
}
