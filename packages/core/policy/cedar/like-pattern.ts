/** Cedar's `like`: literal pieces with any text between them. In: the pattern's JSON form. Out: a linear-time matcher. */
import type { PatternElem } from "@cedar-policy/cedar-wasm/nodejs";

/**
 * Pieces are found from left to right, each at its first place: with nothing but wildcards between them, that is enough
 * and never goes back.
 */
export function compilePattern(pattern: readonly PatternElem[]): (text: string) => boolean {
  const pieces: string[] = [""];
  for (const element of pattern) {
    if (element === "Wildcard") pieces.push("");
    else pieces[pieces.length - 1] += element.Literal;
  }
  const [first = "", ...rest] = pieces;
  const last = rest.pop();
  if (last === undefined) return (text) => text === first;
  const middle = rest.filter((piece) => piece !== "");
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    const end = text.length - last.length;
    let from = first.length;
    for (const piece of middle) {
      const at = text.indexOf(piece, from);
      if (at < 0 || at + piece.length > end) return false;
      from = at + piece.length;
    }
    return true;
  };
}
