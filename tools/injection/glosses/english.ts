/**
 * `node tools/injection/glosses/english.ts`: makes `words/en.txt`, by which English texts are told from others. In: `../shared/data/text`. Out:
 * the words that 25 of its English texts hold, and of whose texts in other languages none holds a larger share.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fold } from "@cordon/core/inspection/normalise/fold";

const folder = "../shared/data/text";
const fewest = 25;
/** Of fewer texts of a language nothing is concluded. */
const fewestTexts = 60;

const texts = new Map<string, number>();
const counts = new Map<string, Map<string, number>>();
for (const name of readdirSync(folder).filter((each) => /^(?!pii_|secrets_).*\.jsonl$/.test(each)))
  for (const line of readFileSync(join(folder, name), "utf8").split("\n")) {
    if (line === "") continue;
    const { text, lang } = JSON.parse(line) as { text: string; lang: string };
    if (lang === "und") continue;
    texts.set(lang, (texts.get(lang) ?? 0) + 1);
    const count = counts.get(lang) ?? new Map<string, number>();
    counts.set(lang, count);
    for (const word of new Set(fold(text).text.match(/[a-z]+/g))) count.set(word, (count.get(word) ?? 0) + 1);
  }
const english = counts.get("en") ?? new Map<string, number>();
const others = [...counts].filter(([lang]) => lang !== "en" && (texts.get(lang) ?? 0) >= fewestTexts);
const share = (lang: string, count: number): number => count / (texts.get(lang) ?? 1);
const kept = [...english]
  .filter(([word, count]) => {
    const own = share("en", count);
    return count >= fewest && others.every(([lang, words]) => share(lang, (words.get(word) ?? 0) - 2) < own);
  })
  .map(([word]) => word)
  .toSorted();
writeFileSync(new URL("words/en.txt", import.meta.url), `${kept.join("\n")}\n`);
process.stdout.write(`${kept.length} words\n`);
