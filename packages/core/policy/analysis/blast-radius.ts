/**
 * What follows from a compromise. In: who reaches what, and the component that fell. Out: every component that can be
 * reached from it, step by step, each with the shortest path. Whoever is reached may fall in turn, and acts from there on:
 * the worst case, which is what segmentation is for. Data sets and external services are ends: they do not act.
 */
import type { Action } from "../../contract/vocabulary.ts";
import type { SpiffeId } from "../../identity/spiffe-id.ts";
import type { Component } from "../snapshot.ts";
import type { Reach, ReachEdge } from "./reach.ts";

export interface Step {
  readonly from: SpiffeId;
  readonly action: Action;
  readonly to: SpiffeId;
  readonly during?: readonly (readonly string[])[];
}

export interface Reached {
  readonly component: Component;
  /** From the fallen component to this one. */
  readonly path: readonly Step[];
}

const ends: ReadonlySet<string> = new Set(["dataset", "external"]);

/** Breadth first, so that each path is a shortest one. The fallen component itself is not among the reached. */
export function blastRadius({ edges }: Reach, fallen: Component): readonly Reached[] {
  const byPrincipal = new Map<SpiffeId, ReachEdge[]>();
  for (const edge of edges)
    for (const { id } of edge.from.members) {
      const known = byPrincipal.get(id);
      if (known === undefined) byPrincipal.set(id, [edge]);
      else known.push(edge);
    }
  const reached = new Map<SpiffeId, Reached>();
  const waiting: { readonly component: Component; readonly path: readonly Step[] }[] = [
    { component: fallen, path: [] },
  ];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (ends.has(next.component.kind) && next.path.length > 0) continue;
    for (const { to, action, during } of byPrincipal.get(next.component.id) ?? [])
      for (const component of to.members) {
        if (component.id === fallen.id || reached.has(component.id)) continue;
        const step: Step = { from: next.component.id, action, to: component.id, ...(during ? { during } : {}) };
        const found = { component, path: [...next.path, step] };
        reached.set(component.id, found);
        waiting.push(found);
      }
  }
  return [...reached.values()];
}
