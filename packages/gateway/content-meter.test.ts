import assert from "node:assert/strict";
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import { test } from "node:test";
import * as fc from "fast-check";
import { ContentMeter } from "./content-meter.ts";

const bytes = (maxLength: number) => fc.uint8Array({ maxLength, size: "max" });

test("gives the HMAC that node:crypto gives, however content is cut into chunks and whatever the key's length", () => {
  fc.assert(
    fc.property(
      bytes(200).filter((key) => key.length > 0),
      fc.array(bytes(20_000), { maxLength: 4 }),
      (secret, chunks) => {
        const key = createSecretKey(secret);
        const meter = new ContentMeter({ name: "k", key }, false);
        for (const chunk of chunks) meter.push(chunk);
        const whole = Buffer.concat(chunks);
        const hmac = createHmac("sha256", key).update(whole).digest("hex");
        assert.deepEqual(meter.finish(), { key: "k", hmac, bytes: whole.length });
      },
    ),
    { numRuns: 60 },
  );
});

test("gives different digests under different keys, and for content that differs in its last byte", () => {
  const [one, other] = [createSecretKey(randomBytes(32)), createSecretKey(randomBytes(32))];
  const digest = (key: typeof one, content: string): string => {
    const meter = new ContentMeter({ name: "k", key }, false);
    meter.push(Buffer.from(content));
    return meter.finish().hmac;
  };
  assert.equal(digest(one, "secret"), digest(one, "secret"));
  assert.notEqual(digest(one, "secret"), digest(other, "secret"));
  assert.notEqual(digest(one, "secret"), digest(one, "secreu"));
});

test("takes nothing more once it has finished", () => {
  const meter = new ContentMeter({ name: "k", key: createSecretKey(randomBytes(32)) }, false);
  meter.push(Buffer.from("a"));
  meter.finish();
  assert.throws(() => meter.push(Buffer.from("b")));
});

test("keeps a copy of the content only where it was told to", () => {
  const key = { name: "k", key: createSecretKey(randomBytes(32)) };
  const [keeping, measuring] = [new ContentMeter(key, true), new ContentMeter(key, false)];
  for (const meter of [keeping, measuring]) for (const part of ["a", "b"]) meter.push(Buffer.from(part));
  assert.equal(Buffer.from(keeping.kept ?? []).toString(), "ab");
  assert.equal(measuring.kept, undefined);
});
