import assert from "node:assert/strict";
import { test } from "node:test";
import { componentFacts } from "./cedar-schema.ts";
import { Memo, MemoKeys } from "./memo.ts";
import type { Observations } from "./observe.ts";
import { assistant, chat, component, context, trainingData, trustDomain } from "./test-estate.ts";

const facts = (...paths: string[]): Set<(typeof componentFacts)[number]> =>
  new Set(componentFacts.filter((fact) => paths.includes(fact.path)));

function keys(seen: Partial<Observations>, memo = new Memo<object>(10), set = 0): MemoKeys<object> {
  const nothing = { names: new Set<string>(), facts: facts() };
  return new MemoKeys(memo, set, { principal: nothing, resource: nothing, context: new Set(), ...seen }, trustDomain);
}

test("components that differ in nothing observed share a key, and no others do", () => {
  const byKind = keys({ resource: { names: new Set(["default/agent/b"]), facts: facts("kind") } });
  const of = (resource: typeof chat): number => byKind.keyOf("infer", assistant, resource, context);
  assert.equal(of(component("default/agent/a")), of(component("default/agent/c", { boundary: "data" })));
  assert.notEqual(of(component("default/agent/a")), of(component("default/agent/b")));
  assert.notEqual(of(component("default/agent/a")), of(component("default/model/a")));
  assert.notEqual(of(component("default/agent/a")), of(component("other/agent/a")));
});

test("actions are always told apart, context only where it is observed", () => {
  const blind = keys({});
  assert.notEqual(blind.keyOf("read", assistant, chat, context), blind.keyOf("write", assistant, chat, context));
  const streamed = { ...context, stream: true };
  assert.equal(blind.keyOf("read", assistant, chat, context), blind.keyOf("read", assistant, chat, streamed));
  const sighted = keys({ context: new Set(["stream"]) });
  assert.notEqual(sighted.keyOf("read", assistant, chat, context), sighted.keyOf("read", assistant, chat, streamed));
});

test("route and method cannot be cut differently into the same key", () => {
  const both = keys({ context: new Set(["route", "method"]) });
  const of = (route: string, method: string): number =>
    both.keyOf("read", assistant, chat, { ...context, route, method });
  assert.notEqual(of("chatP", "OST"), of("chat", "POST"));
  assert.equal(of("chat", "POST"), of("chat", "POST"));
});

test("category lists cannot be cut differently into the same class", () => {
  const byLabels = keys({ principal: { names: new Set(), facts: facts("labels.categories", "labels.integrity") } });
  const of = (...categories: string[]): number =>
    byLabels.keyOf(
      "read",
      component("default/agent/a", { labels: { ...assistant.labels, categories } }),
      chat,
      context,
    );
  assert.notEqual(of("ab"), of("a", "b"));
  assert.notEqual(of("1:a"), of("a"));
  assert.notEqual(of(), of(""));
});

test("policy sets that share a memo never share a key", () => {
  const memo = new Memo<object>(10);
  const [one, two] = [keys({}, memo, 0), keys({}, memo, 1)];
  assert.notEqual(one.keyOf("read", assistant, chat, context), two.keyOf("read", assistant, chat, context));
});

test("a caller's long method is not memoised, nor an assurance or an action that we do not know", () => {
  const both = keys({ context: new Set(["assurance", "method"]) });
  assert.equal(both.keyOf("read", assistant, chat, { ...context, method: "X".repeat(1000) }), -1);
  assert.equal(both.keyOf("read", assistant, chat, { ...context, assurance: "hearsay" as "jwt-svid" }), -1);
  assert.equal(both.keyOf("fly" as "read", assistant, chat, context), -1);
});

test("what is used stays, what is not is forgotten, and no more is held than the capacity", () => {
  const memo = new Memo<{ n: number }>(10);
  memo.set(0, { n: 0 });
  for (let n = 1; n < 1000; n += 1) {
    memo.set(n, { n });
    assert.deepEqual(memo.get(0), { n: 0 });
    assert.ok(memo.counters().size <= 10);
  }
  assert.equal(memo.get(1), undefined);
  assert.deepEqual({ ...memo.counters(), size: 0 }, { hits: 999, misses: 1, size: 0, resets: 0 });
});

test("when the class tables are full everything is forgotten, and no old number is used again", () => {
  const memo = new Memo<{ of: string }>(1000);
  const byName = keys({ principal: { names: new Set(), facts: facts("name") } }, memo);
  const before = byName.keyOf("read", assistant, chat, context);
  memo.set(before, { of: "assistant" });
  // 2^17 classes fit; these are all different.
  for (let n = 0; memo.counters().resets === 0 && n <= 2 ** 17; n += 1)
    byName.keyOf("read", component(`default/agent/a-${n}`), chat, context);
  assert.equal(memo.counters().resets, 1);
  assert.equal(memo.counters().size, 0);
  byName.keyOf("read", trainingData, chat, context);
  const [one, two] = [trainingData, assistant].map((each) => byName.keyOf("read", each, chat, context));
  assert.ok(one !== undefined && one >= 0 && two !== undefined && two >= 0);
  assert.notEqual(one, two);
});
