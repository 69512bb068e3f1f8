/**
 * What the picture says of the flows. In: flows, one for each action. Out: one link for each direction, pair and effect,
 * with what was asked most often first.
 */
import type { EstateResponse } from "@cordon/core/contract/console-api";

export type Flow = EstateResponse["flows"][number];

export interface Link {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly effect: "allowed" | "denied";
  readonly count: number;
  readonly actions: readonly string[];
  readonly lastAt: number;
}

/** Flows from and to oneself, and those of what is no longer registered, have no place in the picture. */
export function linksOf(ids: ReadonlySet<string>, flows: readonly Flow[]): Link[] {
  const links = new Map<string, Link & { readonly byAction: Map<string, number> }>();
  for (const { principal, action, resource, allowed, denied, lastAt } of flows) {
    if (!ids.has(principal) || !ids.has(resource) || principal === resource) continue;
    for (const [effect, count] of [
      ["allowed", allowed],
      ["denied", denied],
    ] as const) {
      if (count === 0) continue;
      const id = `${principal} ${effect} ${resource}`;
      const known = links.get(id);
      const byAction = known?.byAction ?? new Map<string, number>();
      byAction.set(action, (byAction.get(action) ?? 0) + count);
      links.set(id, {
        ...{ id, source: principal, target: resource, effect, actions: [], byAction },
        count: (known?.count ?? 0) + count,
        lastAt: Math.max(known?.lastAt ?? 0, lastAt),
      });
    }
  }
  return [...links.values()]
    .map(({ byAction, ...link }) => ({
      ...link,
      actions: [...byAction].toSorted((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([action]) => action),
    }))
    .toSorted((a, b) => a.id.localeCompare(b.id));
}
