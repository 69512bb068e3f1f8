import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { wantedGrant } from "./wanted-grant.ts";

const coded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

test("what the command line asks for is what the form begins with; anything else begins empty", () => {
  const asked = {
    actions: ["read"],
    resources: ["default/training-data"],
    reason: "ausgefallen: \u00e4\u{1f525}",
    minutes: 30,
  };
  assert.deepEqual(wantedGrant(coded(asked)), asked);
  for (const bent of [{ ...asked, minutes: 0 }, { ...asked, actions: [] }, { ...asked, reason: 7 }, [], "x", null])
    assert.equal(wantedGrant(coded(bent)), undefined);
  fc.assert(fc.property(fc.string(), (text) => assert.equal(wantedGrant(text), undefined)));
});
