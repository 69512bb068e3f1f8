/**
 * Windows and boundaries as a snapshot holds them. In: their objects, and the components they speak of. Out: values, or
 * `STORE_CORRUPT` naming the object; and whether policies name windows that there are.
 */
import { CordonError } from "@cordon/core/errors";
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { exceptionKey, type BoundaryException, type BoundaryRules } from "@cordon/core/policy/boundaries";
import type { FlowSettings } from "@cordon/core/flow/flow";
import type { CompiledPolicies } from "@cordon/core/policy/engine";
import type { Component } from "@cordon/core/policy/snapshot";
import { Windows, type WindowSchedule } from "@cordon/core/policy/windows";
import type { StoredObject } from "../store/state-store.ts";
import { boundaryModesValue, exceptionValue, flowValue, invalidObject, readValue, windowValue } from "./objects.ts";

/** @param object the setting that says how it is followed; nobody follows it without one */
export function buildInformationFlow(object: StoredObject | undefined): FlowSettings | undefined {
  return object === undefined ? undefined : Object.freeze(readValue(flowValue, object));
}

export function buildWindows(objects: readonly StoredObject[]): Windows {
  return new Windows(
    objects.map((object) => ({ ...readValue(windowValue, object), namespace: object.namespace, name: object.name })),
  );
}

/** @param modes the object that says which boundaries are observed; all are enforced without it */
export function buildBoundaries(
  modes: StoredObject | undefined,
  exceptions: readonly StoredObject[],
  components: ReadonlyMap<string, Component>,
): BoundaryRules {
  const byParties = new Map<string, BoundaryException[]>();
  for (const object of exceptions) {
    const value = readValue(exceptionValue, object);
    const party = (reference: string): Component => {
      const component = components.get(reference);
      if (component === undefined) throw invalidObject(object, `component ${reference} is not registered`);
      return component;
    };
    const { id: principal } = party(value.principal);
    const { id: resource } = party(value.resource);
    const key = exceptionKey(principal, resource);
    const earlier = byParties.get(key) ?? [];
    byParties.set(key, [...earlier, Object.freeze({ ...value, name: object.name, principal, resource })]);
  }
  return Object.freeze({
    modes: Object.freeze(
      modes
        ? readValue(boundaryModesValue, modes)
        : { data: "enforce", model: "enforce", pipeline: "enforce", api: "enforce" },
    ),
    exceptions: byParties,
  });
}

/**
 * Refuses policies that name a window which their namespace does not have.
 *
 * @throws {CordonError} `POLICY_INVALID` naming the policies
 */
export function checkNamedWindows({ namedWindows = [] }: CompiledPolicies, windows: WindowSchedule): void {
  const unknown = namedWindows.filter(({ namespace, name }) => !windows.has(namespace, name));
  if (unknown.length === 0) return;
  const lines = unknown
    .slice(0, 20)
    .map(
      ({ namespace, policy, name }) =>
        `  policy \`${policy}\`: namespace \`${namespace}\` has no window \`${name}\`${known(windows, namespace)}`,
    );
  throw new CordonError("POLICY_INVALID", `policies speak of windows that there are not:\n${lines.join("\n")}`, {
    cause: [],
  });
}

function known(windows: WindowSchedule, namespace: Namespace): string {
  const names = windows.all.flatMap(({ definition }) => (definition.namespace === namespace ? [definition.name] : []));
  return names.length === 0 ? "; define it under `windows`" : `; it has ${names.slice(0, 10).join(", ")}`;
}
