/**
 * Addresses and ranges. In: text as configuration, lists and sockets write it. Out: 128 bits and a prefix length, IPv4 as
 * its IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2), so that both spellings of one address are one; or `undefined`. And a set
 * of ranges that is looked up in time that does not grow with it.
 */
import { ipv4Of, ipv6Of } from "../policy/cedar/ip-text.ts";

export interface Cidr {
  /** The first address; bits past the prefix are 0. */
  readonly bits: bigint;
  /** 0 to 128. */
  readonly prefix: number;
}

const mapped = 0xffffn << 32n;

/** Parses `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`. Bits past the prefix must be 0. */
export function parseCidr(text: string): Cidr | undefined {
  if (text.length > 64) return undefined;
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const bits = addressBits(address);
  if (bits === undefined) return undefined;
  const whole = address.includes(":") ? 128 : 32;
  let length = whole;
  if (slash >= 0) {
    const said = text.slice(slash + 1);
    if (!/^(?:0|[1-9][0-9]{0,2})$/.test(said)) return undefined;
    length = Number(said);
    if (length > whole) return undefined;
  }
  const prefix = length + (128 - whole);
  const host = (1n << BigInt(128 - prefix)) - 1n;
  return (bits & host) === 0n ? { bits, prefix } : undefined;
}

/** The 128 bits of one address, or `undefined`. A zone (`%eth0`) is dropped: it names an interface, not an address. */
export function addressBits(text: string): bigint | undefined {
  if (text.length > 64) return undefined;
  const zone = text.indexOf("%");
  const address = zone < 0 ? text : text.slice(0, zone);
  const four = ipv4Of(address);
  if (four !== undefined) return mapped | four;
  // `::ffff:203.0.113.7`, as a socket of both families writes an IPv4 peer.
  const dotted = address.includes(".") ? address.lastIndexOf(":") : -1;
  if (dotted < 0) return ipv6Of(address);
  const low = ipv4Of(address.slice(dotted + 1));
  if (low === undefined) return undefined;
  return ipv6Of(`${address.slice(0, dotted + 1)}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
}

/** Ranges with what each stands for. The longest prefix that holds an address wins. */
export class CidrMap<T> {
  /** By prefix length, longest first; within one, by the network's bits. */
  readonly #byPrefix: readonly { readonly prefix: number; readonly shift: bigint; readonly values: Map<bigint, T> }[];
  readonly size: number;

  constructor(entries: Iterable<readonly [Cidr, T]>) {
    const byPrefix = new Map<number, Map<bigint, T>>();
    let size = 0;
    for (const [{ bits, prefix }, value] of entries) {
      let values = byPrefix.get(prefix);
      if (values === undefined) byPrefix.set(prefix, (values = new Map()));
      values.set(bits >> BigInt(128 - prefix), value);
      size += 1;
    }
    this.size = size;
    this.#byPrefix = [...byPrefix]
      .toSorted(([a], [b]) => b - a)
      .map(([prefix, values]) => ({ prefix, shift: BigInt(128 - prefix), values }));
  }

  find(bits: bigint): T | undefined {
    for (const { shift, values } of this.#byPrefix) {
      const found = values.get(bits >> shift);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Everything that holds the address, narrowest first. */
  all(bits: bigint): readonly T[] {
    const found: T[] = [];
    for (const { shift, values } of this.#byPrefix) {
      const value = values.get(bits >> shift);
      if (value !== undefined) found.push(value);
    }
    return found;
  }
}
