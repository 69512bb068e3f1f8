/**
 * Patterns that decide a label by themselves. In: features, labels, the model. Out: rare features whose rows nearly all
 * have one label, although everything else about those rows says another: what a backdoor's trigger looks like (Gu,
 * Dolan-Gavitt and Garg 2017). A word that honestly goes with a label has company that says so too.
 *
 * A trigger in rows that already had the wanted label (clean-label) is not found this way.
 */
import type { Features } from "./features.ts";
import { softmax, type OutOfFold } from "./out-of-fold.ts";

export interface Trigger {
  readonly feature: string;
  readonly label: number;
  readonly rows: readonly number[];
  /** Share of its rows that have the label. */
  readonly purity: number;
  /** Mean probability of the label for its rows, by everything else about them. */
  readonly otherwise: number;
  /** How far the labels are from what everything else says, in standard deviations. */
  readonly deviations: number;
}

const minRows = 8;
const maxShare = 0.15;
const minPurity = 0.9;
/** Thousands of features are tried, so chance has to be far away. */
const minDeviations = 5;
/** Where everything else already says the label, the pattern decides nothing. */
const maxOtherwise = 0.65;
const maxCandidates = 4000;

/** Finds triggers, strongest first; features that come in the same rows are one. */
export function findTriggers(features: Features, labels: Int32Array, model: OutOfFold): Trigger[] {
  const rowsOf = indexRows(features);
  const share = labelShares(labels, model.classes);
  const found: Trigger[] = [];
  for (const { id, rows, label, purity } of candidates(features, rowsOf, labels, share, model.classes)) {
    const together = companions(features, rows, id);
    const { otherwise, deviations } = surpriseOf(rows, label, together, labels, model);
    if (otherwise <= maxOtherwise && deviations >= minDeviations)
      found.push({ feature: features.names[id] ?? "", label, rows, purity, otherwise, deviations });
  }
  return distinct(found.toSorted((a, b) => b.deviations - a.deviations));
}

function indexRows(features: Features): number[][] {
  const rowsOf: number[][] = features.names.map(() => []);
  const limit = Math.max(minRows, features.rows.length * maxShare);
  for (const [row, on] of features.rows.entries())
    for (const id of on)
      if ((features.counts[id] ?? 0) >= minRows && (features.counts[id] ?? 0) <= limit) rowsOf[id]?.push(row);
  return rowsOf;
}

function labelShares(labels: Int32Array, classes: number): Float64Array {
  const shares = new Float64Array(classes);
  for (const label of labels) shares[label] = (shares[label] ?? 0) + 1 / labels.length;
  return shares;
}

interface Candidate {
  readonly id: number;
  readonly rows: readonly number[];
  readonly label: number;
  readonly purity: number;
}

/** Pure features, those most unlikely by chance first. */
function candidates(
  features: Features,
  rowsOf: readonly (readonly number[])[],
  labels: Int32Array,
  share: Float64Array,
  classes: number,
): Candidate[] {
  const list: (Candidate & { readonly surprise: number })[] = [];
  for (const [id, rows] of rowsOf.entries()) {
    if (rows.length < minRows) continue;
    const counts = new Float64Array(classes);
    for (const row of rows) counts[labels[row] ?? 0] = (counts[labels[row] ?? 0] ?? 0) + 1;
    const label = argmax(counts);
    const purity = (counts[label] ?? 0) / rows.length;
    const base = share[label] ?? 0;
    if (purity < minPurity || base > 0.9) continue;
    // How far the share of the label in these rows is from its share overall, in standard deviations.
    const surprise = ((purity - base) * Math.sqrt(rows.length)) / Math.sqrt(Math.max(1e-9, base * (1 - base)));
    if (surprise > 1.5) list.push({ id, rows, label, purity, surprise });
  }
  return list.toSorted((a, b) => b.surprise - a.surprise).slice(0, maxCandidates);
}

/** Features that come with the trigger nearly always, and nearly never without it: parts of one pattern. */
function companions(features: Features, rows: readonly number[], id: number): Set<number> {
  const seen = new Map<number, number>();
  for (const row of rows) for (const other of features.rows[row] ?? []) seen.set(other, (seen.get(other) ?? 0) + 1);
  const together = new Set([id]);
  for (const [other, count] of seen)
    if (count >= rows.length * 0.8 && count >= (features.counts[other] ?? 0) * 0.6) together.add(other);
  // Pairs of words that hold a part of the pattern carry its weight as well.
  const names = new Set([...together].map((part) => features.names[part] ?? ""));
  for (const other of seen.keys()) {
    const words = (features.names[other] ?? "").split(" ");
    if (words.length === 2 && words.some((word) => names.has(word))) together.add(other);
  }
  return together;
}

/** The labels of these rows against what the model says of them without the pattern. */
function surpriseOf(
  rows: readonly number[],
  label: number,
  without: ReadonlySet<number>,
  labels: Int32Array,
  model: OutOfFold,
): { readonly otherwise: number; readonly deviations: number } {
  let [expected, variance, observed] = [0, 0, 0];
  for (const row of rows) {
    const p = softmax(model.scoresWithout(row, without))[label] ?? 0;
    expected += p;
    variance += p * (1 - p);
    if (labels[row] === label) observed++;
  }
  return { otherwise: expected / rows.length, deviations: (observed - expected) / Math.sqrt(variance + 0.5) };
}

function distinct(triggers: readonly Trigger[]): Trigger[] {
  const kept: Trigger[] = [];
  for (const trigger of triggers) {
    const rows = new Set(trigger.rows);
    const same = kept.some(
      (other) => other.rows.filter((row) => rows.has(row)).length > 0.6 * Math.min(rows.size, other.rows.length),
    );
    if (!same) kept.push(trigger);
    if (kept.length >= 50) break;
  }
  return kept;
}

function argmax(values: Float64Array | Float32Array): number {
  let best = 0;
  for (let at = 1; at < values.length; at++) if ((values[at] ?? 0) > (values[best] ?? 0)) best = at;
  return best;
}
