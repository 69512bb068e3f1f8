/**
 * What held-out judging found, for people. In: verdicts and the calibration. Out: tables in Markdown: shares blocked by
 * source, all together by kind, and the curve over thresholds.
 */
import type { Calibrations } from "@cordon/core/inspection/injection/classifier";
import { isAnnounced } from "./announced.ts";
import type { Verdict } from "./held-out.ts";
import { isIndirect } from "./rows.ts";

const bars = [0.3, 0.5, 0.7] as const;
const curve = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8] as const;

interface Group {
  readonly kind: "direct" | "indirect" | "benign" | "harmful";
  readonly source: string;
  readonly label: string;
  readonly heldOut: string;
  readonly probabilities: number[];
  /** The same texts as untrusted parts. */
  readonly untrusted: number[];
}

export function describeHeldOut(verdicts: readonly Verdict[], calibrations: Calibrations): string {
  const groups = groupsOf(verdicts);
  const head =
    "| source | of what | left out | texts | from 0.3 | from 0.5 (deployed) | from 0.7 | untrusted, from 0.5 |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n";
  const lines = groups
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
    .map(({ source, label, heldOut, probabilities, untrusted }) => {
      const shares = bars.map((bar) => share(probabilities, bar)).join(" | ");
      const asUntrusted = untrusted.length === 0 ? "-" : share(untrusted, 0.5);
      return `| ${source} | ${label} | ${heldOut} | ${probabilities.length} | ${shares} | ${asUntrusted} |\n`;
    });
  return `${head}${lines.join("")}\n${describeCurve(groups, verdicts)}\n${JSON.stringify(calibrations)}\n`;
}

function nameOf({ kind, source, label, heldOut }: Group): string {
  return `${kind === "benign" || kind === "harmful" ? kind : "attack"} ${source} ${label} ${heldOut}`;
}

/** Pooled over all texts, and the mean over sources of at least five texts. The template-like honest half of one source is left out. */
function describeCurve(groups: readonly Group[], verdicts: readonly Verdict[]): string {
  const counted = groups.filter(({ kind, source }) => kind !== "benign" || source !== "neuralchemy");
  const row = (what: string, tell: (bar: number) => string): string =>
    `| ${what} | ${curve.map((bar) => tell(bar)).join(" | ")} |\n`;
  const rowsOf = (what: string, lists: readonly (readonly number[])[]): string => {
    const all = lists.flat();
    const large = lists.filter(({ length }) => length >= 5);
    return (
      row(`${what}, all ${all.length} texts`, (bar) => share(all, bar)) +
      row(`${what}, mean of ${large.length} sources`, (bar) =>
        (large.reduce((sum, each) => sum + Number(share(each, bar)), 0) / large.length).toFixed(1),
      )
    );
  };
  const bySource = (kind: Group["kind"], of: (group: Group) => readonly number[]): number[][] => {
    const chosen = counted.filter((group) => group.kind === kind);
    return [...Map.groupBy(chosen, ({ source }) => source).values()].map((each) => each.flatMap(of));
  };
  const asUser = (group: Group): readonly number[] => group.probabilities;
  const asUntrusted = (group: Group): readonly number[] => group.untrusted;
  const announced = verdicts
    .filter((verdict) => isAnnounced(verdict.row))
    .map(({ probability, untrusted }) => untrusted ?? probability);
  const lines = [
    rowsOf("direct", bySource("direct", asUser)),
    rowsOf("indirect, untrusted", bySource("indirect", asUntrusted)),
    rowsOf("indirect, as a user's", bySource("indirect", asUser)),
    rowsOf("benign, as a user's", bySource("benign", asUser)),
    rowsOf("benign documents, untrusted", bySource("benign", asUntrusted)),
    row(`announced, all ${announced.length} texts`, (bar) => share(announced, bar)),
  ];
  return `| blocked, % | ${curve.join(" | ")} |\n| --- |${" --- |".repeat(curve.length)}\n${lines.join("")}`;
}

function groupsOf(verdicts: readonly Verdict[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { row, heldOut, probability, untrusted } of verdicts) {
    const { label, source } = row;
    const kind =
      row.attack === 1 ? (isIndirect(row) ? "indirect" : "direct") : label === "harmful_request" ? "harmful" : "benign";
    const name = `${source} ${label} ${heldOut}`;
    const group = groups.get(name) ?? { kind, source, label, heldOut, probabilities: [], untrusted: [] };
    group.probabilities.push(probability);
    if (untrusted !== undefined) group.untrusted.push(untrusted);
    groups.set(name, group);
  }
  return [...groups.values()];
}

function share(probabilities: readonly number[], bar: number): string {
  return ((100 * probabilities.filter((each) => each >= bar).length) / probabilities.length).toFixed(1);
}
