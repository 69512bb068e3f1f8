/** Which rows are shown. In: rows and a filter. Out: the rows that match all of it, in the same order. */
import { shortName } from "../words/names.ts";
import type { Row } from "./row.ts";

export interface RowFilter {
  /** `events`: what is no decision. */
  readonly effect: "all" | "allow" | "deny" | "observed" | "events";
  /** A whole id; undefined for everyone. */
  readonly principal: string | undefined;
  readonly resource: string | undefined;
  /** Words that must all occur somewhere in the row, in any case. */
  readonly text: string;
}

export const everything: RowFilter = { effect: "all", principal: undefined, resource: undefined, text: "" };

export function isEverything({ effect, principal, resource, text }: RowFilter): boolean {
  return effect === "all" && principal === undefined && resource === undefined && text.trim() === "";
}

export function filterRows(rows: readonly Row[], filter: RowFilter): readonly Row[] {
  if (isEverything(filter)) return rows;
  const words = filter.text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return rows.filter(
    (row) =>
      effectMatches(row, filter.effect) &&
      (filter.principal === undefined || row.principal === filter.principal || isFor(row, filter.principal)) &&
      (filter.resource === undefined || (row.type === "decision" && row.resource === filter.resource)) &&
      words.every((word) => searchText(row).includes(word)),
  );
}

/** Everyone who occurs in the rows, for choosing from: ids, ordered by their short names. */
export function parties(rows: readonly Row[]): { readonly principals: string[]; readonly resources: string[] } {
  const principals = new Set<string>();
  const resources = new Set<string>();
  for (const row of rows) {
    if (row.type !== "decision") continue;
    principals.add(row.principal);
    if (row.forUser !== undefined) principals.add(row.forUser);
    resources.add(row.resource);
  }
  const ordered = (ids: ReadonlySet<string>): string[] =>
    [...ids].toSorted((a, b) => shortName(a).localeCompare(shortName(b)) || a.localeCompare(b));
  return { principals: ordered(principals), resources: ordered(resources) };
}

/** Whether a workload acts for the person whom a filter is about. */
function isFor(row: Row, person: string): boolean {
  return row.type === "decision" && row.forUser === person;
}

function effectMatches(row: Row, effect: RowFilter["effect"]): boolean {
  if (effect === "all") return true;
  return effect === "events" ? row.type === "event" : row.type === "decision" && row.effect === effect;
}

/** What a person who searches may have in mind, in lower case. Made once a row. */
const searchTexts = new WeakMap<Row, string>();

function searchText(row: Row): string {
  const made = searchTexts.get(row);
  if (made !== undefined) return made;
  const fields =
    row.type === "event"
      ? [row.kind, row.principal, row.words]
      : [
          ...[row.effect, row.principal, row.forUser ?? "", row.action, row.resource, row.words, row.facts.id],
          ...row.facts.reasons.map(({ code, policy }) => `${code} ${policy ?? ""}`),
          ...(row.outcome === undefined
            ? []
            : [row.outcome.facts.end, String(row.outcome.facts.status), row.outcome.facts.why?.code ?? ""]),
        ];
  const text = fields.join(" ").toLowerCase();
  searchTexts.set(row, text);
  return text;
}
