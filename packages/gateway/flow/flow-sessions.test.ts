import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { integrities, sensitivities, type Labels } from "@cordon/core/contract/vocabulary";
import { emptyLabels, isWithin, type SessionKey } from "@cordon/core/flow/flow";
import { openFlowSessions } from "./flow-sessions.ts";

const hour = 3_600_000;
const key: SessionKey = { principal: "spiffe://b/ns/default/agent/a" as never, user: "", name: "" };
const labels = (sensitivity: Labels["sensitivity"], integrity: Labels["integrity"] = "trusted"): Labels => ({
  sensitivity,
  integrity,
  categories: [],
});
const step = (id: string, at = 0) => ({ id, resource: "spiffe://b/ns/default/dataset/d" as never, at });

async function fileFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "flow-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "flow.db");
}

test("a session holds the most of what it read, and says which request brought it", () => {
  using sessions = openFlowSessions(":memory:", 0);
  assert.equal(sessions.look(key, hour, 0).standing, "new");
  assert.equal(sessions.raise(key, emptyLabels, step("none"), hour, 1).changed, false);
  assert.equal(sessions.raise(key, labels("internal"), step("one"), hour, 1).changed, true);
  assert.equal(sessions.raise(key, labels("confidential"), step("two"), hour, 2).changed, true);
  assert.equal(sessions.raise(key, labels("public", "untrusted"), step("three"), hour, 3).changed, true);
  assert.equal(sessions.raise(key, labels("internal"), step("four"), hour, 4).changed, false);
  sessions.recorded(key, "two", 17);
  sessions.recorded(key, "four", 19);
  const held = sessions.look(key, hour, 5);
  assert.deepEqual([held.standing, held.sensitivity, held.integrity], ["known", "confidential", "untrusted"]);
  assert.deepEqual([held.sensitive?.id, held.sensitive?.index, held.untrusted?.id], ["two", 17, "three"]);
  assert.equal(sessions.look({ ...key, user: "mei" }, hour, 5).standing, "new", "another person's is another");
});

test("labels never fall by reading, in any order", () => {
  const any = fc.record({ s: fc.constantFrom(...sensitivities), i: fc.constantFrom(...integrities) });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 8 }), (reads) => {
      using sessions = openFlowSessions(":memory:", 0);
      let before: Labels = emptyLabels;
      for (const [at, { s, i }] of reads.entries()) {
        const { facts } = sessions.raise(key, labels(s, i), step(String(at)), hour, at);
        assert.ok(isWithin(before, facts) && isWithin(labels(s, i), facts));
        before = facts;
      }
    }),
    { numRuns: 50 },
  );
});

test("never seen, expired and lost are told apart, and lost is the most restrictive", async (t) => {
  const file = await fileFor(t);
  {
    using sessions = openFlowSessions(file, 0);
    assert.equal(sessions.look(key, hour, 0).standing, "new");
    sessions.raise(key, labels("confidential"), step("one"), hour, 0);
    assert.equal(sessions.look(key, hour, hour).standing, "known");
    const over = sessions.look(key, hour, hour + 1);
    assert.deepEqual([over.standing, over.sensitivity], ["expired", "public"]);
  }
  {
    using again = openFlowSessions(file, 10);
    assert.equal(again.look(key, hour, 10).standing, "known", "a restart forgets nothing");
  }
  rmSync(file);
  {
    using replaced = openFlowSessions(file, 20);
    const lost = replaced.look(key, hour, 20);
    assert.deepEqual([lost.standing, lost.sensitivity, lost.integrity], ["lost", "restricted", "untrusted"]);
    replaced.raise(key, labels("internal"), step("two"), hour, 21);
    assert.equal(replaced.look(key, hour, 22).sensitivity, "restricted", "reading on does not clean it");
  }
  {
    using later = openFlowSessions(file, 30);
    assert.equal(later.look({ ...key, name: "x" }, hour, 30).standing, "lost", "nor does another restart");
    assert.equal(later.look({ ...key, name: "x" }, hour, 22 + hour).standing, "new", "every session of then is over");
  }
  rmSync(`${file}.mark`);
  using unmarked = openFlowSessions(file, 40);
  assert.equal(unmarked.look(key, hour, 40).standing, "lost", "a file that somebody put there is no record");
});

test("two gateways on one file know what the other has seen", async (t) => {
  const file = await fileFor(t);
  using one = openFlowSessions(file, 0);
  using other = openFlowSessions(file, 0);
  one.raise(key, labels("confidential"), step("one"), hour, 1);
  other.raise(key, labels("public", "untrusted"), step("two"), hour, 2);
  for (const sessions of [one, other]) {
    const held = sessions.look(key, hour, 3);
    assert.deepEqual([held.sensitivity, held.integrity], ["confidential", "untrusted"]);
  }
});

test("content is known again by its digest, with the most that was ever said of it", () => {
  using sessions = openFlowSessions(":memory:", 0);
  assert.equal(sessions.recall(["a"]), undefined);
  sessions.remember(["a", "b"], labels("internal", "untrusted"), step("one"), 1);
  sessions.remember(["a"], labels("confidential"), step("two"), 2);
  assert.deepEqual(sessions.recall(["x", "a"])?.labels, {
    sensitivity: "confidential",
    integrity: "untrusted",
    categories: [],
  });
  assert.equal(sessions.recall(["b"])?.labels.sensitivity, "internal");
});

test("lowering is an act of its own: what is lowered loses its step, the rest stays", () => {
  using sessions = openFlowSessions(":memory:", 0);
  assert.equal(sessions.lower(key, { integrity: "trusted" }, 0), undefined, "of no session");
  sessions.raise(key, labels("restricted", "untrusted"), step("one"), hour, 1);
  const done = sessions.lower(key, { sensitivity: "internal" }, 2);
  assert.deepEqual(
    [done?.before.sensitivity, done?.after.sensitivity, done?.after.integrity],
    ["restricted", "internal", "untrusted"],
  );
  const held = sessions.look(key, hour, 3);
  assert.deepEqual([held.sensitivity, held.sensitive, held.untrusted?.id], ["internal", undefined, "one"]);
  assert.equal(sessions.list(10)[0]?.sensitivity, "internal");
});

test("sessions that ended long ago are dropped", () => {
  using sessions = openFlowSessions(":memory:", 0);
  for (let n = 0; n < 600; n += 1)
    sessions.raise({ ...key, name: `s${n}` }, labels("internal"), step(String(n)), hour, n < 300 ? 0 : 10 * hour);
  assert.ok(sessions.list(1_000).length <= 344, "at most those of now, and what came since the last sweep");
  assert.equal(sessions.look({ ...key, name: "s599" }, hour, 10 * hour).standing, "known");
});
