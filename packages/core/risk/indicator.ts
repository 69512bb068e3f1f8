/**
 * What an indicator's value may be. In: a kind and text as a list writes it. Out: its one spelling, or `undefined` for what
 * would match nothing, or everything: a range that holds half the Internet is a mistake, or an attack on those who read it.
 */
import { parseCidr } from "./cidr.ts";
import type { IndicatorKind } from "./signals.ts";
import { promptBounds } from "./threats.ts";

/** Widest ranges that are taken: a /8 of IPv4, a /16 of IPv6. */
const leastPrefix = { v4: 96 + 8, v6: 16 } as const;

export function canonicalValue(kind: IndicatorKind, text: string): string | undefined {
  switch (kind) {
    case "address": {
      const range = parseCidr(text);
      if (range === undefined) return undefined;
      return range.prefix >= (text.includes(":") ? leastPrefix.v6 : leastPrefix.v4) ? text.toLowerCase() : undefined;
    }
    case "domain":
      return canonicalDomain(text);
    case "hash":
      return /^[0-9a-fA-F]{64}$/.test(text) ? text.toLowerCase() : undefined;
    case "prompt": {
      const words = text.trim().toLowerCase();
      return words.length >= promptBounds.least && words.length <= promptBounds.most ? words : undefined;
    }
  }
}

/** Two labels at least: nobody lists a whole top-level domain. */
function canonicalDomain(text: string): string | undefined {
  const host = text.toLowerCase().replace(/\.$/, "");
  if (host.length > 253 || !host.includes(".")) return undefined;
  const labels = host.split(".");
  if (!labels.every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))) return undefined;
  // All digits at the end is an address, not a name.
  return /^[0-9]+$/.test(labels.at(-1) ?? "") ? undefined : host;
}

/** What kind of indicator a line of a plain list is. */
export function kindOf(text: string): IndicatorKind | undefined {
  for (const kind of ["address", "hash", "domain"] as const) if (canonicalValue(kind, text) !== undefined) return kind;
  return undefined;
}
