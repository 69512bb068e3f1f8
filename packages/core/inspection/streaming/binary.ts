/** Texts at least this long are looked at for being none. */
const shortestBinary = 1024;

/** Base64 without a single space, alone or in a `data:` URL, and long: no text of any language looks like it. */
export function isBinary(text: string): boolean {
  if (text.length < shortestBinary) return false;
  const start = text.startsWith("data:") ? text.indexOf(",") + 1 : 0;
  return start <= 256 && /^[A-Za-z0-9+/_=-]+$/.test(text.slice(start));
}
