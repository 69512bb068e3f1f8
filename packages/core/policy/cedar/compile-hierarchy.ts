/** Cedar's `in` and `is`. In: the operands. Out: closures. */
import type { Expr } from "@cedar-policy/cedar-wasm/nodejs";
import type { Compiled } from "./compile-expression.ts";
import { isIn } from "./environment.ts";
import { fail } from "./evaluation-error.ts";
import { expectEntity } from "./expect.ts";
import { typeOf, type EntityUid, type Value } from "./value.ts";

/** `in` an entity, or in any of a set of entities; every element must be one, whether or not it is needed. */
export function compileIn(left: Compiled, right: Compiled): Compiled {
  return (environment) => {
    const entity = left(environment);
    const target = right(environment);
    const uid = expectEntity(entity);
    if (typeof target === "object" && target.kind === "entity") return isIn(environment, uid, target);
    return groupsOf(target).some((group) => isIn(environment, uid, group));
  };
}

function groupsOf(target: Value): readonly EntityUid[] {
  if (typeof target === "object" && target.kind === "set") return target.elements.map(expectEntity);
  return fail(`type error: expected one of [set, (entity of type \`any_entity_type\`)], got ${typeOf(target)}`);
}

/** `x is T in y` is `x is T && x in y`. */
export function compileIs(
  { left, entity_type: type, in: within }: { readonly left: Expr; readonly entity_type: string; readonly in?: Expr },
  compile: (part: Expr) => Compiled,
): Compiled {
  const entity = compile(left);
  const inside = within === undefined ? undefined : compileIn(entity, compile(within));
  return (environment) =>
    expectEntity(entity(environment)).type === type && (inside === undefined || inside(environment));
}
