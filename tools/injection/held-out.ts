/**
 * What the classifier does with sources that it never saw. In: rows and a family. Out: each row of the family with the logit
 * of a classifier trained without the family; calibrated probabilities; the table for people.
 */
import { probabilityOf, type Calibration } from "@cordon/core/inspection/injection/classifier";
import { windowCount } from "@cordon/core/inspection/injection/network";
import { exampleOf, featuresOf } from "./examples.ts";
import { score } from "./evaluate.ts";
import { generateRows } from "./generate.ts";
import { Chance } from "./random.ts";
import type { Row } from "./rows.ts";
import { benignBlocked, trainingOptions, trainingScale } from "./settings.ts";
import { train } from "./trainer.ts";

export interface Judged {
  readonly row: Row;
  readonly heldOut: string;
  readonly logit: number;
  readonly windows: number;
}

/** Trains without the family, and without rows elsewhere that repeat it, and judges the family's rows. */
export function judgeFamily(rows: readonly Row[], family: string): Judged[] {
  const repeats = (row: Row): boolean => family === "jailbreaks" && row.label === "jailbreak";
  const seen = rows.filter((row) => row.family !== family && !repeats(row));
  const generated = generateRows(new Chance(5), { scale: trainingScale / 2, carriers: seen });
  const weights = train([...seen, ...generated].map(exampleOf), trainingOptions, new Chance(3));
  return rows
    .filter((row) => row.family === family)
    .map((row) => {
      const features = featuresOf(row.text);
      return { row, heldOut: family, logit: score(features, weights), windows: windowCount(features.until.length) };
    });
}

const perDoubling = 0.12;

/**
 * Platt scaling on the judged rows, attacks and benign texts with equal say in all; then the offset is moved so that one half
 * is the probability above which {@link benignBlocked} of the benign texts lie. So 0.5 is where blocking starts.
 */
export function calibrate(judged: readonly Judged[]): Calibration {
  const counted = judged.filter(
    ({ row }) => row.weight > 0 && row.label !== "harmful_request" && row.source !== "neuralchemy",
  );
  const values = counted.map(({ logit, windows }) => logit - perDoubling * Math.log2(windows));
  const labels = counted.map(({ row }) => row.attack);
  const attacks = labels.reduce<number>((sum, label) => sum + label, 0);
  const shares = labels.map((label) => (label === 1 ? 0.5 / attacks : 0.5 / (labels.length - attacks)));
  let slope = 1;
  let bias = 0;
  for (let round = 0; round < 3000; round++) {
    let slopeGradient = 0;
    let biasGradient = 0;
    values.forEach((value, at) => {
      const error = (1 / (1 + Math.exp(-(slope * value + bias))) - (labels[at] ?? 0)) * (shares[at] ?? 0);
      slopeGradient += error * value;
      biasGradient += error;
    });
    slope -= 0.3 * slopeGradient;
    bias -= 0.3 * biasGradient;
  }
  const benign = values.filter((_, at) => labels[at] === 0).toSorted((a, b) => b - a);
  const threshold = benign[Math.floor(benign.length * benignBlocked)] ?? 0;
  return { slope, offset: -slope * threshold, perDoubling };
}

/** Recall and false positives by source, at the deployed threshold and at two others. */
export function describeHeldOut(judged: readonly Judged[], calibration: Calibration): string {
  const bars = [0.3, 0.4, 0.5, 0.7] as const;
  const groups = new Map<string, number[]>();
  for (const { row, heldOut, logit, windows } of judged) {
    const kind = row.attack === 1 ? "attack" : row.label === "harmful_request" ? "harmful" : "benign";
    const name = `${kind.padEnd(8)}${row.source} ${row.attack === 1 ? row.label : ""} (without ${heldOut})`;
    const list = groups.get(name) ?? [];
    list.push(probabilityOf(logit, windows, calibration));
    groups.set(name, list);
  }
  const lines = [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, list]) => {
      const shares = bars.map((bar) =>
        ((100 * list.filter((p) => p >= bar).length) / list.length).toFixed(1).padStart(7),
      );
      return `${name.padEnd(72)}${String(list.length).padStart(6)}${shares.join("")}`;
    });
  const head = `${"left out, share of rows with probability of at least".padEnd(78)}${bars.map((bar) => String(bar).padStart(7)).join("")}`;
  return `${head}\n${lines.join("\n")}\n${JSON.stringify(calibration)}\n`;
}
