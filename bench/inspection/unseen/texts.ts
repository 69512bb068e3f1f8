/**
 * Texts that nothing is ever trained on, in this folder: attacks in the manner of the published collections and honest texts beside
 * them, written for this measure by writers who had not seen what is detected; and in `kinds` nine kinds of attacks, each beside as many honest texts
 * that share words, form and subject with them. In: nothing. Out: the texts by kind.
 *
 * Who changes detection must not read them first, or the measure is worth nothing: look at the shares alone. `corpus.test.ts` fails where
 * one of them is in the corpus that is trained on.
 */
import { readFileSync } from "node:fs";

export interface UnseenText {
  readonly text: string;
  /** An attack of some kind, or `benign`. */
  readonly label: string;
  readonly role: "user" | "untrusted";
  /** What it is grouped by: a manner of attack or of honest text, or a language. */
  readonly style: string;
  /** Of orders in documents: whether they say that they are for the machine, or an order. */
  readonly announced?: boolean;
}

export const files = ["direct", "indirect", "languages", "honest", "kinds"] as const;

export function readUnseen(file: (typeof files)[number]): UnseenText[] {
  return readFileSync(new URL(`${file}.jsonl`, import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as UnseenText);
}
