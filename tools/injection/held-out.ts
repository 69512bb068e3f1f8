/**
 * What the classifier does with sources that it never saw. In: rows and a family. Out: each row of the family with the logit
 * of a classifier trained without the family; the calibration that follows; and the whole detector's verdicts.
 */
import {
  classifierDetector,
  type Calibration,
  type Calibrations,
  type SecondOpinion,
} from "@cordon/core/inspection/injection/classifier";
import { packVectors, windowCount, type Weights } from "@cordon/core/inspection/injection/network";
import { exampleOf, words } from "./examples.ts";
import { score } from "./evaluate.ts";
import { generateRows } from "./generate.ts";
import { glossed, withGlosses } from "./glosses/glossed.ts";
import { Chance } from "./random.ts";
import { isDocument, isIndirect, type Row } from "./rows.ts";
import { benignBlocked, perDoubling, trainingOptions, trainingScale } from "./settings.ts";
import { train } from "./trainer.ts";
import { quantised } from "./weights-module.ts";

export interface Judged {
  readonly row: Row;
  readonly logit: number;
  readonly windows: number;
  /** Read in English too: the logit is the mean of both. */
  readonly foreign: boolean;
}

/** What a classifier made of rows that it never saw. */
export interface Fold {
  /** What it never saw: a family, or `all`. */
  readonly heldOut: string;
  readonly weights: Weights;
  readonly judged: readonly Judged[];
}

/**
 * Trains without the family, and without rows elsewhere that repeat it, and judges the family's rows. `own` is our corpus and
 * the honest texts of `honest/`.
 */
export function judgeFamily(rows: readonly Row[], own: readonly Row[], family: string): Fold {
  const seen = rows.filter((row) => row.family !== family && !repeats(row, family));
  const carriers = [...seen, ...own.filter((row) => row.family === "honest")];
  const generated = generateRows(new Chance(5), { scale: trainingScale / 2, carriers });
  const weights = train(
    withGlosses([...seen, ...own, ...generated]).map(exampleOf),
    words,
    trainingOptions,
    new Chance(3),
  );
  return judge(
    rows.filter((row) => row.family === family),
    family,
    weights,
  );
}

/** Whether a row of another family is left out with this one, since its kind repeats it. */
export function repeats(row: Row, family: string): boolean {
  return family === "jailbreaks" && row.label === "jailbreak" && row.family !== "own";
}

/** Trains on our own corpus and the generators alone, and judges every row: all sources are unseen, honest ones included. */
export function judgeUnseen(rows: readonly Row[], own: readonly Row[]): Fold {
  const generated = generateRows(new Chance(5), { scale: trainingScale / 2, carriers: own });
  const weights = train(withGlosses([...own, ...generated]).map(exampleOf), words, trainingOptions, new Chance(3));
  return judge(rows, "all", weights);
}

/** Leaves out every fifth row instead of sources: what the classifier does with new texts of kinds that it knows. */
export function judgeFifth(rows: readonly Row[], own: readonly Row[]): Fold {
  const seen = [...rows, ...own].filter((row, at) => !isFifth(row, at) && row.packed !== true);
  const generated = generateRows(new Chance(5), { scale: trainingScale / 2, carriers: seen });
  const weights = train(withGlosses([...seen, ...generated]).map(exampleOf), words, trainingOptions, new Chance(3));
  return judge([...rows, ...own].filter(isFifth), "every fifth", weights);
}

/** Whether {@link judgeFifth} leaves the row out: by its place among the public ones and, behind them, our own. */
export function isFifth({ family }: Row, at: number): boolean {
  return at % 5 === 4 && family !== "honest";
}

function judge(rows: readonly Row[], heldOut: string, weights: Weights): Fold {
  const judged = rows.flatMap((row) => {
    if (row.packed === true) return [];
    const read = [row, glossed(row)].flatMap((each) => (each === undefined ? [] : [exampleOf(each).features]));
    const logit = read.reduce((sum, features) => sum + score(features, weights), 0) / read.length;
    return [{ row, logit, windows: windowCount(read[0]?.until.length ?? 1), foreign: read.length > 1 }];
  });
  return { heldOut, weights, judged };
}

export interface Verdict {
  readonly row: Row;
  readonly heldOut: string;
  /** As a user's text. */
  readonly probability: number;
  /** As an untrusted part: of documents, and of attacks that are found in such. */
  readonly untrusted?: number;
}

/** What the whole detector says of the fold's rows: weights as bytes, hidden text and the rules included. */
export function verdictsOf(
  { heldOut, weights, judged }: Fold,
  calibrations: Calibrations,
  second?: SecondOpinion,
): Verdict[] {
  const { vectors, layer, output } = quantised(weights);
  const detector = classifierDetector({
    version: "held out",
    vocabulary: words.vocabulary,
    weights: { packed: packVectors(vectors), layer, output },
    calibrations,
    report: 0.5,
    ...(second === undefined ? {} : { second }),
  });
  const judgeAs = (row: Row, origin: Role): number => detector.judge({ text: row.text, origin }, "request").probability;
  return judged.map(({ row }) => {
    const verdict = { row, heldOut, probability: judgeAs(row, "user") };
    return isIndirect(row) || isDocument(row) ? { ...verdict, untrusted: judgeAs(row, "untrusted") } : verdict;
  });
}

type Role = keyof Calibrations;

/**
 * Platt scaling on the judged rows, attacks and benign texts with equal say in all; then the offset is moved so that one half
 * is the probability above which {@link benignBlocked} of the benign texts lie. So 0.5 is where blocking starts, for English texts
 * and for others. For untrusted parts the texts are documents and the attacks in such.
 */
export function calibrate(judged: readonly Judged[]): Calibrations {
  return { user: calibrateFor("user", judged), untrusted: calibrateFor("untrusted", judged) };
}

function calibrateFor(role: Role, judged: readonly Judged[]): Calibration {
  const counted = judged.filter(
    ({ row }) =>
      row.weight > 0 &&
      row.label !== "harmful_request" &&
      row.source !== "neuralchemy" &&
      (role === "user" || isIndirect(row) || isDocument(row)),
  );
  const plain = counted.map(({ logit, windows }) => logit - perDoubling[role] * Math.log2(windows));
  const labels = counted.map(({ row }) => row.attack);
  const thresholdOf = (wanted: boolean): number => {
    const honest = plain.filter((_, at) => labels[at] === 0 && counted[at]?.foreign === wanted);
    return honest.toSorted((a, b) => b - a)[Math.floor(honest.length * benignBlocked)] ?? 0;
  };
  const foreign = thresholdOf(false) - thresholdOf(true);
  const values = plain.map((value, at) => (counted[at]?.foreign === true ? value + foreign : value));
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
  return { slope, offset: -slope * threshold, perDoubling: perDoubling[role], foreign };
}
