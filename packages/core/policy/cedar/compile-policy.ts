/**
 * A Cedar policy as closures. In: its JSON form, and a template link's entities for its slots. Out: whether its scope
 * matches (which cannot fail), and whether its conditions hold (which can). Source: Cedar reference, "Policy syntax".
 */
import type { Clause, Expr, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { asBool, compileExpression, type Slots } from "./compile-expression.ts";
import { isIn, type Environment } from "./environment.ts";
import { fail } from "./evaluation-error.ts";
import { conjunctsOf, openingsOf, type PlacedOpening } from "./policy-openings.ts";
import type { EntityUid } from "./value.ts";
import { uidOf } from "./value-json.ts";

/** The scope of one variable: what it must be, be in, or be of. All scopes have one shape: they are read on every call. */
export interface Scope {
  readonly is: string | undefined;
  readonly equals: EntityUid | undefined;
  /** In any of these. */
  readonly within: readonly EntityUid[] | undefined;
}

/** One of the conditions that must all hold. */
export interface Conjunct {
  /** Two conjuncts with the same text answer alike; `undefined`: like no other. */
  readonly text: string | undefined;
  /** @throws {EvaluationError} */
  readonly holds: (environment: Environment) => boolean;
}

export interface CompiledPolicy {
  readonly effect: "permit" | "forbid";
  readonly principal: Scope;
  readonly action: Scope;
  readonly resource: Scope;
  /** Its conditions in the order of evaluation, which ends at the first that does not hold or fails. */
  readonly conjuncts: readonly Conjunct[];
  /** The tests among the conditions that stand before anything else, for the index. */
  readonly openings: readonly PlacedOpening[];
  /**
   * Whether all conjuncts hold.
   *
   * @throws {EvaluationError}
   */
  readonly holds: (environment: Environment) => boolean;
}

/** @throws {EvaluationError} for a shape that is not Cedar's, or a slot without an entity */
export function compilePolicy(json: PolicyJson, slots: Slots = {}): CompiledPolicy {
  const shared = Object.keys(slots).length === 0;
  const parts = json.conditions.flatMap(conjunctsIn);
  const conjuncts = parts.map((part): Conjunct => ({
    text: shared ? JSON.stringify(part, withBigInts) : undefined,
    holds: asBool(part, (node) => compileExpression(node, slots)),
  }));
  const [first, ...rest] = conjuncts.map(({ holds }) => holds);
  return {
    effect: json.effect,
    principal: scopeOf(json.principal, slots),
    action: scopeOf(json.action, slots),
    resource: scopeOf(json.resource, slots),
    conjuncts,
    openings: openingsOf(parts),
    holds:
      first === undefined
        ? () => true
        : rest.length === 0
          ? first
          : (environment) => first(environment) && rest.every((holds) => holds(environment)),
  };
}

/** The conjuncts of one clause; `unless` is one that is negated. */
export function conjunctsIn({ kind, body }: Clause): readonly Expr[] {
  return kind === "when" ? conjunctsOf(body) : [{ "!": { arg: body } }];
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

/** Whether an entity is within one variable's scope. */
export function matches({ is, equals, within }: Scope, environment: Environment, uid: EntityUid): boolean {
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
