/**
 * Policies for analysis, where a call's arguments are not known. In: a policy that reads them. Out: one that reads none, and
 * matches at least whenever the other could (`widest`), or at most where it must (`narrowest`). A permit taken widest and
 * a forbid taken narrowest allow whatever some arguments would.
 */
import type { Clause, Expr, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { readsArguments } from "./argument-types.ts";
import type { CompiledPolicy } from "./cedar/compile-policy.ts";

/** `may`: everything that some arguments let through. `must`: only what all of them do. */
export type Bound = "may" | "must";

/** Whether a policy's conditions read arguments. */
export function dependsOnArguments({ conditions }: Pick<PolicyJson, "conditions">): boolean {
  return conditions.some(({ body }) => readsArguments(body));
}

/** The policy without its arguments: for `may` a permit matches more and a forbid less; for `must` the other way. */
export function withoutArguments(json: PolicyJson, bound: Bound): PolicyJson {
  if (!dependsOnArguments(json)) return json;
  const most = matchesMost(json, bound);
  const conditions = json.conditions.map(({ kind, body }): Clause => ({
    kind,
    body: bounded(body, kind === "when" ? most : !most),
  }));
  return { ...json, conditions };
}

function matchesMost({ effect }: PolicyJson, bound: Bound): boolean {
  return (effect === "permit") === (bound === "may");
}

/** What is left may fail where an argument would have kept it from being asked: then the bound is the answer. */
export function boundedCompiled(compiled: CompiledPolicy, json: PolicyJson, bound: Bound): CompiledPolicy {
  if (!dependsOnArguments(json)) return compiled;
  const most = matchesMost(json, bound);
  const holds: CompiledPolicy["holds"] = (environment) => {
    try {
      return compiled.holds(environment);
    } catch {
      return most;
    }
  };
  return {
    ...compiled,
    // What a failure means depends on the policy, not on its conditions alone: they stand and fall together.
    conjuncts: [{ text: undefined, holds }],
    openings: compiled.openings.map((opening) => ({ ...opening, at: undefined })),
    holds,
  };
}

/** True at least, or at most, wherever the expression is for some arguments. */
function bounded(expression: Expr, most: boolean): Expr {
  if (!readsArguments(expression)) return expression;
  const [operator, operand] = Object.entries(expression)[0] as [string, { left: Expr; right: Expr; arg: Expr }];
  switch (operator) {
    case "&&":
      return { "&&": { left: bounded(operand.left, most), right: bounded(operand.right, most) } };
    case "||":
      return { "||": { left: bounded(operand.left, most), right: bounded(operand.right, most) } };
    case "!":
      return { "!": { arg: bounded(operand.arg, !most) } };
    default:
      return { Value: most };
  }
}
