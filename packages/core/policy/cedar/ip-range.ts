/**
 * Cedar's `ipaddr`: an address, or a range in CIDR form. In: its text. Out: family, address and prefix length; and the
 * questions that policies put to them. As strict as the official engine: no leading zeros, no zone, no IPv4 inside IPv6.
 */
import { ipv4Of, ipv6Of } from "./ip-text.ts";
import { fail } from "./evaluation-error.ts";
import type { IpRange } from "./extension-value.ts";

const longestAddress = 43;
const prefix = "error while evaluating `ipaddr` extension function: ";

/** @throws {EvaluationError} for anything but an IPv4 or IPv6 address with an optional prefix length */
export function parseIpRange(text: string): IpRange {
  if (text.length > longestAddress)
    fail(`${prefix}error parsing IP address from string \`${text}\`: string length is too large`);
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  if (address.includes(":") && address.split(".").length > 2)
    fail(
      `${prefix}error parsing IP address from string: We do not accept IPv4 embedded in IPv6 (e.g., ::ffff:127.0.0.1). Found: \`${text}\``,
    );
  const four = ipv4Of(address);
  const six = four === undefined ? ipv6Of(address) : undefined;
  const value = four ?? six;
  if (value === undefined) fail(`${prefix}invalid IP address: ${address}`);
  const family = four === undefined ? 6 : 4;
  return {
    kind: "ipaddr",
    family,
    address: value,
    prefix: prefixOf(slash < 0 ? undefined : text.slice(slash + 1), family),
  };
}

function prefixOf(text: string | undefined, family: 4 | 6): number {
  const most = family === 4 ? 32 : 128;
  if (text === undefined) return most;
  if (text.length > String(most).length)
    fail(`${prefix}error parsing prefix: string length ${text.length} is too large`);
  if (text === "") fail(`${prefix}error parsing prefix from the string \`\`: cannot parse integer from empty string`);
  if (!/^\d{1,3}$/.test(text)) fail(`${prefix}error parsing prefix \`${text}\`: encountered non-digit`);
  if (text.length > 1 && text.startsWith("0")) fail(`${prefix}error parsing prefix \`${text}\`: leading zero(s)`);
  const length = Number(text);
  if (length > most) fail(`${prefix}error parsing prefix: ${length} is larger than the limit ${most}`);
  return length;
}

/** The lowest and the highest address of a range. */
function ends({ family, address, prefix: length }: IpRange): readonly [bigint, bigint] {
  const hosts = (1n << BigInt((family === 4 ? 32 : 128) - length)) - 1n;
  return [address & ~hosts, address | hosts];
}

export function isInRange(inner: IpRange, outer: IpRange): boolean {
  if (inner.family !== outer.family) return false;
  const [low, high] = ends(inner);
  const [least, most] = ends(outer);
  return low >= least && high <= most;
}

/** Whether all of the range is loopback: 127.0.0.0/8 or ::1. */
export function isLoopback({ family, address, prefix: length }: IpRange): boolean {
  return family === 4 ? address >> 24n === 127n && length >= 8 : address === 1n && length === 128;
}

/** Whether all of the range is multicast: 224.0.0.0/4 or ff00::/8. */
export function isMulticast({ family, address, prefix: length }: IpRange): boolean {
  return family === 4 ? address >> 28n === 0xen && length >= 4 : address >> 120n === 0xffn && length >= 8;
}
