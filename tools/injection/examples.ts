/** Rows as the trainer takes them. In: rows. Out: their features, and where in them the attack stands. */
import { featurize, type Features } from "@cordon/core/inspection/injection/features";
import { findIdeas } from "@cordon/core/inspection/injection/lexicon";
import { fold, originalOffset } from "@cordon/core/inspection/normalise/fold";
import { tokenize } from "@cordon/core/inspection/normalise/tokens";
import type { Row } from "./rows.ts";
import type { Example } from "./trainer.ts";

export function featuresOf(text: string): Features {
  const folded = fold(text);
  const tokens = tokenize(folded.text);
  return compact(featurize(text, folded, tokens, findIdeas(tokens)));
}

export function exampleOf(row: Row): Example {
  const base = { label: row.attack, weight: row.weight };
  if (row.payload === undefined) return { ...base, features: featuresOf(row.text) };
  const folded = fold(row.text);
  const tokens = tokenize(folded.text);
  const features = compact(featurize(row.text, folded, tokens, findIdeas(tokens)));
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

/** A copy of its own size: the arrays that come from featurizing are cut from larger ones. */
function compact({ ids, until, ideas }: Features): Features {
  return { ids: ids.slice(), until, ideas };
}
