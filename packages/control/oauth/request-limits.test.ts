import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openRequestLimits, type Admission, type RequestLimitSettings, type Wait } from "./request-limits.ts";

const rate = (burst: number) => ({ burst, perMinute: 60 });
const wide = { authorize: rate(1_000), token: rate(1_000) };
const settings: RequestLimitSettings = {
  ...{ network: wide, client: wide, pending: { network: 100, client: 100, all: 100 }, mostNames: 100 },
};

function setting(bent: Partial<RequestLimitSettings> = {}) {
  const clock = { now: 0 };
  const limits = openRequestLimits(() => clock.now, { ...settings, ...bent });
  const ask = (address: string): Admission | Wait => limits.admit(address, "authorize", 600_000);
  /** One that stays under way. */
  const begin = (address: string, client = "default/app", name?: string): boolean => {
    const asked = ask(address);
    if ("seconds" in asked) return false;
    const wait = asked.ofClient(client);
    asked.done(wait === undefined ? { ...(name !== undefined && { name }) } : undefined);
    return wait === undefined;
  };
  return { clock, limits, ask, begin };
}

test("a network that asks too often is told when to come again, and then it may; others are not held up", () => {
  const { clock, limits } = setting({ network: { authorize: rate(3), token: rate(1) } });
  const ask = (address: string) => limits.admit(address, "authorize", 1);
  for (let one = 0; one < 3; one++) assert.ok(!("seconds" in ask("192.0.2.1")));
  assert.deepEqual(ask("192.0.2.1"), { seconds: 1 });
  assert.ok(!("seconds" in ask("192.0.2.2")));
  clock.now = 1_000;
  assert.ok(!("seconds" in ask("192.0.2.1")));
  assert.deepEqual(ask("192.0.2.1"), { seconds: 1 });
  assert.ok(!("seconds" in limits.admit("192.0.2.1", "token", 0)), "tokens are counted apart");
  assert.deepEqual(limits.admit("192.0.2.1", "token", 0), { seconds: 1 });
});

test("an IPv6 host is one network with all of its /64, and an address is one however it is written", () => {
  const { limits } = setting({ network: { authorize: rate(2), token: rate(2) } });
  const ask = (address: string) => !("seconds" in limits.admit(address, "token", 0));
  assert.deepEqual(["2001:db8::1", "2001:db8::ffff:2", "2001:DB8:0:0:9::"].map(ask), [true, true, false]);
  assert.equal(ask("2001:db8:0:1::1"), true);
  assert.deepEqual(["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"].map(ask), [true, true, false]);
  assert.deepEqual(["not an address", "nor this", "unknown"].map(ask), [true, true, false]);
});

test("a client is bounded over all networks, and one request counts once however often the client is looked up", () => {
  const { ask } = setting({ client: { authorize: rate(2), token: rate(2) } });
  const of = (address: string, client: string) => {
    const asked = ask(address);
    assert.ok(!("seconds" in asked));
    const answers = [asked.ofClient(client), asked.ofClient(client)];
    assert.deepEqual(answers[0], answers[1], "who is refused is not let in for asking twice");
    return answers[0];
  };
  assert.deepEqual([of("192.0.2.1", "a"), of("192.0.2.2", "a")], [undefined, undefined]);
  assert.deepEqual(of("192.0.2.3", "a"), { seconds: 1 });
  assert.equal(of("192.0.2.3", "b"), undefined);
});

test("what is under way is bounded by network, by client and in all, until it is over or answered", () => {
  const { clock, limits, begin } = setting({ pending: { network: 2, client: 3, all: 4 } });
  assert.deepEqual(
    [begin("192.0.2.1", "a", "one"), begin("192.0.2.1", "a"), begin("192.0.2.1", "a")],
    [true, true, false],
  );
  assert.deepEqual([begin("192.0.2.2", "a"), begin("192.0.2.2", "a"), begin("192.0.2.2", "b")], [true, false, true]);
  assert.equal(begin("192.0.2.3", "c"), false, "and of all");
  limits.over("one");
  limits.over("one");
  assert.equal(limits.pending, 3);
  assert.equal(begin("192.0.2.3", "c"), true);
  clock.now = 600_000;
  assert.equal(limits.pending, 0);
  assert.equal(begin("192.0.2.1", "a"), true);
});

test("a request that leaves nothing behind holds nothing", () => {
  const { limits, ask } = setting({ pending: { network: 1, client: 1, all: 1 } });
  for (let one = 0; one < 5; one++) {
    const asked = ask("192.0.2.1");
    assert.ok(!("seconds" in asked));
    assert.ok("seconds" in ask("192.0.2.1"), "while it is answered it counts: of many at once none slips through");
    asked.ofClient("default/app");
    asked.done(undefined);
    asked.done(undefined);
  }
  assert.equal(limits.pending, 0);
});

test("a flood from ever new networks shares one bucket once memory is full, and lets nobody start anew", () => {
  const { clock, limits } = setting({ network: { authorize: rate(2), token: rate(2) }, mostNames: 3 });
  const ask = (address: string) => !("seconds" in limits.admit(address, "token", 0));
  for (const host of [1, 2, 3]) assert.deepEqual([ask(`192.0.2.${host}`), ask(`192.0.2.${host}`)], [true, true]);
  const flood = Array.from({ length: 50 }, (_, host) => ask(`198.51.100.${host}`));
  assert.equal(flood.filter(Boolean).length, 2);
  assert.equal(ask("192.0.2.1"), false, "the flood did not make the first be forgotten");
  clock.now = 5_000;
  assert.equal(ask("203.0.113.1"), true);
  assert.equal(ask("203.0.113.1"), true);
  assert.equal(ask("203.0.113.1"), false, "it has its own again, as the others were full");
});

test("whatever is asked in whatever order, no bound is passed and nothing that ended is held", () => {
  const step = fc.record({
    network: fc.integer({ min: 1, max: 4 }),
    client: fc.constantFrom("a", "b"),
    end: fc.constantFrom("stays", "leaves", "over"),
    after: fc.nat(200_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { clock, limits, ask } = setting({ pending: { network: 3, client: 4, all: 6 } });
      let held: { network: number; client: string; until: number; name: string }[] = [];
      for (const [at, { network, client, end, after }] of steps.entries()) {
        clock.now += after;
        held = held.filter(({ until }) => until > clock.now);
        const asked = ask(`192.0.2.${network}`);
        const fits = held.length < 6 && held.filter((one) => one.network === network).length < 3;
        assert.equal(!("seconds" in asked), fits);
        if ("seconds" in asked) continue;
        const wait = asked.ofClient(client);
        assert.equal(wait === undefined, held.filter((one) => one.client === client).length < 4);
        const name = `n${at}`;
        asked.done(wait === undefined && end !== "leaves" ? { name } : undefined);
        if (end === "over") limits.over(name);
        if (wait === undefined && end === "stays") held.push({ network, client, until: clock.now + 600_000, name });
        assert.equal(limits.pending, held.length);
      }
      clock.now += 600_000;
      assert.equal(limits.pending, 0);
    }),
  );
});
