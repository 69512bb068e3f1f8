/**
 * Cedar's values as JavaScript holds them. In: nothing. Out: the types, their equality and their names in messages.
 *
 * A long is a number where that is exact and a bigint where it is not, never both for one value: so `===` is Cedar's
 * equality for everything but entities, sets, records and extension values. Source: Cedar reference, "Data types".
 */
import type { ExtensionValue } from "./extension-value.ts";

export type Long = number | bigint;

export type Value = boolean | Long | string | EntityUid | CedarSet | CedarRecord | ExtensionValue;

/** An entity's name. `key` is the same for the same type and id, and for no other. */
export class EntityUid {
  readonly kind = "entity";
  readonly type: string;
  readonly id: string;
  readonly key: string;

  constructor(type: string, id: string) {
    this.type = type;
    this.id = id;
    // A type is identifiers joined by `::`: it holds no NUL.
    this.key = `${type}\0${id}`;
  }

  toString(): string {
    return `${this.type}::${quoted(this.id)}`;
  }
}

/** A set: elements without duplicates, in no meaningful order. */
export class CedarSet {
  readonly kind = "set";
  readonly elements: readonly Value[];
  /** Those elements that `===` finds. */
  readonly #plain: ReadonlySet<Value>;
  readonly #others: readonly Value[];

  constructor(elements: Iterable<Value>) {
    const plain = new Set<Value>();
    const others: Value[] = [];
    for (const element of elements)
      if (typeof element !== "object") plain.add(element);
      else if (!others.some((other) => areEqual(other, element))) others.push(element);
    this.#plain = plain;
    this.#others = others;
    this.elements = [...plain, ...others];
  }

  has(value: Value): boolean {
    return typeof value === "object" ? this.#others.some((other) => areEqual(other, value)) : this.#plain.has(value);
  }
}

export class CedarRecord {
  readonly kind = "record";
  readonly fields: ReadonlyMap<string, Value>;

  constructor(fields: ReadonlyMap<string, Value>) {
    this.fields = fields;
  }
}

/** What is known of an entity: its attributes, its tags, and the keys of everything it is `in`, at any distance. */
export interface EntityData {
  readonly attributes: ReadonlyMap<string, Value>;
  readonly tags: ReadonlyMap<string, Value>;
  readonly ancestors: ReadonlySet<string>;
}

/** Cedar's `==`: total, false for values of different types. */
export function areEqual(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object") return false;
  switch (a.kind) {
    case "entity":
      return b.kind === "entity" && a.key === b.key;
    case "set":
      return b.kind === "set" && a.elements.length === b.elements.length && a.elements.every((e) => b.has(e));
    case "record": {
      if (b.kind !== "record" || a.fields.size !== b.fields.size) return false;
      for (const [name, value] of a.fields) {
        const other = b.fields.get(name);
        if (other === undefined || !areEqual(value, other)) return false;
      }
      return true;
    }
    case "ipaddr":
      return b.kind === "ipaddr" && a.family === b.family && a.address === b.address && a.prefix === b.prefix;
    case "decimal":
    case "datetime":
    case "duration":
      return b.kind === a.kind && a.amount === b.amount;
    default:
      return a satisfies never;
  }
}

/** A value's type, as messages name it. */
export function typeOf(value: Value): string {
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "number":
    case "bigint":
      return "long";
    case "string":
      return "string";
    default:
      return value.kind === "entity" ? `(entity of type \`${value.type}\`)` : value.kind;
  }
}

const least = -(2n ** 63n);
const most = 2n ** 63n - 1n;

/** The long for an exact integer, or `undefined` where 64 bits do not hold it. */
export function longOf(exact: bigint): Long | undefined {
  if (exact < least || exact > most) return undefined;
  const number = Number(exact);
  return Number.isSafeInteger(number) ? number : exact;
}

/** A string as Cedar's source would write it. */
export function quoted(text: string): string {
  let out = '"';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (char === '"' || char === "\\" || char === "'") out += `\\${char}`;
    else if (char === "\n") out += "\\n";
    else if (char === "\r") out += "\\r";
    else if (char === "\t") out += "\\t";
    else if (code === 0) out += "\\0";
    else if (code < 0x20 || (code >= 0x7f && code < 0xa0)) out += `\\u{${code.toString(16)}}`;
    else out += char;
  }
  return `${out}"`;
}
