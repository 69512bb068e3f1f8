/**
 * Prompt patterns of threat lists, held against a request. In: its JSON, and what lists say. Out: those that one of its texts
 * holds, in any case. One pass over the texts, however many patterns there are; nothing is looked at where no list has any.
 */
import type { JsonValue } from "@cordon/core/contract/strict-json";
import type { Instant } from "@cordon/core/instant";
import { createMatcher, type Matcher } from "@cordon/core/inspection/matching/aho-corasick";
import type { ThreatSignal } from "@cordon/core/risk/signals";
import { signals, type Indicator, type ThreatIndex } from "@cordon/core/risk/threats";

const matchers = new WeakMap<readonly Indicator[], Matcher>();
const maxPatterns = 5_000;
const none: readonly ThreatSignal[] = Object.freeze([]);

/** @param tree the request's body, where it was read */
export function promptThreats(
  tree: JsonValue | undefined,
  threats: ThreatIndex | undefined,
  now: Instant,
): readonly ThreatSignal[] {
  const prompts = threats?.prompts ?? [];
  if (tree === undefined || prompts.length === 0) return none;
  const kept = prompts.length > maxPatterns ? prompts.slice(0, maxPatterns) : prompts;
  let matcher = matchers.get(prompts);
  if (matcher === undefined)
    matchers.set(
      prompts,
      (matcher = createMatcher(
        kept.map(({ value }) => value),
        lowered,
      )),
    );
  const found = new Set<Indicator>();
  for (const text of texts(tree))
    matcher.scan(text, (pattern) => {
      const indicator = kept[pattern];
      if (indicator !== undefined) found.add(indicator);
    });
  return found.size === 0 ? none : signals([...found], now);
}

/** Only what keeps its length: the matcher works on code units. */
function lowered(unit: number): number {
  if (unit < 128) return unit >= 65 && unit <= 90 ? unit + 32 : unit;
  const lower = String.fromCharCode(unit).toLowerCase();
  return lower.length === 1 ? lower.charCodeAt(0) : unit;
}

/** All texts of a tree; its depth was bounded when it was read. */
function* texts(value: JsonValue): Generator<string> {
  if (typeof value === "string") yield value;
  else if (typeof value === "object" && value !== null)
    for (const child of Array.isArray(value) ? value : Object.values(value)) yield* texts(child);
}
