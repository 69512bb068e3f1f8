/**
 * Trains the classifier's weights. In: examples as features, with labels and weights. Out: weights. Each text is judged by
 * its windows; only the windows that decided are learned from (the worst one of an attack, the two worst of a benign text).
 * AdaGrad, in the order that the seed shuffles: the same examples and seed give the same weights.
 */
import { buckets, type Features } from "@cordon/core/inspection/injection/features";
import {
  average,
  eachWindow,
  hidden,
  logitOf,
  totals,
  width,
  shrink,
  type Weights,
} from "@cordon/core/inspection/injection/network";
import type { Chance } from "./random.ts";

export interface Example {
  readonly features: Features;
  /** 1 for an attack. */
  readonly label: number;
  readonly weight: number;
  /** Tokens of the attack inside the text, where they are known: windows outside are not asked. */
  readonly payload?: readonly [from: number, to: number];
}

export interface TrainingOptions {
  readonly epochs: number;
  readonly rate: number;
  /** Pull of the vectors to zero, per update. */
  readonly decay: number;
  /** The share of features that a text loses on average while it is learned from. */
  readonly dropout: number;
  /** How far from certain the targets are. */
  readonly smoothing: number;
  /** No feature's vector may be longer: no word decides alone. */
  readonly longest: number;
}

export function train(
  examples: readonly Example[],
  options: TrainingOptions,
  chance: Chance,
  log?: (line: string) => void,
): Weights {
  const weights = {
    vectors: new Float32Array(buckets * width),
    layer: new Float32Array(hidden * (width + 1)),
    output: new Float32Array(hidden + width + 1),
  };
  const gauss = (): number => Math.sqrt(-2 * Math.log(chance.next() + 1e-12)) * Math.cos(6.283185307 * chance.next());
  for (let at = 0; at < weights.vectors.length; at++) weights.vectors[at] = gauss() * 0.05;
  for (let at = 0; at < weights.layer.length; at++) weights.layer[at] = gauss() * 0.25;
  for (let at = 0; at < weights.output.length - 1; at++) weights.output[at] = gauss() * 0.25;
  const trainer = new Trainer(weights, options, chance);
  const order = Array.from({ length: examples.length }, (_, at) => at);
  const averaged = new WeightAverage(weights);
  const snapshotEvery = Math.ceil(order.length / 8);
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    chance.shuffle(order);
    let loss = 0;
    let total = 0;
    let seen = 0;
    for (const at of order) {
      if (epoch >= options.epochs / 2 && ++seen % snapshotEvery === 0) averaged.add(weights);
      const example = examples[at];
      if (example === undefined || example.weight === 0) continue;
      loss += trainer.learn(example) * example.weight;
      total += example.weight;
    }
    log?.(`epoch ${epoch + 1}: loss ${(loss / total).toFixed(4)}`);
  }
  return averaged.mean();
}

/** The mean of the weights at many moments of the second half of training generalises better than the last (Izmailov et al. 2018). */
class WeightAverage {
  readonly #sums: Weights;
  #count = 0;

  constructor({ vectors, layer, output }: Weights) {
    this.#sums = {
      vectors: new Float32Array(vectors.length),
      layer: new Float32Array(layer.length),
      output: new Float32Array(output.length),
    };
  }

  add(weights: Weights): void {
    this.#count += 1;
    for (const part of ["vectors", "layer", "output"] as const) {
      const sums = this.#sums[part];
      const values = weights[part];
      for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] ?? 0) + (values[at] ?? 0);
    }
  }

  mean(): Weights {
    for (const part of ["vectors", "layer", "output"] as const) {
      const sums = this.#sums[part];
      for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] ?? 0) / this.#count;
    }
    return this.#sums;
  }
}

class Trainer {
  readonly #weights: Weights;
  readonly #options: TrainingOptions;
  readonly #chance: Chance;
  readonly #vectorSquares = new Float32Array(buckets);
  readonly #layerSquares: Float32Array;
  readonly #outputSquares: Float32Array;
  readonly #mean = new Float32Array(width);
  readonly #units = new Float32Array(hidden);
  readonly #meanGradient = new Float32Array(width);

  constructor(weights: Weights, options: TrainingOptions, chance: Chance) {
    this.#weights = weights;
    this.#options = options;
    this.#chance = chance;
    this.#layerSquares = new Float32Array(weights.layer.length).fill(1e-3);
    this.#outputSquares = new Float32Array(weights.output.length).fill(1e-3);
    this.#vectorSquares.fill(1e-5);
  }

  learn({ features: whole, label, weight, payload }: Example): number {
    const tokens = whole.until.length;
    if (tokens === 0) return 0;
    const features = this.#thinned(whole);
    const sums = totals(features, this.#weights.vectors);
    let worst = -Infinity;
    let worstAt: readonly [number, number] = [0, 0];
    let second = -Infinity;
    let secondAt: readonly [number, number] = [0, 0];
    eachWindow(tokens, (from, to) => {
      if (payload !== undefined && isOutside(payload, from, to)) return;
      average(sums, features, from, to, this.#mean);
      const logit = logitOf(this.#mean, this.#weights, this.#units);
      if (logit > worst) {
        second = worst;
        secondAt = worstAt;
        worst = logit;
        worstAt = [from, to];
      } else if (logit > second) {
        second = logit;
        secondAt = [from, to];
      }
    });
    if (worst === -Infinity) return 0;
    const loss = Math.log1p(Math.exp(-Math.abs(worst))) + (label === 1 ? Math.max(0, -worst) : Math.max(0, worst));
    this.#update(features, sums, worstAt, label, weight);
    if (label === 0 && second > -2)
      this.#update(features, totals(features, this.#weights.vectors), secondAt, 0, weight * 0.5);
    return loss;
  }

  /** The features without a random part of them: what is learned must not hang on one word. */
  #thinned({ ids, until, ideas }: Features): Features {
    const { dropout } = this.#options;
    if (dropout === 0) return { ids, until, ideas };
    const keptIds = new Uint16Array(ids.length);
    const keptUntil = new Int32Array(until.length);
    // Some texts lose much, some little, so that short and long evidence are both learned.
    const rate = dropout * 2 * this.#chance.next();
    let count = 0;
    let from = 0;
    for (let token = 0; token < until.length; token++) {
      const to = until[token] ?? 0;
      const dropped = this.#chance.next() < rate * 0.4;
      for (; from < to; from++) if (!dropped && this.#chance.next() >= rate) keptIds[count++] = ids[from] ?? 0;
      keptUntil[token] = count;
    }
    return { ids: keptIds.subarray(0, count), until: keptUntil, ideas };
  }

  #update(
    features: Features,
    sums: Float32Array,
    [from, to]: readonly [number, number],
    label: number,
    weight: number,
  ): void {
    const { layer, output, vectors } = this.#weights;
    const { rate, decay, longest } = this.#options;
    const mean = this.#mean;
    average(sums, features, from, to, mean);
    const logit = logitOf(mean, this.#weights, this.#units);
    const target = label === 1 ? 1 - this.#options.smoothing : this.#options.smoothing / 2;
    const error = (1 / (1 + Math.exp(-logit)) - target) * weight;
    if (Math.abs(error) < 1e-4) return;
    const gradient = this.#meanGradient;
    for (let at = 0; at < width; at++) gradient[at] = error * (output[hidden + at] ?? 0);
    for (let unit = 0; unit < hidden; unit++) {
      const value = this.#units[unit] ?? 0;
      if (value <= 0) continue;
      const row = unit * (width + 1);
      const pushed = error * (output[unit] ?? 0);
      step(output, this.#outputSquares, unit, error * value, rate);
      for (let at = 0; at < width; at++) {
        gradient[at] = (gradient[at] ?? 0) + pushed * (layer[row + at] ?? 0);
        step(layer, this.#layerSquares, row + at, pushed * (mean[at] ?? 0), rate);
      }
      step(layer, this.#layerSquares, row + width, pushed, rate);
    }
    for (let at = 0; at < width; at++) step(output, this.#outputSquares, hidden + at, error * (mean[at] ?? 0), rate);
    step(output, this.#outputSquares, hidden + width, error, rate);
    const first = from === 0 ? 0 : (features.until[from - 1] ?? 0);
    const last = features.until[to - 1] ?? 0;
    const factor = 1 / (last - first + shrink);
    let square = 0;
    for (let at = 0; at < width; at++) {
      gradient[at] = (gradient[at] ?? 0) * factor;
      square += (gradient[at] ?? 0) ** 2;
    }
    square /= width;
    for (let at = first; at < last; at++) {
      const bucket = features.ids[at] ?? 0;
      const seen = (this.#vectorSquares[bucket] ?? 0) + square;
      this.#vectorSquares[bucket] = seen;
      const pace = rate / Math.sqrt(seen);
      const vector = bucket * width;
      let norm = 0;
      for (let index = 0; index < width; index++) {
        const value = (vectors[vector + index] ?? 0) * (1 - decay) - pace * (gradient[index] ?? 0);
        vectors[vector + index] = value;
        norm += value * value;
      }
      if (norm <= longest * longest) continue;
      const shorter = longest / Math.sqrt(norm);
      for (let index = 0; index < width; index++) vectors[vector + index] = (vectors[vector + index] ?? 0) * shorter;
    }
  }
}

/** Whether a window holds less than half of the attack, and is not mostly attack itself. */
function isOutside([start, end]: readonly [number, number], from: number, to: number): boolean {
  const shared = Math.min(to, end) - Math.max(from, start);
  return shared * 2 < Math.min(end - start, to - from);
}

function step(values: Float32Array, squares: Float32Array, at: number, gradient: number, rate: number): void {
  const seen = (squares[at] ?? 0) + gradient * gradient;
  squares[at] = seen;
  values[at] = (values[at] ?? 0) - (rate * gradient) / Math.sqrt(seen);
}
