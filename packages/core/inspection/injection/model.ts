/**
 * The classifier that is deployed, with the encoder beside it: their weights are unpacked when the first text comes. In: nothing. Out:
 * the detector.
 */
import { inflateRawSync } from "node:zlib";
import type { PartDetector } from "../inspect.ts";
import { encoderVersion } from "../encoder/deployed.ts";
import { classifierDetector, type ClassifierModel, type SecondOpinion } from "./classifier.ts";
import { buckets } from "./features.ts";
import { hidden, packVectors, width } from "./network.ts";
import { encoderLogit, knownLogit, worth } from "./opinion.ts";
import { makeVocabulary } from "./vocabulary.ts";
import { calibrations, knownWords, packedWeights, weightsVersion } from "./weights.ts";

/** The classifier without the encoder: for tests. */
export function loadClassifier(): ClassifierModel {
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
  return {
    version,
    vocabulary: makeVocabulary(hashes),
    weights: {
      packed: packVectors(new Int8Array(bytes.buffer, bytes.byteOffset + vectorsAt, floatsAt - vectorsAt)),
      layer: floats.subarray(0, layerLength),
      output: floats.subarray(layerLength),
    },
    calibrations,
    report: 0.5,
  };
}

const version = `${weightsVersion}-${encoderVersion}`;
let loaded: ClassifierModel | undefined;

/** The classifier with that second opinion; without one where that says nothing. */
function detectorWith(second: Pick<SecondOpinion, "logit" | "known">): Required<PartDetector> {
  let made: Required<PartDetector> | undefined;
  const open = (): Required<PartDetector> =>
    (made ??= classifierDetector({ ...(loaded ??= loadClassifier()), second: { ...second, worth } }));
  return {
    name: "injection",
    version,
    judge: (part, direction) => open().judge(part, direction),
    judgeAll: (parts, direction) => open().judgeAll(parts, direction),
  };
}

export const injectionDetector = detectorWith({ logit: encoderLogit, known: knownLogit });

/** Who hears of doubts in the text that is being judged: what reads texts is large, and there is one for all who ask. */
let hears: () => void = () => undefined;
const alone = detectorWith({ logit: () => void hears() });

/**
 * For where the encoder would hold up others: it goes by the classifier alone, and says by `onDoubt` that the encoder should be asked
 * elsewhere.
 */
export function doubtingInjectionDetector(onDoubt: () => void): PartDetector {
  return {
    name: alone.name,
    version,
    judge(part, direction) {
      hears = onDoubt;
      return alone.judge(part, direction);
    },
  };
}
