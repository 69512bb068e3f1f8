/** Reach, blast radius, difference, unused policies, replay, suggestions and table tests, against decisions one by one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DecisionEntry } from "../../ledger/entry.ts";
import { routeKey } from "../decision.ts";
import { compile, component, context, request, snapshot, trustDomain } from "../test-estate.ts";
import type { Component, Snapshot } from "../snapshot.ts";
import { Windows } from "../windows.ts";
import { blastRadius } from "./blast-radius.ts";
import { policyUse } from "./policy-use.ts";
import { reach, type Reach } from "./reach.ts";
import { pairsOf, reachDifference, type ReachPairs } from "./reach-difference.ts";
import { ObservedReport } from "./observed-report.ts";
import { replay } from "./replay.ts";
import { ObservedFlows } from "./suggest.ts";
import { runTable, tableSchema } from "./table-test.ts";

const now = Date.parse("2026-11-25T12:00:00Z");
const windows = new Windows([
  {
    namespace: "default" as never,
    name: "nightly",
    timeZone: "Asia/Singapore",
    opens: "0 1 * * *",
    closes: "0 5 * * *",
    except: [],
  },
  {
    namespace: "default" as never,
    name: "weekend",
    timeZone: "UTC",
    opens: "0 0 * * 6",
    closes: "0 0 * * 1",
    except: [],
  },
]);

const assistant = component("default/agent/assistant");
const tools = component("default/tool/tools");
const index = component("default/dataset/index", { boundary: "data" });
const trainer = component("default/pipeline/trainer", { boundary: "pipeline" });
const training = component("default/dataset/training", { boundary: "data", purpose: "training" });
const text = `
  @id("uses-tools") permit(principal == Workload::"default/agent/assistant", action == Action::"callTool", resource == Component::"default/tool/tools");
  @id("tools-read") permit(principal == Workload::"default/tool/tools", action == Action::"read", resource == Component::"default/dataset/index");
  @id("trains") permit(principal == Workload::"default/pipeline/trainer", action == Action::"read", resource == Component::"default/dataset/training")
    when { context.windows.contains("nightly") };
  @id("trains-again") permit(principal == Workload::"default/pipeline/trainer", action == Action::"read", resource == Component::"default/dataset/training")
    when { context.windows.contains("nightly") && principal.kind == "pipeline" };
  @id("gone") permit(principal == Workload::"default/agent/gone", action, resource);
  @id("never-refuses") forbid(principal, action == Action::"deploy", resource);`;
const of = (policyText: string): { found: Reach; estate: Snapshot; policies: ReturnType<typeof compile> } => {
  const policies = compile(policyText);
  const estate = snapshot(policies, { windows }, [assistant, tools, index, trainer, training]);
  return { policies, estate, found: reach(estate, policies, now) };
};

test("a compromise spreads step by step, each with its path, and ends at data", () => {
  const { found } = of(text);
  const radius = blastRadius(found, assistant);
  assert.deepEqual(
    radius.map(({ component: { name }, path }) => [name, path.map(({ action }) => action)]),
    [
      ["tools", ["callTool"]],
      ["index", ["callTool", "read"]],
    ],
  );
  assert.deepEqual(blastRadius(found, index), []);
  const [only] = blastRadius(found, trainer);
  assert.deepEqual(only?.path[0]?.during, [["default/nightly"], ["default/nightly", "default/weekend"]]);
});

test("a change of policies is what it gains, loses and moves in time", () => {
  const changed = text
    .replace(/@id\("tools-read"\)[^;]*;/, "")
    .replaceAll(`context.windows.contains("nightly")`, "true")
    .replace(`action == Action::"callTool"`, `action in [Action::"callTool", Action::"read"]`);
  const { gained, lost, changed: moved } = reachDifference(of(text).found, of(changed).found);
  const short = (list: ReachPairs) =>
    [...list].map(({ action, resource }) => `${action} ${resource.split("/").at(-1)}`);
  assert.deepEqual([short(gained), short(lost), short(moved)], [["read tools"], ["read index"], ["read training"]]);
});

test("dead and shadowed permits and idle forbids are told apart from those that are needed", () => {
  const { estate, policies } = of(text);
  assert.deepEqual(
    policyUse(estate, policies, now).map(({ policy, finding }) => [policy, finding]),
    [
      ["default/trains", "shadowed"],
      ["default/trains-again", "shadowed"],
      ["default/gone", "dead"],
      ["default/never-refuses", "idle"],
    ],
  );
});

function entry(
  principal: Component,
  action: "callTool" | "read",
  resource: Component,
  effect: "allow" | "deny",
  at = now,
): DecisionEntry {
  const { principal: from, resource: to } = request(principal, action, resource);
  return {
    ...{ v: 1, kind: "decision", at, id: "r", namespace: "default" as never, revision: 1 as never },
    ...{ principal: from, action, resource: to, context, effect },
    credential: { assurance: "x509-svid", fingerprint: "" },
    signals: { snapshotAgeMs: 5_000_000 },
    reasons: [],
    obligations: [],
    risk: { tier: "low", score: 0, contributions: [] },
  };
}

test("a replayed decision is taken at its own time with its own facts, and says what would change", () => {
  const { estate, policies } = of(text);
  assert.equal(replay(estate, entry(assistant, "callTool", tools, "allow"), policies).change, "none");
  assert.equal(replay(estate, entry(assistant, "read", index, "allow"), policies).change, "would deny");
  assert.equal(replay(estate, entry(tools, "read", index, "deny"), policies).change, "would allow");
  const night = Date.parse("2026-11-25T18:00:00Z");
  assert.equal(replay(estate, entry(trainer, "read", training, "allow", night), policies).change, "none");
  assert.equal(replay(estate, entry(trainer, "read", training, "allow", now), policies).change, "would deny");
  const observed = { ...entry(assistant, "read", index, "allow"), observed: { effect: "deny" as const, reasons: [] } };
  assert.deepEqual(replay(estate, observed, policies).change, "none", "it would have been refused, and would be");
});

test("what is only observed is safe to enforce after a week of calls of which none would be refused", () => {
  const tried = `${text}
    @id("tried-tools") @mode("observe") forbid(principal, action == Action::"callTool", resource);
    @id("tried-deploys") @mode("observe") forbid(principal, action == Action::"deploy", resource);`;
  const { estate, policies } = of(tried);
  const route = routeKey({ namespace: "default" as never, name: context.route });
  const observing = { ...estate, observing: new Map([[route, "default" as never]]) };
  const verdicts = (entries: readonly DecisionEntry[]) => {
    const report = new ObservedReport(observing, policies);
    for (const one of entries) report.add(one, (id) => id.split("/").at(-1) ?? "");
    return report.items().map(({ name, verdict, wouldDeny, seen }) => [name, verdict, wouldDeny, seen]);
  };
  const week = 7 * 86_400_000;
  const calls = [entry(tools, "read", index, "allow", now - week), entry(tools, "read", index, "allow")];
  assert.deepEqual(verdicts([]), [
    ["default/chat", "nothing seen", 0, 0],
    ["default/tried-tools", "nothing seen", 0, 0],
    ["default/tried-deploys", "nothing seen", 0, 0],
  ]);
  assert.deepEqual(verdicts(calls.slice(1))[0], ["default/chat", "too early", 0, 1]);
  assert.deepEqual(verdicts(calls)[0], ["default/chat", "safe", 0, 2]);
  const more = [...calls, entry(assistant, "callTool", tools, "allow"), entry(assistant, "read", index, "allow")];
  assert.deepEqual(verdicts([...more, entry(trainer, "read", index, "deny")]), [
    ["default/chat", "would deny", 1, 4],
    ["default/tried-tools", "would deny", 1, 4],
    ["default/tried-deploys", "safe", 0, 4],
  ]);
});

test("suggested policies permit what was seen and nothing else", () => {
  const flows = new ObservedFlows();
  flows.add(3, entry(assistant, "callTool", tools, "allow"));
  flows.add(4, entry(assistant, "callTool", tools, "allow", now + 1));
  flows.add(5, entry(assistant, "read", index, "deny"));
  flows.add(6, entry(tools, "read", index, "allow"));
  const suggested = flows.policies(trustDomain).get("default" as never) ?? "";
  assert.match(suggested, /\/\/ callTool: 2 calls, 2026-11-25 to 2026-11-25, entries 3 to 4/);
  const pairs = [...pairsOf(of(suggested).found)].map(({ principal, action, resource }) =>
    `${principal} ${action} ${resource}`.replaceAll("spiffe://bank.example/ns/default/", ""),
  );
  assert.deepEqual(pairs.toSorted(), ["agent/assistant callTool tool/tools", "tool/tools read dataset/index"]);
});

test("a table of tests passes, fails and refuses row by row", () => {
  const { tests } = tableSchema.parse({
    tests: [
      { principal: "assistant", action: "callTool", resource: "tools", expect: "allow", because: "uses-tools" },
      { principal: "assistant", action: "callTool", resource: "tools", expect: "allow", because: "trains" },
      { principal: "assistant", action: "read", resource: "default/index", expect: "allow" },
      { principal: "trainer", action: "read", resource: "training", expect: "allow", at: "2026-11-26T02:00:00+08:00" },
      { principal: "trainer", action: "read", resource: "training", expect: "deny", at: "2026-11-26T06:00:00+08:00" },
      { principal: "nobody", action: "read", resource: "training", expect: "deny" },
    ],
  });
  const results = runTable(of(text).estate, tests, now);
  assert.deepEqual(
    results.map(({ passed }) => passed),
    [true, false, false, true, true, false],
  );
  assert.match(results[5]?.words ?? "", /no component `nobody`/);
  assert.equal(
    tableSchema.safeParse({ tests: [{ principal: "a", action: "fly", resource: "b", expect: "allow" }] }).success,
    false,
  );
});
