/**
 * A change of configuration in words. In: what components and people gain and lose by it. Out: text, a Markdown table for a
 * review, or JSON.
 */
import type { Action } from "@cordon/core/contract/vocabulary";
import type { PersonDifference, PersonPair } from "@cordon/core/policy/analysis/person-difference";
import type { ReachDifference, ReachPair, ReachPairs } from "@cordon/core/policy/analysis/reach-difference";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import { duringWords, shortName } from "./offline.ts";

export interface Change {
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly difference: ReachDifference;
  readonly people: PersonDifference;
}

/** Pairs that are spelled out of each kind; the rest is counted. */
const mostShown = 10_000;

/** One line of what changes. */
interface Row {
  readonly who: string;
  readonly action: Action;
  readonly resource: string;
  /** Times, grants, approvals; empty where it is at any time. */
  readonly when: string;
  readonly permits: readonly string[];
}

interface Kind {
  readonly title: string;
  readonly sign: string;
  readonly count: number;
  readonly rows: readonly Row[];
}

/** Gained, changed and lost, components before people. */
function kindsOf({ before, after, difference, people }: Change): readonly Kind[] {
  const kind = (title: string, sign: string, snapshot: Snapshot, name: "gained" | "changed" | "lost"): Kind => ({
    title,
    sign,
    count: difference[name].count + people[name].length,
    rows: [
      ...shown(difference[name]).map((pair) => componentRow(snapshot, pair)),
      ...people[name].slice(0, mostShown).map((pair) => personRow(snapshot, pair)),
    ],
  });
  return [
    kind("Gained", "+", after, "gained"),
    kind("Otherwise than before", "~", after, "changed"),
    kind("Lost", "-", before, "lost"),
  ];
}

function componentRow(snapshot: Snapshot, { principal, action, resource, permits, during }: ReachPair): Row {
  const who = shortName(snapshot, principal);
  return { who, action, resource: shortName(snapshot, resource), when: duringWords(during), permits };
}

function personRow(snapshot: Snapshot, pair: PersonPair): Row {
  const { who, through, action, resource, permits, during, grant, eachCallApproved } = pair;
  const terms = [
    duringWords(during),
    grant === undefined ? "" : `by grant ${grant.id}, until ${new Date(grant.ends).toISOString()}`,
    eachCallApproved ? "each call approved by itself" : "",
  ];
  return {
    who: through === undefined ? who : `${shortName(snapshot, through)} for ${who}`,
    ...{ action, resource: shortName(snapshot, resource), permits },
    when: terms.filter((term) => term !== "").join("; "),
  };
}

function shown(pairs: ReachPairs): readonly ReachPair[] {
  const list: ReachPair[] = [];
  for (const pair of pairs) {
    if (list.length >= mostShown) break;
    list.push(pair);
  }
  return list;
}

function rest({ count, rows }: Kind): readonly string[] {
  return count > rows.length ? [`and ${count - rows.length} more`] : [];
}

export function json({ difference: { gained, lost, changed }, people }: Change): unknown {
  const counts = { gained: gained.count, lost: lost.count, changed: changed.count };
  const few = (list: readonly PersonPair[]): readonly PersonPair[] => list.slice(0, mostShown);
  return {
    ...{ gained: shown(gained), lost: shown(lost), changed: shown(changed), counts },
    people: {
      ...{ gained: few(people.gained), lost: few(people.lost), changed: few(people.changed) },
      counts: { gained: people.gained.length, lost: people.lost.length, changed: people.changed.length },
    },
  };
}

export function plain(change: Change): string {
  const kinds = kindsOf(change);
  const lines = kinds.flatMap((kind) => [
    ...kind.rows.map((row) => `${kind.sign} ${words(row)}`),
    ...rest(kind).map((text) => `${kind.sign} ${text}`),
  ]);
  const [gained, changed, lost] = kinds.map(({ count }) => count);
  lines.push(`${gained} gained, ${changed} otherwise than before, ${lost} lost`);
  return `${lines.join("\n")}\n`;
}

function words({ who, action, resource, when, permits }: Row): string {
  const by = permits.length === 0 ? "" : `  [${permits.join(", ")}]`;
  return `${who}  ${action}  ${resource}${when === "" ? "" : `  ${when}`}${by}`;
}

/** Names of groups are whatever somebody wrote: they end neither a cell nor its code. */
function cell(text: string): string {
  return text.replaceAll(/[`|\s]+/g, " ");
}

export function markdown(change: Change): string {
  const kinds = kindsOf(change);
  const tables = kinds.flatMap((kind) =>
    kind.count === 0
      ? []
      : [
          `### ${kind.title}: ${kind.count}`,
          "",
          "| who | action | resource | when | by |",
          "| --- | --- | --- | --- | --- |",
          ...kind.rows.map(
            ({ who, action, resource, when, permits }) =>
              `| \`${cell(who)}\` | ${action} | \`${resource}\` | ${when || "at any time"} | ${permits.map((id) => `\`${id}\``).join(" ")} |`,
          ),
          ...rest(kind),
          "",
        ],
  );
  const nothing = kinds.every(({ count }) => count === 0);
  return [
    "## What this change lets through",
    "",
    ...tables,
    nothing ? "Nothing is gained and nothing is lost.\n" : "",
  ].join("\n");
}
