/** How texts are written: carelessly by people, and disguised by attackers. In: a text and chance. Out: the text, changed. */
import type { Chance } from "./random.ts";

/** What people do: other case, typos, missing punctuation, doubled spaces. Most texts stay as they are. */
export function roughen(text: string, chance: Chance): string {
  const dice = chance.next();
  if (dice < 0.5) return text;
  if (dice < 0.62) return text.toLowerCase();
  if (dice < 0.7) return text.toUpperCase();
  if (dice < 0.78) return text.replace(/[.,;:!?]/g, "");
  if (dice < 0.84) return text.replace(/ /g, () => (chance.chance(0.2) ? "  " : " "));
  return typos(text, chance, 0.03 + chance.next() * 0.04);
}

function typos(text: string, chance: Chance, rate: number): string {
  let out = "";
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (!/[a-z]/i.test(letter) || !chance.chance(rate)) out += letter;
    else if (chance.chance(0.3)) out += letter + letter;
    else if (chance.chance(0.4)) continue;
    else if (at + 1 < text.length) out += (text[++at] ?? "") + letter;
  }
  return out;
}

/** Signs that stand for letters; reading them back is `skeleton`'s job. */
const standIns: Readonly<Record<string, string>> = {
  a: "4@",
  e: "3",
  i: "1!",
  o: "0",
  s: "5$",
  t: "7+",
  g: "9",
  l: "1|",
  b: "8",
};
const twins: Readonly<Record<string, string>> = {
  a: "аα",
  e: "е",
  o: "оο",
  c: "с",
  p: "р",
  x: "х",
  y: "у",
  i: "і",
  s: "ѕ",
  h: "һ",
};

export function disguise(text: string, chance: Chance): string {
  const dice = chance.below(6);
  if (dice === 0) return swap(text, standIns, chance, 0.3 + chance.next() * 0.6);
  if (dice === 1) return swap(text, twins, chance, 0.2 + chance.next() * 0.6);
  if (dice === 2)
    return text.replace(/[a-z]/gi, (letter) => (chance.chance(0.5) ? letter.toUpperCase() : letter.toLowerCase()));
  if (dice === 3) return typos(text, chance, 0.08);
  if (dice === 4)
    return text.replace(/ /g, () => (chance.chance(0.15) ? ` ${chance.pick([".", ",", ";", "_", "-", ":"])} ` : " "));
  return text.replace(/[a-z](?=[a-z])/gi, (letter) => (chance.chance(0.15) ? `${letter}\u200b` : letter));
}

function swap(text: string, table: Readonly<Record<string, string>>, chance: Chance, rate: number): string {
  return text.replace(/[a-z]/gi, (letter) => {
    const choices = table[letter.toLowerCase()];
    return choices !== undefined && chance.chance(rate) ? chance.pick(Array.from(choices)) : letter;
  });
}
