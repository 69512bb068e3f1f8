/**
 * What the classifier sees of a text. In: its tokens and ideas. Out: for each token the numbers of its features, hashed
 * into {@link buckets}: words, pairs of words, pieces of words, ideas and patterns of ideas, and how it is written.
 *
 * Training and inference call this one function, so what was learned is what is looked for.
 */
import type { Folded } from "../normalise/fold.ts";
import {
  classOf,
  hashSeed,
  hashStep,
  markToken,
  numberToken,
  skeleton,
  unspacedToken,
  wordToken,
  type Tokens,
} from "../normalise/tokens.ts";
import { unitsOf } from "../normalise/units.ts";
import type { Ideas } from "./lexicon.ts";
import type { Known } from "./vocabulary.ts";

export const bucketBits = 15;
export const buckets = 1 << bucketBits;

export interface Features {
  /** Hashed features lie below {@link buckets}; word number n of the vocabulary is `buckets + n`. */
  readonly ids: Int32Array;
  /** One past the last of each token's features in {@link ids}. */
  readonly until: Int32Array;
  /** How many ideas there are up to and with each token. */
  readonly ideas: Int32Array;
}

/** Kinds of feature; each hashes apart from the others. */
const salts = {
  word: 1,
  pair: 2,
  skip: 3,
  piece: 4,
  idea: 5,
  ideaPair: 6,
  ideaTriple: 7,
  form: 8,
  run: 9,
  opening: 10,
} as const;
const shouted = bucketOf(salts.form, 1);
const disguised = bucketOf(salts.form, 2);
const numeric = bucketOf(salts.form, 3);

const pieceLength = 4;
/** Pieces are taken from this many units of a word. */
const pieceReach = 14;
export const mostPerToken = 32;
/** How far apart, in tokens, ideas may stand to make a pattern. */
const ideaReach = 9;

interface Room {
  readonly ids: Int32Array;
  readonly until: Int32Array;
  readonly ideas: Int32Array;
}

function makeRoom(tokens: number): Room {
  return {
    ids: new Int32Array(tokens * mostPerToken),
    until: new Int32Array(tokens),
    ideas: new Int32Array(tokens),
  };
}

let shared = makeRoom(2048);
/** As in `normalise/fold.ts`: one room for all texts up to this length. */
const longestShared = 1 << 18;

function roomFor(tokens: number): Room {
  if (tokens > longestShared) return makeRoom(tokens);
  if (shared.until.length < tokens) shared = makeRoom(Math.max(tokens, shared.until.length * 2));
  return shared;
}

/** @param known the words known one by one; every other word is known by its pieces. The next call writes over what it gives. */
export function featurize(text: string, folded: Folded, tokens: Tokens, ideas: Ideas, known: Known): Features {
  const { ids, until, ideas: ideaCounts } = roomFor(tokens.count);
  const { units } = folded;
  const source = unitsOf(text);
  let count = 0;
  let previous = 0;
  let beforePrevious = 0;
  let nextIdea = 0;
  for (let at = 0; at < tokens.count; at++) {
    const kind = tokens.kind[at];
    const start = tokens.start[at] as number;
    const end = tokens.end[at] as number;
    const hash = kind === numberToken ? 77 : (tokens.hash[at] as number);
    if (kind === unspacedToken) {
      count = addRun(units, folded.length, start, end, ids, count);
    } else if (kind === wordToken) {
      const number = known.numbers[at] as number;
      if (number >= 0) {
        ids[count++] = buckets + number;
      } else {
        ids[count++] = bucketOf(salts.word, hash);
        count = addPieces(units, start, end, ids, count);
      }
      if (isShouted(source, folded.offsets, start, end)) ids[count++] = shouted;
      if (tokens.stands[at] === 1 && hasStandIn(units, start, end)) ids[count++] = disguised;
      if (tokens.opens[at] === 1) ids[count++] = bucketOf(salts.opening, hash);
    } else ids[count++] = kind === numberToken ? numeric : bucketOf(salts.word, hash);
    if (previous !== 0) ids[count++] = bucketOf(salts.pair, mix(previous, hash));
    if (beforePrevious !== 0 && kind !== markToken) ids[count++] = bucketOf(salts.skip, mix(beforePrevious, hash));
    beforePrevious = previous;
    previous = hash;
    if (nextIdea < ideas.count && ideas.token[nextIdea] === at) count = addIdeas(ideas, nextIdea++, ids, count);
    until[at] = count;
    ideaCounts[at] = nextIdea;
  }
  return { ids, until: until.subarray(0, tokens.count), ideas: ideaCounts };
}

function bucketOf(salt: number, value: number): number {
  const mixed = Math.imul(value ^ Math.imul(salt, 0x9e3779b1), 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35) >>> (32 - bucketBits);
}

function mix(first: number, second: number): number {
  return Math.imul(first, 0x01000193) ^ second;
}

function bone(unit: number): number {
  return unit < 0x80 ? (skeleton[unit] ?? unit) : unit;
}

/** Pieces of four units, with the word's edges; words of three letters and less are their own piece. */
function addPieces(units: Uint16Array, start: number, end: number, ids: Int32Array, count: number): number {
  const last = Math.min(end, start + pieceReach);
  if (last - start < pieceLength) return count;
  let a = 0;
  let b = bone(units[start] as number);
  let c = bone(units[start + 1] as number);
  let next = count;
  for (let at = start + 2; at <= last; at++) {
    const d = at === end ? 1 : at === last ? 0 : bone(units[at] as number);
    if (d === 0) break;
    ids[next++] = bucketOf(salts.piece, hashStep(hashStep(hashStep(hashStep(hashSeed, a), b), c), d));
    a = b;
    b = c;
    c = d;
  }
  return next;
}

/** Pairs and triples of characters of scripts without spaces (triples and quadruples of South-East Asian ones). */
function addRun(units: Uint16Array, bound: number, start: number, end: number, ids: Int32Array, count: number): number {
  const shorter = (units[start] as number) >= 0x3040 ? 2 : 3;
  let next = count;
  for (let from = start; from < end; from++) {
    let hash = hashSeed;
    for (let at = from; at <= from + shorter && at < bound; at++) {
      const unit = units[at] as number;
      if (classOf(unit) !== 3) break;
      hash = hashStep(hash, unit);
      if (at - from + 1 >= shorter) ids[next++] = bucketOf(salts.run, hash);
    }
  }
  return next;
}

/** The idea alone, with each of up to three ideas before it, and with the two before it together. */
function addIdeas(ideas: Ideas, at: number, ids: Int32Array, count: number): number {
  const idea = (ideas.idea[at] ?? 0) + 1;
  const token = ideas.token[at] ?? 0;
  let next = count;
  ids[next++] = bucketOf(salts.idea, idea);
  for (let back = 1; back <= 3 && at - back >= 0; back++) {
    if (token - (ideas.token[at - back] ?? 0) > ideaReach) break;
    const other = (ideas.idea[at - back] ?? 0) + 1;
    ids[next++] = bucketOf(salts.ideaPair, other * 256 + idea);
    if (back < 2) continue;
    const middle = (ideas.idea[at - back + 1] ?? 0) + 1;
    if (back === 2) ids[next++] = bucketOf(salts.ideaTriple, (other * 256 + middle) * 256 + idea);
  }
  return next;
}

/** Three letters or more, all of them capitals. */
function isShouted(source: Uint16Array, offsets: Int32Array | undefined, start: number, end: number): boolean {
  if (end - start < 3) return false;
  for (let at = start; at < start + 3; at++) {
    const unit = source[offsets === undefined ? at : (offsets[at] as number)] as number;
    if (unit < 0x41 || unit > 0x5a) return false;
  }
  return true;
}

/** A digit or sign with a letter on both sides. */
function hasStandIn(units: Uint16Array, start: number, end: number): boolean {
  for (let at = start + 1; at + 1 < end; at++) {
    const unit = units[at] as number;
    if (unit < 0x61 && unit >= 0x20 && classOf(units[at - 1] as number) === 1 && classOf(units[at + 1] as number) === 1)
      return true;
  }
  return false;
}
