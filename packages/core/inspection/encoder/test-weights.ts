/** Small random weights for tests: as a file, and as the numbers that the file stands for. */
import { digestOf, formatVersion, magic } from "./weights.ts";

/** Row by row. */
type Table = readonly (readonly number[])[];

export interface Product {
  /** depth x width */
  readonly matrix: Table;
  readonly bias: readonly number[];
}

export interface TestLayer {
  readonly attentionNorm: readonly [gain: readonly number[], bias: readonly number[]];
  readonly mix: Product;
  readonly output: Product;
  readonly residual: Product | undefined;
  readonly forwardNorm: readonly [gain: readonly number[], bias: readonly number[]];
  readonly expand: Product;
  readonly contract: Product;
}

export interface TestWeights {
  readonly file: Buffer;
  readonly embeddings: Table;
  readonly layers: readonly TestLayer[];
  readonly head: readonly [layer: Table, bias: readonly number[], out: readonly number[], outBias: number];
}

export const heads = 2;
const [embeddingWidth, width, hidden, headWidth] = [32, 64, 48, 8];

export function testWeights(pieces: readonly string[], scores: readonly number[]): TestWeights {
  let state = 7;
  /** Between -1 and 1, a float of 32 bits. */
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return Math.fround(state / 0x80000000);
  };
  const list = (length: number, next = random): number[] => Array.from({ length }, next);
  const parts: Buffer[] = [];
  const write = (bytes: Uint8Array): void =>
    void parts.push(Buffer.from(bytes), Buffer.alloc((16 - (bytes.length % 16)) % 16));
  const floats = (numbers: readonly number[]): readonly number[] => {
    write(new Uint8Array(Float32Array.from(numbers).buffer));
    return numbers;
  };
  const byte = (): number => Math.round(random() * 127);
  const product = (depth: number, columns: number): Product => {
    const bytes = list(depth, () => 0).map(() => list(columns, byte));
    const panels: number[] = [];
    for (let column = 0; column < columns; column += 8)
      for (let row = 0; row < depth; row += 2)
        for (let at = column; at < column + 8; at++) panels.push(bytes[row]?.[at] ?? 0, bytes[row + 1]?.[at] ?? 0);
    write(new Uint8Array(Int8Array.from(panels).buffer));
    const scales = floats(list(columns, () => Math.fround((random() + 2) / 127 / Math.sqrt(depth))));
    const bias = floats(list(columns));
    return { matrix: bytes.map((row) => row.map((value, at) => value * (scales[at] ?? 0))), bias };
  };
  const norm = (columns: number): [readonly number[], readonly number[]] => [
    floats(list(columns, () => Math.fround(1 + random() / 2))),
    floats(list(columns)),
  ];
  const layer = (input: number): TestLayer => ({
    attentionNorm: norm(input),
    mix: product(input, input * 3),
    output: product(input, width),
    residual: input === width ? undefined : product(input, width),
    forwardNorm: norm(width),
    expand: product(width, hidden),
    contract: product(hidden, width),
  });
  const text = Buffer.from(pieces.join("\n"));
  write(text);
  write(new Uint8Array(Float64Array.from(scores).buffer));
  const scales = floats(list(pieces.length, () => Math.fround((random() + 2) / 127)));
  const rows = pieces.map(() => list(embeddingWidth, byte));
  write(new Uint8Array(Int8Array.from(rows.flat()).buffer));
  const embeddings = rows.map((row, at) => row.map((value) => value * (scales[at] ?? 0)));
  const layers = [layer(embeddingWidth), layer(width)];
  const headLayer = list(headWidth, () => 0).map(() => list(width));
  floats(headLayer.flat());
  const head = [headLayer, floats(list(headWidth)), floats(list(headWidth)), floats(list(1))[0] ?? 0] as const;

  const body = Buffer.concat(parts);
  const header = Buffer.alloc(80);
  header.write(magic, "latin1");
  const numbers = [formatVersion, pieces.length, embeddingWidth, width, hidden, heads, headWidth, text.length];
  for (const [at, number] of numbers.entries()) header.writeUInt32LE(number, 8 + at * 4);
  const file = Buffer.concat([header, body]);
  digestOf(file).copy(file, 40);
  return { file, embeddings, layers, head };
}
