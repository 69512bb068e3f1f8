/** The word vectors that training starts from. In: `words.bin` (see `build.ts`). Out: the vocabulary, and its vectors. */
import { readFileSync } from "node:fs";
import { makeVocabulary, type Vocabulary } from "@cordon/core/inspection/injection/vocabulary";

export const wordDimensions = 32;

export interface Words {
  readonly hashes: Int32Array;
  readonly vocabulary: Vocabulary;
  /** size x {@link wordDimensions} */
  readonly vectors: Float32Array;
}

export function readWords(): Words {
  const bytes = readFileSync(new URL("words.bin", import.meta.url));
  const count = bytes.readUInt32LE(0);
  const unit = bytes.readFloatLE(4);
  const hashes = Int32Array.from({ length: count }, (_, at) => bytes.readInt32LE(8 + at * 4));
  const vectors = Float32Array.from(
    { length: count * wordDimensions },
    (_, at) => bytes.readInt8(8 + count * 4 + at) * unit,
  );
  return { hashes, vocabulary: makeVocabulary(hashes), vectors };
}
