import assert from "node:assert/strict";
import { test } from "node:test";
import { isCordonError } from "../errors.ts";
import type { LedgerEntry } from "./entry.ts";
import { decodeOpen, encodeOpen, Interactions, markOf } from "./interactions.ts";

const entry = (fields: object): LedgerEntry =>
  ({ v: 1, at: 1, namespace: "default", ...fields }) as unknown as LedgerEntry;
const decision = (id: string, effect = "allow", again?: number) => entry({ kind: "decision", id, effect, again });
const outcome = (id: string) => entry({ kind: "outcome", id });
const writer = (event: string) => entry({ kind: "writer", event });

function after(entries: readonly LedgerEntry[]): { readonly open: string[]; readonly unmatched: number[] } {
  const interactions = new Interactions();
  const unmatched = entries.flatMap((each, index) => (interactions.apply(markOf(each), index) ? [] : [index]));
  return { open: interactions.open().map((each) => `${each.id}@${each.index}`), unmatched };
}

test("an allowed decision is open until its outcome", () => {
  assert.deepEqual(after([decision("a"), decision("b"), outcome("a")]), { open: ["b@1"], unmatched: [] });
});

test("a denied decision opens nothing, so an outcome of it has no match", () => {
  assert.deepEqual(after([decision("a", "deny"), outcome("a")]), { open: [], unmatched: [1] });
});

test("a second outcome has no match", () => {
  assert.deepEqual(after([decision("a"), outcome("a"), outcome("a")]), { open: [], unmatched: [2] });
});

test("a decision taken again, whichever way it goes, continues the interaction that is open", () => {
  assert.deepEqual(after([decision("a"), decision("a", "allow", 1)]), { open: ["a@0"], unmatched: [] });
  assert.deepEqual(after([decision("a"), decision("a", "deny", 1), outcome("a")]), { open: [], unmatched: [] });
});

test("the writer's last word is remembered", () => {
  const interactions = new Interactions();
  for (const [i, event] of ["started", "stopped", "recovered"].entries()) {
    interactions.apply(markOf(writer(event)), i);
    assert.equal(interactions.stopped, event === "stopped");
  }
});

test("what is open comes back from its file, and no changed byte of the file does", () => {
  const interactions = new Interactions();
  interactions.apply(markOf(decision('quote " and \n newline')), 4);
  interactions.apply(markOf(decision("b")), 9);
  const bytes = encodeOpen(10, interactions);
  const back = decodeOpen(bytes, 10);
  assert.deepEqual(back.open(), interactions.open());
  assert.deepEqual(encodeOpen(10, back), bytes);
  const isCorrupt = (error: unknown) => isCordonError(error, "LEDGER_CORRUPT");
  assert.throws(() => decodeOpen(bytes, 11), isCorrupt, "of another size");
  assert.throws(() => decodeOpen(bytes.subarray(0, -1), 10), isCorrupt, "cut");
  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes);
    changed[i] = (changed[i] ?? 0) ^ 2;
    assert.throws(() => decodeOpen(changed, 10), isCorrupt, `byte ${i}`);
  }
});
