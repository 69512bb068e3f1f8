/** Agents' reports on model files: only on their own node's, silent agents see nothing, evicted nodes never did. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import type { SpiffeId } from "@cordon/core/identity/spiffe-id";
import { checkServedModel } from "@cordon/core/policy/served-model";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";
import { openStateStore } from "../store/open-state-store.ts";
import { servedFilesFrom, servedFilesKind } from "../supply/served/served-files.ts";
import { openWatchers } from "../supply/served/watchers.ts";
import { openNodeModels } from "./node-models.ts";

const modelDigest = `sha256:${"a".repeat(64)}`;
const other = `sha256:${"b".repeat(64)}`;
const now = 1_000;

function component(name: string, nodes: readonly string[], modelFile?: string): Component {
  return {
    ...{ id: `spiffe://test.example/ns/default/endpoint/${name}` as SpiffeId, namespace: "default" as Namespace, name },
    ...{ kind: "endpoint", boundary: "model", description: "", bearerTokens: false, modelDigest },
    labels: { sensitivity: "internal", categories: [], integrity: "untrusted" },
    registrations: [{ nodes: [...nodes], uid: 1, ...(modelFile === undefined ? {} : { modelFile }) }],
  };
}

test("a node reports on its own model files; each must be right; silence and eviction count", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-models-"));
  const store = await openStateStore(`sqlite:${join(folder, "state.db")}`);
  const all = [component("scorer", ["a", "b"], "/model.bin"), component("plain", ["a"])];
  const components = new Map(all.map((one) => [one.id, one]));
  const byName = new Map(all.map((one) => [`${one.namespace}/${one.name}`, one]));
  const admissions = new Map([[modelDigest, { validUntil: Infinity }]]);
  const revocations = { keys: new Set(), certificates: new Set(), workloads: new Set() };
  const build = async (): Promise<Snapshot> =>
    ({
      ...{ revision: 1, trustDomain: "test.example", components, admissions, revocations },
      servedFiles: servedFilesFrom(await store.list(servedFilesKind), byName),
    }) as unknown as Snapshot;
  let snapshot = await build();
  const enrolled = new Set(["a", "b"]);
  const watchersOf = (machine: string) => openWatchers({ records: store.records, machine, now: () => now });
  const models = openNodeModels({
    store,
    watchers: watchersOf("gateway-here"),
    snapshots: { current: () => snapshot, confirmedAtMs: () => 0, subscribe: () => () => undefined },
    nodes: { find: (name) => Promise.resolve(enrolled.has(name) ? ({ name } as never) : undefined) },
    now: () => now,
    onProblem: (error) => assert.fail(String(error)),
    sweepEveryMs: 20,
    silentAfterMs: 400,
  });
  t.after(async () => {
    models[Symbol.dispose]();
    await store[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const [scorer] = all;
  assert.ok(scorer);
  const report = async (node: string, seen: unknown, id = scorer.id): Promise<void> => {
    await models.report({ node }, { models: [{ id, seen }] });
    snapshot = await build();
  };
  const why = (): string | undefined => checkServedModel(snapshot, scorer, now)?.words;
  const until = async (wanted: RegExp): Promise<void> => {
    const began = performance.now();
    for (snapshot = await build(); !wanted.test(why() ?? "serves"); snapshot = await build()) {
      assert.ok(performance.now() - began < 3_000, why());
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  assert.match(why() ?? "", /nobody has looked at them yet/);
  await assert.rejects(report("c", { digest: modelDigest }), /has no model file on node `c`/);
  await assert.rejects(report("a", { digest: modelDigest }, all[1]?.id), /has no model file on node `a`/);
  await assert.rejects(report("a", { digest: "fine" }), { code: "REQUEST_MALFORMED" });
  await report("a", { digest: modelDigest });
  assert.equal(why(), undefined);
  await report("b", { digest: other });
  assert.match(why() ?? "", /on node b: they are sha256:b/, "one bad node is enough");
  await report("b", { digest: modelDigest });
  assert.equal(why(), undefined);
  await report("a", { problem: "ENOENT" });
  assert.match(why() ?? "", /on node a: ENOENT/);
  enrolled.delete("a");
  await until(/serves/);
  await until(/on node b: its agent has said nothing for/);

  // Its agent speaks to another machine of the estate: it is not silent, until it is.
  const elsewhere = watchersOf("gateway-there");
  await report("b", { digest: modelDigest });
  for (let beats = 0; beats < 12; beats++) {
    elsewhere.heard("on node b");
    await elsewhere.exchange();
    await new Promise((resolve) => setTimeout(resolve, 60));
    snapshot = await build();
    assert.equal(why(), undefined);
  }
  await until(/on node b: its agent has said nothing for/);
  await report("b", { digest: modelDigest });
  assert.equal(why(), undefined, "it speaks again");
});
