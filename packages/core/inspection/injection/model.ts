/** The classifier that is deployed: the weights unpacked, once. In: nothing. Out: the detector. */
import { inflateRawSync } from "node:zlib";
import type { PartDetector } from "../inspect.ts";
import { classifierDetector } from "./classifier.ts";
import { buckets } from "./features.ts";
import { hidden, packVectors, width, type PackedWeights } from "./network.ts";
import { calibration, packedWeights, weightsVersion } from "./weights.ts";

function unpack(packed: string): PackedWeights {
  const bytes = inflateRawSync(Buffer.from(packed, "base64"));
  const vectorBytes = buckets * width;
  const layerLength = hidden * (width + 1);
  const outputLength = hidden + width + 1;
  if (bytes.length !== vectorBytes + (layerLength + outputLength) * 4)
    throw new Error("the classifier's weights do not fit its code: run tools/train-injection.ts");
  const floats = new Float32Array(layerLength + outputLength);
  for (let at = 0; at < floats.length; at++) floats[at] = bytes.readFloatLE(vectorBytes + at * 4);
  return {
    packed: packVectors(new Int8Array(bytes.buffer, bytes.byteOffset, vectorBytes)),
    layer: floats.subarray(0, layerLength),
    output: floats.subarray(layerLength),
  };
}

export const injectionDetector: PartDetector = classifierDetector({
  version: weightsVersion,
  weights: unpack(packedWeights),
  calibration,
  report: 0.5,
});
