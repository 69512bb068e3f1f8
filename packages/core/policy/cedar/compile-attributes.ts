/** Cedar's `.`, `has`, `hasTag` and `getTag`. In: the operands. Out: closures. */
import type { Expr } from "@cedar-policy/cedar-wasm/nodejs";
import type { Compiled } from "./compile-expression.ts";
import { dataOf, type Environment } from "./environment.ts";
import { fail } from "./evaluation-error.ts";
import { expectEntity, expectString } from "./expect.ts";
import { typeOf, type EntityUid, type Value } from "./value.ts";

export function compileAccess(
  { left, attr }: { readonly left: Expr; readonly attr: string },
  compile: (part: Expr) => Compiled,
): Compiled {
  // By far the most frequent: straight from the data that was looked up for the request.
  if ("Var" in left && left.Var === "principal")
    return (environment) =>
      environment.principalData?.attributes.get(attr) ?? attributeOf(environment, environment.principal, attr);
  if ("Var" in left && left.Var === "resource")
    return (environment) =>
      environment.resourceData?.attributes.get(attr) ?? attributeOf(environment, environment.resource, attr);
  const from = compile(left);
  return (environment) => {
    const value = from(environment);
    if (typeof value === "object") {
      if (value.kind === "record")
        return value.fields.get(attr) ?? fail(`record does not have the attribute \`${attr}\``);
      if (value.kind === "entity") return attributeOf(environment, value, attr);
    }
    return expectFields(value);
  };
}

function attributeOf(environment: Environment, uid: EntityUid, attr: string): Value {
  const data = dataOf(environment, uid) ?? fail(`entity \`${uid.toString()}\` does not exist`);
  return data.attributes.get(attr) ?? fail(`\`${uid.toString()}\` does not have the attribute \`${attr}\``);
}

/** `x has a.b` is `x has a && x.a has b`, with `x` evaluated once. */
export function compileHas(
  { left, attr }: { readonly left: Expr; readonly attr: string | readonly string[] },
  compile: (part: Expr) => Compiled,
): Compiled {
  const from = compile(left);
  const path = typeof attr === "string" ? [attr] : attr;
  return (environment) => {
    let value: Value | undefined = from(environment);
    for (const name of path) {
      if (value === undefined) return false;
      value = fieldOf(environment, value, name);
    }
    return value !== undefined;
  };
}

/** An entity that does not exist has no attributes. */
function fieldOf(environment: Environment, value: Value, name: string): Value | undefined {
  if (typeof value === "object") {
    if (value.kind === "record") return value.fields.get(name);
    if (value.kind === "entity") return dataOf(environment, value)?.attributes.get(name);
  }
  return expectFields(value);
}

export function compileTags(operator: "hasTag" | "getTag", left: Compiled, right: Compiled): Compiled {
  return (environment) => {
    const entity = left(environment);
    const name = right(environment);
    const uid = expectEntity(entity);
    const tag = expectString(name);
    const data = dataOf(environment, uid);
    if (operator === "hasTag") return data?.tags.has(tag) ?? false;
    if (data === undefined) return fail(`entity \`${uid.toString()}\` does not exist`);
    return data.tags.get(tag) ?? fail(`\`${uid.toString()}\` does not have the tag \`${tag}\``);
  };
}

function expectFields(value: Value): never {
  fail(`type error: expected one of [record, (entity of type \`any_entity_type\`)], got ${typeOf(value)}`);
}
