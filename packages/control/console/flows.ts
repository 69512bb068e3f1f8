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

/** A flow, and the next one between the same two: there are few actions, and mostly it is one. */
type Counted = { -readonly [K in keyof Flow]: Flow[K] } & { next: Counted | undefined };

/**
 * Flows in two generations, each of half the limit: a flow that is met again moves to the young one, and when that is
 * full, what is left in the old one has been quiet for longest and is forgotten. No sorting, no rebuilding: a busy
 * estate with more flows than fit costs as little a call as a small one.
 */
class Generation {
  readonly #byPrincipal = new Map<string, Map<string, Counted>>();
  size = 0;

  find(principal: string, resource: string, action: string): Counted | undefined {
    let flow = this.#byPrincipal.get(principal)?.get(resource);
    while (flow !== undefined && flow.action !== action) flow = flow.next;
    return flow;
  }

  place(flow: Counted): void {
    let byResource = this.#byPrincipal.get(flow.principal);
    if (byResource === undefined) this.#byPrincipal.set(flow.principal, (byResource = new Map()));
    flow.next = byResource.get(flow.resource);
    byResource.set(flow.resource, flow);
    this.size += 1;
  }

  *all(): Generator<Counted> {
    for (const byResource of this.#byPrincipal.values())
      for (const first of byResource.values())
        for (let flow: Counted | undefined = first; flow !== undefined; flow = flow.next) yield flow;
  }
}

/** @param limit flows held at most; past it, those that were quiet for longest are forgotten */
export function countFlows(limit = maxFlows): Flows {
  let young = new Generation();
  let old = new Generation();

  const find = (principal: string, resource: string, action: string, at: number): Counted => {
    const known = young.find(principal, resource, action);
    if (known !== undefined) return known;
    const before = old.find(principal, resource, action);
    if (young.size >= limit / 2) {
      old = young;
      young = new Generation();
    }
    const { allowed, denied } = before ?? { allowed: 0, denied: 0 };
    const flow: Counted = { principal, action, resource, allowed, denied, lastAt: at, next: undefined };
    young.place(flow);
    return flow;
  };

  return {
    count({ principal, action, resource, effect, again, at }) {
      // A live stream that was decided again is the same interaction, unless this ended it.
      if (again !== undefined && effect === "allow") return;
      const flow = find(principal, resource, action, at);
      if (effect === "allow") flow.allowed += 1;
      else flow.denied += 1;
      flow.lastAt = at;
    },
    list: () => {
      const flows = [...young.all()];
      // One that moved is in both generations; what the young one says is newer.
      for (const flow of old.all())
        if (young.find(flow.principal, flow.resource, flow.action) === undefined) flows.push(flow);
      return flows.map(({ principal, action, resource, allowed, denied, lastAt }) => ({
        ...{ principal, action, resource, allowed, denied, lastAt },
      }));
    },
  };
}
