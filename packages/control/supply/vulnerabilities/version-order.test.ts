import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import semver from "semver";
import { judgeAffected } from "./affected.ts";
import { compareDebian, isDebianVersion } from "./dpkg-order.ts";
import { parseOsvRecord } from "./osv-record.ts";
import { comparePython, isPep440 } from "./pypi-order.ts";
import { compareSemantic, parseSemantic } from "./semver-order.ts";
import { compareSemanticTexts, versionOrder } from "./version-order.ts";

const shared = new URL("../../../../../shared/corpora/osv/", import.meta.url).pathname;
const skip = existsSync(shared) ? false : `the corpus is not at ${shared}`;
const halves = ["dev", "heldout"].map((half) => join(shared, half)).filter(existsSync);

test("versions are ordered as every oracle row says", { skip }, (t) => {
  let rows = 0;
  for (const half of halves)
    for (const file of readdirSync(join(half, "version-order"))) {
      const compare = file.startsWith("pypi") ? comparePython : compareSemanticTexts;
      for (const line of readFileSync(join(half, "version-order", file), "utf8").split("\n")) {
        const match = /^(\S+) ([<=>]) (\S+)$/.exec(line.trim());
        if (match === null) {
          assert.ok(line.trim() === "" || line.startsWith("//"), line);
          continue;
        }
        const [, a = "", relation = "", b = ""] = match;
        const order = compare(a, b);
        assert.equal(order < 0 ? "<" : order > 0 ? ">" : "=", relation, `${file}: ${line}`);
        rows += 1;
      }
    }
  t.diagnostic(`version order: ${rows} of ${rows} rows right`);
  assert.ok(rows > 6000);
});

test("a range says of every listed version what the list says", { skip }, (t) => {
  let agreed = 0;
  const odd: string[] = [];
  for (const half of halves)
    for (const folder of readdirSync(join(half, "pysec")))
      for (const file of readdirSync(join(half, "pysec", folder))) {
        const record = parseOsvRecord(readFileSync(join(half, "pysec", folder, file)), file);
        for (const affected of record.affected ?? []) {
          const rangesOnly = { ...record, affected: [{ ...affected, versions: [] }] };
          if ((affected.ranges ?? []).every(({ type }) => type === "GIT")) continue;
          for (const version of affected.versions ?? []) {
            const subject = { ecosystem: "PyPI", name: affected.package?.name ?? "", version };
            const { kind } = judgeAffected(rangesOnly, subject);
            assert.equal(judgeAffected(record, subject).kind, "affected");
            if (kind === "affected") agreed += 1;
            else odd.push(`${record.id} ${version}: ${kind}`);
          }
        }
      }
  t.diagnostic(`PYSEC ranges against listed versions: ${agreed} of ${agreed + odd.length} agree`);
  assert.deepEqual(odd, []);
  assert.ok(agreed > 4000);
});

interface Advisory {
  readonly vulnerabilities: {
    readonly nodes: readonly {
      readonly package: { readonly ecosystem: string; readonly name: string };
      readonly vulnerableVersionRange: string;
      readonly firstPatchedVersion: { readonly identifier: string } | null;
    }[];
  };
}

const ecosystems: Readonly<Record<string, string>> = {
  RUBYGEMS: "RubyGems",
  NPM: "npm",
  MAVEN: "Maven",
  PIP: "PyPI",
  GO: "Go",
  RUST: "crates.io",
};

test("a converted advisory affects the versions that GitHub's own range names", { skip }, (t) => {
  let judged = 0;
  for (const half of halves)
    for (const file of readdirSync(join(half, "ghsa-to-osv")).filter((name) => !name.endsWith(".osv.json"))) {
      const { vulnerabilities } = JSON.parse(readFileSync(join(half, "ghsa-to-osv", file), "utf8")) as Advisory;
      const osv = file.replace(/\.json$/, ".osv.json");
      if (!existsSync(join(half, "ghsa-to-osv", osv))) continue;
      const record = parseOsvRecord(readFileSync(join(half, "ghsa-to-osv", osv)), osv);
      for (const { package: about, vulnerableVersionRange, firstPatchedVersion } of vulnerabilities.nodes) {
        const ecosystem = ecosystems[about.ecosystem];
        const order = ecosystem === undefined ? undefined : versionOrder(ecosystem);
        if (ecosystem === undefined || order === undefined) continue;
        const parts = vulnerableVersionRange.split(",").map((part) => part.trim().split(" "));
        const inRange = (version: string): boolean =>
          parts.every(([relation, bound = ""]) => {
            const place = order.compare(version, bound);
            return relation === "="
              ? place === 0
              : relation === "<"
                ? place < 0
                : relation === "<="
                  ? place <= 0
                  : relation === ">"
                    ? place > 0
                    : place >= 0;
          });
        for (const version of [
          ...parts.map(([, bound = ""]) => bound),
          firstPatchedVersion?.identifier ?? "9999.0.0",
        ]) {
          // A strict lower bound cannot be said in the OSV format; its converter makes it inclusive.
          if (parts.some(([relation, bound]) => relation === ">" && bound === version)) continue;
          const other = vulnerabilities.nodes.filter((node) => node.package.name === about.name).length > 1;
          const { kind } = judgeAffected(record, { ecosystem, name: about.name, version });
          if (inRange(version) || !other)
            assert.equal(kind, inRange(version) ? "affected" : "not-affected", `${file} ${about.name} ${version}`);
          judged += 1;
        }
      }
    }
  t.diagnostic(`converted advisories: ${judged} of ${judged} versions right`);
  assert.ok(judged > 0);
});

test("semantic versions are ordered as node-semver orders them", () => {
  const identifier = fc.oneof(fc.nat(1000).map(String), fc.stringMatching(/^[a-zA-Z-][0-9A-Za-z-]{0,5}$/));
  const version = fc
    .tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.array(identifier, { maxLength: 4 }))
    .map(([a, b, c, pre]) => `${a}.${b}.${c}${pre.length > 0 ? `-${pre.join(".")}` : ""}`);
  fc.assert(
    fc.property(version, version, (a, b) => {
      const [left, right] = [parseSemantic(a), parseSemantic(b)];
      assert.ok(left !== undefined && right !== undefined && left.strict);
      assert.equal(Math.sign(compareSemantic(left, right)), semver.compare(a, b));
    }),
  );
});

test("Debian versions are ordered as dpkg orders them", (t) => {
  if (spawnSync("dpkg", ["--version"]).status !== 0) return t.skip("there is no dpkg on this machine");
  const part = fc.stringMatching(/^[0-9][0-9a-zA-Z.+~]{0,8}$/);
  const version = fc
    .tuple(fc.option(fc.nat(3)), part, fc.option(part))
    .map(
      ([epoch, upstream, revision]) =>
        `${epoch === null ? "" : `${epoch}:`}${upstream}${revision === null ? "" : `-${revision}`}`,
    );
  fc.assert(
    fc.property(version, version, (a, b) => {
      const order = compareDebian(a, b);
      const relation = order < 0 ? "lt" : order > 0 ? "gt" : "eq";
      assert.equal(spawnSync("dpkg", ["--compare-versions", a, relation, b]).status, 0, `${a} ${relation} ${b}`);
    }),
    { numRuns: 60 },
  );
});

test("each order is one: reflexive, antisymmetric, transitive, on any text", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 12, unit: "grapheme-ascii" }),
    fc.stringMatching(/^[0-9][0-9a-c.~:+-]{0,7}$/),
  );
  for (const compare of [comparePython, compareSemanticTexts, compareDebian])
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        fc.pre(compare !== compareDebian || [a, b, c].every(isDebianVersion));
        assert.equal(compare(a, a), 0);
        assert.ok(Math.sign(compare(a, b)) + Math.sign(compare(b, a)) === 0);
        if (compare(a, b) <= 0 && compare(b, c) <= 0) assert.ok(compare(a, c) <= 0);
      }),
    );
  assert.ok(isPep440("1!2.0.post1+local") && !isPep440("0.1-charmander"));
});
