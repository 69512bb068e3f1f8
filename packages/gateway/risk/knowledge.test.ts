import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import { observations, seenBefore, usualHour } from "@cordon/core/risk/learnt";
import { observe } from "@cordon/core/risk/profile";
import { sharedFromJson } from "@cordon/core/risk/profile-json";
import { openAttempts } from "./attempts.ts";
import { mostUntold, openKnowledge, retellMs, type Knowledge, type KnowledgeOf } from "./knowledge.ts";

const mei = parseSpiffeId("spiffe://test.example/ns/default/user/mei");
const ten = Date.parse("2026-03-02T10:00:00Z");
const least = 20;

function gateway(now: () => number) {
  const attempts = openAttempts();
  return { attempts, knowledge: openKnowledge(attempts, now) };
}

/** As it comes out of the store: JSON, read by the schema. */
function carried(known: KnowledgeOf): KnowledgeOf {
  const value = sharedFromJson(JSON.parse(JSON.stringify(known.value)));
  assert.ok(value);
  return { name: known.name, value };
}

function work(knowledge: Knowledge, times: number, at: number): void {
  for (let one = 0; one < times; one++)
    observe(knowledge.learning(mei, at), { at, place: { country: "SG" }, device: "laptop", trusted: false }, least);
}

test("however often gateways exchange what they know, nothing is counted twice", () => {
  const now = (): number => ten;
  const gateways = Array.from({ length: 3 }, () => gateway(now));
  for (const { knowledge } of gateways) work(knowledge, 10, ten);
  for (let round = 0; round < 5; round++)
    for (const [at, { knowledge }] of gateways.entries()) {
      knowledge.keep([mei]); // written again, though nothing is new
      for (const known of knowledge.drain(100))
        for (const [to, other] of gateways.entries()) if (to !== at) other.knowledge.take(`g${at}`, carried(known));
    }
  for (const { knowledge } of gateways) {
    assert.equal(Math.round(observations(knowledge.own(mei), knowledge.elsewhere(mei))), 30);
    assert.equal(seenBefore(knowledge.own(mei), knowledge.elsewhere(mei), "countries", "SG", ten, least), true);
    assert.equal(seenBefore(knowledge.own(mei), knowledge.elsewhere(mei), "devices", "tablet", ten, least), false);
    assert.equal(usualHour(knowledge.own(mei), knowledge.elsewhere(mei), ten)?.share, 1);
  }
});

test("failures counted at one gateway weigh at the other for as long as they would here, and end there too", () => {
  let at = ten;
  const [a, b] = [gateway(() => at), gateway(() => at)];
  for (let one = 0; one < 6; one++) a.attempts.failed({ who: mei, proven: one < 3, address: "203.0.113.7" }, at);
  const news = a.knowledge.drain(100);
  assert.equal(news.length, 2);
  for (const known of news) b.knowledge.take("a", carried(known));
  assert.equal(b.attempts.inName(mei, at), 6);
  assert.equal(b.attempts.fromAddress("203.0.113.7", at), 6);
  assert.deepEqual(a.knowledge.drain(100), [], "it is told once");
  // What is said of the profile later does not make the failures forgotten.
  work(a.knowledge, 1, at);
  for (const known of a.knowledge.drain(100)) b.knowledge.take("a", carried(known));
  assert.equal(b.attempts.inName(mei, at), 6);
  at += 900_001;
  assert.equal(b.attempts.inName(mei, at), 0);
});

test("after a restart a gateway has its own again, failures included", () => {
  const a = gateway(() => ten);
  work(a.knowledge, 25, ten);
  a.attempts.failed({ who: mei, proven: true }, ten);
  const b = gateway(() => ten);
  for (const known of a.knowledge.drain(100)) b.knowledge.restore(carried(known));
  assert.equal(b.knowledge.own(mei)?.total, 25);
  assert.equal(b.knowledge.elsewhere(mei), undefined);
  assert.equal(b.attempts.inName(mei, ten), 1);
});

test("more of what is usual is told once a minute; what is news to others, and everything at the end, at once", () => {
  let now = ten;
  const { knowledge } = gateway(() => now);
  const told = (all?: boolean): number => knowledge.drain(100, all).length;
  const works = (country: string, times = 1): void => {
    for (let one = 0; one < times; one++)
      observe(knowledge.learning(mei, now), { at: now, place: { country }, trusted: true }, 5);
  };
  works("SG");
  assert.equal(told(), 1);
  works("SG", 15);
  assert.equal(told(), 1, "known much better than before");
  works("SG", 2);
  assert.equal(told(), 0, "as before");
  works("MY");
  assert.equal(told(), 1, "elsewhere");
  works("MY");
  now += retellMs - 1;
  assert.equal(told(), 0);
  now += 1;
  assert.equal(told(), 1, "a minute later");
  works("MY");
  assert.equal(told(true), 1, "before it stops");
  assert.equal(told(true), 0);
});

test("what is handed out in small pieces is all handed out, and what could not be written comes again", () => {
  fc.assert(
    fc.property(fc.nat(30), fc.integer({ min: 1, max: 7 }), fc.boolean(), (many, limit, fails) => {
      const { knowledge, attempts } = gateway(() => ten);
      const names = Array.from({ length: many }, (_, one) =>
        parseSpiffeId(`spiffe://t.example/ns/default/user/x${one}`),
      );
      for (const [at, who] of names.entries()) {
        if (at % 2 === 0) knowledge.learning(who, ten);
        else attempts.failed({ who, proven: true }, ten);
      }
      const seen = new Set<string>();
      for (let first = true; ; first = false) {
        const news = knowledge.drain(limit);
        if (news.length === 0) break;
        assert.ok(news.length <= limit);
        if (first && fails) knowledge.keep(news.map(({ name }) => name));
        else for (const { name } of news) seen.add(name);
      }
      assert.equal(seen.size, many);
    }),
  );
});

test("while nothing can be told, what waits to be is bounded: strangers with many addresses fill no memory", () => {
  const { attempts, knowledge } = gateway(() => ten);
  let strangers = 0;
  for (let round = 0; round < 4; round++) {
    for (let one = 0; one < 20_000; one++) {
      const number = (strangers++).toString(16).padStart(8, "0");
      attempts.failed({ proven: false, address: `2001:db8:${number.slice(0, 4)}:${number.slice(4)}::1` }, ten);
    }
    knowledge.keep(knowledge.drain(100).map(({ name }) => name)); // the store is away
  }
  let waiting = 0;
  for (;;) {
    const some = knowledge.drain(1_000).length;
    if (some === 0) break;
    waiting += some;
  }
  assert.ok(waiting > 20_000 && waiting <= mostUntold, String(waiting));
});
