/** What a row's text is in English. In: a row. Out: the same with the gloss for its text; `undefined` for English ones. */
import { glossOf } from "@cordon/core/inspection/gloss/gloss";
import { oddWordsOf } from "@cordon/core/inspection/injection/strange";
import { fold } from "@cordon/core/inspection/normalise/fold";
import { tokenize } from "@cordon/core/inspection/normalise/tokens";
import type { Row } from "../rows.ts";

/** Families are left out of the same rows one after another. */
const made = new WeakMap<Row, Row | null>();

export function glossed(row: Row): Row | undefined {
  let found = made.get(row);
  if (found === undefined) {
    found = makeGlossed(row) ?? null;
    made.set(row, found);
  }
  return found ?? undefined;
}

/** The rows, and behind each what it is in English: detection reads both. */
export function withGlosses(rows: readonly Row[]): Row[] {
  return rows.flatMap((row) => {
    const gloss = glossed(row);
    return gloss === undefined ? [row] : [row, gloss];
  });
}

function makeGlossed(row: Row): Row | undefined {
  const tokens = tokenize(fold(row.text));
  const gloss = oddWordsOf(row.text, tokens).foreign ? glossOf(tokens) : undefined;
  if (gloss === undefined) return undefined;
  const { text } = gloss;
  if (row.payload === undefined) return { ...row, text };
  const [start, end] = row.payload;
  const place = (original: number): number => {
    let at = 0;
    while (at < text.length && gloss.originalOffset(at) < original) at += 1;
    return at;
  };
  return { ...row, text, payload: [place(start), place(end)] };
}
