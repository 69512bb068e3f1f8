/** The classifier that is deployed: its weights unpacked when the first text comes. In: nothing. Out: the detector. */
import { inflateRawSync } from "node:zlib";
import type { PartDetector } from "../inspect.ts";
import { classifierDetector } from "./classifier.ts";
import { buckets } from "./features.ts";
import { hidden, packVectors, width } from "./network.ts";
import { makeVocabulary } from "./vocabulary.ts";
import { calibrations, knownWords, packedWeights, weightsVersion } from "./weights.ts";

function load(): PartDetector {
  const bytes = inflateRawSync(Buffer.from(packedWeights, "base64"));
  const layerLength = hidden * (width + 1);
  const outputLength = hidden + width + 1;
  const vectorsAt = knownWords * 4;
  const floatsAt = vectorsAt + (buckets + knownWords) * width;
  if (bytes.length !== floatsAt + (layerLength + outputLength) * 4)
    throw new Error("the classifier's weights do not fit its code: run tools/train-injection.ts");
  const hashes = Int32Array.from({ length: knownWords }, (_, at) => bytes.readInt32LE(at * 4));
  const floats = Float64Array.from({ length: layerLength + outputLength }, (_, at) =>
    bytes.readFloatLE(floatsAt + at * 4),
  );
  return classifierDetector({
    version: weightsVersion,
    vocabulary: makeVocabulary(hashes),
    weights: {
      packed: packVectors(new Int8Array(bytes.buffer, bytes.byteOffset + vectorsAt, floatsAt - vectorsAt)),
      layer: floats.subarray(0, layerLength),
      output: floats.subarray(layerLength),
    },
    calibrations,
    report: 0.5,
  });
}

let loaded: PartDetector | undefined;

export const injectionDetector: PartDetector = {
  name: "injection",
  version: weightsVersion,
  judge: (part, direction) => (loaded ??= load()).judge(part, direction),
};
