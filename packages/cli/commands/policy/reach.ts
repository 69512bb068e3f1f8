/**
 * `cordon policy reach`: what can reach what, before it is deployed. In: a configuration. Out: pairs with their actions,
 * times and permits; or what would follow from a compromise.
 */
import { parseArgs } from "node:util";
import type { Action } from "@cordon/core/contract/vocabulary";
import { blastRadius, personRadius } from "@cordon/core/policy/analysis/blast-radius";
import { personReach } from "@cordon/core/policy/analysis/person-reach";
import { reach, type Reach } from "@cordon/core/policy/analysis/reach";
import { edgesBetween, explain, type Explanation, type ReachEdge } from "@cordon/core/policy/analysis/reach-edges";
import { isUser, type Principal, type User } from "@cordon/core/policy/people";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";
import { CordonError } from "@cordon/core/errors";
import type { Io } from "../../io.ts";
import { reporting } from "../ledger/folder.ts";
import {
  duringWords,
  findComponent,
  findPerson,
  shortName,
  loadOffline,
  offlineOptions,
  offlineUsage,
} from "./offline.ts";

const usage = `usage: cordon policy reach [--config FILE] [--state DIR] [--from COMPONENT] [--to COMPONENT] [--compromised COMPONENT] [--person PERSON [--through COMPONENT] [--radius]] [--groups] [--json]

Who can reach what, by the configuration alone: every principal, action, resource, route and window of the next 400 days.

  --config FILE             the configuration (default: cordon.yaml)
${offlineUsage}
  --from COMPONENT          only what this component can reach
  --to COMPONENT            only who can reach this one
  --compromised COMPONENT   what follows if it falls: everything that can be reached from it, step by step, with paths
  --person PERSON           what this person can reach, signed in with a passkey: by policy, and by each grant until it ends
  --radius                  with --person: what follows if that person's passkey falls, as --compromised says of a component
  --through COMPONENT       what the person can reach through this workload, which acts for them: what both may do
  --groups                  everybody who reaches the same in one line; so it is above 20,000 pairs anyway

A COMPONENT is \`name\`, \`namespace/name\`, \`namespace/kind/name\` or a SPIFFE ID.
Exit code: 0, or 2 where the configuration cannot be read.
`;

export async function run(args: readonly string[], io: Io): Promise<0 | 1 | 2> {
  return reporting(io, usage, async () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: { type: "string", default: "cordon.yaml" },
        ...offlineOptions,
        from: { type: "string" },
        to: { type: "string" },
        compromised: { type: "string" },
        person: { type: "string" },
        through: { type: "string" },
        radius: { type: "boolean", default: false },
        groups: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return print(io, usage);
    const { snapshot, policies } = await loadOffline(io, values.config, values);
    const from = values.from === undefined ? undefined : findComponent(snapshot, values.from);
    const to = values.to === undefined ? undefined : findComponent(snapshot, values.to);
    const fallen = values.compromised === undefined ? undefined : findComponent(snapshot, values.compromised);
    if (fallen !== undefined && (from !== undefined || to !== undefined))
      throw new CordonError("USAGE", "--compromised stands alone: it follows every step from one component");
    const person = values.person === undefined ? undefined : findPerson(snapshot, values.person);
    const through = values.through === undefined ? undefined : findComponent(snapshot, values.through);
    if (person === undefined && through !== undefined)
      throw new CordonError("USAGE", "--through says who acts for somebody: name the person with --person");
    if (person !== undefined && (from !== undefined || fallen !== undefined || values.groups))
      throw new CordonError("USAGE", "--person goes with --through, --to and --json alone");
    const found = reach(snapshot, policies, Date.now());
    if (person !== undefined && values.radius) return printRadius(io, snapshot, found, person, values.json);
    if (person !== undefined) return printPerson(io, snapshot, found, { person, through, to, json: values.json });
    if (fallen !== undefined) return printRadius(io, snapshot, found, fallen, values.json);
    const edges = [...edgesBetween(found, { from, to })];
    const pairs = edges.reduce((sum, edge) => sum + edge.from.length * edge.to.length, 0);
    if (values.groups || pairs > mostPairs) return printGroups(io, snapshot, found, { edges, pairs, ...values });
    return printPairs(io, snapshot, found, { edges, pairs, json: values.json });
  });
}

/** More pairs than this are shown in groups: nobody reads them one by one, and each would be decided once more. */
const mostPairs = 20_000;
/** Names that a group shows of each side. */
const shownNames = 3;

interface Shown {
  readonly edges: readonly ReachEdge[];
  readonly pairs: number;
  readonly json: boolean;
}

/** Everybody who reaches the same, in one line. */
function printGroups(
  io: Io,
  snapshot: Snapshot,
  found: Reach,
  { edges, pairs, json, groups }: Shown & { groups: boolean },
): 0 {
  if (!groups) io.stderr(`${pairs} pairs, shown in groups; --from or --to shows those of one component\n`);
  if (json) {
    const listed = edges.map(({ from, to, action, routed, during }) => ({
      principals: from.map(({ id }) => id),
      ...{ action, resources: to.map(({ id }) => id), routed, during },
    }));
    return print(io, `${JSON.stringify({ complete: found.complete, groups: listed })}\n`);
  }
  const names = (side: readonly Component[]): string => {
    const shown = side.slice(0, shownNames).map(({ id }) => shortName(snapshot, id));
    return side.length > shown.length ? `${shown.join(", ")} and ${side.length - shown.length} more` : shown.join(", ");
  };
  for (const edge of edges) {
    const notes = [duringWords(edge.during), edge.routed ? "" : "no route leads there"].filter((note) => note !== "");
    const { from, to, action } = edge;
    io.stdout(`${names(from)}  ${action}  ${names(to)}${notes.length === 0 ? "" : `  (${notes.join("; ")})`}\n`);
  }
  io.stderr(`${pairs} reachable; ${summary(found)}\n`);
  return 0;
}

function printPairs(io: Io, snapshot: Snapshot, found: Reach, { edges, pairs, json }: Shown): 0 {
  const list = edges.flatMap((edge) =>
    edge.from.flatMap((principal) =>
      edge.to.map((resource) => ({
        edge,
        principal,
        resource,
        why: explained(found, edge.action, principal, resource),
      })),
    ),
  );
  if (json) {
    const listed = list.map(({ edge: { action, routed, during }, principal, resource, why }) => {
      const { permits, excepted, observedOnly, dependsOnArguments } = why;
      return {
        principal: principal.id,
        action,
        resource: resource.id,
        routed,
        during,
        permits,
        dependsOnArguments,
        excepted,
        observedOnly,
      };
    });
    return print(io, `${JSON.stringify({ complete: found.complete, reach: listed })}\n`);
  }
  const lines = list.map(({ edge, principal, resource, why }) => {
    const notes = [
      duringWords(edge.during),
      edge.routed ? "" : "no route leads there",
      why.dependsOnArguments ? "with some arguments" : "",
      why.excepted ? "by an exception" : "",
      why.observedOnly ? "only while its boundary observes" : "",
    ].filter((note) => note !== "");
    const by = why.permits.length === 0 ? "" : `  [${why.permits.join(", ")}]`;
    return `${shortName(snapshot, principal.id)}  ${edge.action}  ${shortName(snapshot, resource.id)}${by}${notes.length === 0 ? "" : `  (${notes.join("; ")})`}\n`;
  });
  io.stdout(lines.toSorted().join(""));
  io.stderr(`${pairs} reachable; ${summary(found)}\n`);
  return 0;
}

interface ShownPerson {
  readonly person: User;
  readonly through: Component | undefined;
  readonly to: Component | undefined;
  readonly json: boolean;
}

function printPerson(io: Io, snapshot: Snapshot, found: Reach, { person, through, to, json }: ShownPerson): 0 {
  const edges = personReach(found, person, through).filter(({ resource }) => to === undefined || resource.id === to.id);
  const who = { person: person.id, ...(through === undefined ? {} : { through: through.id }) };
  if (json) {
    const listed = edges.map(({ resource, grant, ...edge }) => ({
      ...{ ...edge, resource: resource.id },
      ...(grant === undefined ? {} : { grant: { id: grant.id, starts: grant.starts, ends: grant.ends } }),
    }));
    return print(io, `${JSON.stringify({ ...who, complete: found.complete, reach: listed })}\n`);
  }
  const name = through === undefined ? person.name : `${shortName(snapshot, through.id)} for ${person.name}`;
  const lines = edges.map(({ action, resource, permits, grant, during, routed, eachCallApproved }) => {
    const notes = [
      duringWords(during),
      grant === undefined ? "" : `by grant ${grant.id}, ${instant(grant.starts)} to ${instant(grant.ends)}`,
      routed ? "" : "no route leads there",
      eachCallApproved ? "each call approved by itself" : "",
    ].filter((note) => note !== "");
    const by = permits.length === 0 ? "" : `  [${permits.join(", ")}]`;
    return `${name}  ${action}  ${shortName(snapshot, resource.id)}${by}${notes.length === 0 ? "" : `  (${notes.join("; ")})`}\n`;
  });
  io.stdout(lines.toSorted().join(""));
  io.stderr(`${edges.length} reachable; risk and devices were not looked at\n`);
  return 0;
}

function instant(at: number): string {
  return new Date(at).toISOString();
}

/** Why, by the decision itself: what sets say and what it says must be the same. */
function explained(found: Reach, action: Action, principal: Component, resource: Component): Explanation {
  const why = explain(found, principal, action, resource);
  if (why === undefined)
    throw new Error(
      `reach says that ${principal.id} may ${action} ${resource.id}, and the decision does not: report this`,
    );
  return why;
}

function printRadius(io: Io, snapshot: Snapshot, found: Reach, fallen: Principal, json: boolean): 0 {
  const reached = isUser(fallen) ? personRadius(found, fallen) : blastRadius(found, fallen);
  if (json) {
    const listed = reached.map(({ component, path }) => ({ component: component.id, path }));
    return print(io, `${JSON.stringify({ compromised: fallen.id, complete: found.complete, reached: listed })}\n`);
  }
  const total = snapshot.components.size - (isUser(fallen) ? 0 : 1);
  const share = total === 0 ? 0 : (100 * reached.length) / total;
  io.stdout(
    `If ${isUser(fallen) ? fallen.name : shortName(snapshot, fallen.id)} falls, ${reached.length} of ${total} other components can be reached (${share.toFixed(0)} %), in the worst case\n`,
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

function summary({ evaluations, components, moments, complete }: Reach): string {
  const states = moments.length === 1 ? "" : `, ${moments.length} states of the windows`;
  const more = complete ? "" : "; windows change too often: NOT all of their states were looked at";
  return `${evaluations} evaluations over ${components.length} components${states}${more}`;
}

function print(io: Io, text: string): 0 {
  io.stdout(text);
  return 0;
}
