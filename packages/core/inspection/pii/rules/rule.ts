/**
 * What a rule for one kind of number is: the shapes it comes in, its check digit, the words that announce it, and how
 * sure each of these makes us. In: nothing. Out: the type, and the table that shapes are looked up in.
 */
import { emptyShape, extendShape, runPart, separatorPart } from "../atoms.ts";

export interface NumberRule {
  /** The part of the detector's id after `pii/`. */
  readonly type: string;
  /**
   * Alternatives, parted by `|`: `d4` is four digits, `a1` one letter; what stands between is a separator, and `_` is a
   * space, hyphen or full stop, the same one all through.
   */
  readonly shapes: string;
  /** Whether the letters (capitals) and digits, without separators, can be one. */
  readonly check: (compact: string) => boolean;
  /** The bits of the keywords that announce it. */
  readonly context: number;
  /** How many code units before the number they may stand. */
  readonly reach?: number;
  /** Score with such a keyword before it. */
  readonly announced: number;
  /** Score of a shape with separators or letters and no keyword; 0 where it means nothing. */
  readonly bare: number;
  /** Score of digits alone, with no keyword. */
  readonly bareDigits?: number;
}

export interface ShapeTable {
  /** Rules by the shape of the whole. */
  readonly rules: ReadonlyMap<number, readonly NumberRule[]>;
  /** Shapes that a longer one begins with. */
  readonly beginnings: ReadonlySet<number>;
  /** Shapes that are digits alone. */
  readonly digitsOnly: ReadonlySet<number>;
  /** The most runs in one shape. */
  readonly mostRuns: number;
}

export function shapeTable(rules: readonly NumberRule[]): ShapeTable {
  const table = new Map<number, NumberRule[]>();
  const beginnings = new Set<number>();
  const digitsOnly = new Set<number>();
  let mostRuns = 1;
  for (const rule of rules) {
    for (const written of rule.shapes.split("|").flatMap(variants)) {
      let shape = emptyShape;
      let runs = 1;
      for (const [part = ""] of written.matchAll(/[ad]\d+|./g)) {
        if (part.length === 1) {
          beginnings.add(shape);
          runs++;
        }
        shape = extendShape(shape, part.length === 1 ? separatorPart(part.charCodeAt(0)) : runOf(part));
      }
      mostRuns = Math.max(mostRuns, runs);
      if (/^d\d+$/.test(written)) digitsOnly.add(shape);
      const known = table.get(shape);
      if (known === undefined) table.set(shape, [rule]);
      else if (!known.includes(rule)) known.push(rule);
    }
  }
  return { rules: table, beginnings, digitsOnly, mostRuns };
}

function variants(shape: string): string[] {
  return shape.includes("_") ? [" ", "-", "."].map((separator) => shape.replaceAll("_", separator)) : [shape];
}

function runOf(part: string): number {
  return runPart(part.startsWith("d") ? 1 : 2, Number(part.slice(1)));
}
