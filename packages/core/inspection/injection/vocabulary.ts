/**
 * The common words that the classifier knows one by one. In: the hashes of their skeletons (see `normalise/tokens.ts`). Out: a
 * lookup from hash to number, and the numbers of a text's words.
 *
 * A known word has a vector of its own, which training begins from what the word means elsewhere: a word that no training
 * text held still counts by its meaning.
 */
import { wordToken, type Tokens } from "../normalise/tokens.ts";

export interface Vocabulary {
  readonly size: number;
  /** Open addressing: in each slot a hash and the word's number, side by side; 0 and 0 where it is free. */
  readonly slots: Int32Array;
}

/** @param words their hashes; the first of equal ones counts. */
export function makeVocabulary(words: Int32Array): Vocabulary {
  let size = 1024;
  while (size < words.length * 1.4) size *= 2;
  const slots = new Int32Array(size * 2);
  for (let number = 0; number < words.length; number++) {
    const hash = words[number] as number;
    let slot = (hash ^ (hash >>> 15)) & (size - 1);
    while (slots[slot * 2] !== 0 && slots[slot * 2] !== hash) slot = (slot + 1) & (size - 1);
    if (slots[slot * 2] !== 0) continue;
    slots[slot * 2] = hash;
    slots[slot * 2 + 1] = number;
  }
  return { size: words.length, slots };
}

/** The word's number, or -1. */
export function wordNumber({ slots }: Vocabulary, hash: number): number {
  const mask = slots.length / 2 - 1;
  let slot = (hash ^ (hash >>> 15)) & mask;
  for (;;) {
    const found = slots[slot * 2] as number;
    if (found === 0) return -1;
    if (found === hash) return slots[slot * 2 + 1] as number;
    slot = (slot + 1) & mask;
  }
}

/** Which of a text's tokens are known words. */
export interface Known {
  readonly vocabulary: Vocabulary;
  /** By token: the word's number, or -1. Longer than the text's tokens; the next call writes over it. */
  readonly numbers: Int32Array;
}

let shared = new Int32Array(2048);

export function findKnown({ count, kind, hash }: Tokens, vocabulary: Vocabulary): Known {
  if (shared.length < count) shared = new Int32Array(Math.max(count, shared.length * 2));
  const numbers = shared;
  for (let at = 0; at < count; at++)
    numbers[at] = kind[at] === wordToken ? wordNumber(vocabulary, hash[at] as number) : -1;
  return { vocabulary, numbers };
}
