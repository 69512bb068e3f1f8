import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makeEncoder } from "./encoder.ts";
import { makeCutter } from "./pieces.ts";
import { PlainSteps } from "./plain.ts";
import { heads, testWeights, type Product, type TestLayer, type TestWeights } from "./test-weights.ts";
import { readWeights } from "./weights.ts";

const pieces = ["<unk>", ...Array.from("▁abcdefgh"), "▁ab", "cd", "efg", "▁h"];
const scores = pieces.map((_, at) => -1 - (at % 5));
const made = testWeights(pieces, scores);
const weights = readWeights(made.file);
const compiled = makeEncoder(weights);
const plain = makeEncoder(weights, new PlainSteps(weights.body, 64));

const texts = fc.string({ unit: fc.constantFrom(...Array.from("abcdefgh ")), minLength: 1, maxLength: 150 });

/** The encoder as its paper says it, in doubles and with weights that are not rounded further. */
function direct({ embeddings, layers, head }: TestWeights, ids: readonly number[]): number {
  const width = embeddings[0]?.length ?? 0;
  let rows = ids.map((id, place) =>
    (embeddings[id] ?? []).map((value, at) => {
      const angle = place / 10_000 ** ((at % (width / 2)) / (width / 2 - 1));
      return value + (at < width / 2 ? Math.sin(angle) : Math.cos(angle));
    }),
  );
  for (const layer of layers) rows = passed(layer, rows);
  const mean = (rows[0] ?? []).map((_, at) => total(rows.map((row) => row[at] ?? 0)) / rows.length);
  const [layer, bias, out, outBias] = head;
  return (
    outBias +
    dot(
      out,
      plus(
        layer.map((row) => dot(row, mean)),
        bias,
      ).map((unit) => Math.max(unit, 0)),
    )
  );
}

function passed(layer: TestLayer, rows: readonly (readonly number[])[]): number[][] {
  const mixed = rows.map((row) => times(normalised(row, layer.attentionNorm), layer.mix));
  const width = rows[0]?.length ?? 0;
  const size = width / heads;
  const part = (row: readonly number[], which: number, head: number): number[] =>
    row.slice(which * width + head * size, which * width + (head + 1) * size);
  return rows.map((row, place) => {
    const context = Array.from({ length: heads }, (_, head) => {
      const query = part(mixed[place] ?? [], 0, head);
      const chances = mixed.map((other) => Math.exp(dot(query, part(other, 1, head)) / Math.sqrt(size)));
      const values = mixed.map((other) => part(other, 2, head));
      return query.map(
        (_value, at) =>
          dot(
            chances,
            values.map((value) => value[at] ?? 0),
          ) / total(chances),
      );
    }).flat();
    const residual = layer.residual === undefined ? row : times(row, layer.residual);
    const state = plus(times(context, layer.output), residual);
    const units = times(normalised(state, layer.forwardNorm), layer.expand).map((unit) => Math.max(unit, 0));
    return plus(times(units, layer.contract), state);
  });
}

function normalised(row: readonly number[], [gain, bias]: TestLayer["forwardNorm"]): number[] {
  const mean = total(row) / row.length;
  const variance = total(row.map((value) => (value - mean) ** 2)) / row.length;
  return row.map((value, at) => ((value - mean) / Math.sqrt(variance + 1e-6)) * (gain[at] ?? 0) + (bias[at] ?? 0));
}

function times(row: readonly number[], { matrix, bias }: Product): number[] {
  return bias.map(
    (value, at) =>
      value +
      dot(
        row,
        matrix.map((cells) => cells[at] ?? 0),
      ),
  );
}

const total = (numbers: readonly number[]): number => numbers.reduce((sum, value) => sum + value, 0);
const dot = (a: readonly number[], b: readonly number[]): number => total(a.map((value, at) => value * (b[at] ?? 0)));
const plus = (a: readonly number[], b: readonly number[]): number[] => a.map((value, at) => value + (b[at] ?? 0));

// Logits here are some 7 in size. Rounding of rows moves them by 0.004, and by 0.002 where it falls on the other side.
test("texts have the logits of the paper's formulas, compiled and plain", () => {
  const cutter = makeCutter(pieces, weights.scores);
  fc.assert(
    fc.property(texts, (text) => {
      const { ids, count } = cutter.cut(text);
      const expected = direct(made, [...ids.subarray(0, count)]);
      const [a, b] = [compiled.logit(text) ?? NaN, plain.logit(text) ?? NaN];
      assert.ok(Math.abs(a - expected) < 0.03, `compiled ${a}, by the formulas ${expected}`);
      assert.ok(Math.abs(b - expected) < 0.03, `plain ${b}, by the formulas ${expected}`);
      assert.ok(Math.abs(a - b) < 0.02, `compiled ${a}, plain ${b}`);
    }),
    { numRuns: 60, examples: [["a"], ["abcdefgh ".repeat(30)]] },
  );
});

test("a text's logit is the same to the last bit whatever was read before", () => {
  const fresh = makeEncoder(weights);
  fc.assert(
    fc.property(texts, texts, (before, text) => {
      const logit = fresh.logit(text);
      fresh.logit(before);
      assert.equal(fresh.logit(text), logit);
      assert.equal(compiled.logit(text), logit);
    }),
    { numRuns: 60 },
  );
});

test("the order of words counts", () => {
  assert.notEqual(compiled.logit("ab cd"), compiled.logit("cd ab"));
});

test("nothing is said of a text that is mostly unknown, or empty", () => {
  assert.equal(compiled.logit(""), undefined);
  assert.equal(compiled.logit("世界"), undefined);
  assert.equal(compiled.logit("世a世b世c"), undefined);
  assert.equal(typeof compiled.logit("abab世cd"), "number");
});

test("what is behind the bounds does not count", () => {
  assert.equal(compiled.logit("a".repeat(95)), compiled.logit("a".repeat(3000)));
  assert.notEqual(compiled.logit("a".repeat(94)), compiled.logit("a".repeat(95)));
});
