/**
 * Identifiers of one's own, by their shape: `C######` is a C and six digits, standing alone. In: shapes from the
 * configuration. Out: a detector, bounded and linear: a shape is not a pattern language, and nothing in it repeats.
 */
import type { Finding, FindingCategory, SpanDetector } from "./finding.ts";
import { classified } from "./taxonomy.ts";

export interface IdentifierShape {
  /** The finding is `own/NAME`. */
  readonly name: string;
  /** `#` is a digit, `@` a letter, `*` either; anything else is itself. */
  readonly shape: string;
  readonly category: FindingCategory;
}

export const maxShapeLength = 64;

/** Why a text is no usable shape, in words; `undefined` when it is one. */
export function shapeProblem(shape: string): string | undefined {
  if (!/^[\x21-\x7e]{4,64}$/.test(shape)) return "must be 4 to 64 printable ASCII characters, without spaces";
  const fixed = shape.replaceAll(/[#@*]/g, "").length;
  const digits = shape.replaceAll(/[^#]/g, "").length;
  // Four digits alone, or four letters alone, are every year and every word.
  return fixed === 0 && digits < 6 ? "must hold a fixed character, or at least 6 digits" : undefined;
}

export function shapeDetector(shapes: readonly IdentifierShape[]): SpanDetector {
  const longest = Math.max(0, ...shapes.map(({ shape }) => shape.length));
  return {
    name: "own",
    version: "1",
    maxSpan: longest + 2,
    detect(text) {
      const found: Finding[] = [];
      for (let at = 0; at < text.length; at++) {
        if (at > 0 && isWord(text.charCodeAt(at - 1))) continue;
        for (const { name, shape, category } of shapes) {
          const end = at + shape.length;
          if (end > text.length || matched(text, at, shape) < shape.length) continue;
          if (end < text.length && isWord(text.charCodeAt(end))) continue;
          found.push(classified({ detector: `own/${name}`, category, start: at, end, score: 1 }));
        }
      }
      return found;
    },
    openFrom(text) {
      for (let at = Math.max(0, text.length - longest); at < text.length; at++) {
        if (at > 0 && isWord(text.charCodeAt(at - 1))) continue;
        // All of what is left fits a shape so far: more may complete it, or, where it is complete, undo it.
        if (shapes.some(({ shape }) => at + matched(text, at, shape) === text.length)) return at;
      }
      return text.length;
    },
  };
}

/** How many characters of a shape the text has from a place on. */
function matched(text: string, at: number, shape: string): number {
  let count = 0;
  while (count < shape.length && at + count < text.length && fits(text.charCodeAt(at + count), shape, count))
    count += 1;
  return count;
}

function fits(unit: number, shape: string, place: number): boolean {
  switch (shape[place]) {
    case "#":
      return isDigit(unit);
    case "@":
      return isLetter(unit);
    case "*":
      return isDigit(unit) || isLetter(unit);
    default:
      return unit === shape.charCodeAt(place);
  }
}

function isWord(unit: number): boolean {
  return isDigit(unit) || isLetter(unit);
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

function isLetter(unit: number): boolean {
  return (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a);
}
