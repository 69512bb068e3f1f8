/**
 * A Cedar expression as a JavaScript closure. In: its JSON form. Out: a function from environment to value that throws
 * an EvaluationError exactly where the official engine reports one. Operands are evaluated from left to right; `&&`,
 * `||` and `if` leave out what they do not need. Source: Cedar reference, "Operators and functions".
 */
import type { Expr } from "@cedar-policy/cedar-wasm/nodejs";
import { compileArithmetic, compileOrder, compileNegation } from "./compile-arithmetic.ts";
import { compileAccess, compileHas, compileTags } from "./compile-attributes.ts";
import { compileIn, compileIs } from "./compile-hierarchy.ts";
import type { Environment } from "./environment.ts";
import { fail } from "./evaluation-error.ts";
import { callFunction, isFunction } from "./extensions.ts";
import { compilePattern } from "./like-pattern.ts";
import { expectBool, expectSet, expectString } from "./expect.ts";
import { areEqual, CedarRecord, CedarSet, type EntityUid, type Value } from "./value.ts";
import { valueOf } from "./value-json.ts";

export type Compiled = (environment: Environment) => Value;

/** Entities for a template's slots, by slot id (`?principal`). */
export type Slots = Readonly<Record<string, EntityUid>>;

/** Expressions nested deeper than this are refused: closures call one another. */
const deepest = 2_000;

/** @throws {EvaluationError} for a shape that is not Cedar's */
export function compileExpression(expression: Expr, slots: Slots = {}, depth = 0): Compiled {
  if (depth > deepest) fail("the expression is nested too deep");
  const compile = (part: Expr): Compiled => compileExpression(part, slots, depth + 1);
  const [operator, operand] = only(expression);
  switch (operator) {
    case "Value":
      return constant(valueOf(operand));
    case "Var":
      return variable(operand);
    case "Slot": {
      const entity = slots[String(operand)] ?? fail(`the slot \`${String(operand)}\` is not filled`);
      return constant(entity);
    }
    case "Set": {
      const parts = (operand as Expr[]).map(compile);
      return (environment) => new CedarSet(parts.map((part) => part(environment)));
    }
    case "Record": {
      // Cedar keeps a record's fields in the order of their names, and so evaluates them.
      const parts = Object.entries(operand as Record<string, Expr>)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, part]) => [name, compile(part)] as const);
      return (environment) => new CedarRecord(new Map(parts.map(([name, part]) => [name, part(environment)])));
    }
    case "if-then-else": {
      const branch = operand as { if: Expr; then: Expr; else: Expr };
      const condition = asBool(branch.if, compile);
      const then = compile(branch.then);
      const otherwise = compile(branch.else);
      return (environment) => (condition(environment) ? then(environment) : otherwise(environment));
    }
    case "!": {
      const arg = asBool(argument(operand), compile);
      return (environment) => !arg(environment);
    }
    case "isEmpty": {
      const arg = compile(argument(operand));
      return (environment) => expectSet(arg(environment)).elements.length === 0;
    }
    case "like": {
      const { left, pattern } = operand as { left: Expr; pattern: Parameters<typeof compilePattern>[0] };
      const text = compile(left);
      const matches = compilePattern(pattern);
      return (environment) => matches(expectString(text(environment)));
    }
    case "neg":
      return compileNegation(compile(argument(operand)));
    case "is":
      return compileIs(operand as { left: Expr; entity_type: string; in?: Expr }, compile);
    case ".":
      return compileAccess(operand as { left: Expr; attr: string }, compile);
    case "has":
      return compileHas(operand as { left: Expr; attr: string | readonly string[] }, compile);
    default:
      return isFunction(operator) && Array.isArray(operand)
        ? compileCall(operator, operand.map(compile))
        : compileBinary(operator, operand, compile);
  }
}

function compileBinary(operator: string, operand: unknown, compile: (part: Expr) => Compiled): Compiled {
  const { left: leftPart, right: rightPart } = (operand ?? {}) as { left?: Expr; right?: Expr };
  if (leftPart === undefined || rightPart === undefined) fail(`\`${operator}\` is not an operator of Cedar`);
  const left = compile(leftPart);
  const right = compile(rightPart);
  switch (operator) {
    case "&&": {
      const first = asBool(leftPart, () => left);
      const second = asBool(rightPart, () => right);
      return (environment) => first(environment) && second(environment);
    }
    case "||": {
      const first = asBool(leftPart, () => left);
      const second = asBool(rightPart, () => right);
      return (environment) => first(environment) || second(environment);
    }
    case "==":
      return compileEquality(left, right);
    case "!=": {
      const equal = compileEquality(left, right);
      return (environment) => !equal(environment);
    }
    case "in":
      return compileIn(left, right);
    case "contains":
      return (environment) => {
        const set = left(environment);
        const element = right(environment);
        return expectSet(set).has(element);
      };
    case "containsAll":
    case "containsAny": {
      const all = operator === "containsAll";
      return (environment) => {
        const set = left(environment);
        const other = right(environment);
        const within = expectSet(set);
        const { elements } = expectSet(other);
        return all ? elements.every((e) => within.has(e)) : elements.some((e) => within.has(e));
      };
    }
    case "hasTag":
    case "getTag":
      return compileTags(operator, left, right);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return compileOrder(operator, left, right);
    case "+":
    case "-":
    case "*":
      return compileArithmetic(operator, left, right);
    default:
      return fail(`\`${operator}\` is not an operator of Cedar`);
  }
}

/** For plain values, which is most of what policies write out, `===` is Cedar's equality. */
function compileEquality(left: Compiled, right: Compiled): (environment: Environment) => boolean {
  const plain = constants.get(right);
  if (plain !== undefined && typeof plain !== "object") return (environment) => left(environment) === plain;
  return (environment) => areEqual(left(environment), right(environment));
}

/** A call whose arguments are constants has one answer: an address or a date is parsed once. */
function compileCall(name: string, args: readonly Compiled[]): Compiled {
  if (args.every((arg) => constants.has(arg))) {
    try {
      return constant(
        callFunction(
          name,
          args.map((arg) => constants.get(arg) as Value),
        ),
      );
    } catch {
      // An error is an answer of each evaluation, not of compiling.
    }
  }
  return (environment) =>
    callFunction(
      name,
      args.map((arg) => arg(environment)),
    );
}

/** Closures that always give the same value, with the value. */
const constants = new WeakMap<Compiled, Value>();

function constant(value: Value): Compiled {
  const compiled: Compiled = () => value;
  constants.set(compiled, value);
  return compiled;
}

function variable(name: unknown): Compiled {
  switch (name) {
    case "principal":
      return (environment) => environment.principal;
    case "action":
      return (environment) => environment.action;
    case "resource":
      return (environment) => environment.resource;
    case "context":
      return (environment) => environment.context;
    default:
      return fail(`\`${String(name)}\` is not a variable of Cedar`);
  }
}

/** Operators whose value is always a truth value: it need not be looked at again. */
const boolean: ReadonlySet<string> = new Set(
  "! && || == != < <= > >= in has is like contains containsAll containsAny isEmpty hasTag".split(" "),
);

/** An expression where a truth value is needed. */
export function asBool(expression: Expr, compile: (part: Expr) => Compiled): (environment: Environment) => boolean {
  const compiled = compile(expression);
  if (boolean.has(only(expression)[0])) return compiled as (environment: Environment) => boolean;
  return (environment) => expectBool(compiled(environment));
}

function argument(operand: unknown): Expr {
  return (operand as { arg?: Expr } | null)?.arg ?? fail("an operator without its operand");
}

/** The one key of a node: its operator. */
function only(expression: Expr): readonly [string, unknown] {
  const entries = Object.entries(expression);
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) fail("not an expression of Cedar");
  return entry;
}
