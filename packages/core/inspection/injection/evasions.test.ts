/** How much of plain attacks is still found in disguise, and that honest sentences may be written in any. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "../inspect.ts";
import { injectionDetector } from "./model.ts";
import { disguises } from "./testing/disguises.ts";
import { honestSentences, plainAttacks } from "./testing/evasion-texts.ts";
import { honestDocuments } from "./testing/honest-documents.ts";

function blocks(text: string, role: "user" | "tool"): boolean {
  const options = { direction: "request", spanDetectors: [], partDetectors: [injectionDetector] } as const;
  return inspect({ messages: [{ role, content: text }] }, options).verdict === "block";
}

/** Of twenty attacks so many at least. */
const usual = 18;
const floors: Readonly<Record<string, number>> = {
  "acrostic of words": 0, // nobody reads it
  acrostic: 14,
  underscores: 15,
  punycode: 15,
  "emphasis within words": 14,
  "emphasis of letters": 16,
  "dropped vowels": 15,
  "leetspeak, hard": 13,
  "pig latin": 16,
  "HTML tags": 17,
  "HTML comments": 17,
};

test("the attacks are blocked as they stand, as a user's and in a tool's result", () => {
  for (const text of plainAttacks) assert.ok(blocks(text, "user") && blocks(text, "tool"), text);
});

for (const [name, disguise] of Object.entries(disguises))
  test(`attacks are found behind ${name}`, (context) => {
    const missed = plainAttacks.filter((text) => !blocks(disguise(text), "user"));
    const found = plainAttacks.length - missed.length;
    context.diagnostic(`${found} of ${plainAttacks.length}`);
    assert.ok(found >= (floors[name] ?? usual), missed.map(disguise).join("\n"));
  });

test("honest sentences pass, as a user's and in a tool's result", () => {
  for (const text of honestSentences) assert.ok(!blocks(text, "user") && !blocks(text, "tool"), text);
});

test("honest sentences pass in any disguise, but for one in two hundred", () => {
  const some = honestSentences.filter((_, at) => at % 4 === 0);
  let blocked = 0;
  for (const disguise of Object.values(disguises))
    for (const text of some) if (blocks(disguise(text), "user")) blocked += 1;
  const all = some.length * Object.keys(disguises).length;
  assert.ok(blocked <= all / 200, `${blocked} of ${all}`);
});

/** What the classifier holds for an attack, or truly says to ignore the rules above; weights alone would mend it. */
const known: ReadonlySet<string> = new Set([
  ...["Spanish YAML", "Portuguese YAML", "Indonesian JSON", "Turkish .strings", "Dutch YAML", "Polish JSON"],
  ...["bundled translations in JavaScript", "TypeScript with lint directives"],
]);

test("honest documents pass as tools' results, but for those that are known", () => {
  const blocked = honestDocuments.filter(([, text]) => blocks(text, "tool")).map(([what]) => what);
  assert.deepEqual(
    blocked.filter((what) => !known.has(what)),
    [],
  );
});

test("texts in scripts that look like Latin letters pass", () => {
  for (const text of ["ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ ᎠᏂᏔᎵ ᎢᏳᏍᏗ ᏚᎾᏓᏘᎾ ᎠᏂᏴᏫ.", "Բարեւ Ձեզ, ինչպե՞ս եք այսօր։ Շնորհակալություն, լավ եմ։"])
    assert.ok(!blocks(text, "user") && !blocks(text, "tool"), text);
});
