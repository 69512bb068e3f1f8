/**
 * For tests and benchmarks: Cedar's own file forms, compiled. In: policy text, schema text, entities and requests as
 * JSON. Out: this engine's answer, shaped like the official one's.
 */
import { policySetTextToParts } from "@cedar-policy/cedar-wasm/nodejs";
import { authorize, compileSet, type CompiledPolicySet } from "./authorize.ts";
import { compilePolicy } from "./compile-policy.ts";
import type { Environment } from "./environment.ts";
import { exactPolicyJson } from "./policy-json.ts";
import { writeOut, writeOutFields, type ReadSchema } from "./typed-json.ts";
import { CedarRecord, EntityUid, type EntityData, type Value } from "./value.ts";
import { uidOf, valueOf } from "./value-json.ts";

export interface NamedPolicies {
  readonly ids: readonly string[];
  readonly set: CompiledPolicySet;
}

/** Compiles a file of static policies; ids are `policy0`, `policy1`, ... in the order of the file. */
export function compileText(text: string): NamedPolicies {
  const parts = policySetTextToParts(text);
  if (parts.type === "failure") throw new Error(parts.errors.map(({ message }) => message).join("; "));
  if (parts.policy_templates.length > 0) throw new Error("templates are not part of a file of static policies");
  // The engine hands the parts out in the alphabetical order of their ids.
  const ids = parts.policies.map((_, index) => `policy${index}`).toSorted();
  const byId = new Map(ids.map((id, index) => [id, parts.policies[index] ?? ""]));
  const ordered = ids.toSorted((a, b) => Number(a.slice(6)) - Number(b.slice(6)));
  const compiled = ordered.map((id) => {
    const parsed = exactPolicyJson(byId.get(id) ?? "");
    if (parsed.type === "failure") throw new Error(parsed.errors.map(({ message }) => message).join("; "));
    return compilePolicy(parsed.json);
  });
  return { ids: ordered, set: compileSet(compiled) };
}

/** JSON with longs beyond 2^53 kept exact, as bigints. */
export function exactJson(text: string): unknown {
  return JSON.parse(text, function (_key, value: unknown, source?: { readonly source?: string }) {
    const digits = source?.source;
    return typeof value === "number" && digits !== undefined && /^-?\d{16,}$/.test(digits) ? BigInt(digits) : value;
  } as (this: unknown, key: string, value: unknown) => unknown);
}

interface EntityFile {
  readonly uid: unknown;
  readonly attrs?: object;
  readonly tags?: object;
  readonly parents?: readonly unknown[];
}

/** Entities as they are stored, with the actions of a schema; ancestors are closed over. */
export function entitiesOf(json: unknown, schema?: ReadSchema): Map<string, EntityData> {
  const parents = new Map<string, readonly string[]>();
  const own = new Map<string, { attributes: Map<string, Value>; tags: Map<string, Value> }>();
  for (const entity of json as readonly EntityFile[]) {
    const { key, type } = uidOf(entity.uid);
    const typed = schema?.entities.get(type);
    const tags = Object.fromEntries(
      Object.entries(entity.tags ?? {}).map(([name, value]) => [name, writeOut(value, typed?.tags)]),
    );
    parents.set(
      key,
      (entity.parents ?? []).map((parent) => uidOf(parent).key),
    );
    own.set(key, { attributes: fields(writeOutFields(entity.attrs ?? {}, typed?.shape)), tags: fields(tags) });
  }
  for (const [key, { groups }] of schema?.actions ?? []) {
    parents.set(
      key,
      groups.map((group) => new EntityUid(group.type, group.id).key),
    );
    own.set(key, { attributes: new Map(), tags: new Map() });
  }
  return new Map([...own].map(([key, data]) => [key, { ...data, ancestors: above(parents, key) }]));
}

function fields(json: object | undefined): Map<string, Value> {
  return new Map(Object.entries(json ?? {}).map(([name, value]) => [name, valueOf(value)]));
}

function above(parents: ReadonlyMap<string, readonly string[]>, key: string): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [...(parents.get(key) ?? [])];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    waiting.push(...(parents.get(next) ?? []));
  }
  return found;
}

export interface RequestFile {
  readonly principal: unknown;
  readonly action: unknown;
  readonly resource: unknown;
  readonly context: object;
}

export function environmentOf(
  request: RequestFile,
  entities: ReadonlyMap<string, EntityData>,
  schema?: ReadSchema,
): Environment {
  const principal = uidOf(request.principal);
  const resource = uidOf(request.resource);
  const action = uidOf(request.action);
  return {
    principal,
    action,
    resource,
    context: new CedarRecord(fields(writeOutFields(request.context, schema?.actions.get(action.key)?.context))),
    principalData: entities.get(principal.key),
    resourceData: entities.get(resource.key),
    entities,
  };
}

export interface Answer {
  readonly decision: "allow" | "deny";
  readonly reason: readonly string[];
  readonly errors: readonly { readonly policy: string; readonly words: string }[];
}

/** Ids in alphabetical order, as neither engine promises one. */
export function answer({ ids, set }: NamedPolicies, environment: Environment): Answer {
  const { permits, forbids, errors } = authorize(set, environment);
  return {
    decision: forbids.length === 0 && permits.length > 0 ? "allow" : "deny",
    reason: (forbids.length > 0 ? forbids : permits).map((place) => ids[place] ?? "").toSorted(),
    errors: errors
      .map(({ place, words }) => ({ policy: ids[place] ?? "", words }))
      .toSorted((a, b) => (a.policy < b.policy ? -1 : 1)),
  };
}
