import assert from "node:assert/strict";
import { test } from "node:test";
import { isCordonError } from "@cordon/core/errors";
import { openIdentity, type Issued, type WorkloadIdentity } from "./identity.ts";
import { testAuthority } from "./testing/authority.ts";

const id = "spiffe://bank.example/ns/default/agent/assistant";
const hour = 3_600_000;

interface Rig {
  readonly identity: WorkloadIdentity;
  readonly trouble: string[];
  /** How often an SVID was asked for. */
  asked(): number;
  /** Lets issuing fail from here on, or work again. */
  fail(failing: boolean): void;
  /** Moves the clocks. A machine that sleeps moves only the first; a clock that is set back moves it alone. */
  move(wallMs: number, monotonicMs?: number): void;
  newBundle(): Promise<void>;
}

async function rig(): Promise<Rig> {
  let authority = await testAuthority("bank.example");
  let wall = Date.now();
  let monotonic = 0;
  let asked = 0;
  let failing = false;
  let sequence = 1;
  const trouble: string[] = [];
  const identity = await openIdentity({
    async issue(): Promise<Issued> {
      asked++;
      if (failing) throw new Error("the control plane is away");
      const svid = await authority.svid(id, { lifeMs: wall - Date.now() + hour });
      return { svid, bundle: authority.bundle };
    },
    fetchBundle: async () => ({ ...authority.bundle, sequence }),
    clocks: { wall: () => wall, monotonic: () => monotonic },
    random: () => 0.5,
    onTrouble: (words) => trouble.push(words),
  });
  return {
    identity,
    trouble,
    asked: () => asked,
    fail: (value) => void (failing = value),
    move(wallMs, monotonicMs = wallMs) {
      wall += wallMs;
      monotonic += monotonicMs;
    },
    async newBundle() {
      authority = await testAuthority("bank.example");
      sequence++;
    },
  };
}

test("renews at half life, and not before", async () => {
  const rigged = await rig();
  await using identity = rigged.identity;
  const first = identity.current();
  rigged.move(0.4 * hour);
  await identity.check();
  assert.equal(identity.current(), first);
  rigged.move(0.2 * hour);
  await identity.check();
  assert.notEqual(identity.current(), first);
  assert.equal(rigged.asked(), 2);
});

test("tells of each rotation once, and of none after the listener left", async () => {
  const rigged = await rig();
  await using identity = rigged.identity;
  const seen: unknown[] = [];
  const stop = identity.onRotate((svid) => seen.push(svid));
  rigged.move(0.6 * hour);
  await identity.check();
  assert.deepEqual(seen, [identity.current()]);
  stop();
  rigged.move(0.6 * hour);
  await identity.check();
  assert.equal(seen.length, 1);
});

test("lives on its last good SVID through an outage, and not past its expiry", async () => {
  const rigged = await rig();
  await using identity = rigged.identity;
  const first = identity.current();
  rigged.fail(true);
  for (let step = 0; step < 9; step++) {
    rigged.move(0.1 * hour);
    await identity.check();
    assert.equal(identity.current(), first);
  }
  assert.equal(rigged.trouble.length, 1, "an outage is told of once");
  rigged.move(0.11 * hour);
  assert.throws(
    () => identity.current(),
    (error) => isCordonError(error, "SVID_EXPIRED"),
  );
  await assert.rejects(identity.usable(), (error) => isCordonError(error, "SVID_EXPIRED"));
  rigged.fail(false);
  assert.notEqual((await identity.usable()).svid, first);
  assert.match(rigged.trouble[1] ?? "", /renewed again/);
});

test("backs off while the control plane is away", async () => {
  const rigged = await rig();
  await using identity = rigged.identity;
  rigged.fail(true);
  rigged.move(0.6 * hour);
  for (let second = 0; second < 600; second++) {
    await identity.check();
    rigged.move(1000);
  }
  const tries = rigged.asked() - 1;
  assert.ok(tries >= 5 && tries <= 30, `${tries} tries in ten minutes`);
});

test("recovers by itself after a sleep past the expiry, during which the monotonic clock stood still", async () => {
  const rigged = await rig();
  await using identity = rigged.identity;
  rigged.move(9 * hour, 0);
  assert.throws(() => identity.current());
  const { svid } = await identity.usable();
  assert.equal(identity.current(), svid);
});

test("is not kept alive by a wall clock that was set back", async () => {
  const rigged = await rig();
  await using identity = rigged.identity;
  rigged.fail(true);
  rigged.move(-10 * hour, 1.1 * hour);
  assert.throws(
    () => identity.current(),
    (error) => isCordonError(error, "SVID_EXPIRED"),
  );
});

test("many that wait for a renewal cause one", async () => {
  const rigged = await rig();
  await using identity = rigged.identity;
  rigged.move(2 * hour);
  await Promise.all(Array.from({ length: 50 }, () => identity.usable()));
  assert.equal(rigged.asked(), 2);
});

test("takes a changed bundle without a new SVID, and keeps the last good one when it cannot be read", async () => {
  const rigged = await rig();
  await using identity = rigged.identity;
  const before = identity.issued();
  let told = 0;
  identity.onChange(() => told++);
  rigged.move(301_000);
  await identity.check();
  assert.equal(identity.issued().bundle, before.bundle, "the same bundle is no change");
  await rigged.newBundle();
  rigged.move(301_000);
  await identity.check();
  assert.equal(identity.issued().svid, before.svid);
  assert.equal(identity.issued().bundle.sequence, 2);
  assert.equal(told, 1);
});

test("does not open without a first SVID", async () => {
  const refuse = () => Promise.reject(new Error("no such component"));
  await assert.rejects(openIdentity({ issue: refuse, fetchBundle: refuse }), /no such component/);
});
