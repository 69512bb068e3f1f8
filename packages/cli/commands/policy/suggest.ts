/**
 * `cordon policy suggest LEDGER`: least-privilege policies from what was seen. In: a ledger folder. Out: Cedar text, with
 * what each policy rests on.
 */
import { parseArgs } from "node:util";
import { CordonError } from "@cordon/core/errors";
import { parseTrustDomain } from "@cordon/core/identity/spiffe-id";
import { parseEntry } from "@cordon/core/ledger/entry-codec";
import { readEntries } from "@cordon/core/ledger/reader";
import { matches } from "@cordon/core/ledger/search";
import { ObservedFlows } from "@cordon/core/policy/analysis/suggest";
import type { Io } from "../../io.ts";
import { openFolder, readCheckpoint, reporting } from "../ledger/folder.ts";
import { parseTime } from "../ledger/time.ts";

const usage = `usage: cordon policy suggest LEDGER [--namespace N] [--since TIME] [--until TIME] [--key VKEY|FILE]

Writes one permit for each pair of principal and resource that the ledger saw go through, with the actions that were used.
People get theirs for the way in which they asked: by themselves, through a workload, by a program. What stood on a grant
alone is said and gets none.
What was refused is no reason to permit; what a route in observe mode let through is. Read it before you keep it: an attack
that went through was seen as well.

Exit code: 0 policies were written, 1 nothing was seen, 2 something cannot be read.
`;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        namespace: { type: "string" },
        since: { type: "string" },
        until: { type: "string" },
        key: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      io.stdout(usage);
      return 0;
    }
    const ledger = await openFolder(positionals, values.key);
    const { checkpoint } = await readCheckpoint(ledger);
    // The origin of a log is its trust domain and its writer (DESIGN 10).
    const [trustDomain = ""] = checkpoint.origin.split("/");
    const now = Date.now();
    const filter = {
      kind: "decision" as const,
      ...(values.since === undefined ? {} : { since: parseTime("since", values.since, now) }),
      ...(values.until === undefined ? {} : { until: parseTime("until", values.until, now) }),
    };
    const flows = new ObservedFlows();
    for await (const { index, bytes } of readEntries(ledger.reader, checkpoint.size)) {
      const entry = parseEntry(bytes);
      if (entry?.kind === "decision" && matches(entry, filter)) flows.add(index, entry);
    }
    const policies = flows.policies(parseTrustDomain(trustDomain));
    const wanted = [...policies].filter(
      ([namespace]) => values.namespace === undefined || namespace === values.namespace,
    );
    if (policies.size > 0 && wanted.length === 0)
      throw new CordonError(
        "USAGE",
        `nothing was seen in \`${values.namespace}\`; there is ${[...policies.keys()].join(", ")}`,
      );
    for (const [namespace, text] of wanted)
      io.stdout(`// Policies of namespace \`${namespace}\`, from ${positionals[0]}\n\n${text}\n`);
    io.stderr(`${flows.size} flows were seen\n`);
    return wanted.length === 0 ? 1 : 0;
  });
}
