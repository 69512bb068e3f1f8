/** What an operator needs its operands to be. In: a value. Out: the same value with its type known, or an error. */
import { fail } from "./evaluation-error.ts";
import { CedarSet, typeOf, type EntityUid, type Long, type Value } from "./value.ts";

export function expectBool(value: Value): boolean {
  return typeof value === "boolean" ? value : fail(`type error: expected bool, got ${typeOf(value)}`);
}

export function expectString(value: Value): string {
  return typeof value === "string" ? value : fail(`type error: expected string, got ${typeOf(value)}`);
}

export function isLong(value: Value): value is Long {
  return typeof value === "number" || typeof value === "bigint";
}

export function expectLong(value: Value): Long {
  return isLong(value) ? value : fail(`type error: expected long, got ${typeOf(value)}`);
}

export function expectSet(value: Value): CedarSet {
  return value instanceof CedarSet ? value : fail(`type error: expected set, got ${typeOf(value)}`);
}

export function expectEntity(value: Value): EntityUid {
  if (typeof value === "object" && value.kind === "entity") return value;
  return fail(`type error: expected (entity of type \`any_entity_type\`), got ${typeOf(value)}`);
}
