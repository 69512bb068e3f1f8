/**
 * Rows from the grammars: attacks, alone and inside honest text, disguised and in many languages; and honest texts with
 * attacks' words. In: seeded chance and the rows read from the data (carriers). Out: rows of the family `generated`.
 */
import { englishAttacks } from "./attacks-english.ts";
import { indirectAttacks } from "./attacks-indirect.ts";
import { languageAttacks } from "./attacks-languages.ts";
import { benignEnglish } from "./benign-english.ts";
import { languageBenign } from "./benign-languages.ts";
import { disguise, roughen } from "./disguises.ts";
import { parseRules, say, type Rules } from "./grammar.ts";
import type { Chance } from "./random.ts";
import type { Row } from "./rows.ts";
import { smallTalk } from "./smalltalk.ts";

const english: Rules = { ...parseRules(englishAttacks), ...parseRules(indirectAttacks) };
const honest: Rules = { ...parseRules(benignEnglish), ...parseRules(smallTalk) };
const foreignAttacks = Object.entries(languageAttacks).map(([language, rules]) => ({
  language,
  rules: parseRules(rules),
}));
const foreignHonest = Object.entries(languageBenign).map(([language, rules]) => ({
  language,
  rules: parseRules(rules),
}));

export interface GenerateOptions {
  /** How many rows of each kind. */
  readonly scale: number;
  /** Honest rows to hide attacks in, and short ones to write beside them. */
  readonly carriers: readonly Row[];
}

export function generateRows(chance: Chance, { scale, carriers }: GenerateOptions): Row[] {
  const rows: Row[] = [];
  const long = carriers.filter(
    ({ text, attack, source }) => attack === 0 && text.length > 400 && source !== "neuralchemy",
  );
  const short = carriers.filter(
    ({ text, label, source }) =>
      label === "benign" && source !== "neuralchemy" && text.length > 15 && text.length < 250,
  );
  const add = (
    text: string,
    attack: 0 | 1,
    source: string,
    weight: number,
    payload?: readonly [number, number],
  ): void => {
    const base = { id: `${source}-${rows.length}`, text, attack, source, family: "generated", weight } as const;
    const label = attack === 1 ? "injection" : "benign";
    rows.push(payload === undefined ? { ...base, label } : { ...base, label, payload });
  };
  for (let at = 0; at < scale; at++) {
    const direct = directAttack(chance);
    add(roughen(direct, chance), 1, "generated_direct", 1);
    if (at % 2 === 0) add(disguise(directAttack(chance), chance), 1, "generated_disguised", 1);
    const foreign = chance.pick(foreignAttacks);
    add(roughen(say(foreign.rules, "attack", chance), chance), 1, `generated_${foreign.language}`, 1);
    const beside = chance.pick(short).text;
    const [before, after] = chance.chance(0.6) ? [`${beside} `, ""] : ["", ` ${beside}`];
    const inner = chance.chance(0.3) ? say(foreign.rules, "attack", chance) : directAttack(chance);
    add(`${before}${inner}${after}`, 1, "generated_beside", 0.7, [before.length, before.length + inner.length]);
    const { text, payload } = embed(indirectAttack(chance), chance.pick(long).text, chance);
    add(text, 1, "generated_indirect", 1, payload);
    add(roughen(say(honest, "benign", chance), chance), 0, "generated_honest", 1);
    add(say(honest, "benign", chance), 0, "generated_honest", 1);
    add(roughen(say(honest, "talk", chance), chance), 0, "generated_talk", 1);
    const other = chance.pick(foreignHonest);
    add(say(other.rules, "benign", chance), 0, `generated_honest_${other.language}`, 1);
    if (at % 3 === 0) {
      const harmless = say(honest, chance.pick(["mail", "manual", "security", "review", "toolrequest"]), chance);
      add(embed(harmless, chance.pick(long).text, chance).text, 0, "generated_honest_indirect", 1);
      add(disguise(chance.pick(short).text, chance), 0, "generated_honest_disguised", 0.7);
    }
  }
  return rows;
}

const kinds = [
  "override",
  "override",
  "override",
  "extract",
  "extract",
  "secret",
  "persona",
  "persona",
  "authority",
  "faketurn",
  "combined",
  "combined",
  "combined",
  "hijack",
  "hijack",
  "excuse",
];

function directAttack(chance: Chance): string {
  const kind = chance.pick(kinds);
  if (kind !== "combined") return `${say(english, kind, chance)} ${say(english, "suffix", chance)}`.trim();
  const joint = chance.pick([". ", ", and ", " and ", ". Then ", "\n", ": ", "; ", ". Instead, ", " - "]);
  return `${say(english, "override", chance)}${joint}${say(english, "newtask", chance)} ${say(english, "suffix", chance)}`.trim();
}

function indirectAttack(chance: Chance): string {
  if (chance.chance(0.25)) return directAttack(chance);
  if (chance.chance(0.2)) return say(chance.pick(foreignAttacks).rules, "attack", chance);
  return say(
    english,
    chance.pick(["announce", "announce", "announce", "indirectask", "faketurn", "excuse", "excuse"]),
    chance,
  );
}

/** Puts a text into another at its start, its end, or after a sentence or line. */
function embed(inner: string, carrier: string, chance: Chance): { text: string; payload: readonly [number, number] } {
  const cut = carrier.slice(0, 600 + chance.below(1800));
  const seams = [...cut.matchAll(/[.!?]\s|\n/g)].map(({ index }) => index + 1);
  const at = chance.chance(0.25) || seams.length === 0 ? cut.length : chance.chance(0.15) ? 0 : chance.pick(seams);
  const joint = chance.pick(["\n", "\n\n", " ", " "]);
  const head = `${cut.slice(0, at)}${joint}`;
  return { text: `${head}${inner}${joint}${cut.slice(at)}`, payload: [head.length, head.length + inner.length] };
}
