import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { run as explain } from "./explain.ts";
import { run as whatIf } from "./what-if.ts";

const folder = await mkdtemp(join(tmpdir(), "cordon-risk-"));
after(() => rm(folder, { recursive: true }));
const config = join(folder, "cordon.yaml");
const adaptive = new URL("../../../../examples/policies/risk-adaptive.cedar", import.meta.url);
await writeFile(join(folder, "adaptive.cedar"), await readFile(adaptive));
await writeFile(
  config,
  `version: 1
trustDomain: bank.example
risk: { weights: { hour-unusual: 0.4 } }
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: handbook, kind: dataset, boundary: data, labels: { sensitivity: internal } }
  - { name: payroll, kind: dataset, boundary: data, labels: { sensitivity: restricted } }
policies:
  - { file: adaptive.cedar }
  - { text: '@id("read") permit (principal is User, action == Action::"read", resource);' }
`,
);

async function said(
  run: typeof whatIf,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly text: string }> {
  let text = "";
  const take = (more: string): void => void (text += more);
  return { code: await run([...args, "--config", config], { stdout: take, stderr: take }), text };
}

const mei = ["--principal", "default/user/mei", "--action", "read", "--at", "2026-03-04T03:00:00Z", "--resource"];

test("what-if: the score, each contribution in words, and the decision that follows", async () => {
  const usual = await said(whatIf, ...mei, "payroll", "device=managed");
  assert.equal(usual.code, 0, usual.text);
  assert.match(usual.text, /risk 0\.000 \(low\): nothing speaks against it\nallowed/);

  const night = await said(whatIf, ...mei, "handbook", "device=unmanaged", "country=NZ", "new-country", "unusual-hour");
  assert.equal(night.code, 1);
  assert.match(
    night.text,
    /^default\/user\/mei read default\/dataset\/handbook\nrisk 0\.685 \(high\) = 1 - \(1 - 0\.40\) \(1 - 0\.30\) \(1 - 0\.25\)/,
  );
  assert.match(night.text, /0\.30 {2}device-unmanaged .*is not managed/);
  assert.match(
    night.text,
    /denied\n {2}this looks unlike you; show that it is you .*\n {2}a proof of presence within 300 s lifts this/,
  );

  const stepped = await said(
    whatIf,
    ...mei,
    "handbook",
    "device=unmanaged",
    "new-country",
    "unusual-hour",
    "asserted=60",
  );
  assert.equal(stepped.code, 0);
  assert.match(stepped.text, /restricted to data that is at most internal/);
  const restricted = await said(
    whatIf,
    ...mei,
    "payroll",
    "device=unmanaged",
    "new-country",
    "unusual-hour",
    "asserted=60",
  );
  assert.match(restricted.text, /denied\n {2}restricted data is for managed devices in good order/);
});

test("what-if refuses words that say nothing, with those that do", async () => {
  const typo = await said(whatIf, ...mei, "handbook", "device=managd");
  assert.equal(typo.code, 2);
  assert.match(typo.text, /`device=managd` says nothing: it takes one of managed, unmanaged/);
  assert.equal((await said(whatIf, ...mei, "handbook", "moon=full")).code, 2);
});

test("explain shows the weights in force, the file's own among them", async () => {
  const { code, text } = await said(explain);
  assert.equal(code, 0);
  assert.match(text, /0\.40 {2}hour-unusual/);
  assert.match(text, /medium from 0\.25, high from 0\.5, critical from 0\.75/);
});
