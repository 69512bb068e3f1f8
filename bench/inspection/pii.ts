/**
 * `npm run bench -- pii [--peers FOLDER] [--kingfisher CHECKOUT]`: how much of personal data and of secrets is found, what ordinary text is taken
 * for it, and how long that takes. In: `../shared/data/text`; with `--peers` a folder in whose `node_modules`
 * `openredaction` stands, which is then asked the same, and a checkout of kingfisher's rules. Out: figures on the screen, and `bench/results/pii.json`.
 *
 * Names and addresses are judged on templates that training never saw. The rules for identifiers and secrets were written
 * with these public files in view: their figures here are an upper bound.
 */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import type { SpanDetector } from "@cordon/core/inspection/finding";
import { identifierDetector } from "@cordon/core/inspection/pii/detector";
import { nameDetector } from "@cordon/core/inspection/pii/names/detector";
import { scriptNameDetector } from "@cordon/core/inspection/pii/scripts/detector";
import { secretDetector } from "@cordon/core/inspection/secrets/detector";
import { longSecretDetector } from "@cordon/core/inspection/secrets/long";
import { ownSecretListsJudged } from "./own-secrets.ts";
import { secretsJudged } from "./secrets.ts";
import { unseenSecretsJudged } from "./secrets-unseen.ts";
import { percentile } from "../gateway/statistics.ts";
import { folder, presidioRows } from "./names/data.ts";

interface Span {
  readonly start: number;
  readonly end: number;
  readonly type: string;
}

interface Row {
  readonly text: string;
  readonly spans: readonly Span[];
  readonly meta: { readonly rule?: string };
}

interface Score {
  readonly found: number;
  readonly missed: number;
  readonly extra: number;
}

/** What finds spans: ours at once, a peer's after a while. */
type Finder = (text: string) => readonly Span[] | Promise<readonly Span[]>;

const ours: readonly SpanDetector[] = [
  identifierDetector,
  nameDetector,
  secretDetector,
  longSecretDetector,
  scriptNameDetector,
];
const ourNames = ["identifiers", "names", "secrets", "long secrets", "names in scripts"];

/** The labels of presidio-research, the types here, and those of openredaction. */
const identifiers: readonly (readonly [label: string, type: string, peer: readonly string[]])[] = [
  ["CREDIT_CARD", "credit-card", ["CREDIT_CARD"]],
  ["PHONE_NUMBER", "phone", ["PHONE"]],
  ["EMAIL_ADDRESS", "email", ["EMAIL"]],
  ["US_SSN", "us-ssn", ["SSN"]],
  ["IBAN_CODE", "iban", ["IBAN"]],
  ["IP_ADDRESS", "ip-address", ["IPV4", "IPV6", "IP_ADDRESS"]],
  ["US_DRIVER_LICENSE", "driver-licence", ["DRIVER", "LICENSE"]],
];
const ordinary = [
  "wildchat",
  "oasst2",
  "ultrachat",
  "dolly",
  "gsm8k",
  "bfcl",
  "source_code",
  "tech_docs",
  "nusax",
  "cendol",
  "xquad",
];
export async function benchPii(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { peers: { type: "string" }, kingfisher: { type: "string" } },
  });
  if (!existsSync(folder)) throw new Error(`${folder} is not there: the public texts are needed`);
  const peer = values.peers === undefined ? undefined : await openRedaction(values.peers);
  const results: Record<string, unknown> = {};

  say("Identifiers of presidio-research, exact spans of the right type");
  const presidio = rowsOf("pii_presidio");
  results["identifiers"] = await Promise.all(
    identifiers.map(async ([label, type, peerTypes]) => {
      const mine = await scoreOf(presidio, label, exact, (text) => findings(identifierDetector, text, `pii/${type}`));
      const theirs =
        peer &&
        (await scoreOf(presidio, label, exact, async (text) =>
          (await peer(text)).filter((span) => peerTypes.some((name) => span.type.includes(name))),
        ));
      say(
        `  ${type.padEnd(16)} ${scoreText(mine)}${theirs === undefined ? "" : `   openredaction ${scoreText(theirs)}`}`,
      );
      return { type, mine, theirs };
    }),
  );

  say("Names and addresses on templates that training never saw, spans that overlap by half");
  const { held } = presidioRows();
  results["names"] = await Promise.all(
    (["person", "address"] as const).map(async (type) => {
      const rows = held.map(({ text, spans }) => ({
        text,
        meta: {},
        spans: spans.map(({ start, end, label }) => ({ start, end, type: label })),
      }));
      const mine = await scoreOf(rows, type, overlapping, (text) => findings(nameDetector, text, `pii/${type}`));
      const theirs =
        peer &&
        (await scoreOf(rows, type, overlapping, async (text) =>
          (await peer(text)).filter((span) =>
            (type === "person" ? /^(?:NAME|PERSON|FULL_NAME)/ : /ADDRESS/).test(span.type),
          ),
        ));
      say(
        `  ${type.padEnd(16)} ${scoreText(mine)}${theirs === undefined ? "" : `   openredaction ${scoreText(theirs)}`}`,
      );
      return { type, mine, theirs };
    }),
  );

  results["secrets"] = secretsJudged(say);
  results["own secrets"] = ownSecretListsJudged(say);
  if (values.kingfisher !== undefined) {
    const known = new Set(
      [...rowsOf("secrets_gitleaks"), ...rowsOf("secrets_noseyparker")].map(({ text }) => text.trim()),
    );
    results["unseen secrets"] = unseenSecretsJudged(values.kingfisher, known, say);
  }

  say(`Ordinary text: findings of ${ordinary.join(", ")}`);
  results["ordinary"] = ordinaryCounts();
  say("Time, microseconds a text: median and 99th percentile; and megabytes a second");
  results["time"] = timings();
  await mkdir("bench/results", { recursive: true });
  await writeFile("bench/results/pii.json", `${JSON.stringify(results, undefined, 2)}\n`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function rowsOf(name: string): Row[] {
  return readFileSync(`${folder}/${name}.jsonl`, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
}

function findings(detector: SpanDetector, text: string, id: string): Span[] {
  return detector.detect(text).flatMap(({ detector: type, start, end }) => (type === id ? [{ type, start, end }] : []));
}

const exact = (a: Span, b: Span): boolean => a.start === b.start && a.end === b.end;

function overlapping(a: Span, b: Span): boolean {
  const common = Math.min(a.end, b.end) - Math.max(a.start, b.start);
  return common > 0 && common >= 0.5 * Math.min(a.end - a.start, b.end - b.start);
}

async function scoreOf(
  rows: readonly Row[],
  label: string,
  same: (a: Span, b: Span) => boolean,
  find: Finder,
): Promise<Score> {
  const score = { found: 0, missed: 0, extra: 0 };
  for (const { text, spans } of rows) {
    const gold = spans.filter(({ type }) => type === label);
    const found = await find(text);
    for (const span of gold) score[found.some((other) => same(span, other)) ? "found" : "missed"]++;
    for (const span of found) if (!gold.some((other) => overlapping(span, other))) score.extra++;
  }
  return score;
}

function scoreText({ found, missed, extra }: Score): string {
  const precision = found / Math.max(1, found + extra);
  const recall = found / Math.max(1, found + missed);
  const f1 = (2 * found) / Math.max(1, 2 * found + missed + extra);
  return `precision ${precision.toFixed(3)} recall ${recall.toFixed(3)} F1 ${f1.toFixed(3)} (${found + missed})`;
}

function ordinaryCounts(): unknown {
  const texts = ordinary.flatMap((name) => rowsOf(name).map(({ text }) => text));
  return ours.map((detector, at) => {
    const counts = new Map<string, number>();
    const hit = texts.filter((text) => {
      const found = detector.detect(text);
      for (const { detector: id } of found) counts.set(id, (counts.get(id) ?? 0) + 1);
      return found.length > 0;
    }).length;
    const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 6);
    const name = ourNames[at] ?? detector.name;
    say(
      `  ${name.padEnd(14)} ${hit} of ${texts.length} texts: ${most.map(([id, count]) => `${id} ${count}`).join(", ")}`,
    );
    return { name, hit, texts: texts.length, counts: Object.fromEntries(counts) };
  });
}

function timings(): unknown {
  const chat = rowsOf("wildchat")
    .map(({ text }) => text)
    .filter((text) => !/[\u0250-\u1fff\u2070-\uffff]/.test(text))
    .join("\n");
  return [512, 2048, 32_768, 131_072].map((size) => {
    const texts = Array.from({ length: Math.min(200, Math.floor(chat.length / size)) }, (_, at) =>
      chat.slice(at * size, (at + 1) * size),
    );
    const line = ours.map((detector) => {
      const times: number[] = [];
      for (let round = 0; round < (size > 8192 ? 6 : 40); round++) {
        for (const text of texts) {
          const started = performance.now();
          detector.detect(text);
          times.push((performance.now() - started) * 1000);
        }
      }
      const settled = times.slice(times.length / 2);
      return { p50: percentile(settled, 50), p99: percentile(settled, 99) };
    });
    const words = line.map(({ p50, p99 }, at) => `${ourNames[at]} ${p50.toFixed(0)} / ${p99.toFixed(0)}`);
    const whole = line.reduce((sum, { p50 }) => sum + p50, 0);
    say(
      `  ${(size / 1024).toString().padStart(5)} KB: ${words.join(", ")}; all ${whole.toFixed(0)}, ${(size / whole).toFixed(0)} MB/s`,
    );
    return { size, line };
  });
}

/** The peer, where it is installed: it is no dependency. */
async function openRedaction(from: string): Promise<(text: string) => Promise<readonly Span[]>> {
  const name = "openredaction";
  const path = createRequire(pathToFileURL(join(from, "package.json"))).resolve(name);
  const { OpenRedaction } = (await import(pathToFileURL(path).href)) as {
    readonly OpenRedaction: new (options: object) => {
      detect(text: string): Promise<{ detections: { type: string; position: [number, number] }[] }>;
    };
  };
  const redactor = new OpenRedaction({ redactionMode: "placeholder" });
  // It is asked once a text: each question takes it milliseconds.
  const answers = new Map<string, Promise<readonly Span[]>>();
  const ask = async (text: string): Promise<readonly Span[]> =>
    (await redactor.detect(text)).detections.map(({ type, position }) => ({
      type,
      start: position[0],
      end: position[1],
    }));
  return (text) => {
    const known = answers.get(text) ?? ask(text);
    answers.set(text, known);
    return known;
  };
}
