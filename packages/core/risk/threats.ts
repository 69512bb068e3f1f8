/**
 * Threat intelligence, ready to be asked. In: indicators from lists. Out: those that an address, a host name, a digest or a
 * text matches and that have not ended. Asked on every request that comes from a routed network, so looking up does not grow
 * with the lists.
 */
import type { Instant } from "../instant.ts";
import { addressBits, CidrMap, parseCidr, type Cidr } from "./cidr.ts";
import type { IndicatorKind, ThreatSignal } from "./signals.ts";

export interface Indicator {
  readonly kind: IndicatorKind;
  /** An address or range, a domain in lower case, a SHA-256 in lower-case hex, or words. */
  readonly value: string;
  /** 0 to 100. */
  readonly confidence: number;
  /** The list it came from, as the configuration names it. */
  readonly source: string;
  /** Its id at the source, such as a STIX id. */
  readonly id?: string;
  readonly from?: Instant;
  readonly until?: Instant;
}

/** Longest words of a prompt pattern, in characters; shorter than the least says too little. */
export const promptBounds = { least: 8, most: 1_000 } as const;

export interface ThreatIndex {
  readonly size: number;
  address(text: string, now: Instant): readonly ThreatSignal[];
  /** A listed domain stands for those below it. */
  domain(host: string, now: Instant): readonly ThreatSignal[];
  hash(sha256: string, now: Instant): readonly ThreatSignal[];
  /** All that lists say, whenever it holds: to tell whether a newer list says something else. */
  everAddress(text: string): readonly Indicator[];
  everDomain(host: string): readonly Indicator[];
  /** Words to be found in prompts, folded to lower case. */
  readonly prompts: readonly Indicator[];
  readonly lists: ReadonlyMap<string, number>;
}

export const noThreats: ThreatIndex = Object.freeze({
  size: 0,
  address: () => none,
  domain: () => none,
  hash: () => none,
  everAddress: () => [],
  everDomain: () => [],
  prompts: Object.freeze([]),
  lists: new Map<string, number>(),
});

const none: readonly ThreatSignal[] = Object.freeze([]);

export function indexThreats(indicators: readonly Indicator[]): ThreatIndex {
  if (indicators.length === 0) return noThreats;
  const ranges = new Map<string, [Cidr, Indicator[]]>();
  const domains = new Map<string, Indicator[]>();
  const hashes = new Map<string, Indicator[]>();
  const prompts: Indicator[] = [];
  const lists = new Map<string, number>();
  for (const indicator of indicators) {
    lists.set(indicator.source, (lists.get(indicator.source) ?? 0) + 1);
    switch (indicator.kind) {
      case "address": {
        const range = parseCidr(indicator.value);
        if (range === undefined) break;
        const key = `${range.bits}/${range.prefix}`;
        const known = ranges.get(key);
        if (known === undefined) ranges.set(key, [range, [indicator]]);
        else known[1].push(indicator);
        break;
      }
      case "domain":
        add(domains, indicator.value, indicator);
        break;
      case "hash":
        add(hashes, indicator.value, indicator);
        break;
      case "prompt":
        prompts.push(indicator);
        break;
    }
  }
  const byAddress = new CidrMap(ranges.values());
  const everAddress = (text: string): readonly Indicator[] => {
    const bits = byAddress.size === 0 ? undefined : addressBits(text);
    return bits === undefined ? [] : byAddress.all(bits).flat();
  };
  const everDomain = (host: string): readonly Indicator[] => {
    if (domains.size === 0) return [];
    const labels = host.toLowerCase().replace(/\.$/, "").split(".");
    return labels.flatMap((_label, from) => domains.get(labels.slice(from).join(".")) ?? []);
  };
  return {
    size: indicators.length,
    lists,
    prompts,
    everAddress,
    everDomain,
    address: (text, now) => signals(everAddress(text), now),
    domain: (host, now) => signals(everDomain(host), now),
    hash: (sha256, now) => signals(hashes.get(sha256.toLowerCase().replace(/^sha256:/, "")) ?? [], now),
  };
}

/** An indicator as a signal, where it is valid now. */
export function signals(indicators: readonly Indicator[], now: Instant): readonly ThreatSignal[] {
  if (indicators.length === 0) return none;
  return indicators
    .filter(({ from = -Infinity, until = Infinity }) => from <= now && now < until)
    .map(({ kind, value, source, confidence, until }) => ({
      ...{ kind, indicator: value, source, confidence },
      ...(until === undefined ? {} : { until }),
    }));
}

function add(map: Map<string, Indicator[]>, key: string, indicator: Indicator): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [indicator]);
  else known.push(indicator);
}
