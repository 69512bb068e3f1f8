/**
 * `cordon risk explain`: what a decision's risk was made of, from the ledger; without an id, what each signal weighs. In: a
 * request id and a ledger folder, or a configuration. Out: text or JSON.
 */
import { parseArgs } from "node:util";
import { loadConfiguration } from "@cordon/control/registry/load-configuration";
import { CordonError } from "@cordon/core/errors";
import type { DecisionEntry } from "@cordon/core/ledger/entry";
import { parseEntry } from "@cordon/core/ledger/entry-codec";
import { readEntries } from "@cordon/core/ledger/reader";
import type { Io } from "../../io.ts";
import { openFolder, readCheckpoint, reporting } from "../ledger/folder.ts";
import { riskLines } from "./risk-lines.ts";

const usage = `usage: cordon risk explain REQUEST_ID LEDGER [--key VKEY|FILE] [--json]
       cordon risk explain [--config FILE] [--json]

The first says what the risk of a decision was made of, as the ledger LEDGER holds it. The second shows what each signal
weighs, and where tiers begin, by the configuration (default: cordon.yaml).

Exit code: 0, 1 where the ledger holds no such decision, 2 failure.
`;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: "string", default: "cordon.yaml" },
        key: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      io.stdout(usage);
      return 0;
    }
    const [id, ...folders] = positionals;
    if (id === undefined) return await showWeights(values.config, values.json, io);
    if (folders.length !== 1) throw new CordonError("USAGE", "name a request id and one ledger folder");
    const ledger = await openFolder(folders, values.key);
    const { checkpoint } = await readCheckpoint(ledger);
    let found = 0;
    for await (const { bytes } of readEntries(ledger.reader, checkpoint.size)) {
      const entry = parseEntry(bytes);
      if (entry?.kind !== "decision" || entry.id !== id) continue;
      found += 1;
      io.stdout(values.json ? `${JSON.stringify(entry)}\n` : textOf(entry));
    }
    if (found === 0) io.stderr(`no decision ${id} is among the ${checkpoint.size} entries\n`);
    return found === 0 ? 1 : 0;
  });
}

function textOf({ at, principal, action, resource, effect, risk, reasons }: DecisionEntry): string {
  const why = reasons.filter(({ code }) => code !== "risk").map(({ words }) => `\n  ${words}`);
  const verdict = effect === "allow" ? "allowed" : "denied";
  return `${new Date(at).toISOString()} ${principal} ${action} ${resource}\n${riskLines(risk)}\n${verdict}${why.join("")}\n`;
}

async function showWeights(path: string, json: boolean, io: Io): Promise<0> {
  const { risk } = (await loadConfiguration(path)).configuration;
  const { weights, tiers } = risk;
  if (json) {
    io.stdout(`${JSON.stringify({ weights, tiers })}\n`);
    return 0;
  }
  const rows = Object.entries(weights)
    .toSorted(([, a], [, b]) => b - a)
    .map(([signal, weight]) => `  ${weight.toFixed(2)}  ${signal}`);
  const { medium, high, critical } = tiers;
  io.stdout(
    `score = 1 - (1 - weight) (1 - weight) ... over the signals that are there; docs/risk.md says what each is\n` +
      `${rows.join("\n")}\nmedium from ${medium}, high from ${high}, critical from ${critical}\n`,
  );
  return 0;
}
