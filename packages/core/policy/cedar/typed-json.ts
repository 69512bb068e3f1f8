/**
 * Values whose JSON form leaves out what a schema says: `"10.0.0.1"` where an address is due, `{type, id}` where an
 * entity is. In: a schema. Out: the same JSON with everything written out, for value-json.ts. For tests and tools that
 * read Cedar's own files; Cordon's entities come from the registry.
 */
import { schemaToJsonWithResolvedTypes } from "@cedar-policy/cedar-wasm/nodejs";

interface TypeNode {
  readonly type: string;
  readonly name?: string;
  readonly element?: TypeNode;
  readonly attributes?: Readonly<Record<string, TypeNode>>;
}

interface ResolvedNamespace {
  readonly entityTypes: Readonly<Record<string, { readonly shape?: TypeNode; readonly tags?: TypeNode }>>;
  readonly actions: Readonly<
    Record<
      string,
      {
        readonly memberOf?: readonly { readonly id: string; readonly type?: string }[];
        readonly appliesTo?: { readonly context?: TypeNode };
      }
    >
  >;
}

export interface ReadSchema {
  /** Attribute types by entity type; tags' type. */
  readonly entities: ReadonlyMap<string, { readonly shape: TypeNode | undefined; readonly tags: TypeNode | undefined }>;
  readonly actions: ReadonlyMap<
    string,
    {
      readonly type: string;
      readonly id: string;
      readonly groups: readonly { type: string; id: string }[];
      readonly context: TypeNode | undefined;
    }
  >;
}

export function readSchema(text: string): ReadSchema {
  const answer = schemaToJsonWithResolvedTypes(text);
  if (answer.type === "failure") throw new Error(answer.errors.map(({ message }) => message).join("; "));
  const entities = new Map<string, { shape: TypeNode | undefined; tags: TypeNode | undefined }>();
  const actions = new Map<string, ReadSchema["actions"] extends ReadonlyMap<string, infer A> ? A : never>();
  for (const [namespace, part] of Object.entries(answer.json as unknown as Record<string, ResolvedNamespace>)) {
    const within = (name: string): string => (namespace === "" ? name : `${namespace}::${name}`);
    for (const [name, { shape, tags }] of Object.entries(part.entityTypes)) entities.set(within(name), { shape, tags });
    for (const [id, { memberOf, appliesTo }] of Object.entries(part.actions)) {
      const type = within("Action");
      const groups = (memberOf ?? []).map((group) => ({ type: group.type ?? type, id: group.id }));
      actions.set(`${type}\0${id}`, { type, id, groups, context: appliesTo?.context });
    }
  }
  return { entities, actions };
}

const constructors: Readonly<Record<string, string>> = { ipaddr: "ip" };

/** Writes a value out by its type; what is written out already, or has no type, stays. */
export function writeOut(json: unknown, type: TypeNode | undefined): unknown {
  if (type === undefined) return json;
  if (type.type === "Set" && Array.isArray(json)) return json.map((item) => writeOut(item, type.element));
  if (typeof json === "object" && json !== null && ("__entity" in json || "__extn" in json)) return json;
  if (type.type === "Extension") {
    const fn = constructors[type.name ?? ""] ?? type.name;
    return { __extn: typeof json === "object" ? json : { fn, arg: json } };
  }
  if (type.type === "Entity" && typeof json === "object") return { __entity: json };
  if (type.type !== "Record" || typeof json !== "object" || json === null) return json;
  return writeOutFields(json, type);
}

export function writeOutFields(json: object, type: TypeNode | undefined): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [name, writeOut(value, type?.attributes?.[name])]),
  );
}
