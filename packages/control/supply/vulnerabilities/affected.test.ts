import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeAffected } from "./affected.ts";
import { parseOsvRecord, type OsvRecord } from "./osv-record.ts";
import { severityOf } from "./severity.ts";

function record(affected: object[], over: object = {}): OsvRecord {
  return parseOsvRecord(
    Buffer.from(JSON.stringify({ id: "X-1", modified: "2026-01-01T00:00:00Z", affected, ...over })),
    "x.json",
  );
}

const range = (ecosystem: string, type: string, ...events: object[]): object => ({
  package: { ecosystem, name: "torch" },
  ranges: [{ type, events }],
});

const kind = (r: OsvRecord, version: string, ecosystem = "PyPI", name = "torch"): string =>
  judgeAffected(r, { ecosystem, name, version }).kind;

test("a version is in a range from its introduction to its fix", () => {
  const r = record([
    range(
      "PyPI",
      "ECOSYSTEM",
      { introduced: "0" },
      { fixed: "2.6.0" },
      { introduced: "2.7.0" },
      { last_affected: "2.7.1" },
    ),
  ]);
  const cases = { "0.1": "affected", "2.5.1": "affected", "2.6.0": "not-affected", "2.6.9": "not-affected" } as const;
  for (const [version, expected] of Object.entries({
    ...cases,
    "2.7.0": "affected",
    "2.7.1": "affected",
    "2.7.2": "not-affected",
  }))
    assert.equal(kind(r, version), expected, version);
  assert.deepEqual(judgeAffected(r, { ecosystem: "PyPI", name: "torch", version: "2.5.1" }), {
    kind: "affected",
    fixed: ["2.6.0"],
  });
});

test("a local build of a version is as affected as the version", () => {
  const r = record([range("PyPI", "ECOSYSTEM", { introduced: "2.1.0" }, { last_affected: "2.1.0" })]);
  assert.equal(kind(r, "2.1.0+cu118"), "affected");
  assert.equal(
    kind(record([{ package: { ecosystem: "PyPI", name: "torch" }, versions: ["2.1.0"] }]), "2.1.0+cu118"),
    "affected",
  );
});

test("events count in the order of versions, however they are written", () => {
  const r = record([
    range("npm", "SEMVER", { fixed: "1.10.0" }, { introduced: "1.9.0" }, { fixed: "1.2.0" }, { introduced: "0" }),
  ]);
  for (const [version, expected] of Object.entries({
    "1.1.9": "affected",
    "1.2.0": "not-affected",
    "1.9.5": "affected",
    "1.10.0": "not-affected",
  }))
    assert.equal(kind(r, version, "npm"), expected, version);
});

test("Python names are compared normalised, npm names exactly", () => {
  const python = record([{ package: { ecosystem: "PyPI", name: "Llama_Index.Core" }, versions: ["1.0"] }]);
  assert.equal(kind(python, "1.0.0", "PyPI", "llama-index-core"), "affected");
  const npm = record([{ package: { ecosystem: "npm", name: "JSONStream" }, versions: ["1.0.0"] }]);
  assert.equal(kind(npm, "1.0.0", "npm", "jsonstream"), "not-affected");
});

test("a release of a distribution is not another, and none means all", () => {
  const bookworm = record([range("Debian:12", "ECOSYSTEM", { introduced: "0" }, { fixed: "3.0.1-1" })]);
  assert.equal(kind(bookworm, "3.0.0-1", "Debian:12"), "affected");
  assert.equal(kind(bookworm, "3.0.0-1", "Debian:11"), "not-affected");
  assert.equal(kind(bookworm, "3.0.0-1", "Debian"), "affected");
  assert.equal(kind(bookworm, "3.0.1~rc1-1", "Debian:12"), "affected");
});

test("what cannot be judged is unknown, and never clean", () => {
  const cases: (readonly [OsvRecord, string, string])[] = [
    [
      record([range("Alpine:v3.20", "ECOSYSTEM", { introduced: "0" }, { fixed: "1.2.3-r4" })]),
      "1.2.3-r3",
      "Alpine:v3.20",
    ],
    [record([range("PyPI", "ECOSYSTEM", { introduced: "1.0" }, { fixed: "2.0" })]), "1.5-foo", "PyPI"],
    [record([range("PyPI", "GIT", { introduced: "0" })]), "1.5", "PyPI"],
    [record([range("npm", "SEMVER", { introduced: "1.0.0" }, { fixed: "2.0.0" })]), "banana", "npm"],
  ];
  for (const [r, version, ecosystem] of cases) assert.equal(kind(r, version, ecosystem), "unknown", ecosystem);
});

test("a withdrawn record affects nothing", () => {
  const r = record([{ package: { ecosystem: "PyPI", name: "torch" }, versions: ["1.0"] }], {
    withdrawn: "2026-02-01T00:00:00Z",
  });
  assert.equal(kind(r, "1.0"), "not-affected");
});

test("severity is the database's word, else the score, else not said", () => {
  const v3 = { type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:L/A:N" };
  const v4 = { type: "CVSS_V4", score: "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N" };
  assert.deepEqual(severityOf(record([], { severity: [v3] })), { severity: "medium", score: 5.3 });
  assert.deepEqual(severityOf(record([], { severity: [v3, v4] })), { severity: "critical", score: 9.3 });
  assert.equal(severityOf(record([], { severity: [v3], database_specific: { severity: "LOW" } }))?.severity, "low");
  assert.equal(severityOf(record([], { severity: [{ type: "CVSS_V3", score: "junk" }] })), undefined);
  assert.equal(severityOf(record([])), undefined);
});

test("a record that is none, or too deep for its form, is refused", () => {
  for (const text of [
    "",
    "[]",
    "{}",
    '{"id":"X","modified":3}',
    '{"id":"X","modified":"x","affected":[{"ranges":[{"type":"WHAT","events":[]}]}]}',
  ])
    assert.throws(() => parseOsvRecord(Buffer.from(text), "x.json"), { code: "SUPPLY_INPUT_INVALID" });
  assert.throws(() => parseOsvRecord(Buffer.from("a: &a [x]\nb: [*a, *a]\nid: X"), "x.yaml"), {
    code: "SUPPLY_INPUT_INVALID",
  });
});
