/**
 * Trains the classifier's weights. In: examples as features, with labels and weights. Out: weights. Each text is judged by
 * its windows; only the windows that decided are learned from (the worst one of an attack, the two worst of a benign text).
 * AdaGrad, in the order that the seed shuffles: the same examples and seed give the same weights.
 */
import { buckets, type Features } from "@cordon/core/inspection/injection/features";
import {
  eachWindow,
  hidden,
  logitOf,
  shrink,
  tokensInBlock as block,
  width,
  type Weights,
} from "@cordon/core/inspection/injection/network";
import { average, totals } from "./averages.ts";
import type { Chance } from "./random.ts";
import { wordDimensions, type Words } from "./words/words.ts";

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

/** Weights while they are trained: a known word's vector is its row of `vectors` and the projection of its meaning. */
interface Growing extends Weights {
  /** width x {@link wordDimensions} */
  readonly projection: Float32Array;
}

export function train(
  examples: readonly Example[],
  words: Words,
  options: TrainingOptions,
  chance: Chance,
  log?: (line: string) => void,
): Weights {
  const weights: Growing = {
    vectors: new Float32Array((buckets + words.vocabulary.size) * width),
    projection: new Float32Array(width * wordDimensions),
    layer: new Float64Array(hidden * (width + 1)),
    output: new Float64Array(hidden + width + 1),
  };
  const gauss = (): number => Math.sqrt(-2 * Math.log(chance.next() + 1e-12)) * Math.cos(6.283185307 * chance.next());
  for (let at = 0; at < buckets * width; at++) weights.vectors[at] = gauss() * 0.05;
  for (let at = 0; at < weights.projection.length; at++) weights.projection[at] = gauss() * 0.5;
  for (let at = 0; at < weights.layer.length; at++) weights.layer[at] = gauss() * 0.25;
  for (let at = 0; at < weights.output.length - 1; at++) weights.output[at] = gauss() * 0.25;
  const trainer = new Trainer(weights, words, options, chance);
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
  return withMeanings(averaged.mean(), words);
}

/** Adds to each known word's vector what its meaning gives. */
function withMeanings({ vectors, projection, layer, output }: Growing, words: Words): Weights {
  for (let word = 0; word < words.vocabulary.size; word++)
    for (let at = 0; at < width; at++) {
      const index = (buckets + word) * width + at;
      for (let from = 0; from < wordDimensions; from++)
        vectors[index] =
          (vectors[index] ?? 0) +
          (projection[at * wordDimensions + from] ?? 0) * (words.vectors[word * wordDimensions + from] ?? 0);
    }
  return { vectors, layer, output };
}

const parts = ["vectors", "projection", "layer", "output"] as const;

/** The mean of the weights at many moments of the second half of training generalises better than the last (Izmailov et al. 2018). */
class WeightAverage {
  readonly #sums: Growing;
  #count = 0;

  constructor({ vectors, projection, layer, output }: Growing) {
    this.#sums = {
      vectors: new Float32Array(vectors.length),
      projection: new Float32Array(projection.length),
      layer: new Float64Array(layer.length),
      output: new Float64Array(output.length),
    };
  }

  add(weights: Growing): void {
    this.#count += 1;
    for (const part of parts) {
      const sums = this.#sums[part];
      const values = weights[part];
      for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] as number) + (values[at] as number);
    }
  }

  mean(): Growing {
    for (const part of parts) {
      const sums = this.#sums[part];
      for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] as number) / this.#count;
    }
    return this.#sums;
  }
}

class Trainer {
  readonly #weights: Growing;
  readonly #words: Words;
  readonly #options: TrainingOptions;
  readonly #chance: Chance;
  readonly #vectorSquares: Float32Array;
  readonly #projectionSquares: Float32Array;
  readonly #layerSquares: Float64Array;
  readonly #outputSquares: Float64Array;
  readonly #mean = new Float64Array(width);
  readonly #meaning = new Float64Array(wordDimensions);
  readonly #units = new Float64Array(hidden);
  readonly #meanGradient = new Float64Array(width);

  constructor(weights: Growing, words: Words, options: TrainingOptions, chance: Chance) {
    this.#weights = weights;
    this.#words = words;
    this.#options = options;
    this.#chance = chance;
    this.#projectionSquares = new Float32Array(weights.projection.length).fill(1e-3);
    this.#layerSquares = new Float64Array(weights.layer.length).fill(1e-3);
    this.#outputSquares = new Float64Array(weights.output.length).fill(1e-3);
    this.#vectorSquares = new Float32Array(weights.vectors.length / width).fill(1e-5);
  }

  learn(example: Example): number {
    const { features: whole, label, weight, payload } = sliceOf(example, this.#chance);
    const tokens = whole.until.length;
    if (tokens === 0) return 0;
    const features = this.#thinned(whole);
    const sums = totals(features, this.#weights.vectors);
    const meanings = meaningTotals(features, this.#words);
    let worst = -Infinity;
    let worstAt: readonly [number, number] = [0, 0];
    let second = -Infinity;
    let secondAt: readonly [number, number] = [0, 0];
    eachWindow(tokens, (from, to) => {
      if (payload !== undefined && isOutside(payload, from, to)) return;
      this.#average(sums, meanings, features, from, to);
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
    this.#update(features, sums, meanings, worstAt, label, weight);
    if (label === 0 && second > -2)
      this.#update(features, totals(features, this.#weights.vectors), meanings, secondAt, 0, weight * 0.5);
    return loss;
  }

  /** The average of a window, into the field for it, and of its words' meanings. */
  #average(sums: Float32Array, meanings: Float32Array, features: Features, from: number, to: number): void {
    average(sums, features, from, to, this.#mean);
    const count = (features.until[to - 1] as number) - (from === 0 ? 0 : (features.until[from - 1] as number));
    const factor = 1 / (count + shrink);
    const meaning = this.#meaning;
    const { projection } = this.#weights;
    const last = Math.ceil(to / block) * wordDimensions;
    const first = Math.ceil(from / block) * wordDimensions;
    for (let at = 0; at < wordDimensions; at++)
      meaning[at] = ((meanings[last + at] as number) - (meanings[first + at] as number)) * factor;
    for (let at = 0; at < width; at++) {
      let sum = 0;
      const row = at * wordDimensions;
      for (let index = 0; index < wordDimensions; index++)
        sum += (projection[row + index] as number) * (meaning[index] as number);
      this.#mean[at] = (this.#mean[at] as number) + sum;
    }
  }

  /** The features without a random part of them: what is learned must not hang on one word. */
  #thinned({ ids, until, ideas }: Features): Features {
    const { dropout } = this.#options;
    if (dropout === 0) return { ids, until, ideas };
    const keptIds = new Int32Array(ids.length);
    const keptUntil = new Int32Array(until.length);
    // Some texts lose much, some little, so that short and long evidence are both learned.
    const rate = dropout * 2 * this.#chance.next();
    let count = 0;
    let from = 0;
    for (let token = 0; token < until.length; token++) {
      const to = until[token] as number;
      const dropped = this.#chance.next() < rate * 0.4;
      for (; from < to; from++) if (!dropped && this.#chance.next() >= rate) keptIds[count++] = ids[from] as number;
      keptUntil[token] = count;
    }
    return { ids: keptIds.subarray(0, count), until: keptUntil, ideas };
  }

  #update(
    features: Features,
    sums: Float32Array,
    meanings: Float32Array,
    [from, to]: readonly [number, number],
    label: number,
    weight: number,
  ): void {
    const { layer, output, vectors, projection } = this.#weights;
    const { rate, decay, longest } = this.#options;
    const mean = this.#mean;
    this.#average(sums, meanings, features, from, to);
    const logit = logitOf(mean, this.#weights, this.#units);
    const target = label === 1 ? 1 - this.#options.smoothing : this.#options.smoothing / 2;
    const error = (1 / (1 + Math.exp(-logit)) - target) * weight;
    if (Math.abs(error) < 1e-4) return;
    const gradient = this.#meanGradient;
    for (let at = 0; at < width; at++) gradient[at] = error * (output[hidden + at] as number);
    for (let unit = 0; unit < hidden; unit++) {
      const value = this.#units[unit] as number;
      if (value <= 0) continue;
      const row = unit * (width + 1);
      const pushed = error * (output[unit] as number);
      step(output, this.#outputSquares, unit, error * value, rate);
      for (let at = 0; at < width; at++) {
        gradient[at] = (gradient[at] as number) + pushed * (layer[row + at] as number);
        step(layer, this.#layerSquares, row + at, pushed * (mean[at] as number), rate);
      }
      step(layer, this.#layerSquares, row + width, pushed, rate);
    }
    for (let at = 0; at < width; at++)
      step(output, this.#outputSquares, hidden + at, error * (mean[at] as number), rate);
    step(output, this.#outputSquares, hidden + width, error, rate);
    for (let at = 0; at < width; at++)
      for (let index = 0; index < wordDimensions; index++)
        step(
          projection,
          this.#projectionSquares,
          at * wordDimensions + index,
          (gradient[at] as number) * (this.#meaning[index] as number),
          rate,
        );
    const first = from === 0 ? 0 : (features.until[from - 1] as number);
    const last = features.until[to - 1] as number;
    const factor = 1 / (last - first + shrink);
    let square = 0;
    for (let at = 0; at < width; at++) {
      gradient[at] = (gradient[at] as number) * factor;
      square += (gradient[at] as number) ** 2;
    }
    square /= width;
    for (let at = first; at < last; at++) {
      const bucket = features.ids[at] as number;
      const seen = (this.#vectorSquares[bucket] as number) + square;
      this.#vectorSquares[bucket] = seen;
      const pace = rate / Math.sqrt(seen);
      const vector = bucket * width;
      let norm = 0;
      for (let index = 0; index < width; index++) {
        const value = (vectors[vector + index] as number) * (1 - decay) - pace * (gradient[index] as number);
        vectors[vector + index] = value;
        norm += value * value;
      }
      if (norm <= longest * longest) continue;
      const shorter = longest / Math.sqrt(norm);
      for (let index = 0; index < width; index++)
        vectors[vector + index] = (vectors[vector + index] as number) * shorter;
    }
  }
}

/** The running total of the meanings of a text's known words: (blocks + 1) x {@link wordDimensions}. */
function meaningTotals({ ids, until }: Features, { vectors }: Words): Float32Array {
  const blocks = Math.ceil(until.length / block);
  const sums = new Float32Array((blocks + 1) * wordDimensions);
  let from = 0;
  for (let number = 1; number <= blocks; number++) {
    const row = number * wordDimensions;
    for (let at = 0; at < wordDimensions; at++) sums[row + at] = sums[row - wordDimensions + at] as number;
    const to = until[Math.min(number * block, until.length) - 1] as number;
    for (; from < to; from++) {
      const id = ids[from] as number;
      if (id < buckets) continue;
      const vector = (id - buckets) * wordDimensions;
      for (let at = 0; at < wordDimensions; at++)
        sums[row + at] = (sums[row + at] as number) + (vectors[vector + at] as number);
    }
  }
  return sums;
}

/** Longer texts are learned from a slice at a time, another each time: most of training went to the few longest. */
const longestSlice = 512;
/** Windows and slices begin at multiples of this. */
const aligned = 32;

/** The neighbourhood of the attack where it is known, else a random stretch of a long text. */
function sliceOf(example: Example, chance: Chance): Example {
  const { features, payload } = example;
  const tokens = features.until.length;
  if (tokens <= longestSlice) return example;
  if (payload === undefined) {
    const from = chance.below(Math.ceil((tokens - longestSlice) / aligned) + 1) * aligned;
    return { ...example, features: cut(features, from, Math.min(tokens, from + longestSlice)) };
  }
  const from = Math.max(0, Math.floor(payload[0] / aligned - 2) * aligned);
  const to = Math.min(tokens, payload[1] + 2 * aligned);
  return { ...example, features: cut(features, from, to), payload: [payload[0] - from, payload[1] - from] };
}

function cut({ ids, until, ideas }: Features, from: number, to: number): Features {
  const first = from === 0 ? 0 : (until[from - 1] as number);
  const before = from === 0 ? 0 : (ideas[from - 1] as number);
  return {
    ids: ids.subarray(first, until[to - 1]),
    until: until.slice(from, to).map((end) => end - first),
    ideas: ideas.slice(from, to).map((count) => count - before),
  };
}

/** Whether a window holds less than half of the attack, and is not mostly attack itself. */
function isOutside([start, end]: readonly [number, number], from: number, to: number): boolean {
  const shared = Math.min(to, end) - Math.max(from, start);
  return shared * 2 < Math.min(end - start, to - from);
}

function step(
  values: Float32Array | Float64Array,
  squares: Float32Array | Float64Array,
  at: number,
  gradient: number,
  rate: number,
): void {
  const seen = (squares[at] ?? 0) + gradient * gradient;
  squares[at] = seen;
  values[at] = (values[at] ?? 0) - (rate * gradient) / Math.sqrt(seen);
}
