import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import { attemptWindowMs, mostUnproven, openAttempts } from "./attempts.ts";

const mei = parseSpiffeId("spiffe://test.example/ns/default/user/mei");

test("what came by a credential of theirs counts whole; what strangers try in their name counts a little, and no more", () => {
  const attempts = openAttempts();
  for (let times = 0; times < 500; times++) attempts.failed({ who: mei, proven: false }, 1_000 + times);
  assert.equal(attempts.inName(mei, 2_000), mostUnproven);
  for (let times = 0; times < 6; times++) attempts.failed({ who: mei, proven: true }, 2_000 + times);
  assert.equal(attempts.inName(mei, 3_000), mostUnproven + 6);
  assert.equal(attempts.inName(mei, 2_005 + attemptWindowMs), 0);
});

test("one address is one, however it is written; an IPv6 host does not hide behind its own many addresses", () => {
  const attempts = openAttempts();
  for (const address of ["203.0.113.7", "::ffff:203.0.113.7", "::ffff:cb00:7107"])
    attempts.failed({ proven: false, address }, 1_000);
  assert.equal(attempts.fromAddress("203.0.113.7", 1_001), 3);
  for (let host = 1; host < 20; host++) attempts.failed({ proven: false, address: `2001:db8:1:2::${host}` }, 1_000);
  assert.equal(attempts.fromAddress("2001:db8:1:2:aaaa::1", 1_001), 19);
  assert.equal(attempts.fromAddress("2001:db8:1:3::1", 1_001), 0);
});

test("a flood of new names drives out the oldest, never whoever failed just now", () => {
  const attempts = openAttempts();
  attempts.failed({ who: mei, proven: true, address: "203.0.113.7" }, 1_000);
  for (let one = 0; one < 60_000; one++) {
    const who = parseSpiffeId(`spiffe://test.example/ns/default/user/x${one}`);
    attempts.failed({ who, proven: true, address: `10.${one >> 16}.${(one >> 8) & 255}.${one & 255}` }, 1_001);
    if (one % 10_000 === 0) attempts.failed({ who: mei, proven: true, address: "203.0.113.7" }, 1_001);
  }
  assert.ok(attempts.inName(mei, 1_002) > 0);
  assert.ok(attempts.fromAddress("203.0.113.7", 1_002) > 0);
});

test("whatever is tried, what counts is bounded, and nothing is left when the window is over", () => {
  const one = fc.record({
    who: fc.constantFrom(mei, undefined),
    proven: fc.boolean(),
    address: fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constant(undefined)),
    after: fc.nat(100_000),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 200 }), (all) => {
      const attempts = openAttempts();
      let now = 1_000_000;
      for (const { after, ...attempt } of all) attempts.failed(attempt, (now += after));
      assert.ok(attempts.inName(mei, now) <= 32 + mostUnproven);
      for (const { address } of all)
        if (address !== undefined) assert.equal(attempts.fromAddress(address, now + attemptWindowMs), 0);
      assert.equal(attempts.inName(mei, now + attemptWindowMs), 0);
    }),
  );
});
