/**
 * `npm run bench -- encoder [--quick] [--data FOLDER]`: what the classifier's second opinion costs. In: the labelled texts. Out: its
 * loading, its time for a stretch by the number of pieces, how often it is asked, the detector's time for texts in doubt, and a
 * conversation in doubt at the gateway; beside each the classifier's own time in the same run. The ratios travel.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { openEncoder } from "@cordon/core/inspection/encoder/deployed";
import { makeCutter } from "@cordon/core/inspection/encoder/pieces";
import { readWeights } from "@cordon/core/inspection/encoder/weights";
import { classifierDetector } from "@cordon/core/inspection/injection/classifier";
import { doubtingInjectionDetector, loadClassifier } from "@cordon/core/inspection/injection/model";
import { worth } from "@cordon/core/inspection/injection/opinion";
import type { Part } from "@cordon/core/inspection/subject";
import { machine } from "../gateway/machine.ts";
import { percentile } from "../gateway/statistics.ts";
import { measureConversation } from "./conversation.ts";
import { readSources, type Source } from "./corpus.ts";

const print = (line = ""): void => void process.stdout.write(`${line}\n`);
const weightsFile = new URL("./weights.bin", import.meta.resolve("@cordon/core/inspection/encoder/deployed"));
const counts = [16, 40, 64, 96] as const;
/** Their texts are documents: as untrusted parts is how they come. */
const documents: ReadonlySet<string> = new Set([
  ...["bfcl_tools", "enron_emails", "humaneval", "nusax", "security_docs", "source_code", "t0_documents", "tech_docs"],
  "xquad",
]);

interface Spent {
  readonly p50: number;
  readonly p99: number;
}

export async function benchEncoder(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: "boolean", default: false }, data: { type: "string", default: "../shared/data/text" } },
  });
  print(Object.values(machine()).join(", "));
  const honest = readSources(values.data, values.quick ? 60 : Infinity).filter(({ label }) => label === "benign");
  const rounds = values.quick ? 1 : 5;
  const loading = load(rounds * 3);
  const stretches = measureStretches(honest, rounds);
  const share = measureShare(honest);
  const doubted = measureDoubted(share.doubted, rounds);
  const conversation = await measureConversation(share.doubted, rounds * 2);
  mkdirSync("bench/results", { recursive: true });
  const { doubted: _texts, ...shares } = share;
  const report = { machine: machine(), loading, stretches, shares, doubted, conversation };
  writeFileSync("bench/results/encoder.json", `${JSON.stringify(report, null, 2)}\n`);
}

/** From the file to the first answer, in milliseconds; the file is in the system's cache. */
function load(times: number): Spent {
  const spent = timed(
    Array.from({ length: times }, () => () => void openEncoder(weightsFile).logit("what is a good recipe?")),
  );
  print(
    `\nfirst answer, its weights read and checked: ${ms(spent.p50)} ms (the slowest of ${times}: ${ms(spent.p99)})`,
  );
  return spent;
}

/** Of stretches with so many pieces, beside the classifier's judgement of the same texts. */
function measureStretches(honest: readonly Source[], rounds: number): unknown[] {
  const { pieces, scores } = readWeights(readFileSync(weightsFile));
  const cutter = makeCutter(pieces, scores);
  const words = honest
    .filter(({ name }) => ["oasst2", "ultrachat", "wildchat", "dolly"].includes(name))
    .flatMap(({ texts }) => texts.join(" ").toLowerCase().split(/\s+/));
  const encoder = openEncoder(weightsFile);
  const alone = classifierDetector(loadClassifier());
  // Its code is compiled as it warms up, for longer than the few microseconds that are timed.
  for (const text of words.slice(0, 20_000)) alone.judge({ text, origin: "user" }, "request");
  print(`\na stretch of     encoder p50 (p99), ms   classifier p50, ms   ratio`);
  return counts.map((count) => {
    const texts = Array.from({ length: 32 }, (_, at) =>
      textOf(count, words, at * 331, (text) => cutter.cut(text).count),
    );
    const [second, first] = [
      timed(repeated(texts, rounds, (text) => void encoder.logit(text))),
      timed(repeated(texts, rounds * 4, (text) => void alone.judge({ text, origin: "user" }, "request"))),
    ];
    const ratio = second.p50 / first.p50;
    print(
      `${String(count).padStart(7)} pieces ${`${ms(second.p50)} (${ms(second.p99)})`.padStart(22)} ${ms(first.p50).padStart(20)} ${ratio.toFixed(0).padStart(7)}`,
    );
    return { pieces: count, encoder: second, classifier: first, ratio };
  });
}

/** Words from `from` on that are cut into exactly so many pieces. */
function textOf(count: number, words: readonly string[], from: number, piecesOf: (text: string) => number): string {
  let text = "";
  for (let at = from; at < words.length; at++) {
    const longer = text === "" ? (words[at] ?? "") : `${text} ${words[at] ?? ""}`;
    const pieces = piecesOf(longer);
    // The cutter counts no further than the encoder reads: the last word that fits ends it.
    if (pieces <= count) text = longer;
    if (pieces === count) return text;
  }
  throw new Error(`no text of ${count} pieces: give more texts`);
}

/** How many honest texts the classifier is in doubt about, so that the encoder is asked. */
function measureShare(honest: readonly Source[]) {
  let doubted = false;
  const doubting = doubtingInjectionDetector(() => (doubted = true));
  const inDoubt = (text: string, origin: "user" | "untrusted"): boolean => {
    doubted = false;
    doubting.judge({ text, origin }, "request");
    return doubted;
  };
  const all = honest.flatMap(({ texts }) => texts);
  const asked = all.filter((text) => inDoubt(text, "user"));
  const written = honest.filter(({ name }) => documents.has(name)).flatMap(({ texts }) => texts);
  const askedOfDocuments = written.filter((text) => inDoubt(text, "untrusted")).length;
  const percent = (part: number, of: number): string => ((100 * part) / of).toFixed(1);
  print(
    `\nasked about ${percent(asked.length, all.length)} % of ${all.length} honest texts as a user's, and ${percent(askedOfDocuments, written.length)} % of ${written.length} honest documents as untrusted`,
  );
  return {
    texts: all.length,
    asked: asked.length,
    documents: written.length,
    askedOfDocuments,
    doubted: asked,
  };
}

/** The whole detector on honest texts in doubt, nothing remembered, beside the classifier alone on the same. */
function measureDoubted(texts: readonly string[], rounds: number): unknown {
  const encoder = openEncoder(weightsFile);
  const model = loadClassifier();
  const [alone, whole] = [
    classifierDetector(model),
    classifierDetector({ ...model, second: { logit: (stretch) => encoder.logit(stretch), worth } }),
  ];
  const step = Math.max(1, texts.length / 200);
  const sample = Array.from({ length: Math.min(200, texts.length) }, (_, at) => texts[Math.floor(at * step)] ?? "");
  const part = (text: string): Part => ({ text, origin: "user" });
  const [first, second] = [
    timed(repeated(sample, rounds, (text) => void alone.judge(part(text), "request"))),
    timed(repeated(sample, rounds, (text) => void whole.judge(part(text), "request"))),
  ];
  const ratio = second.p50 / first.p50;
  print(
    `\n${sample.length} honest texts in doubt: ${ms(second.p50)} ms (p99 ${ms(second.p99)}), the classifier alone ${ms(first.p50)} (p99 ${ms(first.p99)}), ${ratio.toFixed(0)} times`,
  );
  return { texts: sample.length, whole: second, classifier: first, ratio };
}

function repeated(texts: readonly string[], rounds: number, run: (text: string) => void): (() => void)[] {
  return Array.from({ length: rounds }, () => texts.map((text) => () => run(text))).flat();
}

/** Milliseconds of each, after a tenth of them for warmth. */
function timed(runs: readonly (() => void)[]): Spent {
  for (const run of runs.slice(0, Math.ceil(runs.length / 10))) run();
  const spent = runs.map((run) => {
    const from = performance.now();
    run();
    return performance.now() - from;
  });
  return { p50: percentile(spent, 50), p99: percentile(spent, 99) };
}

function ms(milliseconds: number): string {
  return milliseconds.toFixed(milliseconds < 1 ? 3 : 1);
}
