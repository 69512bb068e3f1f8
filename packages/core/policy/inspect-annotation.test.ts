import assert from "node:assert/strict";
import { test } from "node:test";
import { joinDemands, parseInspect, type InspectionDemands } from "./inspect-annotation.ts";

test("actions by category hold in one direction or in both", () => {
  assert.deepEqual(parseInspect("response:pii=redact, secret=block"), {
    request: { secret: "block" },
    response: { pii: "redact", secret: "block" },
  });
});

test("what is no category, no action, said twice or no statement is refused in words", () => {
  assert.match(parseInspect("pia=redact") as string, /`pia` is not a category/);
  assert.match(parseInspect("pii=hide") as string, /`hide` is not an action/);
  assert.match(parseInspect("pii=redact, response:pii=block") as string, /named twice for the response/);
  for (const text of ["", "pii", "answer:pii=redact", "pii=redact;secret=block", "__proto__=block"])
    assert.equal(typeof parseInspect(text), "string", text);
});

test("of several permits the strictest holds, and what one leaves open the other says", () => {
  const demands = ["response:pii=allow", "response:pii=redact, request:secret=flag", "response:canary=block"].map(
    (text) => parseInspect(text) as InspectionDemands,
  );
  assert.deepEqual(joinDemands(demands), {
    request: { secret: "flag" },
    response: { pii: "redact", canary: "block" },
  });
});
