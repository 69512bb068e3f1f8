/**
 * Reads a text for the classifier: folded, cut into tokens, with its ideas and the logits of its windows. In: weights. Out: a
 * reader. One that is compiled (`kernels/injection.as`) does it in about half the time of the plain one, and gives the same
 * to the last bit.
 */
import { foreignPieces } from "../gloss/languages.ts";
import { deployedLexicon } from "../gloss/lexicon.ts";
import { injectionKernel } from "../kernels/code.ts";
import { hashBits, hashTable, loadKernel, type KernelMemory } from "../kernels/memory.ts";
import { fold, foldRare, FoldedText, foldTables, resolveLookalikes, type Folded } from "../normalise/fold.ts";
import { TokenList, tokenize, tokenTables, type Tokens } from "../normalise/tokens.ts";
import { buckets, featurize, mostPerToken, type Features } from "./features.ts";
import { findIdeas, lexiconTables, type Ideas } from "./lexicon.ts";
import { blockTotals, eachWindow, factorOf, hidden, logitOf, support, tokensInBlock, width } from "./network.ts";
import type { PackedWeights } from "./network.ts";
import { commonHashes, oddnessOf, type Oddness } from "./strange.ts";
import { findKnown, type Vocabulary } from "./vocabulary.ts";

/** The next reading writes over it. */
export interface Reading extends Oddness {
  readonly folded: Folded;
  readonly tokens: Tokens;
  readonly ideas: Ideas;
  /** The running totals of `blockTotals`. */
  readonly sums: Float64Array;
  /** Of the windows, in the order of `eachWindow`; longer than they are many. */
  readonly logits: Float64Array;
  readonly windows: number;
  /** The greatest logit. */
  readonly worst: number;
  /** Which pieces may be in other languages: see `gloss/languages.ts`. */
  readonly pieces: ArrayLike<number>;
}

export interface Reader {
  /** `undefined` for a text without tokens. */
  read(text: string): Reading | undefined;
}

export function makeReader(vocabulary: Vocabulary, weights: PackedWeights): Reader {
  const plain = plainReader(vocabulary, weights);
  const memory = loadKernel(injectionKernel);
  return memory === undefined ? plain : new CompiledReader(memory, vocabulary, weights, plain);
}

/** The features of a text that was read: asked for where a finding is explained. */
export function featuresOf(text: string, { folded, tokens, ideas }: Reading, vocabulary: Vocabulary): Features {
  return featurize(text, folded, tokens, ideas, findKnown(tokens, vocabulary));
}

export function plainReader(vocabulary: Vocabulary, weights: PackedWeights): Reader {
  const mean = new Float64Array(width);
  const units = new Float64Array(hidden);
  let logits = new Float64Array(256);
  return {
    read(text) {
      const folded = fold(text);
      const tokens = tokenize(folded);
      if (tokens.count === 0) return undefined;
      const known = findKnown(tokens, vocabulary);
      const ideas = findIdeas(tokens);
      const features = featurize(text, folded, tokens, ideas, known);
      const sums = blockTotals(features, weights.packed);
      let windows = 0;
      let worst = -Infinity;
      if (logits.length < mostWindows(tokens.count)) logits = new Float64Array(mostWindows(tokens.count) * 2);
      eachWindow(tokens.count, (from, to) => {
        const factor = factorOf(features, from, to);
        const row = Math.ceil(from / tokensInBlock) * width;
        const end = Math.ceil(to / tokensInBlock) * width;
        for (let at = 0; at < width; at++)
          mean[at] = ((sums[end + at] as number) - (sums[row + at] as number)) * factor;
        const logit = logitOf(mean, weights, units) + support(features, from, to);
        worst = Math.max(worst, logit);
        logits[windows++] = logit;
      });
      const pieces = foreignPieces(tokens, deployedLexicon());
      return { folded, tokens, ideas, sums, logits, windows, worst, pieces, ...oddnessOf(text, tokens) };
    },
  };
}

/** No fewer than windows of so many tokens. */
function mostWindows(tokens: number): number {
  return Math.ceil(tokens / tokensInBlock) * 2 + 4;
}

/** Longer texts are read by the plain reader, so that one giant does not stay in memory. */
const longest = 1 << 18;
/** As many as the kernel says. */
const rememberedWords = 1 << 12;

/** Where the kernel says, in words of 32 bits, what is no array: see `kernels/text.as`. */
const status = {
  ...{ folded: 32, identity: 33, foreign: 34, disguised: 35, ideas: 36, windows: 37, odd: 38, worst: 40 },
  ...{ stretches: 42, pieces: 43 },
};

/** A text's arrays: the kernel's name for where each lies, and how many bytes it has for a unit of the text. */
const arrays = [
  ...([
    ["source", 2],
    ["units", 2],
    ["offsets", 4],
    ["start", 4],
    ["end", 4],
    ["hash", 4],
    ["number", 4],
  ] as const),
  ...([
    ["ideaToken", 4],
    ["kind", 1],
    ["opens", 1],
    ["stands", 1],
    ["idea", 1],
    ["stretches", 1],
    ["pieces", 8],
  ] as const),
] as const;
const blockArrays = [
  ["until", 4],
  ["ideaCount", 4],
  ["sums", width * 8],
  ["logits", 16],
] as const;

interface Views {
  readonly capacity: number;
  readonly sourceAt: number;
  readonly source: Uint16Array;
  readonly units: Uint16Array<ArrayBuffer>;
  readonly offsets: Int32Array<ArrayBuffer>;
  readonly tokens: ConstructorParameters<typeof TokenList>[1];
  readonly ideaToken: Int32Array;
  readonly idea: Uint8Array;
  readonly stretches: Int32Array;
  readonly pieces: Int32Array;
  readonly sums: Float64Array;
  readonly logits: Float64Array;
  readonly status: Int32Array;
  readonly worst: Float64Array;
  readonly simple: Uint16Array;
}

class CompiledReader implements Reader {
  readonly #memory: KernelMemory;
  readonly #plain: Reader;
  readonly #arraysAt: number;
  readonly #simpleAt: number;
  readonly #fold: (...numbers: readonly number[]) => number;
  readonly #read: (...numbers: readonly number[]) => number;
  #views: Views;

  constructor(memory: KernelMemory, vocabulary: Vocabulary, weights: PackedWeights, plain: Reader) {
    this.#memory = memory;
    this.#plain = plain;
    this.#fold = memory.call("fold");
    this.#read = memory.call("read");
    for (const [name, table] of Object.entries(tokenTables)) memory.put(`${name}At`, table);
    this.#simpleAt = memory.top;
    memory.put("simpleAt", foldTables.simple);
    memory.put("likenessAt", foldTables.likeness);
    memory.put("loweredAt", foldTables.lowered);
    memory.put("slotsAt", vocabulary.slots);
    memory.set("slotMask", vocabulary.slots.length / 2 - 1);
    memory.put("rememberedAt", new Int32Array(rememberedWords * 2));
    for (const name of ["exact", "stems", "pairs", "runs"] as const) {
      const { slots, mask } = hashTable(Array.from(lexiconTables[name], ([hash, idea]) => [hash, idea + 1] as const));
      memory.put(`${name}At`, slots);
      memory.set(`${name}Mask`, mask);
    }
    memory.put("stemBitsAt", hashBits(lexiconTables.stems.keys()));
    memory.put("stemStartBitsAt", hashBits(lexiconTables.stemStarts));
    memory.put("pairBitsAt", hashBits(lexiconTables.pairs.keys()));
    memory.put("runBitsAt", hashBits(lexiconTables.runs.keys()));
    memory.set("longestRun", lexiconTables.longestRun);
    const common = hashTable(Array.from(commonHashes, (hash) => [hash, 1] as const));
    memory.put("commonAt", common.slots);
    memory.set("commonMask", common.mask);
    memory.put("englishBitsAt", deployedLexicon().englishBits);
    memory.set("bucketCount", buckets);
    memory.put("vectorsAt", weights.packed);
    memory.put("layerAt", turned(weights.layer));
    memory.put("outputAt", weights.output);
    memory.set("idsAt", memory.take(tokensInBlock * mostPerToken * 4 + 16));
    memory.set("meansAt", memory.take((width + 1) * 4 * 8));
    this.#arraysAt = memory.top;
    this.#views = this.#lay(8192);
    memory.check();
  }

  read(text: string): Reading | undefined {
    if (text.length > longest) return this.#plain.read(text);
    if (this.#views.capacity < text.length) this.#views = this.#lay(Math.max(text.length, this.#views.capacity * 2));
    const views = this.#views;
    const folded = this.#folded(text, views);
    if (folded === undefined) return this.#plain.read(text);
    const count = this.#read(folded.length);
    if (count === 0) return undefined;
    const said = (place: number): number => views.status[place] as number;
    return {
      folded,
      tokens: new TokenList(folded, views.tokens, count, said(status.disguised)),
      ideas: { count: said(status.ideas), token: views.ideaToken, idea: views.idea },
      sums: views.sums,
      logits: views.logits,
      windows: said(status.windows),
      worst: views.worst[0] as number,
      odd: said(status.odd),
      stretches: first(views.stretches, said(status.stretches)),
      pieces: first(views.pieces, said(status.pieces)),
    };
  }

  /** `undefined` where the folded text grows beyond its room. */
  #folded(text: string, views: Views): Folded | undefined {
    const { units, offsets } = views;
    const { length } = text;
    this.#memory.write(text, views.sourceAt);
    views.source[length] = 0;
    views.status[status.identity] = 1;
    views.status[status.foreign] = 0;
    let invisible = 0;
    let count = 0;
    for (let from = 0; ;) {
      const at = this.#fold(from, count, length);
      count = views.status[status.folded] as number;
      if (at === length) break;
      const rare = foldRare(text, at, units[count - 1]);
      if (rare.composed !== 0) units[count - 1] = rare.composed;
      if (rare.simple !== 0) views.simple[rare.point] = rare.simple;
      invisible += rare.invisible;
      if (count + rare.piece.length + (length - rare.next) + 1 > units.length) return undefined;
      for (let index = 0; index < rare.piece.length; index++) {
        units[count] = rare.piece.charCodeAt(index);
        offsets[count++] = at;
      }
      if (rare.foreign) views.status[status.foreign] = 1;
      from = rare.next;
    }
    if (views.status[status.identity] === 1) return new FoldedText(count, units, undefined, 0, 0);
    offsets[count] = length;
    const alike = views.status[status.foreign] === 0 ? 0 : resolveLookalikes(units, count);
    return new FoldedText(count, units, offsets, invisible, alike);
  }

  /** Lays out arrays for texts of up to `capacity` units. */
  #lay(capacity: number): Views {
    const memory = this.#memory;
    // Folded text may be a little longer than what it is folded from.
    const units = capacity + (capacity >> 3) + 64;
    const places = new Map<string, number>();
    let next = this.#arraysAt;
    const lay = (name: string, bytes: number): void => {
      const at = memory.take(bytes, next);
      next = memory.top;
      places.set(name, at);
      memory.set(`${name}At`, at);
    };
    for (const [name, bytes] of arrays) lay(name, bytes * units);
    for (const [name, bytes] of blockArrays) lay(name, bytes * (Math.ceil(units / tokensInBlock) + 4));
    const { buffer } = memory;
    const at = (name: string): number => places.get(name) ?? 0;
    const words = (name: string): Int32Array<ArrayBuffer> => new Int32Array(buffer, at(name), units);
    const bytes = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(buffer, at(name), units);
    const rows = Math.ceil(units / tokensInBlock) + 4;
    return {
      capacity,
      sourceAt: at("source"),
      source: new Uint16Array(buffer, at("source"), units),
      units: new Uint16Array(buffer, at("units"), units),
      offsets: words("offsets"),
      tokens: {
        ...{ start: words("start"), end: words("end"), hash: words("hash") },
        ...{ kind: bytes("kind"), opens: bytes("opens"), stands: bytes("stands") },
      },
      ideaToken: words("ideaToken"),
      idea: bytes("idea"),
      stretches: new Int32Array(buffer, at("stretches"), units >> 2),
      pieces: new Int32Array(buffer, at("pieces"), units * 2),
      sums: new Float64Array(buffer, at("sums"), rows * width),
      logits: new Float64Array(buffer, at("logits"), rows * 2),
      status: new Int32Array(buffer, 0, 64),
      worst: new Float64Array(buffer, status.worst * 4, 1),
      simple: new Uint16Array(buffer, this.#simpleAt, foldTables.simple.length),
    };
  }
}

const none = new Int32Array(0);

/** So many of an array's numbers. */
function first(numbers: Int32Array, count: number): Int32Array {
  return count === 0 ? none : numbers.subarray(0, count);
}

/** The layer with each input's weights side by side, and the biases behind them. */
function turned(layer: Float64Array): Float64Array {
  const cells = new Float64Array(layer.length);
  for (let unit = 0; unit < hidden; unit++)
    for (let at = 0; at <= width; at++) cells[at * hidden + unit] = layer[unit * (width + 1) + at] as number;
  return cells;
}
