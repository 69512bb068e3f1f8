/**
 * What kind of network an address belongs to, and in which country it is. In: an address, and what lists say. Out: both. Lists
 * of the operator's go before what the address itself says.
 */
import { addressBits, CidrMap, parseCidr, type Cidr } from "./cidr.ts";
import type { Place } from "./profile.ts";
import type { NetworkKind } from "./signals.ts";

export interface NetworkLists {
  readonly datacentre: readonly string[];
  readonly tor: readonly string[];
  /** Ranges by country. */
  readonly countries: Readonly<Record<string, readonly string[]>>;
}

export interface Network {
  readonly kind: NetworkKind;
  readonly place?: Place;
}

/** RFC 1122, 1918, 3927, 4193, 4291, 6598. */
const special: readonly (readonly [string, NetworkKind])[] = [
  ["127.0.0.0/8", "loopback"],
  ["::1/128", "loopback"],
  ["10.0.0.0/8", "private"],
  ["172.16.0.0/12", "private"],
  ["192.168.0.0/16", "private"],
  ["169.254.0.0/16", "private"],
  ["100.64.0.0/10", "private"],
  ["fc00::/7", "private"],
  ["fe80::/10", "private"],
];

const specialKinds = new CidrMap(special.map(([range, kind]) => [parsed(range), kind] as const));

export function openNetworks(lists: NetworkLists, findPlace?: (address: string) => Place | undefined) {
  const kinds = new CidrMap<NetworkKind>([
    ...ranges(lists.datacentre, "datacentre" as const),
    ...ranges(lists.tor, "tor" as const),
  ]);
  const countries = new CidrMap<Place>(
    Object.entries(lists.countries).flatMap(([country, own]) => ranges(own, Object.freeze({ country }))),
  );
  return (address: string): Network => {
    const bits = addressBits(address);
    if (bits === undefined) return { kind: "unknown" };
    const listed = kinds.size === 0 ? undefined : kinds.find(bits);
    const kind = listed ?? specialKinds.find(bits) ?? "public";
    const place =
      countries.find(bits) ?? (kind === "loopback" || kind === "private" ? undefined : findPlace?.(address));
    return place === undefined ? { kind } : { kind, place };
  };
}

function ranges<T>(list: readonly string[], value: T): (readonly [Cidr, T])[] {
  return list.flatMap((text) => {
    const range = parseCidr(text.trim());
    return range === undefined ? [] : [[range, value] as const];
  });
}

function parsed(text: string): Cidr {
  return parseCidr(text) as Cidr;
}

/** The ranges of a text file, one a line, `#` begins a comment; and how many lines are none. */
export function readRanges(text: string): { readonly ranges: readonly string[]; readonly unreadable: number } {
  const found: string[] = [];
  let unreadable = 0;
  for (const line of text.split(/\r?\n/)) {
    // The exit list of Tor's own service writes `ExitAddress 203.0.113.7 2026-...`.
    const word = line
      .replace(/[#;].*$/, "")
      .trim()
      .replace(/^ExitAddress\s+(\S+).*$/, "$1");
    if (word === "" || /^(?:ExitNode|Published|LastStatus)\b/.test(word)) continue;
    if (parseCidr(word) === undefined) unreadable += 1;
    else found.push(word);
  }
  return { ranges: found, unreadable };
}
