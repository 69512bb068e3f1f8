/**
 * `npm run bench -- reach [--components N]`: what can be known of an estate before deployment, and in what time. In: sizes.
 * Out: for each, with as many policies as components, the time of reach, of a blast radius and of the search for unused
 * policies. The estate is a hard one: nearly every component is named by a policy, and permits for everybody besides.
 */
import { parseArgs } from "node:util";
import { blastRadius } from "@cordon/core/policy/analysis/blast-radius";
import { policyUse } from "@cordon/core/policy/analysis/policy-use";
import { reach } from "@cordon/core/policy/analysis/reach";
import { compilePolicies } from "@cordon/core/policy/cedar-engine";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";
import { Windows } from "@cordon/core/policy/windows";
import { component, policyTexts, trustDomain } from "./estate.ts";

const kinds = ["agent", "service", "pipeline", "dataset", "dataset", "endpoint"] as const;
const now = Date.parse("2026-11-25T12:00:00Z");

export async function benchReach(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { components: { type: "string" }, quick: { type: "boolean" } },
  });
  const sizes = values.components === undefined ? [100, 300, 1_000] : [Number(values.components)];
  const out = (line: string): void => void process.stdout.write(`${line}\n`);
  out("components  policies  kinds (from x to)  reachable pairs  decisions   reach s  radius ms  unused s");
  for (const count of sizes) {
    const { snapshot, policies } = estateOf(count);
    const started = performance.now();
    const found = reach(snapshot, policies, now);
    const seconds = (performance.now() - started) / 1000;
    const [fallen] = snapshot.components.values();
    const before = performance.now();
    const radius = blastRadius(found, fallen as Component);
    const radiusMs = performance.now() - before;
    const use = performance.now();
    policyUse(snapshot, policies, now);
    const useSeconds = (performance.now() - use) / 1000;
    const pairs = found.edges.reduce((sum, { from, to }) => sum + from.members.length * to.members.length, 0);
    const cells = [
      String(count).padStart(10),
      String(policies.size).padStart(10),
      `${found.principals.length} x ${found.resources.length}`.padStart(19),
      String(pairs).padStart(17),
      String(found.decisions).padStart(11),
      seconds.toFixed(2).padStart(10),
      radiusMs.toFixed(1).padStart(11),
      useSeconds.toFixed(2).padStart(10),
    ];
    out(`${cells.join("")}   (${radius.length} components from one)`);
    if (count === 10_000)
      out(seconds < 60 ? "met: reach of 10,000 components in under a minute" : "MISSED: reach took a minute or more");
    await new Promise(setImmediate);
  }
}

function estateOf(count: number) {
  const components = Array.from({ length: count }, (_, n) =>
    component(kinds[n % kinds.length] ?? "agent", `c-${n}`, n),
  );
  const policies = compilePolicies(
    [
      {
        namespace: "default" as never,
        origin: "bench.cedar",
        text: policyTexts(count, components, components).join("\n"),
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
