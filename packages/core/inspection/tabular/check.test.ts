import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonValue } from "../../contract/strict-json.ts";
import { checkTable } from "./check.ts";
import { maxRows, type TableProfile } from "./profile.ts";

const profile: TableProfile = {
  at: "",
  columns: [
    { name: "age", least: 18, most: 90, whole: true },
    { name: "Income (S$)", least: 0, most: 100_000, missing: true },
    { name: "branch", values: ["east", "west", "true"] },
    { name: "note", longest: 10, missing: true },
  ],
  others: false,
};
const good = { age: 40, "Income (S$)": 5000, branch: "east", note: "fine" };
const found = (body: JsonValue, with_: TableProfile = profile): string[] =>
  checkTable(with_, body).map(({ detector, score }) => `${detector} ${score}`);

test("a row as the profile says gives nothing: as fields, by place, in a list, with what may be missing left out", () => {
  for (const body of [
    good,
    [good, good],
    [40, 5000, "west", null],
    [
      [40, 5000, "west", ""],
      [18, null, "east", "x"],
    ],
    { age: 90, branch: true },
  ])
    assert.deepEqual(found(body as JsonValue), [], JSON.stringify(body));
});

test("as people write it: blanks around a category, truth values as a file has them, words for what is missing", () => {
  const file: TableProfile = {
    at: "",
    columns: [
      { name: "work", values: ["Private", "none"], missing: true },
      { name: "owner", values: ["True", "False"] },
      { name: "age", least: 18, most: 90, missing: true },
    ],
    others: false,
  };
  for (const body of [
    [" Private", true, 40],
    ["?", "True", "N/A"],
    ["None", false, null],
  ])
    assert.deepEqual(found(body, file), [], JSON.stringify(body));
  assert.deepEqual(found(["Public", 1, "forty"], file), [
    "table/column-work 0.9",
    "table/column-owner 0.9",
    "table/column-age 1",
  ]);
  assert.deepEqual(found({ ...good, age: "?", branch: "none" }), ["table/column-age 1", "table/column-branch 0.9"]);
});

test("each thing that is wrong is named by its column, surer the further out", () => {
  assert.deepEqual(found({ ...good, age: 95 }), ["table/column-age 0.6"]);
  assert.deepEqual(found({ ...good, age: 120 }), ["table/column-age 0.8"]);
  assert.deepEqual(found({ ...good, age: 1e9 }), ["table/column-age 0.95"]);
  assert.deepEqual(found({ ...good, age: 40.5, branch: "north" }), ["table/column-age 0.9", "table/column-branch 0.9"]);
  assert.deepEqual(found({ ...good, age: "40" }), ["table/column-age 1"]);
  assert.deepEqual(found({ ...good, age: null }), ["table/column-age 1"]);
  assert.deepEqual(found({ ...good, "Income (S$)": [1] }), ["table/column-income-s 1"]);
  assert.deepEqual(found({ ...good, note: "longer than that" }), ["table/column-note 0.8"]);
});

test("what is no row, too many rows, or has fields of its own is a wrong schema", () => {
  const many = Array.from({ length: maxRows + 1 }, () => good);
  for (const body of [null, "age", 7, [1, 2], [[40, 5000, "west"]], { ...good, admin: true }, ["x"], many, []])
    assert.deepEqual(found(body as JsonValue).slice(0, 1), ["table/schema 1"], JSON.stringify(body).slice(0, 60));
  assert.deepEqual(found({ ...good, admin: true }, { ...profile, others: true }), []);
  assert.deepEqual(found(Object.assign(JSON.parse("{}") as object, { __proto__: good }) as JsonValue).length > 0, true);
});

test("rows are found where the profile says; elsewhere there are none", () => {
  const nested = { ...profile, at: "/inputs/0/a~1b" };
  assert.deepEqual(found({ inputs: [{ "a/b": [good] }] }, nested), []);
  assert.deepEqual(found({ inputs: [{ "a/b": [{ ...good, age: 1 }] }] }, nested), ["table/column-age 0.8"]);
  assert.deepEqual(found({ rows: [] }, { ...profile, at: "/rows" }), ["table/schema 1"], "nor where the list is empty");
  for (const body of [good, { inputs: [] }, { inputs: [{ constructor: 1 }] }])
    assert.deepEqual(found(body as JsonValue, nested), ["table/schema 1"]);
});

test("a row whose numbers are each in range and together nowhere near the data is far", () => {
  const joint: TableProfile = {
    at: "",
    columns: [
      { name: "x", least: -10, most: 10 },
      { name: "y", least: -10, most: 10 },
    ],
    others: false,
    // Correlated by 0.9 with unit variances.
    distance: {
      columns: ["x", "y"],
      means: [0, 0],
      inverse: [
        [5.263, -4.737],
        [-4.737, 5.263],
      ],
      from: 13.8,
    },
  };
  assert.deepEqual(found({ x: 2, y: 2 }, joint), []);
  assert.match(found({ x: 2, y: -2 }, joint)[0] ?? "", /^table\/distance 0\.[5-9]/);
  assert.deepEqual(found({ x: 1e308, y: -1e308 }, joint).at(-1), "table/distance 0.95");
});

test("no body makes it throw, and no finding holds a value", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom("", "/a", "/0/b"), (body, at) => {
      for (const { detector, score } of checkTable({ ...profile, at }, body as JsonValue)) {
        assert.match(detector, /^table\/[a-z0-9-]{1,63}$/);
        assert.ok(score > 0 && score <= 1);
      }
    }),
    { numRuns: 500 },
  );
});
