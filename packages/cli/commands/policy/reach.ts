/**
 * `cordon policy reach`: what can reach what, before it is deployed. In: a configuration. Out: pairs with their actions,
 * times and permits; or what would follow from a compromise.
 */
import { parseArgs } from "node:util";
import { loadOfflineSnapshot } from "@cordon/control/registry/offline-snapshot";
import { blastRadius } from "@cordon/core/policy/analysis/blast-radius";
import { reach, type Reach, type ReachEdge } from "@cordon/core/policy/analysis/reach";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";
import { CordonError } from "@cordon/core/errors";
import type { Io } from "../../io.ts";
import { reporting } from "../ledger/folder.ts";
import { duringWords, findComponent, shortName } from "./offline.ts";

const usage = `usage: cordon policy reach [--config FILE] [--from COMPONENT] [--to COMPONENT] [--compromised COMPONENT] [--json]

Who can reach what, by the configuration alone: every principal, action, resource, route and window of the next 400 days.

  --config FILE             the configuration (default: cordon.yaml)
  --from COMPONENT          only what this component can reach
  --to COMPONENT            only who can reach this one
  --compromised COMPONENT   what follows if it falls: everything that can be reached from it, step by step, with paths

A COMPONENT is \`name\`, \`namespace/name\`, \`namespace/kind/name\` or a SPIFFE ID.
Exit code: 0, or 2 where the configuration cannot be read.
`;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: { type: "string", default: "cordon.yaml" },
        from: { type: "string" },
        to: { type: "string" },
        compromised: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return print(io, usage);
    const { snapshot, policies } = await loadOfflineSnapshot(values.config);
    const from = values.from === undefined ? undefined : findComponent(snapshot, values.from);
    const to = values.to === undefined ? undefined : findComponent(snapshot, values.to);
    const fallen = values.compromised === undefined ? undefined : findComponent(snapshot, values.compromised);
    if (fallen !== undefined && (from !== undefined || to !== undefined))
      throw new CordonError("USAGE", "--compromised stands alone: it follows every step from one component");
    const found = reach(snapshot, policies, Date.now());
    if (fallen !== undefined) return printRadius(io, snapshot, found, fallen, values.json);
    const pairs = found.edges.flatMap((edge) => [...pairsOf(edge, from, to)]);
    return printPairs(io, snapshot, found, pairs, values.json);
  });
}

interface Pair {
  readonly edge: ReachEdge;
  readonly principal: Component;
  readonly resource: Component;
}

function* pairsOf(edge: ReachEdge, from: Component | undefined, to: Component | undefined): Generator<Pair> {
  for (const principal of edge.from.members) {
    if (from !== undefined && principal.id !== from.id) continue;
    for (const resource of edge.to.members) {
      if (to !== undefined && resource.id !== to.id) continue;
      yield { edge, principal, resource };
    }
  }
}

function printPairs(io: Io, snapshot: Snapshot, found: Reach, pairs: readonly Pair[], json: boolean): 0 {
  if (json) {
    const listed = pairs.map(({ edge, principal, resource }) => {
      const { action, routed, during, permits, excepted, observedOnly } = edge;
      return {
        principal: principal.id,
        action,
        resource: resource.id,
        routed,
        during,
        permits,
        excepted,
        observedOnly,
      };
    });
    return print(io, `${JSON.stringify({ complete: found.complete, reach: listed })}\n`);
  }
  const lines = pairs.map(({ edge, principal, resource }) => {
    const notes = [
      duringWords(edge.during),
      edge.routed ? "" : "no route leads there",
      edge.excepted ? "by an exception" : "",
      edge.observedOnly ? "only while its boundary observes" : "",
    ].filter((note) => note !== "");
    const by = edge.permits.length === 0 ? "" : `  [${edge.permits.join(", ")}]`;
    return `${shortName(snapshot, principal.id)}  ${edge.action}  ${shortName(snapshot, resource.id)}${by}${notes.length === 0 ? "" : `  (${notes.join("; ")})`}\n`;
  });
  io.stdout(lines.toSorted().join(""));
  io.stderr(`${pairs.length} reachable; ${summary(found)}\n`);
  return 0;
}

function printRadius(io: Io, snapshot: Snapshot, found: Reach, fallen: Component, json: boolean): 0 {
  const reached = blastRadius(found, fallen);
  if (json) {
    const listed = reached.map(({ component, path }) => ({ component: component.id, path }));
    return print(io, `${JSON.stringify({ compromised: fallen.id, complete: found.complete, reached: listed })}\n`);
  }
  const total = snapshot.components.size - 1;
  const share = total === 0 ? 0 : (100 * reached.length) / total;
  io.stdout(
    `If ${shortName(snapshot, fallen.id)} falls, ${reached.length} of ${total} other components can be reached (${share.toFixed(0)} %), in the worst case\n`,
  );
  for (const { component, path } of reached) {
    const steps = path.map(({ action, to, during }) => {
      const when = duringWords(during);
      return `${action} ${shortName(snapshot, to)}${when === "" ? "" : ` (${when})`}`;
    });
    const { sensitivity } = component.labels;
    io.stdout(`  ${shortName(snapshot, component.id)}  ${sensitivity}\n    ${steps.join(" -> ")}\n`);
  }
  io.stderr(`${summary(found)}\n`);
  return 0;
}

function summary({ decisions, principals, resources, moments, complete }: Reach): string {
  const states = moments.length === 1 ? "" : `, ${moments.length} states of the windows`;
  const more = complete ? "" : "; windows change too often: NOT all of their states were looked at";
  return `${decisions} decisions over ${principals.length} kinds of principal and ${resources.length} of resource${states}${more}`;
}

function print(io: Io, text: string): 0 {
  io.stdout(text);
  return 0;
}
