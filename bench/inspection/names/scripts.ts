/**
 * `node bench/inspection/names/scripts.ts [FOLDER] [--seen]`: names and addresses in Chinese, Thai, Tamil, Vietnamese, Indonesian
 * and Malay, in frames that nobody looked at while the rules were written; with `--seen`, in those that were. In: FOLDER's
 * node_modules with `@faker-js/faker` 10.6.0, whose names fill them. Out: precision, recall and F1 by language (spans that
 * overlap by half count), and what is found in `../shared/data/text` in these scripts.
 *
 * Frames and addresses are ours, and so is what they leave out. The same command gives the same figures.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { SpanDetector } from "@cordon/core/inspection/finding";
import { nameDetector } from "@cordon/core/inspection/pii/names/detector";
import { scriptNameDetector } from "@cordon/core/inspection/pii/scripts/detector";
import { folder } from "./data.ts";
import { fillersFrom, type Lists } from "./script-fillers.ts";
import { frames } from "./script-frames.ts";

interface Span {
  readonly start: number;
  readonly end: number;
  readonly type: string;
}

const detectors: readonly SpanDetector[] = [nameDetector, scriptNameDetector];
const rounds = 40;
const args = process.argv.slice(2);
const which = args.includes("--seen") ? "seen" : "unseen";
const lists = await listsOf(args.find((arg) => !arg.startsWith("--")) ?? process.cwd());
const fill = fillersFrom(lists);

for (const language of Object.keys(frames) as (keyof typeof frames)[]) {
  const counts: Record<string, { hit: number; miss: number; extra: number }> = {
    person: { hit: 0, miss: 0, extra: 0 },
    address: { hit: 0, miss: 0, extra: 0 },
  };
  for (let round = 0; round < rounds; round++)
    for (const frame of frames[language][which]) {
      const { text, gold } = filled(frame, language);
      const found = detectors.flatMap((detector) =>
        detector.detect(text).map(({ detector: id, start, end }) => ({ type: id.slice(4), start, end })),
      );
      for (const [type, count] of Object.entries(counts)) {
        const wanted = gold.filter((span) => span.type === type);
        const had = found.filter((span) => span.type === type);
        for (const span of wanted) count[had.some((other) => overlap(span, other)) ? "hit" : "miss"]++;
        for (const span of had) if (!wanted.some((other) => overlap(span, other))) count.extra++;
      }
    }
  for (const [type, { hit, miss, extra }] of Object.entries(counts))
    if (hit + miss > 0)
      say(
        `${language} ${type.padEnd(8)} precision ${(hit / (hit + extra)).toFixed(3)} recall ${(hit / (hit + miss)).toFixed(3)} F1 ${((2 * hit) / (2 * hit + miss + extra)).toFixed(3)} (${hit + miss})`,
      );
}
if (existsSync(folder)) ordinary();

function ordinary(): void {
  const sources = ["xquad", "oasst2", "wildchat", "multijail", "ultrachat", "dolly"];
  for (const [name, script] of [
    ["Chinese", /[\u4e00-\u9fff]/],
    ["Thai", /[\u0e00-\u0e7f]/],
  ] as const) {
    let texts = 0;
    let hit = 0;
    for (const source of sources)
      for (const line of readFileSync(`${folder}/${source}.jsonl`, "utf8").trim().split("\n")) {
        const { text } = JSON.parse(line) as { text: string };
        if (!script.test(text)) continue;
        texts++;
        const found = scriptNameDetector.detect(text).map(({ start, end }) => text.slice(start, end));
        if (!found.some((value) => script.test(value))) continue;
        hit++;
        if (args.includes("--show")) say(`  ${source}: ${found.join(" | ")}`);
      }
    say(`${name}: something found in ${hit} of ${texts} public texts`);
  }
}

function filled(frame: string, language: keyof typeof frames): { text: string; gold: Span[] } {
  let text = "";
  const gold: Span[] = [];
  for (const part of frame.split(/(\{\w+\})/)) {
    const slot = /^\{(\w+)\}$/.exec(part)?.[1];
    const value = slot === undefined ? part : fill(language, slot);
    if (slot !== undefined)
      gold.push({
        start: text.length,
        end: text.length + value.length,
        type: slot === "address" ? "address" : "person",
      });
    text += value;
  }
  return { text, gold };
}

function overlap(a: Span, b: Span): boolean {
  const common = Math.min(a.end, b.end) - Math.max(a.start, b.start);
  return common > 0 && common >= 0.5 * Math.min(a.end - a.start, b.end - b.start);
}

async function listsOf(from: string): Promise<Lists> {
  const path = createRequire(pathToFileURL(join(from, "package.json"))).resolve("@faker-js/faker");
  return (await import(pathToFileURL(path).href)) as Lists;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
