/**
 * Who did what with what, counted. In: each decision's entry, on the gateway's path. Out: flows. Nested maps rather than
 * one key: the ids are the snapshot's own strings, whose hashes are known, and a joined key would be hashed anew each time.
 */
import type { EstateResponse } from "@cordon/core/contract/console-api";
import type { LedgerEntry } from "@cordon/core/ledger/entry";

export type Flow = EstateResponse["flows"][number];
type DecisionEntry = Extract<LedgerEntry, { kind: "decision" }>;

/** Far above what a console can draw. */
const maxFlows = 10_000;

export interface Flows {
  count(entry: DecisionEntry): void;
  list(): readonly Flow[];
}

/** @param limit past it, the tenth that was quiet for longest is forgotten */
export function countFlows(limit = maxFlows): Flows {
  type Counted = { -readonly [K in keyof Flow]: Flow[K] };
  let byPrincipal = new Map<string, Map<string, Map<string, Counted>>>();
  let size = 0;

  const place = (flow: Counted): void => {
    const { principal, resource, action } = flow;
    const byResource = byPrincipal.get(principal) ?? new Map<string, Map<string, Counted>>();
    byPrincipal.set(principal, byResource);
    const byAction = byResource.get(resource) ?? new Map<string, Counted>();
    byResource.set(resource, byAction);
    byAction.set(action, flow);
    size += 1;
  };
  const all = (): Counted[] =>
    [...byPrincipal.values()].flatMap((byResource) => [...byResource.values()].flatMap((each) => [...each.values()]));
  const forget = (): void => {
    const newest = all().toSorted((a, b) => b.lastAt - a.lastAt);
    byPrincipal = new Map();
    size = 0;
    for (const flow of newest.slice(0, Math.floor(limit * 0.9))) place(flow);
  };

  return {
    count({ principal, action, resource, effect, again, at }) {
      // A live stream that was decided again is the same interaction, unless this ended it.
      if (again !== undefined && effect === "allow") return;
      let flow = byPrincipal.get(principal)?.get(resource)?.get(action);
      if (flow === undefined) {
        if (size >= limit) forget();
        flow = { principal, action, resource, allowed: 0, denied: 0, lastAt: at };
        place(flow);
      }
      if (effect === "allow") flow.allowed += 1;
      else flow.denied += 1;
      flow.lastAt = at;
    },
    list: () => all().map((flow) => ({ ...flow })),
  };
}
