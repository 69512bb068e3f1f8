/**
 * Our pickle machine beside CPython's two unpicklers, on streams that are nearly pickles: whatever name either of them
 * would import, ours must have seen. CPython is given an unpickler that imports nothing.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { namesImported } from "../testing/names-imported.ts";
import { randomNumbers, randomStream } from "../testing/random-streams.ts";

const python = spawnSync("python3", ["--version"], { encoding: "utf8" });
const skip = python.status === 0 ? false : "python3 is not on this machine";
const streams = 6000;

test("every name that CPython would import is seen", { skip, timeout: 120_000 }, (t) => {
  const random = randomNumbers(6);
  const cases = Array.from({ length: streams }, () => randomStream(random));
  const input = Buffer.concat(
    cases.flatMap((bytes) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
  const script = join(import.meta.dirname, "cpython-names.py");
  const { stdout, status, stderr } = spawnSync("python3", [script], { input, maxBuffer: 2 ** 28, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  const lines = stdout.trimEnd().split("\n");
  assert.equal(lines.length, cases.length);
  let importing = 0;
  for (const [index, bytes] of cases.entries()) {
    const theirs = JSON.parse(lines[index] ?? "[]") as string[];
    if (theirs.length > 0) importing++;
    const ours = namesImported(bytes);
    const missed = theirs.filter((name) => !ours.has(name));
    assert.deepEqual(missed, [], `stream ${index}: ${Buffer.from(bytes).toString("hex")}`);
  }
  assert.ok(importing > streams / 20, `only ${importing} streams import anything: the test says nothing`);
  t.diagnostic(`${python.stdout.trim()}: ${importing} of ${streams} streams import something, none unseen`);
});
