import assert from "node:assert/strict";
import type { KeyObject } from "node:crypto";
import { test } from "node:test";
import type { Revocations } from "@cordon/core/policy/snapshot";
import { importJwtAuthority } from "@cordon/core/identity/jws";
import { temporaryStore } from "../registry/test-registry.ts";
import { ownIssuerKey, tokenIssuersFrom } from "./objects.ts";
import { maintainSigningKeys, signsForMs, withdrawOwnIssuer } from "./signing-keys.ts";

const issuer = "https://console.test/oauth";

async function setting() {
  const scope = await temporaryStore();
  const held = new Map<string, KeyObject>();
  let now = 1_800_000_000_000;
  let withdrawn = new Set<string>();
  const vault = {
    async signingKey(purpose: string, generate: () => KeyObject | Promise<KeyObject>) {
      const key = held.get(purpose) ?? (await generate());
      held.set(purpose, key);
      return key;
    },
    forgetSigningKey: async (purpose: string) => void held.delete(purpose),
  };
  const revocations = (): Revocations => ({ certificates: new Set(), keys: withdrawn, workloads: new Set() });
  const rooms = { store: scope.store, vault, now: () => now, revocations };
  return {
    held,
    published: async () => {
      const object = await scope.store.get(ownIssuerKey);
      return object === undefined ? [] : (tokenIssuersFrom([object]).get(issuer)?.keys ?? []);
    },
    maintain: () => maintainSigningKeys(rooms, issuer, 300),
    pass: (ms: number) => void (now += ms),
    withdraw: (fingerprint: string) => void (withdrawn = new Set([fingerprint])),
    store: scope.store,
    [Symbol.asyncDispose]: () => scope[Symbol.asyncDispose](),
  };
}

test("makes a key, publishes its public half alone, and keeps to it", async () => {
  await using at = await setting();
  const first = await at.maintain();
  assert.equal(first.keys.length, 1);
  const [key] = await at.published();
  assert.equal(key?.kid, first.keys[0]?.kid);
  assert.deepEqual(Object.keys(key?.jwk ?? {}).toSorted(), ["alg", "crv", "kty", "x", "y"]);
  assert.deepEqual(await at.maintain(), first);
});

test("a successor is published before it signs, and the old one after it has signed its last", async () => {
  await using at = await setting();
  const [old] = (await at.maintain()).keys;
  at.pass(signsForMs);
  const turning = await at.maintain();
  assert.equal(turning.keys.length, 2);
  assert.equal(turning.keys[0]?.kid, old?.kid, "gateways may not know the new one yet");
  at.pass(60_000);
  const turned = await at.maintain();
  assert.notEqual(turned.keys[0]?.kid, old?.kid);
  assert.equal((await at.published()).length, 2, "what the old one signed is still good");
  at.pass(3_600_000);
  assert.equal((await at.maintain()).keys.length, 1);
  assert.equal((await at.published()).length, 1);
  assert.deepEqual([...at.held.keys()], [turned.keys[0]?.kid], "the old one is destroyed");
});

test("a key that was withdrawn signs nothing more, and another takes over at once", async () => {
  await using at = await setting();
  const [old] = (await at.maintain()).keys;
  const [published] = await at.published();
  assert.ok(published);
  at.withdraw(importJwtAuthority(published).keyFingerprint);
  const after = await at.maintain();
  assert.equal(after.keys.length, 1);
  assert.notEqual(after.keys[0]?.kid, old?.kid);
});

test("two processes that start at once sign with one key", async () => {
  await using at = await setting();
  const [one, two] = await Promise.all([at.maintain(), at.maintain()]);
  assert.deepEqual(
    one.keys.map(({ kid }) => kid),
    two.keys.map(({ kid }) => kid),
  );
});

test("taken back, no token counts any more", async () => {
  await using at = await setting();
  await at.maintain();
  await withdrawOwnIssuer(at.store, 1);
  assert.deepEqual(await at.published(), []);
  await withdrawOwnIssuer(at.store, 1);
});
