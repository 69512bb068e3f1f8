import assert from "node:assert/strict";
import { test } from "node:test";
import { tableSchema } from "@cordon/core/contract/table-schema";
import { checkTable } from "@cordon/core/inspection/tabular/check";
import { parse } from "yaml";
import { readTable } from "../supply/data/read-table.ts";
import { learnProfile } from "./learn-profile.ts";
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
