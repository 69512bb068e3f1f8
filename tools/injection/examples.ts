/** Rows as the trainer takes them. In: rows. Out: their features, and where in them the attack stands. */
import { featurize, type Features } from "@cordon/core/inspection/injection/features";
import { findIdeas } from "@cordon/core/inspection/injection/lexicon";
import { findKnown } from "@cordon/core/inspection/injection/vocabulary";
import { fold, originalOffset, type Folded } from "@cordon/core/inspection/normalise/fold";
import { tokenize, type Tokens } from "@cordon/core/inspection/normalise/tokens";
import { readWords } from "./words/words.ts";
import type { Row } from "./rows.ts";
import type { Example } from "./trainer.ts";

export const words = readWords();

/** Families are left out of the same rows one after another: what a row looks like is found once. */
const made = new WeakMap<Row, Example>();

export function exampleOf(row: Row): Example {
  const before = made.get(row);
  if (before !== undefined) return before;
  const example = makeExample(row);
  made.set(row, example);
  return example;
}

function makeExample(row: Row): Example {
  const base = { label: row.attack, weight: row.weight };
  const folded = fold(row.text);
  const tokens = tokenize(folded);
  const features = featuresFrom(row.text, folded, tokens);
  if (row.payload === undefined) return { ...base, features };
  const [start, end] = row.payload;
  let from = tokens.count;
  let to = 0;
  for (let at = 0; at < tokens.count; at++) {
    const offset = originalOffset(folded, tokens.start[at] ?? 0);
    if (offset < start || offset >= end) continue;
    from = Math.min(from, at);
    to = at + 1;
  }
  return from < to ? { ...base, features, payload: [from, to] } : { ...base, features };
}

/** In arrays of their own size: what featurizing gives is written over by the next text. */
function featuresFrom(text: string, folded: Folded, tokens: Tokens): Features {
  const known = findKnown(tokens, words.vocabulary);
  const { ids, until, ideas } = featurize(text, folded, tokens, findIdeas(tokens), known);
  return { ids: ids.slice(0, until.at(-1) ?? 0), until: until.slice(), ideas: ideas.slice(0, tokens.count) };
}
