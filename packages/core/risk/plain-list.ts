/**
 * A plain list of indicators. In: text, an indicator a line; `#` begins a comment, `prompt:` words to be found in prompts.
 * Out: indicators, and how many lines could not be read. Lines of the `hosts` format (`0.0.0.0 name`) name a domain.
 */
import type { Instant } from "../instant.ts";
import { canonicalValue, kindOf } from "./indicator.ts";
import type { Indicator } from "./threats.ts";

export interface ReadIndicators {
  readonly indicators: readonly Indicator[];
  /** What was not taken, and why, with how often. */
  readonly skipped: ReadonlyMap<string, number>;
}

export interface ListDefaults {
  readonly source: string;
  readonly confidence: number;
  /** When indicators end that do not say so themselves. */
  readonly until: Instant;
}

/** Most indicators that are taken from one list. */
export const maxIndicators = 500_000;

export function readPlainList(text: string, { source, confidence, until }: ListDefaults): ReadIndicators {
  const indicators: Indicator[] = [];
  const skipped = new Map<string, number>();
  const skip = (why: string): void => void skipped.set(why, (skipped.get(why) ?? 0) + 1);
  for (const line of text.split(/\r?\n/)) {
    const words = line.replace(/(?:^|\s)[#;].*$/, "").trim();
    if (words === "") continue;
    if (indicators.length >= maxIndicators) {
      skip(`past the limit of ${maxIndicators} indicators`);
      continue;
    }
    const prompt = /^prompt:\s*(.*)$/i.exec(words)?.[1];
    const item = prompt ?? words.replace(/^(?:0\.0\.0\.0|127\.0\.0\.1)\s+/, "");
    const kind = prompt === undefined ? kindOf(item) : "prompt";
    const value = kind === undefined ? undefined : canonicalValue(kind, item);
    if (kind === undefined || value === undefined)
      skip("no address, range, domain, SHA-256 or prompt of usable length");
    else indicators.push({ kind, value, source, confidence, until });
  }
  return { indicators, skipped };
}
