/**
 * `node tools/train-injection.ts [--check]`: trains the injection classifier from `../shared/data/text` and the generators in
 * `tools/injection`, and writes its weights. In: nothing else; chance is seeded. Out: `packages/core/inspection/injection/
 * weights.ts`, and the leave-one-family-out table on the screen (`--check`: the table alone).
 *
 * Each family of sources is left out once; what the others' classifier says of it calibrates the probabilities. The last
 * training is on everything.
 */
import { existsSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { calibrate, describeHeldOut, judgeFamily, type Judged } from "./injection/held-out.ts";
import { exampleOf } from "./injection/examples.ts";
import { generateRows } from "./injection/generate.ts";
import { Chance } from "./injection/random.ts";
import { heldOutFamilies, readRows } from "./injection/rows.ts";
import { trainingOptions, trainingScale } from "./injection/settings.ts";
import { train } from "./injection/trainer.ts";
import { weightsModule } from "./injection/weights-module.ts";

const folder = "../shared/data/text";
const target = "packages/core/inspection/injection/weights.ts";

const { values } = parseArgs({
  options: { check: { type: "boolean", default: false }, family: { type: "string", multiple: true } },
});
if (!existsSync(folder)) {
  process.stderr.write(`${folder} is not there: the labelled texts come from outside the repository\n`);
  process.exit(2);
}
const started = performance.now();
const say = (words: string): void =>
  void process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${words}\n`);
const rows = readRows(folder);
say(`${rows.length} rows`);
const judged: Judged[] = [];
for (const family of values.family ?? heldOutFamilies) {
  judged.push(...judgeFamily(rows, family));
  say(`left out: ${family}`);
}
const calibration = calibrate(judged);
process.stdout.write(describeHeldOut(judged, calibration));
if (!values.check) {
  const generated = generateRows(new Chance(5), { scale: trainingScale, carriers: rows });
  const examples = [...rows, ...generated].map(exampleOf);
  const weights = train(examples, trainingOptions, new Chance(3), say);
  writeFileSync(target, weightsModule(weights, calibration, examples.length));
  say(`wrote ${target}`);
}
