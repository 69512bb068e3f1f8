/**
 * Finds numbers of known shape. In: a text, its atoms, its keywords. Out: candidates. From every atom on, shapes are grown
 * over single separators as long as some rule begins so; a shape that is whole asks its rules.
 */
import { extendShape, separatorPart, shapeOf, type Atoms } from "./atoms.ts";
import type { Candidate } from "./candidate.ts";
import { hasDecimalPart, isDecimalPart, mostPlainDigits } from "./commas.ts";
import { contextReach, tag, type Context } from "./keywords.ts";
import { cardRules } from "./rules/cards.ts";
import { eastAsiaRules } from "./rules/east-asia.ts";
import { europeRules } from "./rules/europe.ts";
import { shapeTable, type NumberRule } from "./rules/rule.ts";
import { southEastAsiaRules } from "./rules/south-east-asia.ts";
import { worldRules } from "./rules/world.ts";

const table = shapeTable([...cardRules, ...southEastAsiaRules, ...eastAsiaRules, ...europeRules, ...worldRules]);

export function findNumbers(text: string, atoms: Atoms, context: Context, out: Candidate[]): void {
  for (let first = 0; first < atoms.count; first++) {
    let shape = atoms.shapes[first] ?? 0;
    if (shape === 0) continue;
    const start = atoms.starts[first] ?? 0;
    for (let last = first; ;) {
      const rules = table.rules.get(shape);
      if (rules !== undefined)
        judge(text, start, atoms.ends[last] ?? 0, rules, table.digitsOnly.has(shape), context, out);
      if (last - first + 1 >= table.mostRuns || !table.beginnings.has(shape)) break;
      const end = atoms.ends[last] ?? 0;
      last++;
      if (last >= atoms.count || atoms.starts[last] !== end + 1 || atoms.shapes[last] === 0) break;
      shape = extendShape(shape, separatorPart(text.charCodeAt(end)));
      shape = shapeOf(text, end + 1, atoms.ends[last] ?? 0, shape);
    }
  }
}

function judge(
  text: string,
  start: number,
  end: number,
  rules: readonly NumberRule[],
  digitsOnly: boolean,
  context: Context,
  out: Candidate[],
): void {
  const compact = text
    .slice(start, end)
    .replace(/[^0-9A-Za-z]/g, "")
    .toUpperCase();
  const near = context.before(start);
  for (const rule of rules) {
    const score = scoreOf(rule, text, start, digitsOnly, near, context);
    if (score > 0 && isApart(text, start, end) && rule.check(compact)) out.push({ type: rule.type, start, end, score });
  }
}

function scoreOf(
  rule: NumberRule,
  text: string,
  start: number,
  digitsOnly: boolean,
  near: number,
  context: Context,
): number {
  if ((near & rule.context) !== 0 && isSaid(rule, text, start, context)) return rule.announced;
  const bare = digitsOnly ? (rule.bareDigits ?? rule.bare) : rule.bare;
  return (near & tag.notIdentity) !== 0 && digitsOnly ? bare - 0.2 : bare;
}

/** A path, markup or a second line between a keyword and what it would announce. */
const apart = /\/[^/]*\/|[{}[\]<>;]|\n[^\n]*\n/;

/** A rule that lives by its keyword alone wants it near, and nothing in between that starts something else. */
function isSaid(rule: NumberRule, text: string, start: number, context: Context): boolean {
  if (rule.bare > 0) return true;
  const end = context.lastBefore(start, rule.context, rule.reach ?? contextReach);
  return end >= 0 && !apart.test(text.slice(end, start));
}

/** Not a piece of a decimal, a longer hyphenated code, a path or a variable. */
function isApart(text: string, start: number, end: number): boolean {
  if (isJoined(text, start - 1, start - 2) || isJoined(text, end, end + 1)) return false;
  return !isDecimalPart(text, start, end, mostPlainDigits) && !hasDecimalPart(text, start, end);
}

function isJoined(text: string, at: number, beyond: number): boolean {
  const unit = text.charCodeAt(at);
  if (unit === 0x5f || unit === 0x40 || unit === 0x25) return true; // _ @ %
  if (unit !== 0x2e && unit !== 0x2d && unit !== 0x2f) return false; // . - /
  const next = text.charCodeAt(beyond);
  return next >= 48 && next < 58;
}
