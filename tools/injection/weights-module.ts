/** Trained weights as a module of TypeScript. In: weights and calibration. Out: the text of the module. */
import { createHash } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import type { Calibrations } from "@cordon/core/inspection/injection/classifier";
import { hidden, width, type Head, type Weights } from "@cordon/core/inspection/injection/network";
import type { Words } from "./words/words.ts";

/**
 * Vectors become bytes, a scale for each of their places; the scales are multiplied into the layers that read them, so that
 * inference needs none.
 */
export function quantised({ vectors, layer, output }: Weights): Head & { readonly vectors: Int8Array } {
  const scales = new Float32Array(width);
  for (let at = 0; at < vectors.length; at++)
    scales[at % width] = Math.max(scales[at % width] ?? 0, Math.abs(vectors[at] ?? 0) / 127);
  const bytes = new Int8Array(vectors.length);
  for (let at = 0; at < vectors.length; at++) bytes[at] = Math.round((vectors[at] ?? 0) / (scales[at % width] ?? 1));
  const scaledLayer = layer.slice();
  for (let unit = 0; unit < hidden; unit++)
    for (let at = 0; at < width; at++)
      scaledLayer[unit * (width + 1) + at] = (layer[unit * (width + 1) + at] ?? 0) * (scales[at] ?? 0);
  const scaledOutput = output.slice();
  for (let at = 0; at < width; at++) scaledOutput[hidden + at] = (output[hidden + at] ?? 0) * (scales[at] ?? 0);
  return { vectors: bytes, layer: scaledLayer, output: scaledOutput };
}

export function weightsModule(weights: Weights, words: Words, calibrations: Calibrations, examples: number): string {
  const { vectors, layer, output } = quantised(weights);
  const bytes = Buffer.concat(
    [words.hashes, vectors, Float32Array.from([...layer, ...output])].map((part) =>
      Buffer.from(part.buffer, part.byteOffset, part.byteLength),
    ),
  );
  const packed = deflateRawSync(bytes, { level: 9 }).toString("base64");
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  return `/**
 * Weights of the injection classifier. Made by \`node tools/train-injection.ts\` from ${examples} texts: do not edit. In: nothing. Out: the numbers.
 */

/** The first half of the weights' SHA-256. */
export const weightsVersion = "${digest}";

/** See \`Calibrations\`. */
export const calibrations = ${JSON.stringify(calibrations)};

/** How many words are known one by one. */
export const knownWords = ${words.vocabulary.size};

/**
 * Known words' hashes (32 bits), vectors (bytes), layer and output (32-bit floats), little endian, deflated, in base64.
 */
export const packedWeights =
  "${packed}";
`;
}
