/**
 * Secrets, by two sources that know nothing of each other: rule tests of gitleaks, rule examples of noseyparker. In: their
 * texts. Out: precision and recall by text, as labelled and as read; from which score on a finding counts is chosen on one
 * source and judged on the other, both ways.
 *
 * The sources label for one rule at a time: a text that one rule must not match may hold another's secret, and a text that
 * it must match may hold `aaaa…` or `$PASSWORD`. As read, a text counts by what it holds (see `secret-labels.ts`).
 */
import { readFileSync } from "node:fs";
import { secretDetector } from "@cordon/core/inspection/secrets/detector";
import { longSecretDetector } from "@cordon/core/inspection/secrets/long";
import { folder } from "./names/data.ts";
import { holdsSecret, isAmbiguous, type SecretRow } from "./secret-labels.ts";

interface Judged {
  readonly positive: boolean;
  /** The highest score of what is found in it; 0 where nothing is. */
  readonly score: number;
}

interface Score {
  readonly texts: number;
  readonly precision: number;
  readonly recall: number;
}

/** Rules of noseyparker whose examples name a thing without giving it away. */
const noSecret =
  /Amazon Resource Name|Account ID|S3 Bucket|Storage Bucket|Client ID|Username$|Shopify Domain|Age Recipient/;
const sources = ["gitleaks", "noseyparker"] as const;
/** What is asked of the chosen score on the source that it is chosen on. */
const leastPrecision = 0.95;
const candidates = [0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];

export function secretsJudged(say: (line: string) => void): unknown {
  const results: Record<string, unknown> = {};
  for (const [name, label] of [
    ["as labelled", ({ spans }: SecretRow) => spans.length > 0],
    ["as read", holdsSecret],
  ] as const) {
    const judged = new Map(sources.map((source) => [source, judgedRows(source, label, name === "as read")]));
    say(`Secrets, ${name}: texts with one in which something is found, texts without in which nothing is`);
    for (const source of sources) {
      const other = sources.find((each) => each !== source) ?? source;
      const rows = judged.get(source) ?? [];
      const deployed = scoreFrom(rows, 0.5);
      const from = chosenOn(judged.get(other) ?? []);
      const transferred = scoreFrom(rows, from);
      say(`  ${source.padEnd(14)} from 0.50 (deployed): ${words(deployed)}`);
      say(`  ${"".padEnd(14)} from ${from.toFixed(2)} (chosen on ${other}): ${words(transferred)}`);
      results[`${source}, ${name}`] = { deployed, from, transferred };
    }
  }
  return results;
}

function judgedRows(source: string, label: (row: SecretRow) => boolean, read: boolean): Judged[] {
  return readFileSync(`${folder}/secrets_${source}.jsonl`, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as SecretRow)
    .filter((row) => !noSecret.test(row.meta.rule ?? "") && !(read && isAmbiguous(row)))
    .map((row) => {
      const found = [...secretDetector.detect(row.text), ...longSecretDetector.detect(row.text)];
      return { positive: label(row), score: Math.max(0, ...found.map(({ score }) => score)) };
    });
}

function scoreFrom(rows: readonly Judged[], from: number): Score {
  const hits = rows.filter(({ score }) => score >= from);
  const found = hits.filter(({ positive }) => positive).length;
  const all = rows.filter(({ positive }) => positive).length;
  return { texts: rows.length, precision: found / Math.max(1, hits.length), recall: found / Math.max(1, all) };
}

/** The lowest score from which precision is enough; the most precise where none is. */
function chosenOn(rows: readonly Judged[]): number {
  const best = candidates.toSorted((a, b) => scoreFrom(rows, b).precision - scoreFrom(rows, a).precision)[0] ?? 0.5;
  return candidates.find((from) => scoreFrom(rows, from).precision >= leastPrecision) ?? best;
}

function words({ texts, precision, recall }: Score): string {
  return `precision ${precision.toFixed(3)} recall ${recall.toFixed(3)} of ${texts} texts`;
}
