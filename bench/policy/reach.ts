/**
 * `npm run bench -- reach [--components N]`: what can be known of an estate before deployment, and in what time. In: sizes.
 * Out: for each, with as many policies as components, the time of reach, of a blast radius, of the difference to the same
 * estate with 50 policies more and 50 less (for components, and for anybody who is a person), of the search for unused policies, and of 100,000 decisions taken again. The
 * estate is a hard one: nearly every component is named by a policy, and permits for everybody besides. A sample of pairs is
 * held against single decisions.
 */
import { parseArgs } from "node:util";
import { actions } from "@cordon/core/contract/vocabulary";
import type { DecisionEntry } from "@cordon/core/ledger/entry";
import { blastRadius } from "@cordon/core/policy/analysis/blast-radius";
import { personDifference } from "@cordon/core/policy/analysis/person-difference";
import { policyUse } from "@cordon/core/policy/analysis/policy-use";
import { reach, type Reach } from "@cordon/core/policy/analysis/reach";
import { reachDifference } from "@cordon/core/policy/analysis/reach-difference";
import { explain, pairCount, reachedBy } from "@cordon/core/policy/analysis/reach-edges";
import { replay } from "@cordon/core/policy/analysis/replay";
import { compilePolicies, type AnalysablePolicies } from "@cordon/core/policy/cedar-engine";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";
import { Windows } from "@cordon/core/policy/windows";
import { component, policyTexts, trustDomain } from "./estate.ts";

const kinds = ["agent", "service", "pipeline", "dataset", "dataset", "endpoint"] as const;
const now = Date.parse("2026-11-25T12:00:00Z");
const replayed = 100_000;
const sampled = 20_000;

export async function benchReach(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { components: { type: "string" }, quick: { type: "boolean" } },
  });
  const sizes = values.components === undefined ? [1_000, 3_000, 10_000] : [Number(values.components)];
  const out = (line: string): void => void process.stdout.write(`${line}\n`);
  out(
    "components  policies  reachable pairs  evaluations  reach s  radius ms  diff s  people s  unused s  replay s  wrong in sample",
  );
  for (const count of values.quick ? [300] : sizes) {
    const { snapshot, policies } = estateOf(count);
    const [found, seconds] = timed(() => reach(snapshot, policies, now));
    const [fallen] = snapshot.components.values();
    const [radius, radiusSeconds] = timed(() => blastRadius(found, fallen as Component));
    const other = estateOf(count, 50);
    const otherReach = reach(other.snapshot, other.policies, now);
    const [difference, diffSeconds] = timed(() => reachDifference(found, otherReach));
    const [, peopleSeconds] = timed(() =>
      personDifference({ snapshot, policies, reach: found }, { ...other, reach: otherReach }),
    );
    const [, useSeconds] = timed(() => policyUse(snapshot, policies, now));
    const [, replaySeconds] = timed(() => replayAll(snapshot, policies));
    const wrong = wrongIn(found);
    if (wrong > 0) process.exitCode = 1;
    const cells = [
      String(count).padStart(10),
      String(policies.size).padStart(10),
      String(pairCount(found)).padStart(17),
      String(found.evaluations).padStart(13),
      seconds.toFixed(2).padStart(9),
      (radiusSeconds * 1000).toFixed(1).padStart(11),
      diffSeconds.toFixed(2).padStart(8),
      peopleSeconds.toFixed(2).padStart(10),
      useSeconds.toFixed(2).padStart(10),
      replaySeconds.toFixed(2).padStart(10),
      `${wrong} of ${sampled}`.padStart(17),
    ];
    const { gained, lost } = difference;
    out(`${cells.join("")}   (${radius.length} from one; diff +${gained.count} -${lost.count})`);
    if (count === 10_000)
      out(seconds < 60 ? "met: reach of 10,000 components in under a minute" : "MISSED: reach took a minute or more");
    await new Promise(setImmediate);
  }
}

function timed<T>(work: () => T): readonly [T, number] {
  const before = performance.now();
  const done = work();
  return [done, (performance.now() - before) / 1000];
}

/** Single decisions beside what reach says, of pairs from everywhere and of some that are reached. */
function wrongIn(found: Reach): number {
  const { components } = found;
  let wrong = 0;
  for (let n = 0; n < sampled; n += 1) {
    const from = (n * 7919) % components.length;
    const action = actions[n % actions.length] ?? "read";
    const row = reachedBy(found, from).get(action);
    const to = (n * 104_729) % components.length;
    const said = row !== undefined && ((row[to >>> 5] ?? 0) & (1 << (to & 31))) !== 0;
    const decided = explain(found, components[from] as Component, action, components[to] as Component) !== undefined;
    if (said !== decided) wrong += 1;
  }
  return wrong;
}

function replayAll(snapshot: Snapshot, policies: AnalysablePolicies): number {
  const components = [...snapshot.components.values()];
  let changed = 0;
  for (let n = 0; n < replayed; n += 1) {
    const principal = components[(n * 7919) % components.length] as Component;
    const resource = components[(n * 104_729) % components.length] as Component;
    if (replay(snapshot, entryOf(principal, resource), policies).change !== "none") changed += 1;
  }
  return changed;
}

function entryOf(principal: Component, resource: Component): DecisionEntry {
  return {
    ...{ v: 1, kind: "decision", at: now, id: "r", namespace: "default" as never, revision: 1 as never },
    ...{ principal: principal.id, action: "read", resource: resource.id, effect: "deny" },
    context: { assurance: "x509-svid", route: "", method: "GET", stream: false, external: false },
    credential: { assurance: "x509-svid", fingerprint: "" },
    signals: { snapshotAgeMs: 0 },
    reasons: [],
    obligations: [],
    risk: { tier: "low", score: 0, contributions: [] },
  };
}

/** @param without policies that are left out at the beginning; as many are added at the end */
function estateOf(count: number, without = 0) {
  const components = Array.from({ length: count }, (_, n) =>
    component(kinds[n % kinds.length] ?? "agent", `c-${n}`, n),
  );
  const policies = compilePolicies(
    [
      {
        namespace: "default" as never,
        origin: "bench.cedar",
        text: policyTexts(count + without, components, components)
          .slice(without)
          .join("\n"),
      },
    ],
    { trustDomain },
  );
  const windows = new Windows(
    ["Asia/Singapore", "Europe/London", "America/New_York"].map((timeZone, n) => ({
      ...{ namespace: "default" as never, name: `nightly-${n}`, timeZone },
      ...{ opens: "0 1 * * *", closes: "0 5 * * *", except: ["2026-12-25"] },
    })),
  );
  const snapshot: Snapshot = {
    formatVersion: 1,
    revision: 1 as never,
    trustDomain,
    components: new Map(components.map((one) => [one.id, one])),
    routes: [],
    observing: new Map(),
    policies,
    boundaries: {
      modes: { data: "enforce", model: "enforce", pipeline: "enforce", api: "enforce" },
      exceptions: new Map(),
    },
    windows,
    bundles: new Map(),
    revocations: { certificates: new Set(), keys: new Set(), workloads: new Set() },
    overlays: { isolated: new Map(), rerouted: new Map() },
    stalenessLimitMs: 60_000,
  };
  return { snapshot, policies };
}
