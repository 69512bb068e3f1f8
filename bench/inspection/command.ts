/**
 * `npm run bench -- inspection [--quick] [--data FOLDER]`: what inspection finds, what it blocks wrongly, and how long it takes,
 * beside the peers of npm in the same run. In: the labelled texts. Out: tables; the same as JSON in `bench/results/`.
 *
 * The sources here were trained on: their recall is an upper bound. What users meet is a source that was left out:
 * `node tools/train-injection.ts --check` prints that.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { builtInInspection } from "@cordon/core/inspection/detectors";
import { inspect } from "@cordon/core/inspection/inspect";
import { readSources, type Source } from "./corpus.ts";
import { cordonElsewhere, cordonInjectionJudge, cordonJudge, loadPeers, type Judge } from "./judges.ts";
import { measureLatency, measureUndoubted, sizes, type Latency } from "./latency.ts";

const print = (line = ""): void => void process.stdout.write(`${line}\n`);

export async function benchInspection(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: "boolean", default: false }, data: { type: "string", default: "../shared/data/text" } },
  });
  const { judges: peers, missing } = await loadPeers();
  for (const { name, reason } of missing) print(`not compared: ${name}: ${reason}`);
  const ours = cordonInjectionJudge();
  const judges = [ours, ...peers];
  const report: Record<string, unknown> = {};
  if (existsSync(values.data)) {
    const sources = readSources(values.data, values.quick ? 60 : 400);
    report["sources"] = await detectionTable(judges, sources);
    report["curve"] = curve(sources);
    report["latency"] = await latencyTable([cordonJudge(), ...judges], sources, values.quick ? 0.2 : 1);
    const seconds = values.quick ? 0.5 : 2;
    report["undoubted"] = undoubtedTable(sources, chats, 2048, "user", seconds);
    report["undoubtedDocuments"] = undoubtedTable(
      readSources(values.data, 4000),
      long,
      128 * 1024,
      "untrusted",
      seconds,
    );
  } else print(`not measured: ${values.data} is not there; give a folder of labelled texts with --data`);
  mkdirSync("bench/results", { recursive: true });
  writeFileSync("bench/results/inspection.json", `${JSON.stringify(report, null, 2)}\n`);
  // The worker that failed above would keep the process.
  process.exit(process.exitCode ?? 0);
}

async function detectionTable(judges: readonly Judge[], sources: readonly Source[]): Promise<unknown[]> {
  print(
    `\nshare of texts blocked, % (sources that Cordon was trained on; for left-out sources: tools/train-injection.ts)`,
  );
  print(`${"source".padEnd(44)}${"texts".padStart(6)}${judges.map(({ name }) => name.padStart(26)).join("")}`);
  const rows: unknown[] = [];
  for (const { name, label, texts } of sources.toSorted((a, b) => (rank(a.label) < rank(b.label) ? -1 : 1))) {
    const blocked: Record<string, number> = {};
    for (const judge of judges) {
      let count = 0;
      for (const text of texts) if (await judge.blocks(text)) count += 1;
      blocked[judge.name] = count / texts.length;
    }
    const shares = judges.map((judge) => (100 * (blocked[judge.name] ?? 0)).toFixed(1).padStart(26)).join("");
    print(`${`${name} ${label}`.padEnd(44)}${String(texts.length).padStart(6)}${shares}`);
    rows.push({ source: name, label, texts: texts.length, blocked });
  }
  return rows;
}

function rank(label: string): string {
  return label === "benign" ? "2" : label === "harmful_request" ? "3" : "1";
}

/** Recall and false positives as the threshold moves: each source counts the same. */
function curve(sources: readonly Source[]): unknown[] {
  const options = { ...builtInInspection("request"), spanDetectors: [] };
  const scored = sources
    .filter(({ label }) => label !== "harmful_request")
    .map(({ label, texts }) => ({ label, scores: texts.map((text) => inspect({ text }, options).score) }));
  const mean = (attack: boolean, bar: number): number => {
    const shares = scored
      .filter(({ label }) => (label !== "benign") === attack)
      .map(({ scores }) => scores.filter((score) => score >= bar).length / scores.length);
    return shares.reduce((sum, share) => sum + share, 0) / shares.length;
  };
  print(`\nthreshold   recall   false positives (means over sources, %)`);
  return [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95].map((bar) => {
    const point = { threshold: bar, recall: mean(true, bar), falsePositives: mean(false, bar) };
    print(
      `${bar.toFixed(2).padStart(9)}${(100 * point.recall).toFixed(1).padStart(9)}${(100 * point.falsePositives).toFixed(2).padStart(18)}`,
    );
    return point;
  });
}

/** Chat up to 2 KB, documents above. A peer gets a fifth of the time where it is slow. */
async function latencyTable(judges: readonly Judge[], sources: readonly Source[], seconds: number): Promise<Latency[]> {
  const textOf = (...names: readonly string[]): string =>
    sources
      .filter(({ name, label }) => names.includes(name) && label === "benign")
      .flatMap(({ texts }) => texts)
      .join("\n\n");
  const chat = textOf("oasst2", "ultrachat", "wildchat", "dolly");
  const documents = textOf("tech_docs", "t0_documents");
  print(
    `\n${"judge".padEnd(28)}${"bytes".padStart(8)}${"p50 us".padStart(10)}${"p99 us".padStart(10)}${"MB/s".padStart(9)}${"encoder asked".padStart(15)}`,
  );
  const all: Latency[] = [];
  for (const bytes of sizes)
    for (const judge of judges) {
      const latency = await measureLatency(judge, bytes <= 2048 ? chat : documents, bytes, seconds);
      all.push(latency);
      print(
        `${judge.name.padEnd(28)}${String(bytes).padStart(8)}${latency.p50.toFixed(0).padStart(10)}${latency.p99.toFixed(0).padStart(10)}${latency.megabytesPerSecond.toFixed(1).padStart(9)}${latency.asked === undefined ? "" : `${(100 * latency.asked).toFixed(0)} %`.padStart(15)}`,
      );
    }
  return all;
}

const chats = ["ultrachat", "dolly", "gsm8k", "tech_docs", "source_code", "nusax", "cendol", "xquad", "wildchat"];
const long = ["t0_documents", "ultrachat", "tech_docs", "source_code"];

/** What texts of one size take in the gateway's own thread, by what they are written in. */
function undoubtedTable(
  sources: readonly Source[],
  names: readonly string[],
  bytes: number,
  origin: "user" | "untrusted",
  seconds: number,
): unknown[] {
  const judge = cordonElsewhere(origin);
  print(
    `\n${bytes / 1024} KB (${origin}) in no doubt, the encoder elsewhere: p50 and the fastest tenth, us; the share in doubt, which are not counted`,
  );
  return names.flatMap((name) => {
    const source = sources.find((each) => each.name === name && each.label === "benign");
    const text = source?.texts.join("\n\n") ?? "";
    if (text.length <= 2 * bytes) {
      print(`${name.padEnd(28)}not measured: the folder has too little of it`);
      return [];
    }
    const { p50, fastestTenth, doubted } = measureUndoubted(judge, text, bytes, seconds);
    if (doubted === 1) {
      print(`${name.padEnd(28)}every text is in doubt`);
      return [{ source: name, doubted }];
    }
    const told = `${p50.toFixed(0).padStart(8)}${fastestTenth.toFixed(0).padStart(8)}${`${(100 * doubted).toFixed(0)} %`.padStart(8)}`;
    print(`${name.padEnd(28)}${told}`);
    return [{ source: name, p50, fastestTenth, doubted }];
  });
}
