/**
 * A small transformer encoder that judges a text of some sentences: the classifier's second opinion. In: weights. Out: the logit
 * that a text attacks.
 *
 * It is the lite model of Cer et al. 2018 ("Universal Sentence Encoder") with a head of its own, trained on: pieces with
 * vectors, signals of their places added; two layers of attention and a network for each piece (Vaswani et al. 2017), each
 * behind a layer norm; the average over pieces; two layers more. It knows English.
 */
import { makeCutter, mostPieces } from "./pieces.ts";
import { makeSteps, type Steps } from "./steps.ts";
import type { EncoderWeights, Layer } from "./weights.ts";

export interface Encoder {
  /**
   * Of a text in small letters (its first 96 pieces; beyond 2,047 units nothing is read). `undefined` where there are no
   * pieces, or more than a third of them are unknown: the encoder cannot judge.
   */
  logit(text: string): number | undefined;
}

/** @param steps what computes: for tests */
export function makeEncoder(weights: EncoderWeights, steps: Steps = stepsFor(weights)): Encoder {
  const { embeddingWidth, width, hidden, heads, headWidth, layers, head } = weights;
  const cutter = makeCutter(weights.pieces, weights.scores);
  const room = (columns: number): number => steps.take(mostPieces * columns * 4);
  const widest = Math.max(width, embeddingWidth);
  const inputAt = room(embeddingWidth);
  const stateAt = room(width);
  const normalAt = room(widest);
  const mixedAt = room(widest * 3);
  const contextAt = room(widest);
  const hiddenAt = room(hidden);
  // Only now: taking room moves the memory.
  const floats = new Float32Array(steps.buffer);
  const vectors = new Int8Array(steps.buffer, steps.weightsAt + weights.embeddingsAt);
  const weightsOf = (at: number, length: number): Float32Array =>
    new Float32Array(steps.buffer, steps.weightsAt + at, length);
  const scales = weightsOf(weights.embeddingScalesAt, weights.pieces.length);
  const layer = weightsOf(head.layerAt, headWidth * width);
  const layerBias = weightsOf(head.layerBiasAt, headWidth);
  const out = weightsOf(head.outAt, headWidth);
  const [outBias = 0] = weightsOf(head.biasAt, 1);
  const signal = placeSignal(embeddingWidth);
  const mean = new Float64Array(width);

  function embed(ids: Uint16Array, count: number): void {
    for (let place = 0; place < count; place++) {
      const id = ids[place] as number;
      const scale = scales[id] as number;
      const from = id * embeddingWidth;
      const row = place * embeddingWidth;
      for (let at = 0; at < embeddingWidth; at++)
        floats[inputAt / 4 + row + at] = (vectors[from + at] as number) * scale + (signal[row + at] as number);
    }
  }

  function pass(from: number, count: number, each: Layer): void {
    steps.normalise(from, count, each.attentionNorm, normalAt);
    steps.multiply(normalAt, count, each.mix, mixedAt, "store");
    steps.attend(mixedAt, count, each.mix.depth, heads, contextAt);
    if (each.residual !== undefined) steps.multiply(from, count, each.residual, stateAt, "store");
    steps.multiply(contextAt, count, each.output, stateAt, "add");
    steps.normalise(stateAt, count, each.forwardNorm, normalAt);
    steps.multiply(normalAt, count, each.expand, hiddenAt, "rectify");
    steps.multiply(hiddenAt, count, each.contract, stateAt, "add");
  }

  function judge(count: number): number {
    for (let at = 0; at < width; at++) {
      let sum = 0;
      for (let row = 0; row < count; row++) sum += floats[stateAt / 4 + row * width + at] as number;
      mean[at] = sum / count;
    }
    let logit = outBias;
    for (let unit = 0; unit < headWidth; unit++) {
      let sum = layerBias[unit] as number;
      for (let at = 0; at < width; at++) sum += (layer[unit * width + at] as number) * (mean[at] as number);
      if (sum > 0) logit += sum * (out[unit] as number);
    }
    return logit;
  }

  return {
    logit(text) {
      const { ids, count } = cutter.cut(text);
      let unknown = 0;
      for (let at = 0; at < count; at++) if (ids[at] === 0) unknown += 1;
      if (count === 0 || unknown * 3 > count) return undefined;
      embed(ids, count);
      pass(inputAt, count, layers[0]);
      pass(stateAt, count, layers[1]);
      return judge(count);
    },
  };
}

function stepsFor({ body, width, embeddingWidth, hidden }: EncoderWeights): Steps {
  return makeSteps(body, mostPieces, Math.max(width, embeddingWidth, hidden));
}

/** What tells the encoder where a piece stands: sines and then cosines of wavelengths from 2 pi to 20,000 pi. */
function placeSignal(width: number): Float32Array {
  const half = width / 2;
  const signal = new Float32Array(mostPieces * width);
  for (let place = 0; place < mostPieces; place++)
    for (let at = 0; at < half; at++) {
      const angle = place * 10_000 ** (-at / (half - 1));
      signal[place * width + at] = Math.sin(angle);
      signal[place * width + half + at] = Math.cos(angle);
    }
  return signal;
}
