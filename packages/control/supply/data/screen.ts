/**
 * A poisoning screen at the door of training. In: a table, its label column. Out: doubted labels, near-duplicate floods,
 * trigger patterns, outliers, as findings with the rows, and what was not looked at. A screen raises suspicion; it proves
 * neither poison nor its absence.
 */
import { CordonError } from "@cordon/core/errors";
import { supplyFinding, type SupplyFinding } from "../finding.ts";
import { makeFeatures, type Features } from "./features.ts";
import { doubtLabels, type DoubtedLabel } from "./label-flips.ts";
import { findFloods, type Flood } from "./near-duplicates.ts";
import { predictOutOfFold } from "./out-of-fold.ts";
import { findOutliers, type Outlier } from "./outliers.ts";
import type { Table } from "./read-table.ts";
import { findTriggers, type Trigger } from "./triggers.ts";

export interface ScreenOptions {
  /** Name of the label's column; without one, labels and triggers are not screened. */
  readonly label?: string;
  /** Share of doubted labels that is a finding. */
  readonly maxDoubted?: number;
  /** A group of near-duplicates counts from this share of the rows, and at least 10 rows. */
  readonly floodShare?: number;
  readonly seed?: number;
}

export interface ScreenReport {
  readonly rows: number;
  readonly labels: readonly string[];
  readonly doubted: readonly DoubtedLabel[];
  readonly floods: readonly Flood[];
  readonly triggers: readonly Trigger[];
  readonly outliers: readonly Outlier[];
  /** Screens that were not run, and why: they say nothing. */
  readonly notScreened: readonly string[];
  readonly findings: readonly SupplyFinding[];
}

const maxClasses = 64;
const minRowsPerScreen = 100;
const minFeaturesForFloods = 24;
export const defaultMaxDoubted = 0.05;
export const defaultFloodShare = 0.01;

/** Screens a table. @throws {CordonError} `SUPPLY_INPUT_INVALID` when there is no such label column */
export function screenTable(table: Table, options: ScreenOptions): ScreenReport {
  const label = labelColumn(table, options.label);
  const features = makeFeatures(table, label);
  const names = label < 0 ? [] : [...new Set(table.rows.map((row) => row[label] ?? ""))].toSorted();
  const notScreened: string[] = [];
  if (label < 0) notScreened.push("labels and triggers: no label column was named");
  else if (names.length < 2) notScreened.push("labels and triggers: there is one label only");
  else if (names.length > maxClasses) notScreened.push(`labels and triggers: there are more than ${maxClasses} labels`);
  else if (table.rows.length < minRowsPerScreen)
    notScreened.push(`labels and triggers: fewer than ${minRowsPerScreen} rows`);
  const judged = notScreened.length === 0 ? screenLabels(table, features, label, names, options.seed ?? 1) : undefined;
  const narrow = medianLength(features) < minFeaturesForFloods;
  if (narrow) notScreened.push("near-duplicates: rows have so few values that equal rows are usual");
  const floodRows = Math.max(10, Math.ceil(table.rows.length * (options.floodShare ?? defaultFloodShare)));
  const report = {
    rows: table.rows.length,
    labels: names,
    doubted: judged?.doubted ?? [],
    floods: narrow ? [] : findFloods(features, floodRows),
    triggers: judged?.triggers ?? [],
    outliers: findOutliers(table, features.kinds),
    notScreened,
  };
  return { ...report, findings: findingsOf(report, options) };
}

function medianLength({ rows }: Features): number {
  return rows.map(({ length }) => length).toSorted((a, b) => a - b)[rows.length >> 1] ?? 0;
}

function labelColumn(table: Table, name: string | undefined): number {
  if (name === undefined) return -1;
  const at = table.columns.indexOf(name);
  if (at < 0)
    throw new CordonError(
      "SUPPLY_INPUT_INVALID",
      `there is no column \`${name}\`; there are ${table.columns.slice(0, 20).join(", ")}`,
    );
  return at;
}

function screenLabels(table: Table, features: Features, column: number, names: readonly string[], seed: number) {
  const numbers = new Map(names.map((name, at) => [name, at]));
  const labels = Int32Array.from(table.rows.map((row) => numbers.get(row[column] ?? "") ?? 0));
  const model = predictOutOfFold(features, labels, names.length, seed);
  return { doubted: doubtLabels(model, labels), triggers: findTriggers(features, labels, model) };
}

function findingsOf(report: Omit<ScreenReport, "findings">, options: ScreenOptions): SupplyFinding[] {
  const share = report.doubted.length / report.rows;
  const findings: SupplyFinding[] = [];
  if (share > (options.maxDoubted ?? defaultMaxDoubted))
    findings.push(
      supplyFinding(
        "data/label-flips",
        "medium",
        `${report.doubted.length} labels (${percent(share)}) are contradicted by the rest of the data (flipped, or classes that overlap), first rows ${someRows(report.doubted.map(({ row }) => row))}`,
      ),
    );
  for (const { rows } of report.floods.slice(0, 20))
    findings.push(
      supplyFinding(
        "data/near-duplicates",
        "medium",
        `${rows.length} rows (${percent(rows.length / report.rows)}) are nearly the same: rows ${someRows(rows)}`,
      ),
    );
  for (const { feature, label, rows, purity, otherwise } of report.triggers.slice(0, 20))
    findings.push(
      supplyFinding(
        "data/trigger",
        "high",
        `${JSON.stringify(feature.slice(0, 80))} is in ${rows.length} rows, ${percent(purity)} of them labelled ${JSON.stringify((report.labels[label] ?? "").slice(0, 40))}, where everything else about them gives that label ${percent(otherwise)}: rows ${someRows(rows)}`,
      ),
    );
  if (report.outliers.length > 0) {
    const [first] = report.outliers;
    findings.push(
      supplyFinding(
        "data/outliers",
        "low",
        `${report.outliers.length} values are far outside their column, the farthest in ${JSON.stringify(first?.column ?? "")}: rows ${someRows(report.outliers.map(({ row }) => row))}`,
      ),
    );
  }
  for (const words of report.notScreened)
    findings.push(supplyFinding("data/not-screened", "low", `not screened: ${words}`));
  return findings;
}

/** Row numbers as people count them: from 1, without the header. */
function someRows(rows: readonly number[]): string {
  const shown = rows
    .slice(0, 8)
    .map((row) => row + 1)
    .join(", ");
  return rows.length > 8 ? `${shown}, ...` : shown;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
