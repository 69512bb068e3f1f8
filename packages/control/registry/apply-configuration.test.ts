import assert from "node:assert/strict";
import { test } from "node:test";
import { CordonError, isCordonError } from "@cordon/core/errors";
import type { Configuration } from "@cordon/core/contract/configuration";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { StateStore, StoredObject } from "../store/state-store.ts";
import { applyConfiguration } from "./apply-configuration.ts";
import { buildSnapshot } from "./build-snapshot.ts";
import { configured, deps, estate, policyTexts, temporaryStore } from "./test-registry.ts";

const validate = (objects: readonly StoredObject[]) => void buildSnapshot({ revision: 1 as never, objects }, deps);
const apply = (store: StateStore, configuration: Configuration, texts = policyTexts) =>
  applyConfiguration(store, configuration, texts, {
    actor: "config:cordon.yaml",
    now: 1000,
    folder: "/etc/cordon",
    validate,
  });
const key = (kind: string, name: string) => ({ kind, namespace: "default" as Namespace, name });

test("puts everything that the configuration names, as its own, in one revision", async () => {
  await using scope = await temporaryStore();
  const applied = await apply(scope.store, configured());
  assert.deepEqual(applied, { revision: 1, changed: { added: 15, updated: 0, deleted: 0 } });
  const { objects } = await scope.store.snapshot();
  assert.ok(objects.every((object) => object.source === "config" && object.revision === 1));
});

test("stores references qualified, paths absolute, and labels sorted without duplicates", async () => {
  await using scope = await temporaryStore();
  await apply(scope.store, configured());
  const value = async (kind: string, name: string) => (await scope.store.get(key(kind, name)))?.value;
  assert.deepEqual(await value("upstream", "openai"), {
    url: "https://api.openai.com",
    external: true,
    authentication: { kind: "webpki", caFile: "/etc/cordon/ca.pem" },
    credential: { header: "authorization", prefix: "Bearer ", secret: { file: "/etc/cordon/key" } },
    timeouts: { connectMs: 5000, firstByteMs: 120_000, idleMs: 60_000 },
  });
  assert.deepEqual(((await value("component", "assistant")) as { labels: unknown }).labels, {
    sensitivity: "internal",
    categories: ["GDPR", "PDPA-SG"],
    integrity: "untrusted",
  });
  assert.deepEqual(((await value("route", "chat")) as { models: unknown }).models, {
    one: { component: "default/chat", upstream: "default/chat", fallback: "two" },
    two: { component: "team/spare", upstream: "default/openai", upstreamModel: "gpt" },
  });
});

test("makes no revision of a configuration that changes nothing", async () => {
  await using scope = await temporaryStore();
  await apply(scope.store, configured());
  const again = await apply(scope.store, configured());
  assert.deepEqual(again, { revision: 1, changed: { added: 0, updated: 0, deleted: 0 } });
});

test("writes only what differs, and deletes what is no longer named", async () => {
  await using scope = await temporaryStore();
  await apply(scope.store, configured());
  const after = await apply(
    scope.store,
    configured(
      ["limitSeconds: 30", "limitSeconds: 20"],
      ['  - { name: more, namespace: team, text: "forbid more" }\n', ""],
      ["kind: agent, boundary: api", "kind: agent, boundary: pipeline"],
    ),
  );
  assert.deepEqual(after, { revision: 2, changed: { added: 0, updated: 2, deleted: 1 } });
  const changes = await scope.store.changesSince(1 as never, 10);
  assert.deepEqual(changes.map((change) => `${change.op} ${change.kind} ${change.name}`).toSorted(), [
    "delete policy more",
    "put component assistant",
    "put setting staleness",
  ]);
});

test("a changed policy file alone is a revision", async () => {
  await using scope = await temporaryStore();
  await apply(scope.store, configured());
  const after = await apply(scope.store, configured(), new Map([["policies/default.cedar", "permit less"]]));
  assert.deepEqual(after, { revision: 2, changed: { added: 0, updated: 1, deleted: 0 } });
});

test("leaves alone what the API made, also when the configuration does not name it", async () => {
  await using scope = await temporaryStore();
  await apply(scope.store, configured());
  const component = {
    kind: "tool",
    boundary: "api",
    labels: { sensitivity: "public", categories: [], integrity: "trusted" },
    bearerTokens: false,
    description: "",
  };
  await scope.store.transact("api:alice", 2000, (t) => t.put(key("component", "search"), component, "api"));
  const after = await apply(scope.store, configured(["limitSeconds: 30", "limitSeconds: 20"]));
  assert.deepEqual(after.changed, { added: 0, updated: 1, deleted: 0 });
  assert.equal((await scope.store.get(key("component", "search")))?.source, "api");
});

test("refuses to take over what the API made, naming every such object and both sides", async () => {
  await using scope = await temporaryStore();
  await scope.store.transact("api:alice", 2000, async (t) => {
    await t.put(key("component", "chat"), { any: 1 }, "api");
    await t.put(key("route", "chat"), { any: 1 }, "api");
  });
  await assert.rejects(apply(scope.store, configured()), (error: unknown) => {
    assert.ok(isCordonError(error, "STORE_CONFLICT"));
    assert.match(error.message, /config:cordon\.yaml/);
    assert.match(error.message, /component default\/chat \(made by the api\), route default\/chat \(made by the api\)/);
    return true;
  });
  assert.equal((await scope.store.snapshot()).revision, 1);
});

test("nothing of a configuration that does not hold together becomes state", async () => {
  await using scope = await temporaryStore();
  await apply(scope.store, configured());
  const broken = new Map([["policies/default.cedar", "broken"]]);
  await assert.rejects(apply(scope.store, configured(["limitSeconds: 30", "limitSeconds: 20"]), broken), {
    code: "POLICY_INVALID",
  });
  const { revision, objects } = await scope.store.snapshot();
  assert.equal(revision, 1);
  assert.deepEqual(objects.find((object) => object.name === "staleness")?.value, { limitSeconds: 30 });

  // Without the check the same configuration becomes a revision: the refusal is the check's doing.
  const unchecked = { actor: "config", now: 1, folder: "/", validate: () => undefined };
  assert.equal((await applyConfiguration(scope.store, configured(), broken, unchecked)).revision, 2);
});

test("refuses to delete what an object of the API stands on", async () => {
  await using scope = await temporaryStore();
  await apply(scope.store, configured());
  const route = {
    kind: "http",
    path: "/x",
    maxBodyBytes: 1024,
    resource: "default/assistant",
    upstream: "default/store",
    actions: {},
  };
  await scope.store.transact("api:alice", 2000, (t) => t.put(key("route", "x"), route, "api"));
  const without = configured([/ {2}- \{ name: assistant.*\n/.exec(estate)?.[0] ?? "", ""]);
  await assert.rejects(apply(scope.store, without), (error: unknown) => {
    assert.ok(error instanceof CordonError);
    assert.match(error.message, /route default\/x cannot be used: it refers to component default\/assistant/);
    return true;
  });
  assert.ok(await scope.store.get(key("component", "assistant")));
});

test("refuses policies whose file was not read", async () => {
  await using scope = await temporaryStore();
  await assert.rejects(apply(scope.store, configured(), new Map()), { code: "CONFIG_UNREADABLE" });
  assert.equal((await scope.store.snapshot()).revision, 0);
});
