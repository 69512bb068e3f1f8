/**
 * Sentences by rules. In: rules, each a list of lines in which `{name}` is another rule and `(a|b|)` a choice (`«`, `»` and `¦`
 * stand for the literal signs). Out: one
 * random sentence. All words are ours: they speak about the ideas of attacks and of honest texts, and copy none.
 */
import type { Chance } from "./random.ts";

export type Rules = Readonly<Record<string, readonly string[]>>;

/** Rules from text: a line `= name` opens a rule, the lines below are its choices. */
export function parseRules(text: string): Rules {
  const rules: Record<string, string[]> = {};
  let current: string[] | undefined;
  for (const line of text.split("\n").map((each) => each.trim())) {
    if (line === "") continue;
    if (line.startsWith("= ")) current = rules[line.slice(2)] ??= [];
    else current?.push(line.replaceAll("\\n", "\n"));
  }
  return rules;
}

/** A sentence of the rule `name`. Unknown names are an error of the grammar's author. */
export function say(rules: Rules, name: string, chance: Chance, depth = 0): string {
  const lines = rules[name];
  if (lines === undefined || lines.length === 0) throw new Error(`the grammar has no rule \`${name}\``);
  if (depth > 20) throw new Error(`the rule \`${name}\` never ends`);
  return fill(chance.pick(lines), rules, chance, depth);
}

function fill(line: string, rules: Rules, chance: Chance, depth: number): string {
  let text = line;
  // Innermost choices first, so that choices nest.
  for (let round = 0; round < 40; round++) {
    const next = text.replace(/\(([^()]*\|[^()]*)\)/g, (_, inner: string) => chance.pick(inner.split("|")));
    if (next === text) break;
    text = next;
  }
  text = text.replace(/\{(\w+)\}/g, (_, inner: string) => say(rules, inner, chance, depth + 1));
  const plain = text
    .replace(/ {2,}/g, " ")
    .replace(/ ([.,!?;:])(?= |$)/g, "$1")
    .trim();
  return depth === 0 ? plain.replaceAll("«", "(").replaceAll("»", ")").replaceAll("¦", "|") : plain;
}
