/** What the contract's sections and the adapters' tests share: an empty database to be made, and short ways to say things. */
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { type CordonError, isCordonError } from "@cordon/core/errors";
import type { Namespace, Revision } from "@cordon/core/contract/vocabulary";
import { openStateStore } from "./open-state-store.ts";
import type { ObjectKey, StateStore } from "./state-store.ts";

export interface EmptyDatabase extends AsyncDisposable {
  readonly url: string;
  /** Runs SQL behind the store's back. */
  execute(statement: string): Promise<void>;
}

export type CreateDatabase = () => Promise<EmptyDatabase>;

export const origin = 0 as Revision;

export function key(name: string, namespace = "default", kind = "component"): ObjectKey {
  return { kind, namespace: namespace as Namespace, name };
}

export function put(store: StateStore, name: string, value: unknown) {
  return store.transact("tester", 1000, (transaction) => transaction.put(key(name), value, "api"));
}

/** True for a `CordonError` with this code whose message matches. */
export function refusal(code: CordonError["code"], message: RegExp) {
  return (error: unknown) => isCordonError(error, code) && message.test(error.message);
}

/** One database and store for the tests of a section. */
export function withStore(createDatabase: CreateDatabase): {
  readonly store: StateStore;
  readonly database: EmptyDatabase;
} {
  let store: StateStore | undefined;
  let database: EmptyDatabase | undefined;
  before(async () => {
    database = await createDatabase();
    store = await openStateStore(database.url);
  });
  after(async () => {
    await store?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
  });
  const ready = <T>(value: T | undefined): T => value ?? assert.fail("the database could not be made");
  return {
    get store() {
      return ready(store);
    },
    get database() {
      return ready(database);
    },
  };
}
