import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { admissions, type DoorLimits } from "./door-limits.ts";

const limits: DoorLimits = {
  ...{ connections: 6, connectionsEach: 3, connectionsOfStranger: 1, underWay: 4, underWayEach: 2 },
  ...{ idleMs: 100, questionMs: 50 },
};

test("one identity has its share of connections and questions, whatever it does; what ends gives room", () => {
  const name = fc.constantFrom("a", "b", "stranger");
  const step = fc.oneof(
    fc.record({ op: fc.constant("enter" as const), name }),
    fc.record({ op: fc.constantFrom("leave" as const, "begin" as const, "end" as const), at: fc.nat(20) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const all = admissions<{ readonly name: string }>(limits, () => 0);
      const open: { readonly name: string }[] = [];
      const questions: { readonly socket: { readonly name: string }; readonly end: () => void }[] = [];
      for (const one of steps) {
        if (one.op === "enter") {
          const socket = { name: one.name };
          if (all.enter(socket, one.name, one.name !== "stranger")) open.push(socket);
        } else if (one.op === "leave") {
          const [socket] = open.splice(one.at % Math.max(1, open.length), 1);
          if (socket === undefined) continue;
          all.leave(socket);
          all.leave(socket); // twice changes nothing
          for (let at = questions.length - 1; at >= 0; at--)
            if (questions[at]?.socket === socket) questions.splice(at, 1)[0]?.end();
        } else if (one.op === "begin") {
          const socket = open[one.at % Math.max(1, open.length)];
          const end = socket && all.begin(socket);
          if (socket !== undefined && end !== undefined) questions.push({ socket, end });
        } else {
          const [question] = questions.splice(one.at % Math.max(1, questions.length), 1);
          question?.end();
          question?.end();
        }
        assert.equal(all.size, open.length);
        assert.ok(open.length <= 6 && questions.length <= 4);
        for (const [who, most] of [
          ["a", 3],
          ["b", 3],
          ["stranger", 1],
        ] as const) {
          assert.ok(open.filter((socket) => socket.name === who).length <= most);
          assert.ok(questions.filter(({ socket }) => socket.name === who).length <= 2);
        }
      }
      // When all is over, all of it is free again.
      for (const { end } of questions) end();
      for (const socket of open) all.leave(socket);
      const again = Array.from({ length: 3 }, () => ({ name: "a" }));
      assert.deepEqual(
        again.map((socket) => all.enter(socket, "a", true)),
        [true, true, true],
      );
      assert.ok(
        all.begin(again[0] as { name: string }) !== undefined && all.begin(again[1] as { name: string }) !== undefined,
      );
      assert.equal(all.begin(again[2] as { name: string }), undefined);
    }),
  );
});

test("a connection is closed when nothing is asked on it for long, or when one question takes too long", () => {
  let now = 0;
  const all = admissions<object>(limits, () => now);
  const [quiet, slow, busy] = [{}, {}, {}];
  for (const socket of [quiet, slow, busy]) assert.ok(all.enter(socket, "a", true));
  all.begin(slow);
  for (now = 10; now <= 90; now += 10) all.begin(busy)?.();
  now = 60;
  assert.deepEqual(all.overdue(), [slow]);
  now = 100;
  assert.deepEqual(all.overdue(), [quiet, slow]);
  now = 189;
  assert.deepEqual(all.overdue(), [quiet, slow]);
  now = 190;
  assert.deepEqual(all.overdue(), [quiet, slow, busy]);
});
