/** The text forms of IP addresses (RFC 4291 2.2, dotted quads without leading zeros). In: text. Out: the number. */

/** An IPv4 address as a number, or `undefined`. */
export function ipv4Of(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

/** An IPv6 address as a number, or `undefined`. One `::` may stand for one or more groups of zeros. */
export function ipv6Of(text: string): bigint | undefined {
  const gap = text.indexOf("::");
  if (gap < 0) return groups(text, 8);
  if (text.includes("::", gap + 1)) return undefined;
  const head = groupList(text.slice(0, gap));
  const tail = groupList(text.slice(gap + 2));
  if (head === undefined || tail === undefined || head.length + tail.length > 7) return undefined;
  return join([...head, ...Array.from({ length: 8 - head.length - tail.length }, () => "0"), ...tail]);
}

function groups(text: string, count: number): bigint | undefined {
  const list = groupList(text);
  return list?.length === count ? join(list) : undefined;
}

function groupList(text: string): readonly string[] | undefined {
  if (text === "") return [];
  const list = text.split(":");
  return list.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) ? list : undefined;
}

function join(list: readonly string[]): bigint {
  return list.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}
