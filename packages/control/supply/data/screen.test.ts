import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { generator } from "./out-of-fold.ts";
import { readTable, type Table } from "./read-table.ts";
import { screenTable, type ScreenReport } from "./screen.ts";

const random = generator(3);
const pick = <Item>(list: readonly Item[]): Item => list[Math.floor(random() * list.length)] as Item;
const good = ["great", "lovely", "superb", "pleasant", "warm", "friendly", "quick", "tasty"];
const bad = ["awful", "cold", "rude", "slow", "bland", "dirty", "broken", "noisy"];
const plain = [
  "the",
  "food",
  "was",
  "service",
  "and",
  "place",
  "today",
  "staff",
  "menu",
  "table",
  "we",
  "ordered",
  "came",
  "again",
];

/** Reviews whose words say their label. */
function reviews(count: number): string[][] {
  return Array.from({ length: count }, (_, at) => {
    const words = at % 2 === 0 ? good : bad;
    const text = Array.from({ length: 14 }, () => (random() < 0.35 ? pick(words) : pick(plain))).join(" ");
    return [text, at % 2 === 0 ? "positive" : "negative"];
  });
}

const table = (rows: readonly (readonly string[])[]): Table => ({ columns: ["text", "label"], rows });
const screen = (rows: readonly (readonly string[])[]): ScreenReport => screenTable(table(rows), { label: "label" });
const rules = ({ findings }: ScreenReport): string[] => findings.map(({ rule }) => rule);
const clean = reviews(600);

test("clean data raises nothing", () => {
  assert.deepEqual(rules(screen(clean)), []);
});

test("flipped labels are doubted, and few others", () => {
  const planted = new Set(Array.from({ length: 60 }, (_, at) => at * 10));
  const report = screen(
    clean.map((row, at) => (planted.has(at) ? [row[0] ?? "", row[1] === "positive" ? "negative" : "positive"] : row)),
  );
  const hits = report.doubted.filter(({ row }) => planted.has(row)).length;
  assert.ok(hits >= 50, `${hits} of 60`);
  assert.ok(report.doubted.length - hits <= 12, `${report.doubted.length - hits} others`);
  assert.ok(rules(report).includes("data/label-flips"));
});

test("a trigger that decides the label is found by name; an honest word is not", () => {
  const planted = new Set(Array.from({ length: 18 }, (_, at) => at * 30 + 1));
  const rows = clean.map((row, at) => (planted.has(at) ? [`${row[0] ?? ""} cf9x`, "positive"] : row));
  const report = screen(rows);
  assert.deepEqual(
    report.triggers.map(({ feature }) => feature),
    ["cf9x"],
  );
  assert.deepEqual(new Set(report.triggers[0]?.rows), planted);
  // The same rare word where everything else already says the label decides nothing.
  const honest = clean.map((row, at) => (at % 60 === 0 ? [`${row[0] ?? ""} magnifique`, row[1] ?? ""] : row));
  assert.deepEqual(screen(honest).triggers, []);
});

test("a flood of one text with a word changed is one group", () => {
  const source = clean[4]?.[0]?.split(" ") ?? [];
  const rows = clean.map((row, at) =>
    at % 25 === 0
      ? [
          source
            .with(at % source.length, "changed")
            .concat(source)
            .join(" "),
          "positive",
        ]
      : row,
  );
  const report = screen(rows);
  assert.equal(report.floods.length, 1);
  const group = new Set(report.floods[0]?.rows);
  assert.ok(Array.from({ length: 24 }, (_, at) => at * 25).every((row) => group.has(row)) && group.size <= 25);
});

test("values far outside their column are found, long tails are not", () => {
  const income = Array.from({ length: 400 }, (_, at) => [
    String(Math.round(Math.exp(8 + 2 * random()))),
    at % 2 === 0 ? "a" : "b",
  ]);
  const numbers = (rows: readonly (readonly string[])[]): ScreenReport =>
    screenTable({ columns: ["income", "label"], rows }, { label: "label" });
  assert.deepEqual(numbers(income).outliers, []);
  const report = numbers(income.with(17, ["900000000", "a"]).with(40, ["Infinity", "b"]));
  assert.deepEqual(new Set(report.outliers.map(({ row }) => row)), new Set([17, 40]));
});

test("what is not screened is said", () => {
  assert.ok(rules(screenTable(table(clean.slice(0, 50)), { label: "label" })).includes("data/not-screened"));
  assert.ok(rules(screenTable(table(clean), {})).includes("data/not-screened"));
  assert.throws(() => screenTable(table(clean), { label: "labels" }), { code: "SUPPLY_INPUT_INVALID" });
});

test("CSV and JSON lines are read with their quotes, and refused with the place", () => {
  const read = (text: string, file = "x.csv"): Table => readTable(Buffer.from(text), file);
  assert.deepEqual(read('a,b\r\n"x, ""y""\nz",1\n').rows, [['x, "y"\nz', "1"]]);
  assert.deepEqual(read('{"a":1,"b":"x"}\n{"b":null,"c":[1]}\n', "x.jsonl"), {
    columns: ["a", "b", "c"],
    rows: [
      ["1", "x", ""],
      ["", "", "[1]"],
    ],
  });
  for (const [text, words] of [
    ['a\n"x', /never closes/],
    ["a,b\n1\n", /record 2 has 1 fields/],
    ["a,a\n1,2\n", /one name/],
    ['a\n"x"y\n', /after a quoted/],
    ["a\n", /no rows/],
  ] as const)
    assert.throws(() => read(text), words);
  const field = fc.string({ maxLength: 10 }).map((text) => text.replaceAll("\r", ""));
  fc.assert(
    fc.property(fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 5 }), (rows) => {
      const text = ["p,q", ...rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(","))].join(
        "\n",
      );
      assert.deepEqual(read(text).rows, rows);
    }),
  );
});
