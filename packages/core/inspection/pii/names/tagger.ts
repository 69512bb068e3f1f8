/**
 * Reads a text for the names in it: cuts it into words and tags them. In: a text. Out: words, tags, and which words are worth
 * one. One that is compiled (`kernels/names.as`) does it in a third of the time of the plain one, and gives the same.
 */
import { namesKernel } from "../../kernels/code.ts";
import { hashTable, loadKernel, type KernelMemory } from "../../kernels/memory.ts";
import { seeShared } from "./features.ts";
import { filterTables, smallTable } from "./lexicon.ts";
import { labelCount, packModel, probabilityOf, tag, type Model, type Tagged } from "./model.ts";
import { tokenizeShared, wordTables, type Tokens } from "./tokens.ts";
import { passes, scales } from "./weights.ts";

/** The next reading writes over it. */
export interface NameReading extends Tagged {
  readonly tokens: Tokens;
  /** As in `features.ts`. */
  readonly active: Uint8Array;
  readonly known: Int32Array;
}

export interface Tagger {
  read(text: string): NameReading;
}

let made: Tagger | undefined;

/** The built-in one: made when the first text comes. */
export function builtInTagger(): Tagger {
  if (made !== undefined) return made;
  const model = builtInModel();
  const memory = loadKernel(namesKernel);
  made = memory === undefined ? plainTagger(model) : new CompiledTagger(memory, model);
  return made;
}

/** The same without a kernel. */
export function plainTagger(model: Model): Tagger {
  return {
    read(text) {
      const tokens = tokenizeShared(text);
      const { active, known } = seeShared(tokens);
      return { tokens, active, known, ...tag(tokens, model) };
    },
  };
}

export function builtInModel(): Model {
  return packModel([bytesOf(passes[0]), bytesOf(passes[1])], scales);
}

function bytesOf(base64: string): Int8Array {
  const bytes = Buffer.from(base64, "base64");
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Longer texts are read by the plain tagger, so that one giant does not stay in memory. */
const longest = 1 << 18;
/** As many as the kernel says. */
const rememberedWords = 1 << 14;
/** Words of 32 bits that a tagged word takes: its place, and a sum for each label. */
const taggedLength = 1 + labelCount;
/** Places before the first word and behind the last. */
const margin = 16;

/** The kernel's name for where each array lies, and how many bytes it has for a word. */
const arrays = [
  ...([
    ["starts", 4],
    ["ends", 4],
    ["hashes", 4],
    ["tails", 4],
    ["known", 4],
    ["shapes", 4],
  ] as const),
  ...([
    ["kinds", 1],
    ["active", 1],
    ["firsts", 1],
    ["tags", 1],
  ] as const),
  ["tagged", taggedLength * 4],
] as const;

interface Views {
  readonly capacity: number;
  readonly source: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly hashes: Int32Array;
  readonly tails: Int32Array;
  readonly kinds: Uint8Array;
  readonly known: Int32Array;
  readonly active: Uint8Array;
  readonly tags: Uint8Array;
  readonly tagged: Int32Array;
  /** The kernel does not write it. */
  readonly sure: Float32Array;
}

class CompiledTagger implements Tagger {
  readonly #memory: KernelMemory;
  readonly #model: Model;
  readonly #arraysAt: number;
  readonly #tokenize: (...numbers: readonly number[]) => number;
  readonly #see: (...numbers: readonly number[]) => number;
  readonly #tag: (...numbers: readonly number[]) => number;
  #views: Views;

  constructor(memory: KernelMemory, model: Model) {
    this.#memory = memory;
    this.#model = model;
    this.#tokenize = memory.call("tokenize");
    this.#see = memory.call("see");
    this.#tag = memory.call("tag");
    const { classes, smalls } = wordTables();
    memory.put("classesAt", classes);
    memory.put("smallsAt", smalls);
    memory.put("firstPassAt", rowsOf(model.passes[0]));
    memory.put("secondPassAt", rowsOf(model.passes[1]));
    const { slots, mask } = hashTable(smallTable);
    memory.put("smallBitsAt", slots);
    memory.set("smallBitsMask", mask);
    memory.put("rememberedAt", new Int32Array(rememberedWords));
    const filters = filterTables().flatMap(({ bit, bytes }) => {
      const at = memory.take(bytes.length);
      new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
      return [at, bytes.length * 8, bit];
    });
    memory.put("filtersAt", Int32Array.from(filters));
    this.#arraysAt = memory.top;
    this.#views = this.#lay(4096);
    memory.check();
  }

  read(text: string): NameReading {
    if (text.length > longest) return plainTagger(this.#model).read(text);
    if (this.#views.capacity < text.length) this.#views = this.#lay(Math.max(text.length, this.#views.capacity * 2));
    const { source, starts, ends, hashes, tails, known, kinds, active, tags, tagged, sure } = this.#views;
    this.#memory.write(text, source);
    const count = this.#tokenize(text.length);
    this.#see(count);
    const found = this.#tag(count);
    for (let at = 0; at < found; at++) {
      const place = at * taggedLength;
      const word = tagged[place] as number;
      sure[word] = probabilityOf(tagged, place + 1, tags[word] as number, this.#model.scales[1]);
    }
    return { tokens: { count, starts, ends, kinds, hashes, tails }, active, known, tags, sure };
  }

  /** Lays out arrays for texts of up to `capacity` units, which have no more words than that. */
  #lay(capacity: number): Views {
    const memory = this.#memory;
    const places = new Map<string, number>();
    const source = memory.take(capacity * 2 + 256, this.#arraysAt);
    let next = memory.top;
    memory.set("sourceAt", source);
    memory.set("bytesAt", memory.take(capacity + 128, next) + margin);
    for (const name of ["word", "capital", "digit", "space", "wide"])
      memory.set(`${name}BitsAt`, memory.take((capacity >> 3) + 32));
    next = memory.top;
    for (const [name, bytes] of arrays) {
      const at = memory.take(capacity * bytes + 2 * margin, next) + margin;
      next = memory.top;
      places.set(name, at);
      memory.set(`${name}At`, at);
    }
    const { buffer } = memory;
    const words = (name: string): Int32Array => new Int32Array(buffer, places.get(name) ?? 0, capacity);
    const bytes = (name: string): Uint8Array => new Uint8Array(buffer, places.get(name) ?? 0, capacity);
    return {
      ...{ capacity, source, starts: words("starts"), ends: words("ends"), hashes: words("hashes") },
      ...{
        tails: words("tails"),
        known: words("known"),
        kinds: bytes("kinds"),
        active: bytes("active"),
        tags: bytes("tags"),
      },
      tagged: new Int32Array(buffer, places.get("tagged") ?? 0, capacity * taggedLength),
      sure: new Float32Array(capacity),
    };
  }
}

/** The weights of a pass as bytes, five to a place and nothing between; the kernel reads three more than the last place has. */
function rowsOf(packed: Int32Array): Uint8Array {
  const rows = new Uint8Array((packed.length / 2) * labelCount + 3);
  for (let at = 0; at < packed.length; at += 2) {
    const row = (at / 2) * labelCount;
    for (let label = 0; label < labelCount; label++)
      rows[row + label] = (packed[at + (label >> 2)] as number) >>> ((label & 3) * 8);
  }
  return rows;
}
