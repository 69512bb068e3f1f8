/** A decision's effect and end in the fewest words that say it. In: a row. Out: words, and how they are coloured. */
import { byteSize, duration } from "../words/amounts.ts";
import type { DecisionRow, Effect } from "./row.ts";

export const effectWords: Readonly<Record<Effect, string>> = { allow: "allow", deny: "deny", observed: "would deny" };

export interface EndWords {
  readonly words: string;
  /** On hover. */
  readonly more: string;
  readonly tone: "none" | "running" | "fine" | "poor" | "cut";
}

const ends: Readonly<Record<string, { readonly words: string; readonly tone: EndWords["tone"] }>> = {
  complete: { words: "", tone: "fine" },
  cut: { words: "cut", tone: "cut" },
  "client-closed": { words: "caller left", tone: "poor" },
  "upstream-failed": { words: "upstream failed", tone: "poor" },
  interrupted: { words: "interrupted", tone: "poor" },
};

/** `200 · 1.2 kB · 340 ms`, `cut · 4.0 kB`, `running`, `not forwarded` */
export function endWords({ effect, outcome, at }: DecisionRow): EndWords {
  if (outcome === undefined)
    return effect === "deny"
      ? { words: "not forwarded", more: "Nothing of the request went to the resource.", tone: "none" }
      : { words: "under way", more: "The outcome is recorded at the end.", tone: "running" };
  const { end, status, response, why } = outcome.facts;
  const known = ends[end] ?? { words: end, tone: "poor" as const };
  const tone = known.tone === "fine" && status >= 400 ? "poor" : known.tone;
  const parts = [
    known.words,
    status === 0 ? "" : String(status),
    response === undefined ? "" : byteSize(response.bytes),
  ];
  const took = duration(outcome.facts.at - at);
  return {
    words: [...parts, took].filter((part) => part !== "").join(" · "),
    more: `${end}${why === undefined ? "" : `: ${why.words}`}, ${took} after the decision`,
    tone,
  };
}
