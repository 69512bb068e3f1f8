import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { test } from "node:test";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { Snapshot } from "@cordon/core/policy/snapshot";
import type { StateStore } from "../store/state-store.ts";
import { applyConfiguration } from "./apply-configuration.ts";
import { followSnapshots, type SnapshotFeed } from "./snapshot-feed.ts";
import { configured, deps, policyTexts, temporaryStore } from "./test-registry.ts";

const policy = { kind: "policy", namespace: "default" as Namespace, name: "extra" };
const putPolicy = (store: StateStore, text: string) =>
  store.transact("api:alice", 2, (transaction) => transaction.put(policy, { origin: "api", text }, "api"));

async function seeded(store: StateStore): Promise<void> {
  const options = { actor: "config", now: 1, folder: "/", validate: () => undefined };
  await applyConfiguration(store, configured(), policyTexts, options);
}

/** A feed with its news as events: `snapshot`, `problem`. */
async function follow(store: StateStore): Promise<{ feed: SnapshotFeed; news: EventEmitter }> {
  const news = new EventEmitter();
  const onProblem = (error: unknown) => void news.emit("problem", error);
  const feed = await followSnapshots(store, deps, { onProblem, confirmEveryMs: 5, retryAfterMs: 5 });
  feed.subscribe((snapshot) => void news.emit("snapshot", snapshot));
  return { feed, news };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

test("starts with the newest snapshot, and swaps it whole at each revision", async () => {
  await using scope = await temporaryStore();
  await seeded(scope.store);
  const { feed, news } = await follow(scope.store);
  await using _ = feed;
  assert.equal(feed.current().revision, 1);
  const first = feed.current();
  const told = once(news, "snapshot") as Promise<[Snapshot]>;
  await putPolicy(scope.store, "one more");
  const [snapshot] = await told;
  assert.equal(snapshot.revision, 2);
  assert.equal(feed.current(), snapshot);
  assert.equal(snapshot.policies.size, 3);
  assert.equal(snapshot.components, first.components);
  assert.equal(first.policies.size, 2);
});

test("is confirmed again and again while nothing changes", async () => {
  await using scope = await temporaryStore();
  await seeded(scope.store);
  const { feed } = await follow(scope.store);
  await using _ = feed;
  const first = feed.confirmedAtMs();
  await until(() => feed.confirmedAtMs() > first);
  assert.ok(feed.confirmedAtMs() <= performance.now());
});

test("keeps the last good snapshot when a revision cannot be built, says so, and confirms nothing until one can", async () => {
  await using scope = await temporaryStore();
  await seeded(scope.store);
  const { feed, news } = await follow(scope.store);
  await using _ = feed;
  const problem = once(news, "problem");
  const order = { component: "spiffe://bank.example/ns/default/endpoint/chat", reason: "leak", since: 2 };
  await scope.store.transact("api:alice", 2, async (transaction) => {
    await transaction.put(policy, { origin: "api", text: "broken" }, "api");
    await transaction.put({ ...policy, kind: "isolation" }, order, "api");
  });
  const [error] = (await problem) as [{ code: string }];
  assert.equal(error.code, "POLICY_INVALID");
  assert.equal(feed.current().revision, 1);

  const stuck = feed.confirmedAtMs();
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.equal(feed.confirmedAtMs(), stuck, "a gateway must run into its staleness limit");

  const told = once(news, "snapshot") as Promise<[Snapshot]>;
  await putPolicy(scope.store, "mended");
  const [mended] = await told;
  assert.equal(mended.revision, 3);
  assert.equal(mended.overlays.isolated.size, 1, "what the broken revision also changed is not lost");
  await until(() => feed.confirmedAtMs() > stuck);
});

test("a listener that throws is reported and keeps nobody else from the news", async () => {
  await using scope = await temporaryStore();
  await seeded(scope.store);
  const news = new EventEmitter();
  await using feed = await followSnapshots(scope.store, deps, {
    onProblem: (error) => void news.emit("problem", error),
  });
  feed.subscribe(() => {
    throw new Error("a bug");
  });
  feed.subscribe((snapshot) => void news.emit("snapshot", snapshot));
  const both = Promise.all([once(news, "problem"), once(news, "snapshot")]);
  await putPolicy(scope.store, "more");
  assert.equal((await both)[0][0].message, "a bug");
});

test("a store out of reach is reported once, not confirmed, and followed again when it is back", async () => {
  await using scope = await temporaryStore();
  await seeded(scope.store);
  let down = false;
  let problems = 0;
  const flaky: StateStore = new Proxy(scope.store, {
    get(store, name) {
      const method = Reflect.get(store, name) as (...args: unknown[]) => unknown;
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        if (down && name === "changesSince") return Promise.reject(new Error("out of reach"));
        return method.apply(store, args);
      };
    },
  });
  await using feed = await followSnapshots(flaky, deps, { onProblem: () => void (problems += 1), confirmEveryMs: 2 });
  down = true;
  await until(() => problems > 0);
  const stuck = feed.confirmedAtMs();
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(feed.confirmedAtMs(), stuck);
  assert.equal(problems, 1);
  down = false;
  await until(() => feed.confirmedAtMs() > stuck);
});

test("refuses to start from a state that cannot be built: there is nothing good to fall back on", async () => {
  await using scope = await temporaryStore();
  await putPolicy(scope.store, "broken");
  await assert.rejects(followSnapshots(scope.store, deps, { onProblem: () => undefined }), { code: "POLICY_INVALID" });
});
