/**
 * `node bench/inspection/names/train.ts [FOLDER]`: trains the name tagger and writes
 * `packages/core/inspection/pii/names/weights.ts`. In: `../shared/data/text`, and in FOLDER's node_modules the lists of
 * `packages.ts`. Deterministic: the same input gives the same file. A minute on one core.
 *
 * Multinomial logistic regression over hashed features (Adagrad), in two passes: the second sees the tags that models of
 * the first, trained without the text's fold, give its neighbours.
 */
import { readFileSync, writeFileSync } from "node:fs";
import {
  halvesAt,
  maxFeatures,
  placesInto,
  see,
  tableBits,
  tagHalvesAt,
  type Seen,
} from "@cordon/core/inspection/pii/names/features";
import { labelCount, labels } from "@cordon/core/inspection/pii/names/model";
import { hashOf, tokenize } from "@cordon/core/inspection/pii/names/tokens";
import { documentLines, plainLines, presidioRows, programLines, tagsOf } from "./data.ts";
import { readNameLists } from "./packages.ts";
import { randomFrom, SentenceMaker, type Labelled } from "./sentences.ts";

interface Example {
  readonly seen: Seen;
  readonly tags: Uint8Array;
  readonly fold: number;
  readonly weight: number;
}

const folds = 3;
/** A word of which only this is known: it is part of no address. */
const noAddress = 255;
const address = labels.indexOf("address");
const size = (1 << tableBits) * labelCount;

function exampleOf(labelled: Labelled, group: string, weight: number, forget: () => number): Example {
  const tokens = tokenize(labelled.text);
  const seen = see(tokens);
  // Names that the lists do not hold must be found by their place: now and then the lists are forgotten.
  const roll = forget();
  if (roll < 0.35) {
    const share = roll < 0.15 ? 1 : 0.5;
    for (let at = 0; at < tokens.count; at++)
      if ((seen.known[at] ?? 0) > 0 && forget() < share) seen.known[at] = (seen.known[at] ?? 0) & ~(2 | 4 | 8 | 1);
  }
  return { seen, tags: tagsOf(tokens, labelled), fold: (hashOf(group) >>> 5) % folds, weight };
}

interface Pass {
  readonly examples: readonly Example[];
  /** For the second pass: the first's tags of each example. */
  readonly given?: readonly Uint8Array[];
}

function placesOf(pass: Pass, index: number, at: number, out: Int32Array): number {
  const { seen } = pass.examples[index] as Example;
  const given = pass.given?.[index];
  return placesInto(out, given === undefined ? halvesAt(seen, at) : tagHalvesAt(given, seen.tokens.count, seen, at));
}

function train(pass: Pass, without: number, epochs: number): Float64Array {
  const weights = new Float64Array(size);
  const squares = new Float64Array(size).fill(1e-6);
  const places = new Int32Array(maxFeatures);
  const scores = new Float64Array(labelCount);
  const random = randomFrom(11);
  const order = pass.examples.map((_, index) => index).filter((index) => pass.examples[index]?.fold !== without);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let at = order.length - 1; at > 0; at--) {
      const other = Math.floor(random() * (at + 1));
      [order[at], order[other]] = [order[other] as number, order[at] as number];
    }
    for (const index of order) {
      const { seen, tags, weight } = pass.examples[index] as Example;
      for (let at = 0; at < seen.tokens.count; at++) {
        if (seen.active[at] === 0) continue;
        const n = placesOf(pass, index, at, places);
        score(weights, places, n, scores);
        for (let label = 0; label < labelCount; label++) {
          const gradient = pullOf(scores, label, tags[at] ?? 0) * weight;
          if (Math.abs(gradient) < 0.002) continue;
          for (let f = 0; f < n; f++) {
            const cell = (places[f] ?? 0) * labelCount + label;
            const pull = gradient + 2e-5 * (weights[cell] ?? 0);
            squares[cell] = (squares[cell] ?? 0) + pull * pull;
            weights[cell] = (weights[cell] ?? 0) - (0.12 * pull) / Math.sqrt(squares[cell] ?? 1);
          }
        }
      }
    }
  }
  return weights;
}

/** The loss' slope: cross entropy, or for a word that is only known to be no address, the log of that. */
function pullOf(scores: Float64Array, label: number, target: number): number {
  const here = scores[label] ?? 0;
  if (target !== noAddress) return here - (label === target ? 1 : 0);
  const wrong = scores[address] ?? 0;
  return label === address ? wrong : (-wrong * here) / (1 - wrong + 1e-9);
}

/** Probabilities of the labels. */
function score(weights: Float64Array, places: Int32Array, n: number, out: Float64Array): void {
  out.fill(0);
  for (let f = 0; f < n; f++) {
    const row = (places[f] ?? 0) * labelCount;
    for (let label = 0; label < labelCount; label++) out[label] = (out[label] ?? 0) + (weights[row + label] ?? 0);
  }
  const most = Math.max(...out);
  let total = 0;
  for (let label = 0; label < labelCount; label++) total += out[label] = Math.exp((out[label] ?? 0) - most);
  for (let label = 0; label < labelCount; label++) out[label] = (out[label] ?? 0) / total;
}

function tagsBy(weights: Float64Array, pass: Pass, index: number): Uint8Array {
  const { seen } = pass.examples[index] as Example;
  const tags = new Uint8Array(seen.tokens.count);
  const places = new Int32Array(maxFeatures);
  const scores = new Float64Array(labelCount);
  for (let at = 0; at < tags.length; at++) {
    if (seen.active[at] === 0) continue;
    score(weights, places, placesOf(pass, index, at, places), scores);
    tags[at] = scores.indexOf(Math.max(...scores));
  }
  return tags;
}

function quantized(weights: Float64Array): { readonly bytes: Int8Array; readonly scale: number } {
  const sorted = Float64Array.from(weights, Math.abs).sort();
  const scale = (sorted[Math.floor(sorted.length * 0.9995)] ?? 1) / 127;
  return { bytes: Int8Array.from(weights, (value) => Math.max(-127, Math.min(127, Math.round(value / scale)))), scale };
}

const started = performance.now();
const say = (words: string): void =>
  void process.stdout.write(`${((performance.now() - started) / 1000).toFixed(0)} s: ${words}\n`);
const forget = randomFrom(5);
const lists = await readNameLists(process.argv[2] ?? process.cwd());
const asia = readFileSync(new URL("./south-east-asia.txt", import.meta.url), "utf8");
const maker = new SentenceMaker(lists, asia, 3);
const chats = ["wildchat", "oasst2", "ultrachat", "dolly", "self_instruct_seed", "nusax", "cendol"];
const examples = [
  ...presidioRows().learned.map((row) => exampleOf(row, row.template, 1, forget)),
  ...Array.from({ length: 22_000 }, (_, index) => exampleOf(maker.next(), `made ${index}`, 0.8, forget)),
  ...plainLines([...chats, "bfcl", "security_docs", "tech_docs", "gsm8k"], 12_000).map((line) =>
    exampleOf(line, line.text, 1, forget),
  ),
  ...programLines(["source_code"], 4000).map((line) => exampleOf(line, line.text, 1, forget)),
  ...documentLines([...chats, "t0_documents", "xquad", "bfcl"], 14_000).map((line) => {
    const example = exampleOf(line, line.text, 1, forget);
    example.tags.fill(noAddress);
    return example;
  }),
];
say(`${examples.length} texts`);
const first = { examples };
const given: Uint8Array[] = [];
for (let fold = 0; fold < folds; fold++) {
  const weights = train(first, fold, 3);
  examples.forEach((example, index) => {
    if (example.fold === fold) given[index] = tagsBy(weights, first, index);
  });
}
say("tags of the first pass, each by a model that has not seen the text");
const passes = [quantized(train(first, -1, 4)), quantized(train({ examples, given }, -1, 4))] as const;
const file = "packages/core/inspection/pii/names/weights.ts";
writeFileSync(
  file,
  `/** Made by \`node bench/inspection/names/train.ts\`: for both passes, weights as signed bytes, and what one is worth. */
export const passes: readonly [string, string] = [
${passes.map(({ bytes }) => `  "${Buffer.from(bytes.buffer).toString("base64")}",`).join("\n")}
];
export const scales: readonly [number, number] = [${passes.map(({ scale }) => scale.toPrecision(6)).join(", ")}];
`,
);
say(`${file}: ${passes.map(({ bytes }) => bytes.filter((value) => value !== 0).length).join(" and ")} weights`);
