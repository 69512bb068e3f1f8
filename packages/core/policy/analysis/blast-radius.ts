/**
 * What follows from a compromise. In: who reaches what, and the component that fell. Out: every component that can be
 * reached from it, step by step, each with the shortest path. Whoever is reached may fall in turn, and acts from there on:
 * the worst case, which is what segmentation is for. Data sets and external services are ends: they do not act.
 */
import type { Action } from "../../contract/vocabulary.ts";
import type { SpiffeId } from "../../identity/spiffe-id.ts";
import type { Component } from "../snapshot.ts";
import { forEachMember, hasBit, setBit, takeFrom, wordsFor } from "./index-set.ts";
import { patternsFrom, reachedBy, type During } from "./reach-edges.ts";
import type { Reach } from "./reach.ts";

export interface Step {
  readonly from: SpiffeId;
  readonly action: Action;
  readonly to: SpiffeId;
  readonly during?: During;
}

export interface Reached {
  readonly component: Component;
  /** From the fallen component to this one. */
  readonly path: readonly Step[];
}

const ends: ReadonlySet<string> = new Set(["dataset", "external"]);

/** Breadth first, so that each path is a shortest one. The fallen component itself is not among the reached. */
export function blastRadius(reach: Reach, fallen: Component): readonly Reached[] {
  const start = reach.numbers.get(fallen.id);
  if (start === undefined) return [];
  const seen = new Uint32Array(wordsFor(reach.components.length));
  setBit(seen, start);
  const found: Reached[] = [];
  const waiting: { readonly number: number; readonly path: readonly Step[] }[] = [{ number: start, path: [] }];
  for (let place = 0; place < waiting.length; place += 1) {
    const { number, path } = waiting[place] as (typeof waiting)[number];
    const from = reach.components[number] as Component;
    if (ends.has(from.kind) && path.length > 0) continue;
    for (const [action, row] of reachedBy(reach, number)) {
      const fresh = row;
      takeFrom(fresh, seen);
      const patterns = new Map([...patternsFrom(reach, action, number)].filter(([during]) => during !== undefined));
      forEachMember(fresh, (next) => {
        setBit(seen, next);
        const to = reach.components[next] as Component;
        const during = [...patterns].find(([, set]) => hasBit(set, next))?.[0];
        const steps = [...path, { from: from.id, action, to: to.id, ...(during === undefined ? {} : { during }) }];
        found.push({ component: to, path: steps });
        waiting.push({ number: next, path: steps });
      });
    }
  }
  return found;
}
