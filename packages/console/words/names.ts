/** SPIFFE IDs as people read them. In: `spiffe://<td>/ns/<namespace>/<kind>/<name>`. Out: its parts. */

export interface ComponentName {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

/** The parts of a component's id; an id of another layout is all name. */
export function componentName(id: string): ComponentName {
  const [, namespace, kind, name] = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(id) ?? [];
  if (namespace === undefined || kind === undefined || name === undefined) return { namespace: "", kind: "", name: id };
  return { namespace, kind, name };
}

/** `assistant`, or `payments/assistant` outside the default namespace. */
export function shortName(id: string): string {
  const { namespace, name } = componentName(id);
  return namespace === "" || namespace === "default" ? name : `${namespace}/${name}`;
}
