/**
 * What follows from a compromise. In: who reaches what, and the component or the person that fell. Out: every component that can be
 * reached from it, step by step, each with the shortest path. Whoever is reached may fall in turn, and acts from there on:
 * the worst case, which is what segmentation is for. Data sets and external services are ends: they do not act.
 */
import type { Action } from "../../contract/vocabulary.ts";
import type { SpiffeId } from "../../identity/spiffe-id.ts";
import type { User } from "../people.ts";
import type { Component } from "../snapshot.ts";
import { forEachMember, hasBit, setBit, takeFrom, wordsFor, type Bits } from "./index-set.ts";
import { personReach } from "./person-reach.ts";
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

/** The fallen component itself is not among the reached. */
export function blastRadius(reach: Reach, fallen: Component): readonly Reached[] {
  const start = reach.numbers.get(fallen.id);
  if (start === undefined) return [];
  const spread = new Spread(reach);
  spread.begin(start);
  return spread.found();
}

/** What follows where a person's passkey and machine are somebody else's: what they reach, and on from there. */
export function personRadius(reach: Reach, fallen: User): readonly Reached[] {
  const spread = new Spread(reach);
  for (const { action, resource, during } of personReach(reach, fallen)) {
    const to = reach.numbers.get(resource.id);
    const step = { from: fallen.id, action, to: resource.id, ...(during === undefined ? {} : { during }) };
    if (to !== undefined) spread.reach(to, [step]);
  }
  return spread.found();
}

interface Waiting {
  readonly number: number;
  readonly path: readonly Step[];
}

/** Breadth first, so that each path is a shortest one. */
class Spread {
  readonly #reach: Reach;
  readonly #seen: Bits;
  readonly #found: Reached[] = [];
  readonly #waiting: Waiting[] = [];

  constructor(reach: Reach) {
    this.#reach = reach;
    this.#seen = new Uint32Array(wordsFor(reach.components.length));
  }

  begin(number: number): void {
    setBit(this.#seen, number);
    this.#waiting.push({ number, path: [] });
  }

  reach(number: number, path: readonly Step[]): void {
    if (hasBit(this.#seen, number)) return;
    setBit(this.#seen, number);
    this.#found.push({ component: this.#reach.components[number] as Component, path });
    this.#waiting.push({ number, path });
  }

  found(): readonly Reached[] {
    for (let place = 0; place < this.#waiting.length; place += 1) this.#goOn(this.#waiting[place] as Waiting);
    return this.#found;
  }

  #goOn({ number, path }: Waiting): void {
    const from = this.#reach.components[number] as Component;
    if (ends.has(from.kind) && path.length > 0) return;
    for (const [action, fresh] of reachedBy(this.#reach, number)) {
      takeFrom(fresh, this.#seen);
      const patterns = new Map(
        [...patternsFrom(this.#reach, action, number)].filter(([during]) => during !== undefined),
      );
      forEachMember(fresh, (next) => {
        const to = (this.#reach.components[next] as Component).id;
        const during = [...patterns].find(([, set]) => hasBit(set, next))?.[0];
        this.reach(next, [...path, { from: from.id, action, to, ...(during === undefined ? {} : { during }) }]);
      });
    }
  }
}
