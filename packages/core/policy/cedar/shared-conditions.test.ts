/** Policies that say the same are asked once a request, and each still fails, or holds, as itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { authorize } from "./authorize.ts";
import { compileText, entitiesOf, environmentOf } from "./testing.ts";

const entities = entitiesOf([
  { uid: { type: "U", id: "a" }, attrs: { n: 1 } },
  { uid: { type: "U", id: "b" }, attrs: {} },
]);

test("conditions that five policies share hold, or fail, for each of them, and for each request anew", () => {
  const one = `permit(principal, action, resource) when { principal.n == 1 };`;
  const { set } = compileText([one, one, one, one, one].join("\n"));
  const ask = (name: string) =>
    authorize(
      set,
      environmentOf(
        {
          principal: { type: "U", id: name },
          action: { type: "Action", id: "x" },
          resource: { type: "R", id: "r" },
          context: {},
        },
        entities,
      ),
    );
  const all = [0, 1, 2, 3, 4];
  assert.deepEqual(ask("a").permits, all);
  const failed = ask("b");
  assert.deepEqual(failed.permits, []);
  assert.deepEqual(
    failed.errors.map(({ place }) => place),
    all,
  );
  assert.deepEqual(ask("a").permits, all);
});
