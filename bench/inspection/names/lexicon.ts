/**
 * `node bench/inspection/names/lexicon.ts [FOLDER]`: makes `packages/core/inspection/pii/names/lexicon-bits.ts`, the Bloom
 * filters of ordinary words, first names, family names, towns and countries. In: the lists of `packages.ts` in FOLDER's
 * node_modules, and the public texts of `../shared/data/text` for what words are ordinary. The same input, the same file.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { probeOf, probes } from "@cordon/core/inspection/pii/names/lexicon";
import { hashOf } from "@cordon/core/inspection/pii/names/tokens";
import { readNameLists } from "./packages.ts";

const texts = [
  "wildchat",
  "oasst2",
  "ultrachat",
  "dolly",
  "self_instruct_seed",
  "xquad",
  "t0_documents",
  "tech_docs",
  "nusax",
  "cendol",
  "gsm8k",
  "bfcl",
  "clinc_oos",
];

/** Words that stand in small letters more often than not, and not once only. */
function ordinaryWords(folder: string): string[] {
  const small = new Map<string, number>();
  const all = new Map<string, number>();
  for (const name of texts) {
    for (const line of readFileSync(`${folder}/${name}.jsonl`, "utf8").trim().split("\n")) {
      const { text } = JSON.parse(line) as { text: string };
      for (const [written] of text.matchAll(/[\p{L}\p{M}]+/gu)) {
        const lower = written.toLowerCase();
        all.set(lower, (all.get(lower) ?? 0) + 1);
        if (written === lower) small.set(lower, (small.get(lower) ?? 0) + 1);
      }
    }
  }
  return [...small]
    .filter(([written, count]) => count >= 4 && count > (all.get(written) ?? 0) * 0.4)
    .map(([written]) => written);
}

function wordsOf(list: readonly string[], shortest: number): string[] {
  const words = list.flatMap((entry) => entry.split(/[^\p{L}\p{M}]+/u)).filter((part) => part.length >= shortest);
  return [...new Set(words.map((part) => part.toLowerCase()))].filter(
    (part) => !/[\u0e00-\u0eff\u3040-\u9fff\uac00-\ud7af]/.test(part),
  );
}

function bloom(words: readonly string[]): string {
  const bits = Math.ceil((words.length * 10) / 8) * 8;
  const bytes = Buffer.alloc(bits / 8);
  for (const written of words) {
    for (let probe = 0; probe < probes; probe++) {
      const place = probeOf(hashOf(written), probe, bits);
      bytes[place >> 3] = (bytes[place >> 3] ?? 0) | (1 << (place & 7));
    }
  }
  return bytes.toString("base64");
}

const lists = await readNameLists(process.argv[2] ?? process.cwd());
const locales = [...lists.locales.values()];
const extra = readFileSync(new URL("./south-east-asia.txt", import.meta.url), "utf8").split("\n");
const section = (name: string): string[] =>
  (extra.find((line) => line.startsWith(`${name}:`)) ?? "")
    .slice(name.length + 1)
    .split(",")
    .map((entry) => entry.trim());
const groups = [
  ordinaryWords("../shared/data/text"),
  wordsOf([...locales.flatMap(({ firsts }) => firsts), ...section("first")], 2),
  wordsOf([...locales.flatMap(({ lasts }) => lasts), ...section("last")], 2),
  wordsOf([...locales.flatMap(({ towns }) => towns), ...lists.towns, ...section("town")], 4),
  wordsOf([...lists.countries, ...section("place")], 4),
];
const file = "packages/core/inspection/pii/names/lexicon-bits.ts";
writeFileSync(
  file,
  `/** Made by \`node bench/inspection/names/lexicon.ts\`: Bloom filters of ordinary words, first names, family names, towns, countries. */
export const lexiconBits: readonly string[] = [
${groups.map((group) => `  "${bloom(group)}",`).join("\n")}
];
`,
);
process.stdout.write(`${file}: ${groups.map(({ length }) => length).join(", ")} words\n`);
