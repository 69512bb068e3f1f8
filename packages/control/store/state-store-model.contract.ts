/** Contract, the model: whatever transactions come, the store agrees with a Map. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { isCordonError } from "@cordon/core/errors";
import type { Revision } from "@cordon/core/contract/vocabulary";
import fc from "fast-check";
import type { ObjectSource, StateStore, StateTransaction } from "./state-store.ts";
import { type CreateDatabase, key, origin, withStore } from "./state-store-fixture.ts";

interface Held {
  readonly source: ObjectSource;
  readonly value: unknown;
  readonly revision: number;
}

interface Model {
  head: number;
  objects: Map<string, Held>;
}

interface Real {
  readonly store: StateStore;
  readonly namespace: string;
}

type Operation =
  | { readonly op: "put"; readonly name: string; readonly value: unknown; readonly source: ObjectSource }
  | { readonly op: "delete"; readonly name: string; readonly source: ObjectSource };

const name = fc.constantFrom("a", "b", "__proto__", "\u{1f511}");
const source = fc.constantFrom<ObjectSource>("config", "api", "api", "api");
/** As JSON gives it back: without -0. */
const value = fc
  .oneof(fc.constantFrom(1, 2, null), fc.jsonValue({ maxDepth: 2 }))
  .map((made): unknown => JSON.parse(JSON.stringify(made)));
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constant("put" as const), name, value, source }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant("delete" as const), name, source }) },
);
const transaction = fc
  .tuple(fc.array(operation, { maxLength: 6 }), fc.nat(4))
  .map(([operations, fate]) => new Transact(operations, fate === 0));

export function modelContract(createDatabase: CreateDatabase): void {
  const at = withStore(createDatabase);
  let runs = 0;

  test("agrees with a Map after any sequence of transactions", { timeout: 90_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands([transaction], { maxCommands: 12 }), async (commands) => {
        runs += 1;
        const real = { store: at.store, namespace: `run-${runs}` };
        const head = (await at.store.snapshot()).revision;
        await fc.asyncModelRun(() => ({ model: { head, objects: new Map<string, Held>() }, real }), commands);
      }),
      { numRuns: 40 },
    );
  });
}

/** One transaction, which may change its mind at the end. */
class Transact implements fc.AsyncCommand<Model, Real> {
  readonly #operations: readonly Operation[];
  readonly #throws: boolean;

  constructor(operations: readonly Operation[], throws: boolean) {
    this.#operations = operations;
    this.#throws = throws;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, { store, namespace }: Real): Promise<void> {
    const before = model.head;
    const expected = this.#expect(model);
    const work = (inside: StateTransaction) => this.#perform(inside, namespace);
    if (typeof expected === "string") {
      await assert.rejects(store.transact("tester", before, work), (error: unknown) =>
        expected === "conflict" ? isCordonError(error, "STORE_CONFLICT") : String(error) === "Error: changed my mind",
      );
    } else {
      const { revision, result } = await store.transact("tester", before, work);
      assert.equal(revision, expected.head);
      assert.deepEqual(result, [...expected.objects.keys()].toSorted(byCodePoint), "list within the transaction");
      Object.assign(model, expected);
    }
    await assertAgrees(model, before, store, namespace);
  }

  toString(): string {
    return `transact(${JSON.stringify(this.#operations)}${this.#throws ? ", then throws" : ""})`;
  }

  async #perform(inside: StateTransaction, namespace: string): Promise<string[]> {
    for (const each of this.#operations) {
      const target = key(each.name, namespace);
      if (each.op === "put") await inside.put(target, each.value, each.source);
      else await inside.delete(target, each.source);
      const found = await inside.get(target);
      assert.deepEqual(found?.value, each.op === "put" ? each.value : undefined, "read of own write");
    }
    if (this.#throws) throw new Error("changed my mind");
    const listed = await inside.list("component");
    return listed.filter((object) => object.namespace === namespace).map((object) => object.name);
  }

  /** The model after this transaction, or why there is none. */
  #expect(model: Model): Model | "conflict" | "throws" {
    const objects = new Map(model.objects);
    for (const each of this.#operations) {
      const owner = objects.get(each.name)?.source;
      if (owner !== undefined && owner !== each.source) return "conflict";
      if (each.op === "delete") objects.delete(each.name);
      else objects.set(each.name, { source: each.source, value: each.value, revision: model.head + 1 });
    }
    if (this.#throws) return "throws";
    for (const [each, held] of objects) {
      const was = model.objects.get(each);
      if (was && was.source === held.source && isDeepStrictEqual(was.value, held.value)) objects.set(each, was);
    }
    const changed =
      objects.size !== model.objects.size || [...objects].some(([each, held]) => model.objects.get(each) !== held);
    return { head: changed ? model.head + 1 : model.head, objects };
  }
}

async function assertAgrees(model: Model, before: number, store: StateStore, namespace: string): Promise<void> {
  const { revision, objects } = await store.snapshot();
  assert.equal(revision, model.head);
  const mine = objects.filter((object) => object.namespace === namespace);
  const expected = [...model.objects]
    .toSorted(([a], [b]) => byCodePoint(a, b))
    .map(([each, held]) => ({ ...key(each, namespace), ...held }));
  assert.deepEqual(mine, expected);
  const logged = await store.changesSince(before as Revision, 10);
  for (const change of logged) {
    assert.equal(change.revision, model.head);
    assert.deepEqual(
      change.object,
      mine.find((object) => object.name === change.name),
    );
  }
  assert.equal(new Set(logged.map((change) => change.name)).size, logged.length);
  assert.equal(logged.length > 0, model.head > before && model.head > origin);
}

function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
