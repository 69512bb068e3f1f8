/**
 * Cedar's extension functions and methods, by name. In: a name and evaluated arguments. Out: a value. Source: Cedar
 * reference, "Operators and functions".
 */
import { durationSince, inUnits, offset, parseDatetime, parseDuration, toDate, toTime } from "./datetime.ts";
import { parseDecimal } from "./decimal.ts";
import { fail } from "./evaluation-error.ts";
import type { ExtensionValue } from "./extension-value.ts";
import { isInRange, isLoopback, isMulticast, parseIpRange } from "./ip-range.ts";
import { typeOf, type Value } from "./value.ts";

type Kind = ExtensionValue["kind"];
type Of<K extends Kind> = Extract<ExtensionValue, { kind: K }>;

interface ExtensionFunction {
  readonly arity: number;
  readonly call: (args: readonly Value[]) => Value;
}

const functions: ReadonlyMap<string, ExtensionFunction> = new Map([
  ["decimal", parser(parseDecimal)],
  ["ip", parser(parseIpRange)],
  ["datetime", parser(parseDatetime)],
  ["duration", parser(parseDuration)],
  ["lessThan", comparison((a, b) => a < b)],
  ["lessThanOrEqual", comparison((a, b) => a <= b)],
  ["greaterThan", comparison((a, b) => a > b)],
  ["greaterThanOrEqual", comparison((a, b) => a >= b)],
  ["isIpv4", method("ipaddr", ({ family }) => family === 4)],
  ["isIpv6", method("ipaddr", ({ family }) => family === 6)],
  ["isLoopback", method("ipaddr", isLoopback)],
  ["isMulticast", method("ipaddr", isMulticast)],
  ["isInRange", twoPlace("ipaddr", "ipaddr", isInRange)],
  ["offset", twoPlace("datetime", "duration", offset)],
  ["durationSince", twoPlace("datetime", "datetime", durationSince)],
  ["toDate", method("datetime", toDate)],
  ["toTime", method("datetime", toTime)],
  ["toMilliseconds", method("duration", (value) => inUnits(value, 1n))],
  ["toSeconds", method("duration", (value) => inUnits(value, 1_000n))],
  ["toMinutes", method("duration", (value) => inUnits(value, 60_000n))],
  ["toHours", method("duration", (value) => inUnits(value, 3_600_000n))],
  ["toDays", method("duration", (value) => inUnits(value, 86_400_000n))],
]);

export function isFunction(name: string): boolean {
  return functions.has(name);
}

/** @throws {EvaluationError} for an unknown function, the wrong number or type of arguments, or what it refuses */
export function callFunction(name: string, args: readonly Value[]): Value {
  const known = functions.get(name) ?? fail(`extension function \`${name}\` does not exist`);
  if (args.length !== known.arity)
    fail(
      `wrong number of arguments provided to extension function \`${name}\`: expected ${known.arity}, got ${args.length}`,
    );
  return known.call(args);
}

function parser(parse: (text: string) => ExtensionValue): ExtensionFunction {
  return { arity: 1, call: ([text]) => parse(typeof text === "string" ? text : wrong("string", text)) };
}

function method<K extends Kind>(kind: K, call: (self: Of<K>) => Value): ExtensionFunction {
  return { arity: 1, call: ([self]) => call(expect(kind, self)) };
}

function twoPlace<A extends Kind, B extends Kind>(
  kind: A,
  other: B,
  call: (self: Of<A>, arg: Of<B>) => Value,
): ExtensionFunction {
  return { arity: 2, call: ([self, arg]) => call(expect(kind, self), expect(other, arg)) };
}

function comparison(holds: (a: bigint, b: bigint) => boolean): ExtensionFunction {
  return twoPlace("decimal", "decimal", (a, b) => holds(a.amount, b.amount));
}

function expect<K extends Kind>(kind: K, value: Value | undefined): Of<K> {
  return typeof value === "object" && value.kind === kind ? (value as Of<K>) : wrong(kind, value);
}

function wrong(expected: string, value: Value | undefined): never {
  fail(`type error: expected ${expected}, got ${value === undefined ? "nothing" : typeOf(value)}`);
}
