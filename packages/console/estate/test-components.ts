/** Components and links for the estate's tests. */
import fc from "fast-check";
import type { Flow, Link } from "./flows.ts";
import { laneOrder, type Component } from "./layout.ts";

export function component(name: string, boundary: Component["boundary"]): Component {
  return {
    ...{
      id: `spiffe://bank.example/ns/default/service/${name}`,
      namespace: "default",
      kind: "service",
      name,
      boundary,
    },
    ...{ sensitivity: "internal", categories: [], description: "", isolated: false, revoked: false },
  };
}

export function flow(from: Component, to: Component, more: Partial<Flow> = {}): Flow {
  return { ...{ principal: from.id, action: "read", resource: to.id, allowed: 1, denied: 0, lastAt: 5 }, ...more };
}

export const someComponents = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.constantFrom(...laneOrder)), {
    maxLength: 40,
    selector: ([name]) => name,
  })
  .map((members) => members.map(([name, boundary]) => component(`n${name}`, boundary)));

/** Components, and links between some of them. */
export const someEstate = someComponents
  .filter((components) => components.length > 1)
  .chain((components) =>
    fc.tuple(
      fc.constant(components),
      fc.uniqueArray(
        fc
          .tuple(fc.constantFrom(...components), fc.constantFrom(...components), fc.constantFrom("allowed", "denied"))
          .filter(([source, target]) => source !== target)
          .map(([source, target, effect]): Link => {
            const id = `${source.id} ${effect} ${target.id}`;
            const said = { count: 12, actions: ["read"], lastAt: 5 };
            return { id, source: source.id, target: target.id, effect, ...said };
          }),
        { maxLength: 30, selector: ({ id }) => id },
      ),
    ),
  );
