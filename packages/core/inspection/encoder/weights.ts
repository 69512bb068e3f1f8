/**
 * The encoder's weights as they are deployed (`tools/injection/encoder/pack.py` writes them). In: a file's bytes. Out: pieces with
 * their scores, and where each matrix lies.
 *
 * Little endian. A header of 80 bytes: `CORDONEN`, seven dimensions behind the version, the SHA-256 of both and of all that follows. Then,
 * each at a multiple of 16 bytes: the pieces, a line each; scores (64-bit floats); embeddings (a float and then bytes for
 * each piece); the layers; the head (32-bit floats). A matrix is bytes in groups of eight columns, of each two rows, column
 * after column, so that a product reads them in order; a float for each column scales it, another is its bias.
 */
import { createHash } from "node:crypto";

/** A matrix that rows of length `depth` are multiplied by. Places are in bytes, from the start of {@link EncoderWeights.body}. */
export interface Matrix {
  readonly depth: number;
  readonly width: number;
  readonly at: number;
  readonly scalesAt: number;
  readonly biasAt: number;
}

/** Gain and bias of a layer norm. */
export interface Norm {
  readonly width: number;
  readonly gainAt: number;
  readonly biasAt: number;
}

export interface Layer {
  readonly attentionNorm: Norm;
  /** To queries, keys and values. */
  readonly mix: Matrix;
  readonly output: Matrix;
  /** What the input goes through to be added, where it is narrower than the output. */
  readonly residual: Matrix | undefined;
  readonly forwardNorm: Norm;
  readonly expand: Matrix;
  readonly contract: Matrix;
}

export interface EncoderWeights {
  /** The first is the unknown one. */
  readonly pieces: readonly string[];
  readonly scores: Float64Array;
  readonly embeddingWidth: number;
  readonly width: number;
  readonly hidden: number;
  readonly heads: number;
  readonly headWidth: number;
  readonly embeddingScalesAt: number;
  readonly embeddingsAt: number;
  readonly layers: readonly [Layer, Layer];
  readonly head: {
    readonly layerAt: number;
    readonly layerBiasAt: number;
    readonly outAt: number;
    readonly biasAt: number;
  };
  readonly body: Uint8Array;
}

export const formatVersion = 1;
export const magic = "CORDONEN";
const headerBytes = 80;
const remedy = "the encoder's weights (inspection/encoder/weights.bin) are not usable";

/** @throws where the bytes are not whole weights of this version: it says what is wrong and what to do. */
export function readWeights(bytes: Uint8Array): EncoderWeights {
  const refuse = (problem: string): Error =>
    new Error(`${remedy}: ${problem}. Install Cordon again, or make them: tools/injection/encoder/pack.py`);
  if (bytes.length < headerBytes || Buffer.from(bytes.subarray(0, 8)).toString("latin1") !== magic)
    throw refuse("this is no such file");
  const numbers = new DataView(bytes.buffer, bytes.byteOffset + 8, 32);
  const numberAt = (at: number): number => numbers.getUint32(at * 4, true);
  if (numberAt(0) !== formatVersion) throw refuse(`version ${numberAt(0)}, and this program reads ${formatVersion}`);
  const [count, embeddingWidth, width, hidden] = [numberAt(1), numberAt(2), numberAt(3), numberAt(4)];
  const [heads, headWidth, textBytes] = [numberAt(5), numberAt(6), numberAt(7)];
  if (![embeddingWidth, width].every((each) => heads > 0 && each > 0 && each <= 2048 && each % (heads * 16) === 0))
    throw refuse(`${heads} heads do not divide widths of ${embeddingWidth} and ${width}`);
  // Wider, and sums of products leave 32 bits.
  if (hidden === 0 || hidden > 2048 || hidden % 8 !== 0) throw refuse(`a hidden layer of ${hidden}`);
  if (headWidth === 0 || headWidth > 2048 || count === 0 || count > 65_535) throw refuse("sizes out of bounds");

  let top = 0;
  const take = (length: number): number => {
    const at = top;
    top += Math.ceil(length / 16) * 16;
    return at;
  };
  const matrix = (depth: number, columns: number): Matrix => ({
    ...{ depth, width: columns },
    ...{ at: take(depth * columns), scalesAt: take(columns * 4), biasAt: take(columns * 4) },
  });
  const norm = (columns: number): Norm => ({ width: columns, gainAt: take(columns * 4), biasAt: take(columns * 4) });
  const layer = (input: number): Layer => ({
    attentionNorm: norm(input),
    mix: matrix(input, input * 3),
    output: matrix(input, width),
    residual: input === width ? undefined : matrix(input, width),
    forwardNorm: norm(width),
    expand: matrix(width, hidden),
    contract: matrix(hidden, width),
  });
  const textAt = take(textBytes);
  const scoresAt = take(count * 8);
  const embeddingScalesAt = take(count * 4);
  const embeddingsAt = take(count * embeddingWidth);
  const layers = [layer(embeddingWidth), layer(width)] as const;
  const head = { layerAt: take(headWidth * width * 4), layerBiasAt: take(headWidth * 4), outAt: take(headWidth * 4) };
  const biasAt = take(4);
  if (bytes.length !== headerBytes + top)
    throw refuse(`${bytes.length} bytes, and their dimensions ask for ${headerBytes + top}`);
  const body = bytes.subarray(headerBytes);
  if (!digestOf(bytes).equals(bytes.subarray(40, 72))) throw refuse("their digest is another");

  const pieces = Buffer.from(body.subarray(textAt, textAt + textBytes))
    .toString("utf8")
    .split("\n");
  if (pieces.length !== count) throw refuse(`${pieces.length} pieces, and ${count} are announced`);
  const view = new DataView(body.buffer, body.byteOffset);
  const scores = Float64Array.from({ length: count }, (_, at) => view.getFloat64(scoresAt + at * 8, true));
  const dimensions = { embeddingWidth, width, hidden, heads, headWidth };
  return { ...dimensions, pieces, scores, embeddingScalesAt, embeddingsAt, layers, head: { ...head, biasAt }, body };
}

/** Of a file all but what its header has behind the dimensions. */
export function digestOf(file: Uint8Array): Buffer {
  return createHash("sha256").update(file.subarray(0, 40)).update(file.subarray(headerBytes)).digest();
}
