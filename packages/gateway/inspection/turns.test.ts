import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openTurns } from "./turns.ts";

const never = new AbortController().signal;

test("no more have a turn at a time than may, and those who wait get theirs in their order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(fc.nat(3), { maxLength: 20 }), async (most, lengths) => {
      const turns = openTurns(most, 100);
      let at = 0;
      let highest = 0;
      const order: number[] = [];
      await Promise.all(
        lengths.map(async (length, place) => {
          const giveBack = await turns.take(never);
          order.push(place);
          highest = Math.max(highest, (at += 1));
          for (let step = 0; step < length; step++) await Promise.resolve();
          at -= 1;
          giveBack();
        }),
      );
      assert.ok(highest <= most);
      assert.deepEqual(order, [...lengths.keys()]);
    }),
  );
});

test("who is tired of waiting leaves the line and takes nobody's turn; a line that is full is said to be", async () => {
  const turns = openTurns(1, 1);
  const giveBack = await turns.take(never);
  const tired = new AbortController();
  const waiting = turns.take(tired.signal);
  await assert.rejects(turns.take(never), /1 are at it and 1 wait already/);
  tired.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  const next = turns.take(never);
  giveBack();
  (await next)();
  (await turns.take(never))();
  await assert.rejects(turns.take(tired.signal), /enough/);
});
