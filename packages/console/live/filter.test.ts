import assert from "node:assert/strict";
import { test } from "node:test";
import { everything, filterRows, isEverything, parties, type RowFilter } from "./filter.ts";
import { addLines, emptyBook } from "./book.ts";
import { readLine } from "./row.ts";
import { assistant, chat, decision, outcome, trainer } from "./test-entries.ts";

const denied = { effect: "deny", principal: trainer, reasons: [{ code: "no-permit", words: "Nothing permits it" }] };
const { rows } = addLines(emptyBook, [
  readLine(0, decision("a")),
  readLine(1, decision("b", denied)),
  readLine(2, { v: 1, kind: "refusal", at: 1, code: "SVID_EXPIRED", words: "expired", from: "10.0.0.1", count: 1 }),
  readLine(3, outcome("a", { end: "cut", why: { code: "revoked", words: "revoked" } })),
  readLine(4, decision("c", { observed: { effect: "deny", reasons: [] } })),
]);

const found = (filter: Partial<RowFilter>) => filterRows(rows, { ...everything, ...filter }).map(({ index }) => index);

test("the filter that hides nothing hands the rows through", () => {
  assert.equal(filterRows(rows, everything), rows);
  assert.equal(isEverything({ ...everything, text: "  " }), true);
});

const cases: readonly (readonly [Partial<RowFilter>, number[]])[] = [
  [{ effect: "allow" }, [0]],
  [{ effect: "deny" }, [1]],
  [{ effect: "observed" }, [4]],
  [{ effect: "events" }, [2]],
  [{ principal: trainer }, [1]],
  [{ resource: chat, principal: assistant }, [4, 0]],
  [{ resource: trainer }, []],
  [{ text: "NOTHING permits" }, [1]],
  [{ text: "permits nothing" }, [1]],
  [{ text: "no-permit" }, [1]],
  [{ text: "assistant-may-ask cut" }, [0]],
  [{ text: "revoked" }, [0]],
  [{ text: "10.0.0.1" }, [2]],
  [{ text: "10.0.0.2" }, []],
  [{ effect: "deny", text: "assistant" }, []],
];
for (const [filter, indexes] of cases) {
  test(`${JSON.stringify(filter)} lets ${indexes.length} of the rows through`, () =>
    assert.deepEqual(found(filter), indexes));
}

test("those to choose from are everyone who took part in a decision, by name", () => {
  assert.deepEqual(parties(rows), { principals: [assistant, trainer], resources: [chat] });
});
