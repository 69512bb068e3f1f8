import assert from "node:assert/strict";
import { test } from "node:test";
import { budgetViolations, describeBudget, maxFileLines, measure } from "./budget.ts";
import { manifest, plant, plantFiles } from "./planted.ts";

test("measures code and tests apart", (t) => {
  const root = plant(t, { "packages/core/a.test.ts": "export const x: any = 1;\nexport type Y = any[];\n" });
  const budget = measure(root);
  assert.equal(budget.files, 4);
  assert.equal(budget.testLines, 2);
  assert.equal(budget.sourceLines, 2 + 4 + 4 + 3);
  assert.equal(budget.anyCount, 2);
  assert.deepEqual(budget.dependencies, { cli: 0, core: 1, gateway: 1 });
  assert.match(describeBudget(budget), /4 files, lines median 4 /);
  assert.deepEqual(budgetViolations(root, budget), []);
});

test("refuses a file that is too long, and permits a test as long", (t) => {
  const long = "export {};\n".repeat(maxFileLines + 1);
  const root = plant(t, { "packages/core/long.ts": long, "packages/core/long.test.ts": long });
  const violations = budgetViolations(root, measure(root));
  assert.deepEqual(
    violations.map(({ file }) => file),
    ["packages/core/long.ts"],
  );
});

test("refuses files that import one another's values in a ring, however long", (t) => {
  const ring = (next: string): string => `import "./${next}.ts";\nexport const x = 1;\n`;
  const root = plant(t, {
    "packages/core/a.ts": ring("b"),
    "packages/core/b.ts": ring("c"),
    "packages/core/c.ts": ring("a"),
    "packages/core/self.ts": ring("self"),
    "packages/core/leads-in.ts": ring("a"),
  });
  const { cycles } = measure(root);
  assert.deepEqual(
    cycles.map((files) => files.toSorted()).toSorted((a, b) => b.length - a.length),
    [["packages/core/a.ts", "packages/core/b.ts", "packages/core/c.ts"], ["packages/core/self.ts"]],
  );
  assert.equal(budgetViolations(root, measure(root)).length, 2);
});

test("permits files that know one another's types", (t) => {
  const root = plant(t, {
    "packages/core/a.ts": 'import type { B } from "./b.ts";\nexport type A = B | 1;\n',
    "packages/core/b.ts": 'import type { A } from "./a.ts";\nexport type B = A | 2;\n',
  });
  assert.deepEqual(measure(root).cycles, []);
});

test("fails when there is nothing to measure", (t) => {
  const root = plantFiles(t, { "package.json": manifest({ name: "cordon" }) });
  assert.match(budgetViolations(root, measure(root))[0]?.message ?? "", /nothing was measured/);
});
