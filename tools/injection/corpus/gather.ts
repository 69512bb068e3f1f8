/**
 * `node tools/injection/corpus/gather.ts FOLDER`: takes hand-written rows into the training corpus. In: a folder of folders of
 * JSON Lines, `{"text","label","lang","role"}` each. Out: `attacks.jsonl`, `indirect.jsonl` and `benign.jsonl` beside this
 * file, and on the screen what was refused and why: broken lines, unknown labels, near-duplicates of one another, and
 * near-duplicates of the labelled texts in `../shared/data/text` and of `bench/inspection/unseen`, which must stay unseen to measure with.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fold } from "@cordon/core/inspection/normalise/fold";
import { readRows } from "../rows.ts";
import { isOwnLabel, type OwnRow } from "./corpus.ts";
import { readUnseenTexts } from "./unseen.ts";

const folder = process.argv[2];
if (folder === undefined) throw new Error("name the folder of rows");
/** Two texts that share this much of their runs of three words are one. */
const same = 0.7;
/** Paths and tokens that `npm run check` refuses in the repository. */
const refused = /(?<![\w./-])\/(?:home|Users|work|root)\/[\w.-]{2,}|-----BEGIN|AKIA[0-9A-Z]{16}|\bsk-[\w-]{40}|\bghp_/;

/** Runs of three words, or of six characters where there are few words, by hash. */
function shinglesOf(text: string): Set<string> {
  const plain = fold(text)
    .text.replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
  const words = plain.split(" ");
  if (words.length < 5)
    return new Set(Array.from({ length: Math.max(1, plain.length - 5) }, (_, at) => plain.slice(at, at + 6)));
  return new Set(words.slice(2).map((_, at) => words.slice(at, at + 3).join(" ")));
}

class Seen {
  readonly #byShingle = new Map<string, number[]>();
  readonly #sizes: number[] = [];
  /** Each whole: of common runs not every text is noted below, which a short twin would slip through. */
  readonly #whole = new Set<string>();

  /** Whether a text much like it was added before. */
  has(shingles: ReadonlySet<string>): boolean {
    if (this.#whole.has([...shingles].join("\n"))) return true;
    const shared = new Map<number, number>();
    for (const shingle of shingles)
      for (const at of this.#byShingle.get(shingle) ?? []) shared.set(at, (shared.get(at) ?? 0) + 1);
    for (const [at, count] of shared) if (count / (shingles.size + (this.#sizes[at] ?? 0) - count) >= same) return true;
    return false;
  }

  add(shingles: ReadonlySet<string>): void {
    this.#whole.add([...shingles].join("\n"));
    const at = this.#sizes.push(shingles.size) - 1;
    for (const shingle of shingles) {
      const list = this.#byShingle.get(shingle);
      if (list === undefined) this.#byShingle.set(shingle, [at]);
      else if (list.length < 200) list.push(at);
    }
  }
}

const known = new Seen();
for (const { text } of readRows("../shared/data/text")) known.add(shinglesOf(text));
for (const text of readUnseenTexts()) known.add(shinglesOf(text));
const own = new Seen();
const counts = new Map<string, number>();
const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
for (const part of ["attacks", "indirect", "benign"]) {
  const kept: string[] = [];
  for (const file of readdirSync(join(folder, part))
    .filter((name) => name.endsWith(".jsonl"))
    .toSorted())
    for (const line of readFileSync(join(folder, part, file), "utf8")
      .split("\n")
      .filter((each) => each.trim() !== "")) {
      let row: Partial<OwnRow>;
      try {
        row = JSON.parse(line) as Partial<OwnRow>;
      } catch {
        count(`broken line in ${part}/${file}`);
        continue;
      }
      const { text, label, lang, role } = row;
      if (typeof text !== "string" || text.trim() === "" || !isOwnLabel(label)) {
        count(`no text or unknown label in ${part}/${file}`);
        continue;
      }
      const shingles = shinglesOf(text);
      if (refused.test(text)) count("holds what the repository refuses");
      else if (known.has(shingles)) count(`${part}: near-duplicate of a text that is known`);
      else if (own.has(shingles)) count(`${part}: near-duplicate of another row`);
      else {
        own.add(shingles);
        kept.push(JSON.stringify({ text, label, lang: lang ?? "und", role: role === "untrusted" ? role : "user" }));
        count(`kept ${part} ${label}`);
      }
    }
  writeFileSync(new URL(`${part}.jsonl`, import.meta.url), kept.join("\n") + "\n");
}
for (const [what, number] of [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  process.stdout.write(`${String(number).padStart(6)}  ${what}\n`);
