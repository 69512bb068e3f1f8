/**
 * One line of the live page. In: a ledger entry as the stream brings it. Out: a row: a decision that an outcome can
 * join, or anything else that happened, in words.
 *
 * An entry that this page does not know is shown as unknown, never left out.
 */
import { shortName } from "../words/names.ts";
import { decisionEntry, eventEntry, outcomeEntry, type DecisionEntry, type OutcomeEntry } from "./entry.ts";

export type Entry = Readonly<Record<string, unknown>>;

/** `observed`: let through by a route that only observes, though policy would have refused it. */
export type Effect = "allow" | "deny" | "observed";

export interface Outcome {
  readonly index: number;
  readonly entry: Entry;
  readonly facts: OutcomeEntry;
}

export interface DecisionRow {
  readonly type: "decision";
  readonly index: number;
  readonly at: number;
  /** What an outcome is joined by. */
  readonly join: string;
  readonly effect: Effect;
  readonly principal: string;
  /** The person whom the principal acts for. */
  readonly forUser?: string;
  readonly action: string;
  readonly resource: string;
  /** Why, in words. */
  readonly words: string;
  readonly entry: Entry;
  readonly facts: DecisionEntry;
  readonly outcome?: Outcome;
}

export interface EventRow {
  readonly type: "event";
  readonly index: number;
  readonly at: number;
  readonly kind: "refusal" | "change" | "discovery" | "writer" | "unknown";
  readonly principal: string;
  /** What happened, in words. */
  readonly words: string;
  readonly entry: Entry;
}

export type Row = DecisionRow | EventRow;

/** What an entry becomes: a row, or the outcome of a decision. */
export type Line = Row | { readonly type: "outcome"; readonly join: string; readonly outcome: Outcome };

export function readLine(index: number, entry: Entry): Line {
  const decision = decisionEntry.safeParse(entry);
  if (decision.success) return decisionRow(index, entry, decision.data);
  const outcome = outcomeEntry.safeParse(entry);
  if (outcome.success)
    return { type: "outcome", join: joinKey(outcome.data), outcome: { index, entry, facts: outcome.data } };
  const event = eventEntry.safeParse(entry);
  const base = { type: "event", index, entry } as const;
  if (!event.success) {
    const at = typeof entry["at"] === "number" ? entry["at"] : 0;
    const words = "an entry that this console does not know: a newer Cordon wrote it";
    return { ...base, at, kind: "unknown", principal: "", words };
  }
  const known = event.data;
  const { at, kind } = known;
  switch (known.kind) {
    case "refusal": {
      const times = known.count > 1 ? ` (${known.count} times)` : "";
      return { ...base, at, kind, principal: known.from, words: `${known.words}${times}` };
    }
    case "change":
      return { ...base, at, kind, principal: known.actor, words: changeWords(known.revision, known.objects) };
    case "discovery": {
      const models = known.visible.map(shortName).join(", ");
      const words =
        models === "" ? "asked for its models and was shown none" : `asked for its models and was shown ${models}`;
      return { ...base, at, kind, principal: known.principal, words };
    }
    case "writer":
      return { ...base, at, kind, principal: "ledger", words: known.words };
  }
}

/** An interaction may be decided several times; each decision has its own outcome. */
function joinKey({ id, again }: { readonly id: string; readonly again?: number | undefined }): string {
  return again === undefined ? id : `${id}#${again}`;
}

function decisionRow(index: number, entry: Entry, facts: DecisionEntry): DecisionRow {
  const reasons = facts.observed?.reasons ?? facts.reasons;
  return {
    type: "decision",
    index,
    at: facts.at,
    join: joinKey(facts),
    effect: facts.observed === undefined ? facts.effect : "observed",
    principal: facts.principal,
    ...(facts.user === undefined || facts.user.id === facts.principal ? {} : { forUser: facts.user.id }),
    action: facts.action,
    resource: facts.resource,
    words: reasons.map(({ words }) => words).join("; "),
    entry,
    facts,
  };
}

function changeWords(revision: number, objects: readonly { op: string; kind: string; name: string }[]): string {
  const named = objects.slice(0, 4).map(({ op, kind, name }) => `${op === "delete" ? "removed " : ""}${kind} ${name}`);
  const more = objects.length > 4 ? ` and ${objects.length - 4} more` : "";
  return `revision ${revision}: ${named.join(", ")}${more}`;
}
