/** Cedar's `+ - *`, unary `-`, and `< <= > >=`. In: the operands. Out: closures; what 64 bits do not hold is an error. */
import type { Compiled } from "./compile-expression.ts";
import { fail } from "./evaluation-error.ts";
import { expectLong, isLong } from "./expect.ts";
import { longOf, typeOf, type Long, type Value } from "./value.ts";

type Operator = "+" | "-" | "*";

const words: Readonly<Record<Operator, string>> = { "+": "add", "-": "subtract", "*": "multiply" };

export function compileArithmetic(operator: Operator, left: Compiled, right: Compiled): Compiled {
  return (environment) => {
    const first = left(environment);
    const second = right(environment);
    return calculate(operator, expectLong(first), expectLong(second));
  };
}

function calculate(operator: Operator, a: Long, b: Long): Long {
  if (typeof a === "number" && typeof b === "number") {
    const quick = operator === "+" ? a + b : operator === "-" ? a - b : a * b;
    // A product of zero and a negative number would be -0, which prints and divides otherwise.
    if (Number.isSafeInteger(quick)) return quick + 0;
  }
  const [x, y] = [BigInt(a), BigInt(b)];
  const exact = operator === "+" ? x + y : operator === "-" ? x - y : x * y;
  return (
    longOf(exact) ?? fail(`integer overflow while attempting to ${words[operator]} the values \`${x}\` and \`${y}\``)
  );
}

export function compileNegation(arg: Compiled): Compiled {
  return (environment) => {
    const value = expectLong(arg(environment));
    return longOf(-BigInt(value)) ?? fail(`integer overflow while attempting to negate the value \`${value}\``);
  };
}

type Order = "<" | "<=" | ">" | ">=";

/** Longs, datetimes and durations have an order; each only with its own kind. */
export function compileOrder(operator: Order, left: Compiled, right: Compiled): Compiled {
  return (environment) => {
    const first = left(environment);
    const second = right(environment);
    if (isLong(first) && isLong(second)) return holds(operator, first, second);
    if (isOrdered(first) && isOrdered(second) && first.kind === second.kind)
      return holds(operator, first.amount, second.amount);
    return refuseOrder(first, second);
  };
}

function holds(operator: Order, a: Long, b: Long): boolean {
  switch (operator) {
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    default:
      return operator satisfies never;
  }
}

/** Says what the official engine says: a long wants a long beside it, and so does each of the others its own kind. */
function refuseOrder(first: Value, second: Value): never {
  if (isLong(first)) fail(`type error: expected long, got ${typeOf(second)}`);
  if (isLong(second)) fail(`type error: expected long, got ${typeOf(first)}`);
  if (isOrdered(first)) fail(`type error: expected ${first.kind}, got ${typeOf(second)}`);
  if (isOrdered(second)) fail(`type error: expected ${second.kind}, got ${typeOf(first)}`);
  fail(`type error: expected one of [long, datetime, duration], got ${typeOf(first)}`);
}

function isOrdered(value: Value): value is Extract<Value, { kind: "datetime" | "duration" }> {
  return typeof value === "object" && (value.kind === "datetime" || value.kind === "duration");
}
