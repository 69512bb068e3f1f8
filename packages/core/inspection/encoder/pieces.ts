/**
 * Cuts a text into the pieces that an encoder knows: of all ways the most likely one, under a model in which each piece has a
 * probability of its own (unigram; Kudo 2018, "Subword regularization"). In: pieces with their scores, logarithms of
 * probabilities. Out: a text's pieces.
 *
 * As SentencePiece does it: a space is U+2581, and one stands before the text; a character that is no piece costs as much as
 * ten below the lowest score, and neighbours of that kind are one unknown piece, number 0. Linear in the text: no piece is
 * longer than the longest known.
 */

/** The next cut writes over it. */
export interface Pieces {
  /** Numbers of pieces; 0 is unknown. */
  readonly ids: Uint16Array;
  /** Where each ends: in the text behind the space that is put before it. */
  readonly ends: Uint16Array;
  readonly count: number;
}

export interface Cutter {
  cut(text: string): Pieces;
}

/** A text's pieces behind these are left away. */
export const mostPieces = 96;
/** A text's units behind these are not read; pieces of usual texts have four to five. */
export const mostUnits = 2047;
const space = 0x2581;
const unknownPenalty = 10;

/** @param pieces by number, the first stands for what is unknown; `scores` has as many. */
export function makeCutter(pieces: readonly string[], scores: Float64Array): Cutter {
  const trie = makeTrie(pieces);
  const { slots, mask, numbers } = trie;
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), 0) - unknownPenalty;
  const units = new Uint16Array(mostUnits + 1);
  const best = new Float64Array(mostUnits + 2);
  const back = new Uint16Array(mostUnits + 2);
  const number = new Uint16Array(mostUnits + 2);
  const reversed = new Uint16Array(mostUnits + 1);
  const ids = new Uint16Array(mostPieces);
  const ends = new Uint16Array(mostPieces);
  const pieceList = { ids, ends, count: 0 };

  /** The best last piece of each beginning of the text. */
  function weigh(length: number): void {
    best.fill(-Infinity, 1, length + 1);
    for (let from = 0; from < length;) {
      const score = best[from] as number;
      const next = from + charLength(units, from, length);
      let single = false;
      let node = 0;
      for (let at = from; at < length;) {
        const key = (node << 16) | (units[at++] as number);
        let slot = hashOf(key) & mask;
        while (slots[slot * 2 + 1] !== 0 && slots[slot * 2] !== key) slot = (slot + 1) & mask;
        node = slots[slot * 2 + 1] as number;
        if (node === 0) break;
        const piece = numbers[node] as number;
        if (piece < 0) continue;
        if (at === next) single = true;
        const sum = score + (scores[piece] as number);
        if (sum > (best[at] as number)) step(from, at, sum, piece);
      }
      if (!single && score + unknownScore > (best[next] as number)) step(from, next, score + unknownScore, 0);
      from = next;
    }
  }

  function step(from: number, to: number, score: number, piece: number): void {
    best[to] = score;
    back[to] = from;
    number[to] = piece;
  }

  return {
    cut(text) {
      pieceList.count = 0;
      if (text === "") return pieceList;
      const length = Math.min(text.length, mostUnits) + 1;
      units[0] = space;
      for (let at = 1; at < length; at++) {
        const unit = text.charCodeAt(at - 1);
        units[at] = unit === 0x20 ? space : unit;
      }
      weigh(length);
      let steps = 0;
      for (let at = length; at > 0; at = back[at] as number) reversed[steps++] = at;
      while (steps-- > 0) {
        const end = reversed[steps] as number;
        const id = number[end] as number;
        const last = pieceList.count - 1;
        if (id === 0 && last >= 0 && ids[last] === 0) {
          ends[last] = end;
          continue;
        }
        if (pieceList.count === mostPieces) break;
        ids[pieceList.count] = id;
        ends[pieceList.count++] = end;
      }
      return pieceList;
    },
  };
}

function charLength(units: Uint16Array, at: number, length: number): number {
  const isPair =
    at + 1 < length && ((units[at] as number) & 0xfc00) === 0xd800 && ((units[at + 1] as number) & 0xfc00) === 0xdc00;
  return isPair ? 2 : 1;
}

/** Of each node and unit the node behind it: open addressing, in each slot both in 32 bits and a node; 0 where it is free. */
interface Trie {
  readonly slots: Int32Array;
  readonly mask: number;
  /** Of each node the piece that ends there, or -1. */
  readonly numbers: Int32Array;
}

function makeTrie(pieces: readonly string[]): Trie {
  const most = pieces.reduce((sum, piece) => sum + piece.length, 1);
  let size = 64;
  while (size < most * 3) size *= 2;
  const slots = new Int32Array(size * 2);
  const numbers = new Int32Array(most).fill(-1);
  let nodes = 1;
  for (const [number, piece] of pieces.entries()) {
    let node = 0;
    for (let at = 0; at < piece.length; at++) {
      const key = (node << 16) | piece.charCodeAt(at);
      let slot = hashOf(key) & (size - 1);
      while (slots[slot * 2 + 1] !== 0 && slots[slot * 2] !== key) slot = (slot + 1) & (size - 1);
      if (slots[slot * 2 + 1] === 0) {
        if (nodes === 0x10000) throw new Error("the encoder's pieces have more than 65,535 beginnings");
        slots[slot * 2] = key;
        slots[slot * 2 + 1] = nodes++;
      }
      node = slots[slot * 2 + 1] as number;
    }
    if (node !== 0) numbers[node] = number;
  }
  return { slots, mask: size - 1, numbers };
}

function hashOf(key: number): number {
  const mixed = Math.imul(key ^ (key >>> 15), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}
