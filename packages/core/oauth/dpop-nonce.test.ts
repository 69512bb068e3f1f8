import assert from "node:assert/strict";
import { createSecretKey, randomBytes } from "node:crypto";
import { test } from "node:test";
import { dpopNonces, nonceSeconds } from "./dpop-nonce.ts";

test("a nonce is good at every gateway with the key, for a while, and nowhere else", () => {
  let now = 1_000_000 * nonceSeconds;
  const key = createSecretKey(randomBytes(32));
  const [here, there] = [dpopNonces(key, () => now), dpopNonces(key, () => now + nonceSeconds * 1000)];
  const stranger = dpopNonces(createSecretKey(randomBytes(32)), () => now);
  const nonce = here.current();
  assert.match(nonce, /^[A-Za-z0-9_-]{24}$/);
  assert.ok(here.isRecent(nonce));
  assert.ok(there.isRecent(nonce), "its clock is a minute ahead");
  assert.ok(here.isRecent(there.current()));
  assert.ok(!stranger.isRecent(nonce));
  for (const wrong of ["", "x", nonce.slice(1), `${nonce}A`, nonce.toLowerCase()]) assert.ok(!here.isRecent(wrong));
  now += nonceSeconds * 1000;
  assert.notEqual(here.current(), nonce);
  assert.ok(here.isRecent(nonce));
  now += nonceSeconds * 1000;
  assert.ok(!here.isRecent(nonce), "over");
});
