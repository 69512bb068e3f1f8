/**
 * What a policy says first, and what a look-up can tell. In: its scope and conditions. Out: the tests that stand one
 * after another at its beginning: `principal == X`, `resource in G`, `resource.name == "ledger"`,
 * `["a", "b"].contains(context.tool)`, `principal.groups.contains("g")`.
 */
import type { Expr } from "@cedar-policy/cedar-wasm/nodejs";
import { EntityUid, type EntityData, type Long, type Value } from "./value.ts";
import { valueOf } from "./value-json.ts";

export type Role = "principal" | "resource" | "context";

/** A value that `===` tells from any other. */
export type Plain = string | boolean | Long;

/**
 * One test. Where its attribute exists, and is a set for `contains`, it does not fail. With no path it speaks of the
 * entity itself, and its values are entities' keys.
 */
export interface Opening {
  readonly role: Role;
  readonly path: readonly string[];
  /**
   * `equals`: it is one of the values. `contains`: it is a set with the value. `in`: it is in the entity, or it is that.
   * `is`: it is of the type.
   */
  readonly test: "equals" | "contains" | "in" | "is";
  readonly values: readonly Plain[];
}

/** A test among a policy's conditions, with the place of the conjunct that is nothing but this test. */
export interface PlacedOpening extends Opening {
  readonly at: number | undefined;
}

/** What a test looks at. */
export type Place = Pick<Opening, "role" | "path" | "test">;

/** The tests that stand before anything else among the conditions. Evaluated in this order, before what may fail. */
export function openingsOf(conjuncts: readonly Expr[]): readonly PlacedOpening[] {
  const openings: PlacedOpening[] = [];
  for (const [at, conjunct] of conjuncts.entries()) {
    const found = openingOf(conjunct);
    if (found === undefined) break;
    openings.push({ ...found, at });
  }
  return openings;
}

/** The operands of nested `&&`, in the order of evaluation. */
export function conjunctsOf(start: Expr): readonly Expr[] {
  const found: Expr[] = [];
  const waiting = [start];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop())
    if ("&&" in node) {
      const { left, right } = node["&&"] as { left: Expr; right: Expr };
      waiting.push(right, left);
    } else found.push(node);
  return found;
}

/** The value at a path through records; `undefined` where it is missing, or lies in another entity. */
export function valueAt(fields: ReadonlyMap<string, Value> | undefined, path: readonly string[]): Value | undefined {
  const [first = "", ...more] = path;
  let value = fields?.get(first);
  for (const name of more) {
    if (typeof value !== "object" || value.kind !== "record") return undefined;
    value = value.fields.get(name);
  }
  return value;
}

/** The values by which tests of one kind hold for an entity; `undefined` where asking them would fail. */
export function valuesAt(
  { path, test }: Place,
  uid: EntityUid,
  data: EntityData | undefined,
): readonly Plain[] | undefined {
  if (path.length === 0) {
    if (test === "is") return [uid.type];
    return test === "in" ? [...new Set([uid.key, ...(data?.ancestors ?? [])])] : [uid.key];
  }
  const value = valueAt(data?.attributes, path);
  if (value === undefined) return undefined;
  if (test === "equals") return typeof value === "object" ? [] : [value];
  if (typeof value !== "object" || value.kind !== "set") return undefined;
  return value.elements.filter((element): element is Plain => typeof element !== "object");
}

function openingOf(node: Expr): Opening | undefined {
  const [operator, operand] = Object.entries(node)[0] ?? [];
  if (operator === "is") return ofType(operand as { left: Expr; entity_type: string; in?: Expr });
  const { left, right } = (operand ?? {}) as { left?: Expr; right?: Expr };
  if (left === undefined || right === undefined) return undefined;
  if (operator === "==") return equality(left, right) ?? equality(right, left);
  if (operator === "||") return either(openingOf(left), openingOf(right));
  if (operator === "in") return within(left, right);
  return operator === "contains" ? (containing(left, right) ?? oneOf(left, right)) : undefined;
}

function equality(place: Expr, literal: Expr): Opening | undefined {
  return opening(place, "equals", [literal]);
}

/** `["a", "b"].contains(resource.name)` */
function oneOf(set: Expr, place: Expr): Opening | undefined {
  return "Set" in set ? opening(place, "equals", set.Set) : undefined;
}

/** `principal.groups.contains("g")` */
function containing(set: Expr, literal: Expr): Opening | undefined {
  const found = opening(set, "contains", [literal]);
  return found?.path.length === 0 ? undefined : found;
}

/** `resource in Namespace::"default"`, of the variable itself */
function within(place: Expr, literal: Expr): Opening | undefined {
  const found = opening(place, "in", [literal]);
  return found?.path.length === 0 ? found : undefined;
}

/** `principal is User`, of the variable itself */
function ofType({
  left,
  entity_type: type,
  in: group,
}: {
  left: Expr;
  entity_type: string;
  in?: Expr;
}): Opening | undefined {
  const at = placeOf(left);
  return at?.path.length !== 0 || group !== undefined ? undefined : { ...at, test: "is", values: [type] };
}

/** Two tests of one place are one with the values of both. */
function either(a: Opening | undefined, b: Opening | undefined): Opening | undefined {
  if (a?.test !== "equals" || b?.test !== "equals") return undefined;
  if (a.role !== b.role || a.path.join("\0") !== b.path.join("\0")) return undefined;
  return { ...a, values: [...new Set([...a.values, ...b.values])] };
}

function opening(place: Expr, test: Opening["test"], literals: readonly Expr[]): Opening | undefined {
  const at = placeOf(place);
  if (at === undefined) return undefined;
  const values = literals.map((literal) => plainOf(literal, at.path.length === 0));
  if (values.some((value) => value === undefined)) return undefined;
  return { ...at, test, values: [...new Set(values as Plain[])] };
}

function plainOf(node: Expr, entity: boolean): Plain | undefined {
  if (!("Value" in node)) return undefined;
  const value = valueOf(node.Value);
  if (entity) return value instanceof EntityUid ? value.key : undefined;
  return typeof value === "object" ? undefined : value;
}

/** A variable that is an entity, or a path from a variable. A context's fields lie at its top: others are often missing. */
function placeOf(node: Expr): { readonly role: Role; readonly path: readonly string[] } | undefined {
  const at = variablePath(node);
  return at?.role === "context" && at.path.length !== 1 ? undefined : at;
}

/** `resource.labels.sensitivity`, as role and path. */
export function pathOf(node: Expr): { readonly role: Role; readonly path: readonly string[] } | undefined {
  const at = variablePath(node);
  return at?.path.length === 0 ? undefined : at;
}

function variablePath(node: Expr): { readonly role: Role; readonly path: readonly string[] } | undefined {
  const path: string[] = [];
  let part = node;
  while ("." in part) {
    const { left, attr } = part["."] as { left: Expr; attr: string };
    path.unshift(attr);
    part = left;
  }
  if (!("Var" in part)) return undefined;
  const role = part.Var;
  return role === "principal" || role === "resource" || role === "context" ? { role, path } : undefined;
}
