/**
 * Plays scenarios: `node examples/demo/run-scenario.ts [ID ...] [--without-cordon] [--json]`, all of them without an id. In:
 * the files in `scenarios/`. Out: for each, whether its objective was reached, and where it was stopped; exit 1 when one did
 * not go as its file expects (with Cordon), 2 when there is no such scenario.
 */
import { parseArgs } from "node:util";
import { openWorldBehindCordon } from "./scenarios/cordon-world.ts";
import { loadScenarios } from "./scenarios/load.ts";
import { openWorldWithoutCordon } from "./scenarios/open-world.ts";
import { playScenario, type Played } from "./scenarios/run.ts";
import type { Scenario } from "./scenarios/schema.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "without-cordon": { type: "boolean", default: false }, json: { type: "boolean", default: false } },
});
const off = values["without-cordon"];
const all = await loadScenarios();
const unknown = positionals.filter((id) => !all.some((each) => each.id === id));
if (unknown.length > 0) {
  console.error(`There is no scenario ${unknown.join(", ")}. There are: ${all.map(({ id }) => id).join(", ")}`);
  process.exit(2);
}
const warn = (words: string): void => console.error(`*** ${words} ***`);
await using world = off ? await openWorldWithoutCordon(warn) : await openWorldBehindCordon();
for (const scenario of all.filter(({ id }) => positionals.length === 0 || positionals.includes(id))) {
  const played = await playScenario(world, scenario);
  if (!off && !asExpected(scenario, played)) process.exitCode = 1;
  console.log(
    values.json ? JSON.stringify({ id: scenario.id, mode: world.mode, ...played }) : report(scenario, played),
  );
}

function asExpected({ expected, refusal, diverted }: Scenario, played: Played): boolean {
  const { reached, refusals } = played;
  return (
    reached === (expected !== "stopped") &&
    (refusal === undefined || refusals.some((words) => words.includes(refusal))) &&
    (diverted === undefined || played.diverted)
  );
}

function report(scenario: Scenario, { reached, refusals, told, diverted }: Played): string {
  const { id, title, kind, expected, objective, atlas } = scenario;
  const verdict = kind === "honest" ? (reached ? "done" : "NOT DONE") : reached ? "REACHED" : "not reached";
  const led = diverted ? ["  diverted: another model answered"] : [];
  const note = !off && expected === "not yet" && reached ? " (today's controls do not stop this)" : "";
  return [
    `${id}: ${title}${atlas.length === 0 ? "" : ` [${atlas.join(", ")}]`}`,
    ...told,
    `  objective ${verdict}: ${objective.what}${note}`,
    ...refusals.map((words) => `  stopped at ${words}`),
    ...led,
    "",
  ].join("\n");
}
