import assert from "node:assert/strict";
import { test } from "node:test";
import type { Registration } from "@cordon/core/contract/registration-schema";
import type { CallerFacts } from "./attest.ts";
import { mismatch, type MeasuredLaunch } from "./match.ts";

const facts: CallerFacts = {
  pid: 7,
  uid: 1000,
  gid: 1000,
  startTicks: "1",
  session: 7,
  parent: 1,
  path: "/opt/bank/assistant",
  sha256: "a".repeat(64),
  executableOwnedByRoot: true,
  cgroup: "/system.slice/assistant.service",
  systemdUnit: "assistant.service",
};
const launch: MeasuredLaunch = { script: "b".repeat(64), lock: "c".repeat(64) };

const cases: readonly (readonly [
  string,
  Partial<Registration>,
  Partial<CallerFacts>,
  MeasuredLaunch | undefined,
  boolean,
])[] = [
  ["user and executable", { uid: 1000, path: "/opt/bank/assistant" }, {}, undefined, true],
  ["another user", { uid: 1001, path: "/opt/bank/assistant" }, {}, undefined, false],
  ["another group", { gid: 5, path: "/opt/bank/assistant" }, {}, undefined, false],
  ["another path", { path: "/opt/bank/other" }, {}, undefined, false],
  ["the digest", { sha256: "a".repeat(64) }, {}, undefined, true],
  ["another digest", { sha256: "d".repeat(64) }, {}, undefined, false],
  ["a path that others can write", { path: "/opt/bank/assistant" }, { executableOwnedByRoot: false }, undefined, false],
  [
    "the same with its digest",
    { path: "/opt/bank/assistant", sha256: "a".repeat(64) },
    { executableOwnedByRoot: false },
    undefined,
    true,
  ],
  ["a digest that is Python's", { sha256: "a".repeat(64) }, { path: "/usr/bin/python3.11" }, undefined, false],
  ["Python in its unit", { systemdUnit: "assistant.service" }, { path: "/usr/bin/python3.11" }, undefined, true],
  ["another unit", { systemdUnit: "other.service" }, {}, undefined, false],
  ["no unit", { systemdUnit: "assistant.service" }, { systemdUnit: undefined } as never, undefined, false],
  ["its control group", { cgroup: "/system.slice/assistant.service" }, {}, undefined, true],
  ["one above", { cgroup: "/system.slice" }, {}, undefined, true],
  ["one that only begins alike", { cgroup: "/system.slice/assist" }, {}, undefined, false],
  [
    "a container by its beginning",
    { container: "abcdef123456" },
    { container: `abcdef123456${"0".repeat(52)}` },
    undefined,
    true,
  ],
  ["another container", { container: "abcdef123456" }, { container: "f".repeat(64) }, undefined, false],
  ["a launch", { launch: { script: launch.script } }, { path: "/usr/bin/node" }, launch, true],
  ["a launch with its lock", { launch: { script: launch.script, lock: "c".repeat(64) } }, {}, launch, true],
  ["a launch with another lock", { launch: { script: launch.script, lock: "e".repeat(64) } }, {}, launch, false],
  ["a launch with another script", { launch: { script: "e".repeat(64) } }, {}, launch, false],
  ["no launch", { launch: { script: launch.script } }, {}, undefined, false],
];

for (const [what, registration, more, measured, met] of cases)
  test(`${what}: ${met ? "met" : "not met"}`, () => {
    const verdict = mismatch({ nodes: ["*"], ...registration }, { ...facts, ...more }, measured);
    assert.equal(verdict === undefined, met, verdict ?? "met");
  });
