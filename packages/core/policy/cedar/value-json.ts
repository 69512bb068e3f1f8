/**
 * Cedar's JSON form of values. In: what a policy, an entity or a context holds. Out: a value. Extension values are
 * written `{"__extn": {fn, arg}}`, entities `{"__entity": {type, id}}`; a long that JSON numbers cannot hold is a bigint.
 */
import { callFunction } from "./extensions.ts";
import { fail } from "./evaluation-error.ts";
import { CedarRecord, CedarSet, EntityUid, longOf, type Value } from "./value.ts";

const deepest = 200;

/** @throws {EvaluationError} for `null`, fractions, and anything nested deeper than 200 */
export function valueOf(json: unknown, depth = 0): Value {
  if (depth > deepest) fail("the value is nested too deep");
  switch (typeof json) {
    case "boolean":
    case "string":
      return json;
    case "number":
      return Number.isSafeInteger(json) ? json + 0 : fail(`\`${json}\` is not a long`);
    case "bigint":
      return longOf(json) ?? fail(`\`${json}\` does not fit into a long`);
    case "object":
      return json === null ? fail("`null` is not a value") : structured(json, depth + 1);
    default:
      return fail("not a value");
  }
}

function structured(json: object, depth: number): Value {
  if (Array.isArray(json)) return new CedarSet(json.map((item) => valueOf(item, depth)));
  const entries = json instanceof Map ? [...json] : Object.entries(json);
  const [first, second] = entries;
  if (first !== undefined && second === undefined) {
    if (first[0] === "__entity") return uidOf(first[1]);
    if (first[0] === "__extn") return extension(first[1], depth);
  }
  return new CedarRecord(new Map(entries.map(([name, value]) => [String(name), valueOf(value, depth)])));
}

function extension(json: unknown, depth: number): Value {
  const { fn, arg, args } = (json ?? {}) as { fn?: unknown; arg?: unknown; args?: unknown };
  if (typeof fn !== "string") fail("`__extn` takes `fn` and `arg`");
  return callFunction(
    fn,
    (Array.isArray(args) ? args : [arg]).map((item) => valueOf(item, depth)),
  );
}

/** An entity from `{type, id}`, bare or under `__entity`. */
export function uidOf(json: unknown): EntityUid {
  const { __entity: inner } = (json ?? {}) as { __entity?: unknown };
  const { type, id } = (inner ?? json ?? {}) as { type?: unknown; id?: unknown };
  if (typeof type !== "string" || typeof id !== "string") fail("an entity takes `type` and `id`");
  return new EntityUid(type, id);
}
