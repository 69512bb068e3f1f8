import assert from "node:assert/strict";
import { test } from "node:test";
import { tableSchema } from "@cordon/core/contract/table-schema";
import { checkTable } from "@cordon/core/inspection/tabular/check";
import fc from "fast-check";
import { parse } from "yaml";
import { readTable } from "../supply/data/read-table.ts";
import { learnProfile, textColumns } from "./learn-profile.ts";
import { profileText } from "./profile-text.ts";

const rows = Array.from({ length: 400 }, (_, at) => {
  const height = 150 + ((at * 37) % 50);
  return [
    height,
    (height - 100 + ((at * 13) % 7) / 2).toFixed(1),
    at % 9 === 0 ? "?" : ["a", "b"][at % 2],
    `w${at}`,
    at % 2,
  ].join(",");
});
const table = readTable(Buffer.from(["height,weight,group,word,label", ...rows].join("\n")), "x.csv");

test("ranges, categories, texts and gaps are learned; what was learned from lies within", () => {
  const profile = learnProfile(table, { leaveOut: ["label"], outside: 0 });
  assert.deepEqual(profile.columns, [
    { name: "height", least: 150, most: 199, whole: true },
    { name: "weight", least: 50, most: 102 },
    { name: "group", values: ["a", "b"], missing: true },
    { name: "word", longest: 8 },
  ]);
  for (const row of table.rows.slice(0, 100)) {
    const [height, weight, group, word] = row;
    const body = {
      height: Number(height),
      weight: Number(weight),
      group: group === "?" ? null : (group ?? ""),
      word: word ?? "",
    };
    assert.deepEqual(checkTable(profile, body), [], JSON.stringify(body));
  }
});

test("a tall and light row is far though each number is in range", () => {
  const profile = learnProfile(table, { leaveOut: ["label"], outside: 0.001 });
  const body = { height: 199, weight: 52, group: "a", word: "x" };
  assert.deepEqual(
    checkTable(profile, body).map(({ detector }) => detector),
    ["table/distance"],
  );
});

test("what is printed is what the configuration reads", () => {
  const profile = learnProfile(table, { leaveOut: ["label"], outside: 0.001 });
  const text = profileText(profile);
  assert.match(text, /- \{ name: height, least: 150, most: 199, whole: true \}/);
  const read: unknown = parse(text);
  assert.deepEqual(tableSchema.parse((read as { table: unknown }).table), profile);
});

test("a column that is not there is named with those that are", () => {
  assert.throws(
    () => learnProfile(table, { leaveOut: ["income"], outside: 0 }),
    /no column `income`; it has height, weight/,
  );
});

/** Columns of numbers, as a table. */
const numbersOf = (numbers: readonly (readonly number[])[]): Parameters<typeof learnProfile>[0] => ({
  columns: (numbers[0] ?? []).map((_, at) => `n${at}`),
  rows: numbers.map((row) => row.map(String)),
});

test("numbers far from zero that differ little keep their distance: times, identifiers", () => {
  for (const value of [
    (at: number) => 1_712_345_678_000 + 200 * at,
    (at: number) => 912_345_600 + ((at * 7919) % 100),
    (at: number) => 100_000_000 + at / 1000,
  ]) {
    const numbers = Array.from({ length: 1000 }, (_, at) => [value(at), (at * 37) % 50]);
    const profile = learnProfile(numbersOf(numbers), { leaveOut: [], outside: 0.001 });
    assert.equal(profile.distance?.columns.length, 2);
    assert.deepEqual(checkTable(profile, numbers), []);
  }
});

test("where none may lie outside, no row that was learned from does", () => {
  const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number, number), { minLength: 1, maxLength: 30 }), (numbers) => {
      const profile = learnProfile(numbersOf(numbers), { leaveOut: [], outside: 0 });
      for (const row of numbers) assert.deepEqual(checkTable(profile, [row]), []);
    }),
    { numRuns: 500 },
  );
});

const learned = (text: string, file = "x.csv"): ReturnType<typeof learnProfile> => {
  const bytes = Buffer.from(text);
  return learnProfile(readTable(bytes, file), { leaveOut: [], outside: 0, texts: textColumns(bytes, file) });
};

test("an empty column, long texts and huge numbers make a profile that the configuration reads", () => {
  const texts = ["x", "y"].map((letter) => letter.repeat(300));
  const profile = learned(`empty,text,huge,n\n,${texts[0]},1e308,1\n?,${texts[1]},-1e308,2\n,z,1e308,3`);
  assert.deepEqual(profile.columns.slice(0, 2), [
    { name: "empty", values: [""], missing: true },
    { name: "text", longest: 600 },
  ]);
  assert.deepEqual(tableSchema.parse((parse(profileText(profile)) as { table: unknown }).table), profile);
  assert.deepEqual(checkTable(profile, { empty: "", text: texts[0] ?? "", huge: -1e308, n: 2 }), []);
  assert.equal(checkTable(profile, { empty: "x", text: "z", huge: 0, n: 2 })[0]?.detector, "table/column-empty");
});

test("a column that the configuration would refuse is named, with what to do", () => {
  assert.throws(() => learned(",age\n0,20\n1,30"), /column 1 of those learned has no name: .*`--leave-out ""`/);
  assert.throws(() => learned(`age,${"n".repeat(129)}\n0,20`), /`n{40}\.\.\.` has 129 characters.*`--leave-out`/);
  assert.throws(() => learned(`age,text\n0,${"x".repeat(1_000_001)}`), /column `text` cannot stand .*`longest`/);
});

test("leading zeros and other bases are text, and so is what JSON lines say is text", () => {
  assert.deepEqual(learned("zip,hex,n\n01234,0x10,-0.5e1\n12345,16,.5").columns, [
    { name: "zip", values: ["01234", "12345"] },
    { name: "hex", values: ["0x10", "16"] },
    { name: "n", least: -5, most: 0.5 },
  ]);
  const lines = [
    { code: "40", age: 40, own: true, blank: "?" },
    { code: "41", age: 41, own: false, blank: 7 },
  ];
  const profile = learned(lines.map((line) => JSON.stringify(line)).join("\n"), "x.jsonl");
  assert.deepEqual(profile.columns, [
    { name: "code", values: ["40", "41"] },
    { name: "age", least: 40, most: 41, whole: true },
    { name: "own", values: ["false", "true"] },
    { name: "blank", least: 7, most: 7, whole: true, missing: true },
  ]);
  assert.deepEqual(checkTable(profile, lines), []);
});

test("rows of a file as people write it are as it was learned: blanks, truth values, words for what is missing", () => {
  const profile = learned("work,own,age\n Private,True,40\n ?,False,none\n Public,True,41");
  assert.deepEqual(
    checkTable(profile, [
      [" Private", true, 40],
      ["?", false, "none"],
      ["Public", "True", 41],
      [null, "False", null],
    ]),
    [],
  );
});
