/**
 * The conditions that a policy begins with and that a look-up can tell. In: its conditions. Out: `role.path == "text"`,
 * as many as stand one after another at the start of the first `when`.
 */
import type { Clause, Expr } from "@cedar-policy/cedar-wasm/nodejs";
import type { EntityData, Value } from "./value.ts";

export type Role = "principal" | "resource";

export interface Opening {
  readonly role: Role;
  readonly path: readonly string[];
  readonly value: string;
}

/** Evaluated in this order, before anything else of the policy. Where the attributes exist, none of them fails. */
export function openingsOf([first]: readonly Clause[]): readonly Opening[] {
  const openings: Opening[] = [];
  if (first?.kind !== "when") return openings;
  for (const part of conjuncts(first.body)) {
    const opening = openingOf(part);
    if (opening === undefined) break;
    openings.push(opening);
  }
  return openings;
}

export function pathName({ role, path }: Opening): string {
  return JSON.stringify([role, ...path]);
}

/** The attribute at a path through records; `undefined` where it is missing, or lies in another entity. */
export function attributeAt(data: EntityData | undefined, path: readonly string[]): Value | undefined {
  let value: Value | undefined;
  for (let depth = 0; depth < path.length; depth += 1) {
    const name = path[depth] as string;
    if (depth === 0) value = data?.attributes.get(name);
    else if (typeof value === "object" && value.kind === "record") value = value.fields.get(name);
    else return undefined;
  }
  return value;
}

/** The operands of nested `&&`, in the order of evaluation. */
function* conjuncts(node: Expr): Generator<Expr> {
  if (!("&&" in node)) return yield node;
  const { left, right } = node["&&"] as { left: Expr; right: Expr };
  yield* conjuncts(left);
  yield* conjuncts(right);
}

function openingOf(node: Expr): Opening | undefined {
  if (!("==" in node)) return undefined;
  const { left, right } = node["=="] as { left: Expr; right: Expr };
  const [value, attribute] = isText(right) ? [right.Value, left] : isText(left) ? [left.Value, right] : [];
  const path = attribute === undefined ? undefined : pathOf(attribute);
  return value === undefined || path === undefined ? undefined : { ...path, value };
}

function isText(node: Expr): node is { Value: string } {
  return "Value" in node && typeof node.Value === "string";
}

/** `resource.labels.sensitivity`, as role and path. */
export function pathOf(node: Expr): { readonly role: Role; readonly path: readonly string[] } | undefined {
  const path: string[] = [];
  let part = node;
  while ("." in part) {
    const { left, attr } = part["."] as { left: Expr; attr: string };
    path.unshift(attr);
    part = left;
  }
  if (path.length === 0 || !("Var" in part)) return undefined;
  return part.Var === "principal" || part.Var === "resource" ? { role: part.Var, path } : undefined;
}
