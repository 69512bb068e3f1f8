const escapes = /\\(?:u([0-9a-fA-F]{4})|(.))/gs;
const named: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** A text with its escapes undone, as whoever reads it as JSON would, though it is none. Each becomes one UTF-16 code unit. */
export function unescaped(text: string): string {
  return text.replace(escapes, (_, hex: string | undefined, plain = "") =>
    hex === undefined ? (named[plain] ?? plain) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Where each code unit of {@link unescaped} begins in the text as it is written, and where the last one ends. */
export function placesOfUnescaped(text: string): readonly number[] {
  const places: number[] = [];
  let at = 0;
  for (const { 0: escape, index } of text.matchAll(escapes)) {
    while (at <= index) places.push(at++);
    at = index + escape.length;
  }
  while (at <= text.length) places.push(at++);
  return places;
}
