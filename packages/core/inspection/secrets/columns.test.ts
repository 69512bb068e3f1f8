import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { assertFrom, assertLocal, assertSettledBeforeOpen, assertWellFormed } from "../testing/span-laws.ts";
import { maxTable } from "./columns.ts";
import { longSecretDetector } from "./long.ts";

const found = (text: string): string[] =>
  longSecretDetector.detect(text).map(({ start, end }) => text.slice(start, end));
const rows = (count: number): string =>
  Array.from({ length: count }, (_, at) => `user${at},Winter${2000 + at}x,free\n`).join("");

test("finds what a table's first line names, row by row, until a line is none of its", () => {
  assert.equal(found(`name,password,plan\n${rows(200)}`).length, 200);
  assert.deepEqual(found("name,password,plan\nthat was all\njoe,Winter2024x,free\n"), []);
  assert.deepEqual(found("name,password\njoe,Winter2024x\nname,plan,token\njoe,Winter2025x,none\n"), ["Winter2024x"]);
});

test("reads a quoted cell whole, and nothing behind a quote that is not closed", () => {
  assert.deepEqual(found('note,password\n"a, b","Winter,2024x"\n'), ["Winter,2024x"]);
  assert.deepEqual(found('note,password\n"a, b,Winter2024x\n'), []);
});

test("finds a cell up to the bound behind the first line, and none further", () => {
  const text = `name,password,plan\n${rows(1000)}`;
  const last = longSecretDetector.detect(text).at(-1);
  assert.ok(last !== undefined && last.end <= maxTable && last.end > maxTable - 64);
});

test("takes a time that grows with the text alone, of first lines and nothing else too", () => {
  const time = (text: string): number => {
    const start = performance.now();
    longSecretDetector.detect(text);
    return performance.now() - start;
  };
  for (const line of ["a,password\n", "|token|token|\n", '"a,password\n', "a,b,c,d,e,f,password\n"]) {
    time(line.repeat(2000));
    const [short, long] = [line.repeat(2000), line.repeat(16_000)].map((text) =>
      Math.min(...[0, 1, 2].map(() => time(text))),
    ) as [number, number];
    assert.ok(long < 40 * Math.max(short, 0.5), `${line.trim()}: ${short} ms, eight times the text ${long} ms`);
  }
});

test("keeps the laws of streams over tables of any kind", () => {
  const cell = fc.constantFrom(
    "joe",
    "Winter2024x",
    "password",
    "token",
    '"a b"',
    '"Win,x9Y"',
    '"open',
    "",
    "x y",
    "12",
    "`Xy7#kLm9q`",
  );
  const line = fc.tuple(fc.constantFrom(",", ";", "\t", "|", " | "), fc.array(cell, { minLength: 1, maxLength: 4 }));
  const table = fc
    .array(line, { minLength: 1, maxLength: 12 })
    .chain((lines) =>
      fc.constantFrom("\n", "\r\n", " \n").map((end) => lines.map(([sign, cells]) => cells.join(sign) + end).join("")),
    );
  const headed = fc.tuple(fc.constantFrom("user,password\n", "a;api key\r\n", "| a | token |\n", "x\tpw\n", ""), table);
  fc.assert(
    fc.property(headed, fc.array(fc.nat(), { minLength: 6, maxLength: 12 }), ([head, body], places) => {
      const text = head + body;
      const cuts = places.map((place) => place % (text.length + 1));
      assertWellFormed(longSecretDetector, text);
      assertSettledBeforeOpen(longSecretDetector, text, cuts);
      for (const cut of cuts) assertFrom(longSecretDetector, text, cut);
    }),
    {
      numRuns: 500,
      examples: [
        [
          ["user,password\n", 'joe,"open,Winter2024x,"a b"\n`Xy7#kLm9q`\n'],
          [37, 38, 39, 40, 0, 0],
        ],
      ],
    },
  );
  const far = `user,password\n${rows(3000)}`;
  for (const from of [0, 5, 14, 900, 20_000]) assertLocal(longSecretDetector, far, from);
  for (const from of [1, 11_900, 12_280, 12_300, 13_000, 30_000]) {
    assertFrom(longSecretDetector, far, from);
    assertFrom(longSecretDetector, `${rows(40)}\n${far}`, from);
  }
});
