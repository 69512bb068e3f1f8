import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { isCordonError } from "../errors.ts";
import { signCheckpoint } from "./checkpoint.ts";
import { leafHash, rootOf } from "./merkle.ts";
import { formatVkey, parseVkey } from "./note.ts";
import { inclusionRanges } from "./proof.ts";
import { formatReceipt, openReceipt } from "./receipt.ts";

const origin = "bank.example/gateway-1";
const { privateKey } = generateKeyPairSync("ed25519");
const verifier = parseVkey(formatVkey(origin, privateKey));
const leaves = Array.from({ length: 21 }, (_, i) => leafHash(Buffer.from(`entry ${i}`)));
const checkpoint = signCheckpoint({ origin, size: leaves.length, root: rootOf(leaves) }, privateKey);
const receiptOf = (index: number, size = leaves.length) =>
  formatReceipt(
    index,
    leaves[index] as Uint8Array,
    inclusionRanges(index, size).map(({ start, end }) => rootOf(leaves.slice(start, end))),
    checkpoint,
  );
const isRefused = (error: unknown) =>
  isCordonError(error, "PROOF_INVALID") || isCordonError(error, "CHECKPOINT_INVALID");

test("a receipt proves its entry with the public key alone", () => {
  for (const index of leaves.keys()) {
    const receipt = openReceipt(receiptOf(index), verifier);
    assert.equal(receipt.index, index);
    assert.deepEqual(receipt.leaf, leaves[index]);
    assert.equal(receipt.checkpoint.size, leaves.length);
  }
  assert.match(receiptOf(3), /^c2sp\.org\/tlog-proof@v1\nextra [^\n]+\nindex 3\n/);
});

test("no byte of a receipt can be changed", () => {
  const receipt = Buffer.from(receiptOf(13));
  for (let i = 0; i < receipt.length; i++) {
    const changed = Buffer.from(receipt);
    changed[i] = (changed[i] ?? 0) ^ 0x01;
    assert.throws(() => openReceipt(changed.toString("utf8"), verifier), isRefused, `byte ${i}`);
  }
});

test("a receipt of one entry cannot be made that of another, nor of a log with another key", () => {
  const other = parseVkey(formatVkey(origin, generateKeyPairSync("ed25519").privateKey));
  assert.throws(() => openReceipt(receiptOf(3), other), isRefused);
  assert.throws(() => openReceipt(receiptOf(3).replace("index 3", "index 4"), verifier), isRefused);
  const [leaf3, leaf4] = [3, 4].map((i) => Buffer.from(leaves[i] as Uint8Array).toString("base64"));
  assert.throws(() => openReceipt(receiptOf(3).replace(leaf3 ?? "", leaf4 ?? ""), verifier), isRefused);
});

test("what is no receipt is refused", () => {
  const receipt = receiptOf(3);
  for (const bad of [
    "",
    checkpoint,
    receipt.replace("@v1", "@v2"),
    receipt.replace(/extra [^\n]+\n/, ""),
    receipt.replace("index 3", "index 03"),
    receipt.replace("index 3", "index -3"),
    receipt.replace("index 3\n", `index 3\n${"A".repeat(44)}\n`.repeat(1)),
    receipt.replace("\n\n", "\n"),
    receipt.slice(0, receipt.indexOf("\n\n")),
    "x".repeat(200_000),
  ])
    assert.throws(() => openReceipt(bad, verifier), isRefused, bad.slice(0, 60));
});
