/** Components by the names that people use. In: a snapshot and a reference. Out: the one component it names. */
import type { Namespace } from "@cordon/core/contract/vocabulary";
import { CordonError } from "@cordon/core/errors";
import type { Component, Snapshot } from "@cordon/core/policy/snapshot";

/**
 * The component that a reference names: a SPIFFE ID, `namespace/name`, or a name that only one namespace has.
 *
 * @throws {CordonError} `COMPONENT_UNKNOWN`
 */
export function findComponent(snapshot: Snapshot, reference: string): Component {
  const slash = reference.indexOf("/");
  const isId = reference.startsWith("spiffe://");
  const namespace = slash < 0 ? undefined : (reference.slice(0, slash) as Namespace);
  const name = reference.slice(slash + 1);
  const matches = [...snapshot.components.values()].filter((component) =>
    isId
      ? component.id === reference
      : component.name === name && (namespace === undefined || component.namespace === namespace),
  );
  const [match] = matches;
  if (match === undefined)
    throw new CordonError(
      "COMPONENT_UNKNOWN",
      `\`${reference}\` is not a registered component. \`cordon identity list\` shows those that are; ` +
        "register it under `components` in cordon.yaml.",
    );
  if (matches.length > 1) {
    const names = matches.map((component) => `${component.namespace}/${component.name}`).join(", ");
    throw new CordonError("COMPONENT_UNKNOWN", `\`${reference}\` is in several namespaces; say which: ${names}.`);
  }
  return match;
}
