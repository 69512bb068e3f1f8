/**
 * A call's arguments as policies see them. In: the arguments, as strict JSON, and the tree of what a set of policies reads.
 * Out: a Cedar record of just that. What does not fit its type is kept apart: a policy that looks at it fails, which
 * denies, and says why. To a policy that does not look, it is not there.
 */
import { foldName, isJsonObject, type JsonObject, type JsonValue } from "../contract/strict-json.ts";
import type { ArgumentNode, ArgumentTree, ArgumentType } from "./argument-types.ts";
import { parseDecimal } from "./cedar/decimal.ts";
import { fail } from "./cedar/evaluation-error.ts";
import { CedarRecord, CedarSet, type Value } from "./cedar/value.ts";

/** Longest text, in UTF-16 code units, and most elements of a set, that a policy compares. */
export const maxArgumentCharacters = 8_192;
export const maxArgumentElements = 1_024;

export const noArguments = new CedarRecord(new Map());

/** The arguments that a tree names. */
export function argumentRecord(tree: ArgumentTree | undefined, given: JsonObject | undefined): CedarRecord {
  if (tree === undefined || given === undefined) return noArguments;
  const values = new Map<string, Value>();
  const unfit = new Map<string, string>();
  for (const [name, node] of tree) {
    const found = read(name, node, given);
    if (found === undefined) continue;
    if ("unfit" in found) unfit.set(name, found.unfit);
    else values.set(name, found.value);
  }
  return new CedarRecord(unfit.size === 0 ? values : new PartlyUnfit(values, unfit));
}

/** Whether anything in it does not fit; the official engine has no such values. */
export function isUnfit({ fields }: CedarRecord): boolean {
  if (fields instanceof PartlyUnfit) return true;
  return fields.values().some((value) => value instanceof CedarRecord && isUnfit(value));
}

/** Fields of which some fail when they are looked at, by name or all together. */
class PartlyUnfit extends Map<string, Value> {
  readonly #unfit: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, Value>, unfit: ReadonlyMap<string, string>) {
    super();
    this.#unfit = unfit;
    for (const [name, value] of values) this.set(name, value);
  }

  override get(name: string): Value | undefined {
    const words = this.#unfit.get(name);
    return words === undefined ? super.get(name) : fail(`the argument \`${name}\` ${words}`);
  }

  override [Symbol.iterator](): MapIterator<[string, Value]> {
    for (const [name, words] of this.#unfit) fail(`the argument \`${name}\` ${words}`);
    return super[Symbol.iterator]();
  }
}

type Found = { readonly value: Value } | { readonly unfit: string };

function read(name: string, { type, members }: ArgumentNode, given: JsonObject): Found | undefined {
  // A server in Go reads `Amount` as `amount`: it would act on another value than policy has seen.
  const folded = foldName(name);
  for (const other of Object.keys(given))
    if (other !== name && foldName(other) === folded)
      return { unfit: `is written a second time as \`${shown(other)}\`` };
  const value = Object.hasOwn(given, name) ? given[name] : undefined;
  if (value === undefined) return undefined;
  if (members === undefined) return valueOf(type ?? "any", value);
  return isJsonObject(value) ? { value: argumentRecord(members, value) } : { unfit: `is ${wordsOf(value)}, no object` };
}

function valueOf(type: ArgumentType, value: JsonValue): Found {
  switch (type) {
    case "any":
      return { value: true };
    case "Bool":
      return typeof value === "boolean" ? { value } : misfit(value, "true or false");
    case "Long":
      return typeof value === "number" && Number.isSafeInteger(value)
        ? { value: value + 0 }
        : misfit(value, "a whole number");
    case "decimal":
      return decimalOf(value);
    case "String":
      if (typeof value !== "string") return misfit(value, "a text");
      return value.length <= maxArgumentCharacters
        ? { value }
        : { unfit: `is longer than the ${maxArgumentCharacters} characters that policy compares` };
    case "Set<String>":
      return setOf("String", value);
    case "Set<Long>":
      return setOf("Long", value);
    case "Set<Bool>":
      return setOf("Bool", value);
  }
}

/** Up to four digits after the point, as they are written out; `0.1 + 0.2` has more. */
function decimalOf(value: JsonValue): Found {
  const text = typeof value === "number" ? String(value) : "";
  const match = /^-?\d{1,14}(\.\d{1,4})?$/.exec(text);
  if (match === null) return misfit(value, "a number with four digits after its point at most");
  return { value: parseDecimal(match[1] === undefined ? `${text}.0` : text) };
}

function setOf(type: "String" | "Long" | "Bool", value: JsonValue): Found {
  if (!Array.isArray(value)) return misfit(value, "a list");
  if (value.length > maxArgumentElements)
    return { unfit: `has more than the ${maxArgumentElements} elements that policy compares` };
  const elements: Value[] = [];
  for (const each of value) {
    const found = valueOf(type, each);
    if ("unfit" in found) return { unfit: `holds one that ${found.unfit}` };
    elements.push(found.value);
  }
  return { value: new CedarSet(elements) };
}

function misfit(value: JsonValue, wanted: string): Found {
  return { unfit: `is ${wordsOf(value)}, not ${wanted} as policy reads it` };
}

/** What it is, without what it says: these words are recorded. */
function wordsOf(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "a whole number" : "a number";
  if (typeof value === "boolean") return "true or false";
  return typeof value === "string" ? "a text" : "an object";
}

function shown(text: string): string {
  return text.slice(0, 64).replaceAll(/[^\x20-\x7e]/g, "?");
}

/** The same record in the JSON that the official engine reads. */
export function argumentJson({ fields }: CedarRecord): Record<string, unknown> {
  return Object.fromEntries([...fields].map(([name, value]) => [name, jsonOf(value)]));
}

function jsonOf(value: Value): unknown {
  if (typeof value !== "object") return value;
  if (value.kind === "record") return argumentJson(value);
  if (value.kind === "set") return value.elements.map(jsonOf);
  if (value.kind !== "decimal") return undefined;
  const digits = String(value.amount < 0n ? -value.amount : value.amount).padStart(5, "0");
  const text = `${value.amount < 0n ? "-" : ""}${digits.slice(0, -4)}.${digits.slice(-4)}`;
  return { __extn: { fn: "decimal", arg: text } };
}
