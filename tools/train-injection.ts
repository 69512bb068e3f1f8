/**
 * `node tools/train-injection.ts --honest FILE [--check | --unseen | --fifth] [--encoders FOLDER]`: trains the injection classifier from
 * `../shared/data/text`, our corpus and the generators in `tools/injection`, and the honest texts of FILE (`injection/honest/`),
 * and writes its weights. In: nothing else; chance is seeded. Out: `packages/core/inspection/injection/
 * weights.ts`, and the leave-one-family-out table on the screen (`--check`: the table alone; `--unseen`: instead the table of
 * a classifier that saw nothing but our own corpus and the generators; `--fifth`: of one that saw four rows of five).
 *
 * `--encoders`: the encoder is asked in doubt too. FOLDER holds one for each fold, that did not see it either: FAMILY.bin, `all.bin` for
 * `--unseen`, `every fifth.bin` for `--fifth` (`injection/encoder/`).
 *
 * Each family of sources is left out once; what the others' classifier says of it calibrates the probabilities. The last
 * training is on everything.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readCorpus } from "./injection/corpus/corpus.ts";
import { readHonest } from "./injection/honest/honest.ts";
import { calibrate, judgeFamily, judgeFifth, judgeUnseen, verdictsOf, type Fold } from "./injection/held-out.ts";
import { makeEncoder } from "@cordon/core/inspection/encoder/encoder";
import { readWeights } from "@cordon/core/inspection/encoder/weights";
import type { SecondOpinion } from "@cordon/core/inspection/injection/classifier";
import { worth } from "@cordon/core/inspection/injection/opinion";
import { calibrations as deployed } from "@cordon/core/inspection/injection/weights";
import { describeHeldOut } from "./injection/describe.ts";
import { exampleOf, words } from "./injection/examples.ts";
import { generateRows } from "./injection/generate.ts";
import { Chance } from "./injection/random.ts";
import { withGlosses } from "./injection/glosses/glossed.ts";
import { heldOutFamilies, readRows } from "./injection/rows.ts";
import { trainingOptions, trainingScale } from "./injection/settings.ts";
import { train } from "./injection/trainer.ts";
import { weightsModule } from "./injection/weights-module.ts";

const folder = "../shared/data/text";
const target = "packages/core/inspection/injection/weights.ts";

const { values } = parseArgs({
  options: {
    unseen: { type: "boolean", default: false },
    fifth: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    honest: { type: "string" },
    family: { type: "string", multiple: true },
    encoders: { type: "string" },
  },
});
if (!existsSync(folder)) {
  process.stderr.write(`${folder} is not there: the labelled texts come from outside the repository\n`);
  process.exit(2);
}
if (values.honest === undefined || !existsSync(values.honest)) {
  process.stderr.write("name the honest texts with --honest FILE: tools/injection/honest/build.ts makes them\n");
  process.exit(2);
}
const started = performance.now();
const say = (line: string): void =>
  void process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
const rows = readRows(folder);
say(`${rows.length} rows`);
const own = [...readCorpus(), ...readHonest(values.honest)];
const folds: Fold[] = [];
if (values.unseen) folds.push(judgeUnseen(rows, own));
else if (values.fifth) folds.push(judgeFifth(rows, own));
else
  for (const family of values.family ?? heldOutFamilies) {
    folds.push(judgeFamily(rows, own, family));
    say(`left out: ${family}`);
  }
const calibrations = values.fifth ? deployed : calibrate(folds.flatMap(({ judged }) => judged));
process.stdout.write(
  describeHeldOut(
    folds.flatMap((fold) => verdictsOf(fold, calibrations, secondOpinion(fold.heldOut))),
    calibrations,
  ),
);
if (!values.check && !values.unseen && !values.fifth) {
  const carriers = [...rows, ...own.filter((row) => row.family === "honest")];
  const generated = generateRows(new Chance(5), { scale: trainingScale, carriers });
  const examples = withGlosses([...rows, ...own, ...generated]).map(exampleOf);
  const weights = train(examples, words, trainingOptions, new Chance(3), say);
  writeFileSync(target, weightsModule(weights, words, calibrations, examples.length));
  say(`wrote ${target}`);
}

function secondOpinion(heldOut: string): SecondOpinion | undefined {
  if (values.encoders === undefined) return undefined;
  const encoder = makeEncoder(readWeights(readFileSync(join(values.encoders, `${heldOut}.bin`))));
  return { logit: (stretch) => encoder.logit(stretch), worth };
}
