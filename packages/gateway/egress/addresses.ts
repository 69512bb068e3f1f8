/**
 * Which addresses a destination's name may stand for. In: an address as the resolver gave it. Out: why it is not dialled, or
 * nothing. What is not known to be public is not public.
 *
 * @see IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890)
 */
import { addressBits, CidrMap, parseCidr, type Cidr } from "@cordon/core/risk/cidr";

interface Kind {
  /** Empty for a public address. */
  readonly words: string;
  /** Whether a destination that says `privateAddresses` may lie there. */
  readonly inside: boolean;
}

const open: Kind = { words: "", inside: false };
const inside = (words: string): Kind => ({ words, inside: true });
const never = (words: string): Kind => ({ words, inside: false });

/** The longest prefix counts. An IPv4-mapped IPv6 address is the IPv4 address. */
const ranges: readonly (readonly [string, Kind])[] = [
  ["0.0.0.0/0", open],
  ["0.0.0.0/8", never("of this network")],
  ["10.0.0.0/8", inside("private")],
  ["100.64.0.0/10", inside("of a provider's shared space")],
  ["100.100.100.200/32", never("a cloud's metadata service")],
  ["127.0.0.0/8", inside("this machine")],
  ["168.63.129.16/32", never("a cloud's metadata service")],
  ["169.254.0.0/16", never("link-local, where metadata services are")],
  ["172.16.0.0/12", inside("private")],
  ["192.0.0.0/24", never("reserved")],
  ["192.0.2.0/24", never("reserved")],
  ["192.88.99.0/24", never("reserved")],
  ["192.168.0.0/16", inside("private")],
  ["198.18.0.0/15", never("reserved")],
  ["198.51.100.0/24", never("reserved")],
  ["203.0.113.0/24", never("reserved")],
  ["224.0.0.0/4", never("multicast")],
  ["240.0.0.0/4", never("reserved")],
  ["::/0", never("reserved")],
  ["::1/128", inside("this machine")],
  ["2000::/3", open],
  ["2001::/23", never("reserved")],
  ["2001:db8::/32", never("reserved")],
  ["2002::/16", never("a way to an IPv4 address")],
  ["3fff::/20", never("reserved")],
  ["fc00::/7", inside("private")],
  ["fd00:ec2::/32", never("a cloud's metadata service")],
  ["fd20:ce::254/128", never("a cloud's metadata service")],
  ["fe80::/10", never("link-local")],
  ["ff00::/8", never("multicast")],
];

const kinds = new CidrMap(ranges.map(([range, kind]) => [parseCidr(range) as Cidr, kind] as const));

export function addressProblem(address: string, privateAddresses: boolean): string | undefined {
  if (address.includes("%")) return "is of one interface only";
  const bits = addressBits(address);
  const kind = bits === undefined ? undefined : kinds.find(bits);
  if (kind === undefined) return "is not an address";
  if (kind.words === "") return undefined;
  if (!kind.inside) return `is ${kind.words}, and is never dialled`;
  return privateAddresses ? undefined : `is ${kind.words}, and the destination does not say \`privateAddresses\``;
}
