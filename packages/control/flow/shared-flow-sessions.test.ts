/** Flow sessions in a store that two gateways share: what either brings in both find, and nothing is shed by a restart. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Labels } from "@cordon/core/contract/vocabulary";
import { emptyLabels, type SessionKey } from "@cordon/core/flow/flow";
import { openStateStore } from "../store/open-state-store.ts";
import { openSharedFlowSessions } from "./shared-flow-sessions.ts";

const hour = 3_600_000;
const at = 1_764_000_000_000;
const key: SessionKey = { principal: "spiffe://b/ns/default/agent/a" as never, user: "", name: "" };
const labels = (sensitivity: Labels["sensitivity"], integrity: Labels["integrity"] = "trusted"): Labels => ({
  ...{ sensitivity, integrity, categories: [] },
});
const step = (id: string) => ({ id, resource: "spiffe://b/ns/default/dataset/d" as never, at });

async function gateways() {
  const stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "flow-shared-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  let clock = at;
  const open = async (name: string) => {
    const store = stack.use(await openStateStore(`sqlite:${join(folder, "store.db")}`));
    const onProblem = (error: unknown): never => {
      throw error;
    };
    const markFile = join(folder, `${name}.mark`);
    const options = { records: store.records, markFile, now: () => clock, onProblem, everyMs: 20 };
    return { ...stack.use(await openSharedFlowSessions(options)), records: store.records };
  };
  const [one, other] = [await open("one"), await open("other")];
  return {
    ...{ one, other, open },
    setClock: (to: number) => void (clock = to),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("what one gateway brings in the other finds at once, with the step that did; what is open there is told", async () => {
  await using both = await gateways();
  const { one, other } = both;
  assert.equal((await other.look(key, hour, at)).standing, "new");
  let told = 0;
  other.follow(() => void (told += 1));
  const { changed } = await one.raise(key, labels("confidential"), step("r1"), hour, at);
  assert.equal(changed, true);
  const held = await other.look(key, hour, at);
  assert.deepEqual([held.sensitivity, held.sensitive?.id], ["confidential", "r1"]);
  await other.raise(key, labels("public", "untrusted"), step("r2"), hour, at);
  await one.recorded(key, "r1", 17);
  assert.deepEqual((await other.look(key, hour, at)).sensitive?.index, 17);
  for (let tries = 0; tries < 200 && one.held(key, hour, at).integrity === "trusted"; tries += 1) await sleep(10);
  assert.equal(one.held(key, hour, at).integrity, "untrusted", "known at once, soon after");
  assert.ok(told > 0);
  assert.equal((await one.raise(key, emptyLabels, step("r3"), hour, at)).changed, false);
  assert.equal((await one.list(10)).length, 1);
});

test("who raises at the same time loses nothing", async () => {
  await using both = await gateways();
  const each = [labels("internal"), labels("confidential"), labels("public", "untrusted"), labels("restricted")];
  await Promise.all(
    each.flatMap((one, n) =>
      [both.one, both.other].map(async (gateway) => await gateway.raise(key, one, step(`${n}`), hour, at)),
    ),
  );
  const held = await both.one.look(key, hour, at);
  assert.deepEqual([held.sensitivity, held.integrity], ["restricted", "untrusted"]);
});

test("an unnamed session counts in each, and a request without a name finds all", async () => {
  await using both = await gateways();
  const named = (name: string) => ({ ...key, name });
  await both.one.raise(named("a"), labels("confidential"), step("a"), hour, at);
  await both.one.raise(named("b"), labels("public", "untrusted"), step("b"), hour, at);
  const all = await both.other.look(key, hour, at);
  assert.deepEqual([all.sensitivity, all.integrity], ["confidential", "untrusted"]);
  assert.equal((await both.other.look(named("b"), hour, at)).sensitivity, "public");
  await both.other.raise(key, labels("internal"), step("c"), hour, at);
  assert.equal((await both.one.look(named("b"), hour, at)).sensitivity, "internal");
});

test("what nobody here has looked at holds the most; an expired session nothing; a declassified one less, everywhere", async () => {
  await using both = await gateways();
  await both.one.raise(key, labels("confidential", "untrusted"), step("r1"), hour, at);
  assert.equal(both.other.held(key, hour, at).standing, "lost");
  assert.equal((await both.other.look(key, hour, at + hour + 1)).standing, "expired");
  const done = await both.other.lower(key, { sensitivity: "internal" }, at);
  assert.deepEqual([done?.before.sensitivity, done?.after.sensitivity], ["confidential", "internal"]);
  assert.equal((await both.one.look(key, hour, at)).sensitivity, "internal");
  assert.equal(await both.one.lower({ ...key, name: "none" }, {}, at), undefined);
});

test("content that one gateway saw the other knows again, with the most that was said of it", async () => {
  await using both = await gateways();
  assert.equal(await both.other.recall(["a"]), undefined);
  await both.one.remember(["a", "b"], labels("internal", "untrusted"), step("one"), at);
  await both.other.remember(["a"], labels("confidential"), step("two"), at);
  const found = await both.one.recall(["x", "a"]);
  assert.deepEqual([found?.labels.sensitivity, found?.labels.integrity], ["confidential", "untrusted"]);
  both.setClock(at + 9 * hour);
  assert.equal((await both.other.recall(["b"]))?.labels.integrity, "untrusted", "into the next period");
});

test("a store that was emptied is no record: whoever comes may have held anything, until any session would be over", async () => {
  await using both = await gateways();
  await both.one.raise(key, labels("confidential"), step("r1"), hour, at);
  await both.one.records.transact("flow", (transaction) => transaction.clear("store"));
  const again = await both.open("one");
  const lost = await again.look({ ...key, name: "x" }, hour, at);
  assert.deepEqual([lost.standing, lost.sensitivity, lost.integrity], ["lost", "restricted", "untrusted"]);
  assert.equal(
    (await again.look({ ...key, principal: "spiffe://b/ns/default/agent/z" as never }, hour, at + hour + 1)).standing,
    "new",
  );
});
