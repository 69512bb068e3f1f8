/**
 * What stands on the stack of the symbolic pickle machine. In: nothing. Out: the values and small questions about them.
 *
 * A value says what the real object would be as far as safety depends on it. Contents are kept only up to a bound:
 * what is put into a container was judged when it was made, and the constraints on calls look at short arguments.
 */
import type { Resolution } from "../verdict.ts";

export type Value = null | boolean | number | string | Obj;
export type Obj = Bytes | Tuple | List | Dict | SetValue | Name | Instance | Opaque;

/** Bytes of the stream, or a long string, not copied. */
export interface Bytes {
  readonly kind: "bytes";
  /** Where they stand in the source; -1 when they were computed. */
  readonly offset: number;
  readonly length: number;
  readonly text: boolean;
}

export interface Tuple {
  readonly kind: "tuple";
  readonly items: readonly Value[];
  readonly more: boolean;
  /** Work of hashing it, which shared parts make exponential in the length of the stream. */
  readonly hashCost: number;
}

export interface List {
  readonly kind: "list";
  readonly items: Value[];
  more: boolean;
}

export interface Dict {
  readonly kind: "dict";
  /** The first entries with string keys. */
  readonly entries: Map<string, Value>;
  /** There are entries that are not in {@link entries}. */
  more: boolean;
  /** A `__name__` key whose value is no plain constant. */
  special?: string;
  /** Some key is not a string. */
  otherKeys: boolean;
}

export interface SetValue {
  readonly kind: "set";
  readonly frozen: boolean;
}

/** Something imported: a class, a function, a constant of a module. */
export interface Name {
  readonly kind: "name";
  readonly module: string;
  readonly name: string;
  readonly offset: number;
  readonly resolution: Resolution;
}

/** What an allow-listed constructor gave, or a value that a reader knows. */
export interface Instance {
  readonly kind: "instance";
  /** `module:name` of its class. */
  readonly of: string;
  /** Facts that constraints on later use need. */
  readonly facts: Facts;
}

export interface Facts {
  /** A NumPy dtype whose items are Python objects. */
  objects?: boolean;
  /** The dtype's text: `f8`. */
  dtype?: string;
  /** Bytes of one item of a dtype. */
  itemBytes?: number;
  /** BUILD has been applied. */
  built?: boolean;
  /** Holds a callable in state of its own. */
  state?: Value;
  arguments?: readonly Value[];
}

/** Nothing is known about it, because of something that was reported: what is done to it is not reported again. */
export interface Opaque {
  readonly kind: "opaque";
  readonly why: string;
}

/** Items and entries kept of one container. */
export const keptItems = 64;

export const opaque = (why: string): Opaque => ({ kind: "opaque", why });

export function isObj(value: Value): value is Obj {
  return typeof value === "object" && value !== null;
}

export function isKind<K extends Obj["kind"]>(value: Value | undefined, kind: K): value is Extract<Obj, { kind: K }> {
  return value !== undefined && isObj(value) && value.kind === kind;
}

/** Plain data: nothing that can be called or has methods of a library. */
export function isConstant(value: Value, depth = 0): boolean {
  if (!isObj(value)) return true;
  if (value.kind === "bytes" || value.kind === "set") return true;
  if (value.kind === "tuple" || value.kind === "list")
    return !value.more && depth < 6 && value.items.every((item) => isConstant(item, depth + 1));
  if (value.kind === "dict")
    return (
      !value.more && !value.otherKeys && depth < 6 && [...value.entries.values()].every((v) => isConstant(v, depth + 1))
    );
  return false;
}

/** Adds up the work of hashing a tuple of `items`. */
export function makeTuple(items: readonly Value[]): Tuple {
  let hashCost = 1;
  for (const item of items) hashCost += hashCostOf(item);
  const more = items.length > keptItems * 16;
  return { kind: "tuple", items: more ? items.slice(0, keptItems * 16) : items, more, hashCost };
}

export function hashCostOf(value: Value): number {
  return isKind(value, "tuple") ? value.hashCost : 1;
}

export function emptyDict(): Dict {
  return { kind: "dict", entries: new Map(), more: false, otherKeys: false };
}

export function appendTo(list: List, value: Value): void {
  if (list.items.length < keptItems * 16) list.items.push(value);
  else list.more = true;
}

/** Records an entry of a dict that the machine tracks. */
export function setEntry(dict: Dict, key: Value, value: Value): void {
  if (typeof key !== "string") {
    dict.otherKeys = true;
    dict.more = true;
    return;
  }
  if (key.startsWith("__") && !isConstant(value)) dict.special ??= key;
  if (dict.entries.size < keptItems || dict.entries.has(key)) dict.entries.set(key, value);
  else dict.more = true;
}

/** A short text for people. */
export function describe(value: Value | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "None";
  if (!isObj(value)) return JSON.stringify(value).slice(0, 100);
  switch (value.kind) {
    case "bytes":
      return `${value.length} bytes`;
    case "tuple":
      return `(${value.items.slice(0, 4).map(describe).join(", ")}${value.items.length > 4 ? ", …" : ""})`;
    case "list":
      return `[${value.items.slice(0, 4).map(describe).join(", ")}${value.items.length > 4 ? ", …" : ""}]`;
    case "dict":
      return `a dict`;
    case "set":
      return "a set";
    case "name":
      return `${value.module}.${value.name}`;
    case "instance":
      return `a ${value.of.replace(":", ".")}`;
    case "opaque":
      return "a computed object";
  }
}
