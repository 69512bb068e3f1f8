import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { deployedWeights } from "@cordon/core/inspection/encoder/deployed";
import { checkInspection } from "./check-inspection.ts";

test("nothing is wrong with what is installed", () => {
  assert.deepEqual(checkInspection(), { findings: [], notes: [] });
});

test("missing and damaged weights are a finding that names the file and the remedy", () => {
  const folder = mkdtempSync(join(tmpdir(), "cordon-doctor-"));
  try {
    const path = join(folder, "weights.bin");
    const [missing] = checkInspection(pathToFileURL(path)).findings;
    assert.equal(missing?.where, path);
    assert.match(missing.what, /ENOENT/);
    assert.match(missing.remedy, /install Cordon again/);
    const bytes = readFileSync(deployedWeights);
    bytes[2_000_000] = (bytes[2_000_000] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    assert.match(checkInspection(pathToFileURL(path)).findings[0]?.what ?? "", /digest/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
