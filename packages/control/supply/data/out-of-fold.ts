/**
 * What the rest of the data says a row's label should be. In: features and labels. Out: for each row the probability of
 * each label by a model that never saw the row (k-fold cross-validation), and that model, so that a feature's share in the
 * answer can be taken out. The model is multinomial logistic regression by stochastic gradient (AdaGrad), seeded.
 */
import type { Features } from "./features.ts";

export interface OutOfFold {
  readonly classes: number;
  /** Probability of class `c` for row `r` at `r * classes + c`. */
  readonly probabilities: Float32Array;
  /** Scores of a row without the given features: what it would be without them. */
  readonly scoresWithout: (row: number, features: ReadonlySet<number>) => Float64Array;
}

const folds = 5;
const epochs = 4;
const rate = 0.3;
const shrink = 1e-5;

/** Trains and predicts. `labels` are class numbers from 0. */
export function predictOutOfFold(features: Features, labels: Int32Array, classes: number, seed: number): OutOfFold {
  const rows = features.rows.length;
  const foldOf = assignFolds(rows, seed);
  const models = Array.from({ length: folds }, (_, fold) =>
    train(features, labels, classes, (row) => foldOf[row] !== fold, seed + fold),
  );
  const scoresOf = (row: number, without?: ReadonlySet<number>): Float64Array => {
    const weights = models[foldOf[row] ?? 0] ?? new Float32Array(0);
    return score(weights, features.rows[row] ?? new Int32Array(0), classes, without);
  };
  const probabilities = new Float32Array(rows * classes);
  for (let row = 0; row < rows; row++) probabilities.set(softmax(scoresOf(row)), row * classes);
  return { classes, probabilities, scoresWithout: (row, without) => scoresOf(row, without) };
}

function train(
  { rows, names }: Features,
  labels: Int32Array,
  classes: number,
  included: (row: number) => boolean,
  seed: number,
): Float32Array {
  // One bias for each class after the features' weights.
  const weights = new Float32Array((names.length + 1) * classes);
  const squares = new Float32Array(weights.length).fill(1e-3);
  const order = Int32Array.from(rows.keys()).filter(included);
  const random = generator(seed);
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffle(order, random);
    for (const row of order) {
      const on = rows[row] ?? new Int32Array(0);
      const gradient = softmax(score(weights, on, classes));
      const label = labels[row] ?? 0;
      gradient[label] = (gradient[label] ?? 0) - 1;
      const scale = 1 / Math.sqrt(on.length + 1);
      for (const id of on) step(weights, squares, id * classes, gradient, scale);
      step(weights, squares, names.length * classes, gradient, scale);
    }
  }
  return weights;
}

function step(weights: Float32Array, squares: Float32Array, base: number, gradient: Float64Array, scale: number): void {
  for (let c = 0; c < gradient.length; c++) {
    const slope = (gradient[c] ?? 0) * scale + shrink * (weights[base + c] ?? 0);
    const square = (squares[base + c] ?? 0) + slope * slope;
    squares[base + c] = square;
    weights[base + c] = (weights[base + c] ?? 0) - (rate * slope) / Math.sqrt(square);
  }
}

/** Scores scaled by the root of the number of features, so that long texts are not surer than short ones. */
function score(weights: Float32Array, on: Int32Array, classes: number, without?: ReadonlySet<number>): Float64Array {
  const scores = new Float64Array(classes);
  const bias = weights.length - classes;
  const scale = 1 / Math.sqrt(on.length + 1);
  for (let c = 0; c < classes; c++) scores[c] = (weights[bias + c] ?? 0) * scale;
  for (const id of on) {
    if (without?.has(id) === true) continue;
    for (let c = 0; c < classes; c++) scores[c] = (scores[c] ?? 0) + (weights[id * classes + c] ?? 0) * scale;
  }
  return scores;
}

/** Scores to probabilities. */
export function softmax(scores: Float64Array): Float64Array {
  const top = Math.max(...scores);
  const powers = scores.map((value) => Math.exp(value - top));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}

function assignFolds(rows: number, seed: number): Int32Array {
  const order = Int32Array.from({ length: rows }, (_, at) => at);
  shuffle(order, generator(seed));
  const fold = new Int32Array(rows);
  for (const [at, row] of order.entries()) fold[row] = at % folds;
  return fold;
}

function shuffle(list: Int32Array, random: () => number): void {
  for (let at = list.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    const kept = list[at] ?? 0;
    list[at] = list[other] ?? 0;
    list[other] = kept;
  }
}

/** mulberry32: small, seeded, good enough to shuffle. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
