/**
 * `node tools/injection/glosses/build.ts`: makes `packages/core/inspection/gloss/words.ts` from the word lists in `words/` beside it.
 * In: `LANG.tsv`, lines of a word or phrase, a tab and its English meaning (`-`: none), and `en.txt`, English words. Out: the lexicon
 * (its form stands in `gloss/lexicon.ts`). The first meaning of a word of a language counts.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import {
  hashOfRun,
  header,
  mostUnits,
  mostWords,
  opensPhrase,
  phraseStep,
} from "@cordon/core/inspection/gloss/lexicon";
import { fold } from "@cordon/core/inspection/normalise/fold";
import { hashSeed, tokenize, unspacedToken, wordToken } from "@cordon/core/inspection/normalise/tokens";

export interface Entry {
  readonly hash: number;
  readonly language: number;
  readonly meaning: string;
  /** Of a word of a script without spaces: its units. */
  readonly run?: readonly number[];
}

/** @returns the hashes of a word or phrase: its own, and those that open it; none where it is neither. */
export function hashesOf(
  key: string,
): { readonly own: number; readonly opens?: number; readonly run?: number[] } | undefined {
  const folded = fold(key);
  const { count, kind, hash, units, start, end } = tokenize(folded);
  if (count === 0) return undefined;
  const kinds = kind.subarray(0, count);
  if (kinds.every((each) => each === unspacedToken)) {
    const [from, to] = [start[0] as number, end[count - 1] as number];
    for (let at = 1; at < count; at++) if (start[at] !== end[at - 1]) return undefined;
    if (to - from > mostUnits) return undefined;
    return { own: hashOfRun(units, from, to), run: Array.from(units.subarray(from, to)) };
  }
  if (count > mostWords || !kinds.every((each) => each === wordToken)) return undefined;
  const words = Array.from(hash.subarray(0, count));
  const [first = 0] = words;
  return count === 1 ? { own: first } : { own: words.reduce(phraseStep, hashSeed), opens: opensPhrase(first) };
}

export function packLexicon(languages: readonly string[], entries: readonly Entry[]): Buffer {
  const seen = new Set<string>();
  const kept = entries
    .filter(({ hash, language }) => {
      const name = `${hash} ${language}`;
      return !seen.has(name) && seen.add(name);
    })
    .toSorted((a, b) => a.hash - b.hash || a.language - b.language);
  const meanings = [...new Set(kept.map(({ meaning }) => meaning))].toSorted();
  const numbers = new Map(meanings.map((meaning, at) => [meaning, at]));
  if (meanings.length > 0xffff) throw new Error("more meanings than 16 bits can count");
  const openings = new Map<number, number>();
  for (const { run: [first] = [], run = [] } of kept)
    if (first !== undefined) openings.set(first, Math.max(openings.get(first) ?? 0, run.length));
  const openingsAt = header + kept.length * 7;
  const block = Buffer.alloc(openingsAt + openings.size * 3);
  [kept, meanings, languages].forEach(({ length }, at) => block.writeUInt32LE(length, at * 4));
  block.writeUInt32LE(openings.size, 12);
  [...openings].forEach(([unit, length], at) => {
    block.writeUInt16LE(unit, openingsAt + at * 3);
    block.writeUInt8(length, openingsAt + at * 3 + 2);
  });
  kept.forEach(({ hash, language, meaning }, at) => {
    block.writeInt32LE(hash, header + at * 4);
    block.writeUInt16LE(numbers.get(meaning) ?? 0, header + kept.length * 4 + at * 2);
    block.writeUInt8(language, header + kept.length * 6 + at);
  });
  const words = Buffer.from([...meanings, ...languages].join("\n"));
  return deflateRawSync(Buffer.concat([block, words]), { level: 9 });
}

/** Every entry of the lists in `folder`. */
export function readLists(folder: URL): { readonly languages: readonly string[]; readonly entries: readonly Entry[] } {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".tsv"))
    .toSorted();
  const languages = ["en", ...new Set(names.map((name) => name.replace(/\.tsv$/, "")))];
  const entries: Entry[] = [];
  const take = (key: string, language: number, meaning: string): void => {
    const hashes = hashesOf(key);
    if (hashes === undefined) return;
    entries.push({ hash: hashes.own, language, meaning, ...(hashes.run === undefined ? {} : { run: hashes.run }) });
    if (hashes.opens !== undefined) entries.push({ hash: hashes.opens, language, meaning: "" });
  };
  for (const word of linesOf(new URL("en.txt", folder))) take(word, 0, "");
  for (const name of names)
    for (const line of linesOf(new URL(name, folder))) {
      const [key = "", meaning = ""] = line.split("\t");
      if (!/^(?:-|[a-z]+(?: [a-z]+)*)$/.test(meaning))
        throw new Error(`${name}: no meaning in ${JSON.stringify(line)}`);
      take(key, languages.indexOf(name.replace(/\.tsv$/, "")), meaning === "-" ? "" : meaning);
    }
  return { languages, entries };
}

function linesOf(file: URL): string[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}

if (import.meta.main) {
  const { languages, entries } = readLists(new URL("words/", import.meta.url));
  const packed = packLexicon(languages, entries).toString("base64");
  writeFileSync(
    new URL("../../../packages/core/inspection/gloss/words.ts", import.meta.url),
    `/**
 * Words of other languages with their English meanings. Made by \`node tools/injection/glosses/build.ts\`: do not edit. In: nothing. Out: the
 * lexicon (see \`lexicon.ts\`), deflated, in base64.
 */
export const packedWords =
  "${packed}";
`,
  );
  process.stdout.write(`${entries.length} entries of ${languages.length} languages, ${packed.length} characters\n`);
}
