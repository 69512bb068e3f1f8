/**
 * Words spelled letter by letter: in numbers (`9-7-14-15-18-5`: the ninth letter, the seventh; or row and column, as prisoners tap), or in the
 * names that radio operators give the letters. In: a text. Out: what it spells, where that is English words.
 */
import type { Hidden } from "./encodings.ts";
import { knownWords, partedWords } from "./joined.ts";

const numbers = /(?:\d{1,2}(?:[-.,;:/| \t\n]{1,4}|(?!\d))){12,4000}/g;
const maxLists = 8;
/** This share of the words must be English. */
const share = 0.6;

/** In the Polybius square of prisoners, K is C. */
const square = "abcdefghijlmnopqrstuvwxyz";

export function findNumbered(text: string, found: Hidden[]): void {
  let lists = 0;
  for (const match of text.matchAll(numbers)) {
    if (++lists > maxLists) return;
    const list = match[0];
    const said = spelled(list, alphabetic) ?? spelled(list, tapped);
    if (said !== undefined)
      found.push({ encoding: "numbered", text: said, start: match.index, end: match.index + list.length });
  }
}

function alphabetic(number: string): string | undefined {
  const value = Number(number);
  return value >= 1 && value <= 26 ? String.fromCharCode(96 + value) : undefined;
}

function tapped(number: string): string | undefined {
  return /^[1-5]{2}$/.test(number) ? square[(Number(number[0]) - 1) * 5 + Number(number[1]) - 1] : undefined;
}

/** The words of a list; the sign that is most often between numbers parts letters, the others words. */
function spelled(list: string, letterOf: (number: string) => string | undefined): string | undefined {
  const signs = list.trim().match(/[^\d]+/g) ?? [];
  const [usual] = [...Map.groupBy(signs, (each) => each)].toSorted(([, a], [, b]) => b.length - a.length)[0] ?? [""];
  let said = "";
  for (const [piece] of list.trim().matchAll(/\d+|[^\d]+/g)) {
    const letter = /\d/.test(piece) ? letterOf(piece) : piece === usual ? "" : " ";
    if (letter === undefined) return undefined;
    said += letter;
  }
  return inWords(said);
}

const radio: ReadonlyMap<string, string> = new Map(
  (
    "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliett juliet kilo lima mike november oscar papa quebec romeo " +
    "sierra tango uniform victor whiskey whisky xray x-ray yankee zulu"
  )
    .split(" ")
    .map((name) => [name, name.charAt(0)]),
);
const fewestNames = 8;

/** The first letters, where nearly all words are names of letters; `undefined` where they are not. */
export function fromRadio(text: string): string | undefined {
  let [names, others] = [0, 0];
  let said = "";
  for (const [piece] of text.matchAll(/[A-Za-z]+(?:-ray)?|[^A-Za-z]+/g)) {
    const letter = radio.get(piece.toLowerCase());
    if (letter !== undefined) {
      names += 1;
      said += letter;
    } else if (/[A-Za-z]/.test(piece)) {
      others += 1;
      if (others > 3 && others * 8 > names) return undefined;
      said += " ";
    } else if (piece.trim() !== "" && piece.trim() !== "-" && piece.trim() !== ",") said += " ";
    else if (piece.length > 1 && /^ +$|\n/.test(piece)) said += " ";
  }
  return names < fewestNames || others * 8 > names ? undefined : inWords(said);
}

/** The words, where enough of them are English; or what letters without spaces fall into. */
function inWords(said: string): string | undefined {
  const words = said.split(" ").filter((word) => word !== "");
  if (words.length === 1) return partedWords(words[0] as string);
  const known = knownWords();
  const found = words.filter((word) => word.length > 1 && known.has(word)).length;
  return found >= 3 && found >= words.length * share ? words.join(" ") : undefined;
}
