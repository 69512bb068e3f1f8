/**
 * Whole numbers of JSON that are longer than a double is exact. In: a text of JSON, and its tree. Out: a tree in which they stand
 * as they were written. Python, Java and Go read every digit of them: a number of 18 digits that names a person is another
 * number to JavaScript, and a body that is written anew would hold that one.
 */
import type { JsonObject, JsonValue } from "./strict-json.ts";

/** A number as it was written. `JSON.stringify` writes it so again. */
export interface LongNumber extends JsonObject {
  readonly rawJSON: string;
}

// ECMAScript's "JSON.parse source text access", which TypeScript does not describe for our target.
interface JsonWithSource {
  parse(text: string, revive: (name: string, value: JsonValue, context: { source?: string }) => JsonValue): JsonValue;
  rawJSON(text: string): LongNumber;
  isRawJSON(value: unknown): boolean;
}
const json = JSON as unknown as JsonWithSource;

/** @param tree what `text` says; returned as it is where it holds no such number */
export function withLongNumbers(text: string, tree: JsonValue): JsonValue {
  if (!/\d{16}/.test(text)) return tree;
  let found = false;
  const exact = json.parse(text, (_name, value, { source }) => {
    if (typeof value !== "number" || source === undefined || !/^-?\d{16,}$/.test(source)) return value;
    if (String(value) === source) return value;
    found = true;
    return json.rawJSON(source);
  });
  return found ? exact : tree;
}

export function isLongNumber(value: JsonValue): value is LongNumber {
  return typeof value === "object" && value !== null && json.isRawJSON(value);
}
