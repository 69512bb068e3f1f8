/**
 * A Cedar policy as closures. In: its JSON form, and a template link's entities for its slots. Out: whether its scope
 * matches (which cannot fail), and whether its conditions hold (which can). Source: Cedar reference, "Policy syntax".
 */
import type { Clause, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { asBool, compileExpression, type Slots } from "./compile-expression.ts";
import { isIn, type Environment } from "./environment.ts";
import { fail } from "./evaluation-error.ts";
import type { EntityUid } from "./value.ts";
import { uidOf } from "./value-json.ts";

/** The scope of one variable: what it must be, be in, or be of. All scopes have one shape: they are read on every call. */
export interface Scope {
  readonly is: string | undefined;
  readonly equals: EntityUid | undefined;
  /** In any of these. */
  readonly within: readonly EntityUid[] | undefined;
}

export interface CompiledPolicy {
  readonly effect: "permit" | "forbid";
  readonly principal: Scope;
  readonly action: Scope;
  readonly resource: Scope;
  /** The conditions as they are written, for the index. */
  readonly conditions: readonly Clause[];
  /** Two policies with the same text here have conditions that answer alike; `undefined`: like no other's. */
  readonly conditionText: string | undefined;
  /** @throws {EvaluationError} */
  readonly holds: (environment: Environment) => boolean;
}

/** @throws {EvaluationError} for a shape that is not Cedar's, or a slot without an entity */
export function compilePolicy(json: PolicyJson, slots: Slots = {}): CompiledPolicy {
  const clauses = json.conditions.map((clause) => {
    const body = asBool(clause.body, (part) => compileExpression(part, slots));
    return clause.kind === "when" ? body : (environment: Environment): boolean => !body(environment);
  });
  const [first, ...rest] = clauses;
  return {
    effect: json.effect,
    principal: scopeOf(json.principal, slots),
    action: scopeOf(json.action, slots),
    resource: scopeOf(json.resource, slots),
    conditions: json.conditions,
    conditionText: Object.keys(slots).length > 0 ? undefined : JSON.stringify(json.conditions, withBigInts),
    holds:
      first === undefined
        ? () => true
        : rest.length === 0
          ? first
          : (environment) => clauses.every((clause) => clause(environment)),
  };
}

function withBigInts(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

export function scopeMatches(policy: CompiledPolicy, environment: Environment): boolean {
  return (
    matches(policy.principal, environment, environment.principal) &&
    matches(policy.action, environment, environment.action) &&
    matches(policy.resource, environment, environment.resource)
  );
}

function matches({ is, equals, within }: Scope, environment: Environment, uid: EntityUid): boolean {
  return (
    (is === undefined || uid.type === is) &&
    (equals === undefined || uid.key === equals.key) &&
    (within === undefined || within.some((group) => isIn(environment, uid, group)))
  );
}

interface Constraint {
  readonly op: string;
  readonly entity?: unknown;
  readonly entities?: readonly unknown[];
  readonly slot?: string;
  readonly entity_type?: string;
  readonly in?: { readonly entity?: unknown; readonly slot?: string };
}

function scopeOf(constraint: Constraint, slots: Slots): Scope {
  const one = ({ entity, slot }: { entity?: unknown; slot?: string }): EntityUid =>
    slot === undefined ? uidOf(entity) : (slots[slot] ?? fail(`the slot \`${slot}\` is not filled`));
  switch (constraint.op) {
    case "All":
      return { is: undefined, equals: undefined, within: undefined };
    case "==":
      return { is: undefined, equals: one(constraint), within: undefined };
    case "in":
      return { is: undefined, equals: undefined, within: constraint.entities?.map(uidOf) ?? [one(constraint)] };
    case "is":
      return {
        is: constraint.entity_type ?? fail("`is` without a type"),
        equals: undefined,
        within: constraint.in === undefined ? undefined : [one(constraint.in)],
      };
    default:
      return fail(`\`${constraint.op}\` is not a scope of Cedar`);
  }
}
