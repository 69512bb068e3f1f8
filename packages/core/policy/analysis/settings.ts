/**
 * Settings that policies can tell apart. In: a snapshot and what its policies read of the context. Out: actions and
 * contexts, each with the resources that can be asked for so, and who can ask.
 */
import type { Action } from "../../contract/vocabulary.ts";
import type { RequestContext } from "../decision.ts";
import type { Snapshot } from "../snapshot.ts";
import { setBit, wordsFor, type Bits } from "./index-set.ts";
import type { ContextReads } from "./policy-parts.ts";
import type { Universe } from "./universe.ts";
import { contextsOf, routedWays, unroutedWays, type Way } from "./ways.ts";

export interface Asking {
  readonly action: Action;
  readonly context: RequestContext;
  readonly resources: Bits;
}

/** Ways to ask, by what can be told of them, and the resources that a route or a tunnel leads to. */
export function askings(
  snapshot: Snapshot,
  universe: Universe,
  reads: ContextReads,
  texts: ReadonlySet<string>,
): { readonly askings: readonly Asking[]; readonly routed: Bits } {
  const found = new Map<string, { way: Way; resources: Bits }>();
  const routed = new Uint32Array(wordsFor(universe.size));
  const ways = routedWays(snapshot, texts);
  const add = (way: Way, resource: number): void => {
    const key = keyOf(way, reads);
    let known = found.get(key);
    if (known === undefined) found.set(key, (known = { way, resources: new Uint32Array(wordsFor(universe.size)) }));
    setBit(known.resources, resource);
  };
  for (const [resource, { id }] of universe.components.entries()) {
    const own = ways.get(id);
    if (own !== undefined) setBit(routed, resource);
    for (const way of own ?? unroutedWays) add(way, resource);
  }
  const observed = new Set(reads.keys());
  const list = [...found.values()].flatMap(({ way, resources }) =>
    contextsOf(way, observed, true).map((context) => ({ action: way.action, context, resources })),
  );
  return { askings: list, routed };
}

/** Boundaries read whether it leaves the trust domain; the rest only policies. */
function keyOf(way: Way, reads: ContextReads): string {
  const told = (name: "route" | "method" | "rpc" | "tool"): string | undefined => {
    const texts = reads.get(name);
    const value = way[name] ?? "";
    return texts === undefined || (texts !== "whole" && !texts.has(value)) ? undefined : value;
  };
  return JSON.stringify([
    way.action,
    way.external,
    way.stream,
    ...(["route", "method", "rpc", "tool"] as const).map((name) => told(name) ?? null),
  ]);
}
