import assert from "node:assert/strict";
import { test } from "node:test";
import { CordonError } from "@cordon/core/errors";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import type { Ledger } from "./ledger.ts";
import { observeLedger } from "./observed.ts";

const entry: LedgerEntry = { v: 1, kind: "writer", at: 1, event: "started", words: "for the test" };

function ledger(append: (entry: LedgerEntry) => Promise<number>): Ledger {
  return {
    append,
    receipt: async (index) => `receipt ${index}`,
    latestCheckpoint: () => "note",
    size: 7,
    health: { state: "open", why: undefined, outstanding: 0, checkpointSize: 7, failingSinks: [] },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

test("hears an entry once it is durable, with its index, and not before", async () => {
  const durable = Promise.withResolvers<number>();
  const heard: unknown[] = [];
  const observed = observeLedger(
    ledger(() => durable.promise),
    (index, what) => heard.push([index, what]),
    (error) => assert.fail(String(error)),
  );
  const appended = observed.append(entry);
  await new Promise(setImmediate);
  assert.deepEqual(heard, []);
  durable.resolve(3);
  assert.equal(await appended, 3);
  await new Promise(setImmediate);
  assert.deepEqual(heard, [[3, entry]]);
});

test("a listener that throws does not reach whoever appends", async () => {
  const failures: unknown[] = [];
  const bug = new Error("a bug");
  const observed = observeLedger(
    ledger(async () => 4),
    () => {
      throw bug;
    },
    (error) => failures.push(error),
  );
  assert.equal(await observed.append(entry), 4);
  await new Promise(setImmediate);
  assert.deepEqual(failures, [bug]);
});

test("an entry that could not be recorded is not heard, and its failure reaches whoever appended", async () => {
  const observed = observeLedger(
    ledger(async () => {
      throw new CordonError("LEDGER_UNAVAILABLE", "the disk is full");
    }),
    () => assert.fail("it never was in the ledger"),
    (error) => assert.fail(String(error)),
  );
  await assert.rejects(observed.append(entry), { code: "LEDGER_UNAVAILABLE" });
  await new Promise(setImmediate);
});

test("everything else is the ledger's own", async () => {
  const observed = observeLedger(
    ledger(async () => 0),
    () => undefined,
    (error) => assert.fail(String(error)),
  );
  assert.equal(observed.size, 7);
  assert.equal(observed.health.state, "open");
  assert.equal(observed.latestCheckpoint(), "note");
  assert.equal(await observed.receipt(5), "receipt 5");
});
