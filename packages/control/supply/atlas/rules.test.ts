import assert from "node:assert/strict";
import { test } from "node:test";
import { atlasFor, atlasName, atlasRows, atlasVersion } from "./rules.ts";

test("every ATLAS id that a rule cites is in the pinned catalogue", () => {
  assert.equal(atlasVersion, "5.6.0");
  for (const [rule, techniques, mitigations] of atlasRows) {
    assert.ok(techniques.length > 0 && mitigations.length > 0, rule);
    for (const id of [...techniques, ...mitigations]) assert.ok(atlasName(id) !== undefined, `${rule}: ${id}`);
  }
});

test("the most specific rule gives the ids", () => {
  assert.deepEqual(atlasFor("vulnerability/malicious-package").techniques, ["AML.T0010.001", "AML.T0011.001"]);
  assert.deepEqual(atlasFor("vulnerability/affected").techniques, ["AML.T0010.001"]);
  assert.deepEqual(atlasFor("unheard-of/rule").techniques, []);
});
