/**
 * What the store accepts: bounded keys and bounded JSON. In: keys and values from callers. Out: their stored form, or
 * a `CordonError`. Both databases must be able to hold the same things, so the stricter of the two sets each rule.
 */
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { ObjectKey, ObjectSource } from "./state-store.ts";

/** Largest object, in bytes of its JSON as UTF-8. */
export const maximumObjectBytes = 1024 * 1024;

/** Together well under PostgreSQL's 2704-byte index row. */
const maximumKeyBytes = { kind: 64, namespace: 64, name: 1024 } as const;
const maximumActorBytes = 1024;
const sources: readonly string[] = ["config", "api", "system"] satisfies readonly ObjectSource[];

/** An object's key in words, safe to print: `component default/chat`. */
export function describeKey(key: ObjectKey): string {
  const text = `${key.kind} ${key.namespace}/${key.name}`;
  const plain = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(text) ? text : JSON.stringify(text);
  return plain.length > 300 ? `${plain.slice(0, 300)}...` : plain;
}

/** @throws {CordonError} `STORE_REQUEST_INVALID` for a key that not every database can hold. */
export function checkKey(key: ObjectKey): void {
  checkText("kind", key.kind, maximumKeyBytes.kind);
  checkText("namespace", key.namespace, maximumKeyBytes.namespace);
  checkText("name", key.name, maximumKeyBytes.name);
}

/** @throws {CordonError} `STORE_REQUEST_INVALID` */
export function checkAuthorship(actor: string, at: Instant): void {
  checkText("actor", actor, maximumActorBytes);
  if (!Number.isSafeInteger(at)) throw invalid(`a change's time must be whole milliseconds, not ${at}`);
}

/** @throws {CordonError} `STORE_REQUEST_INVALID` */
export function checkSource(source: string): void {
  if (!sources.includes(source)) throw invalid(`an object's source is one of ${sources.join(", ")}`);
}

/** @throws {CordonError} `STORE_REQUEST_INVALID` unless `value` is a whole number of at least `least`. */
export function checkWhole(what: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw invalid(`${what} must be a whole number of at least ${least}, not ${value}`);
  }
}

/**
 * `value` as JSON text. Properties that are `undefined` are left out, as JSON does; everything else that JSON would
 * change silently (NaN, functions, array holes) is refused.
 *
 * @throws {CordonError} `STORE_REQUEST_INVALID` for what is not JSON; `STORE_OBJECT_TOO_LARGE` above 1 MiB
 */
export function encodeValue(key: ObjectKey, value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value, refuseLossy);
  } catch (error) {
    // Cycles, BigInt, and nesting deeper than the stack end here too.
    throw invalid(
      `${describeKey(key)} is not JSON: ${error instanceof Error ? error.message.split("\n")[0] : "it cannot be written as JSON"}`,
    );
  }
  if (text === undefined) throw invalid(`${describeKey(key)} is not JSON: it has no value`);
  const bytes = Buffer.byteLength(text);
  if (bytes > maximumObjectBytes) {
    throw new CordonError(
      "STORE_OBJECT_TOO_LARGE",
      `${describeKey(key)} is ${bytes} bytes of JSON; an object holds at most ${maximumObjectBytes}. Split it, or keep the bulk in a file.`,
    );
  }
  return text;
}

function refuseLossy(this: unknown, property: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`"${property}" is ${value}`);
  if (typeof value === "function" || typeof value === "symbol")
    throw new TypeError(`"${property}" is a ${typeof value}`);
  if (value === undefined && Array.isArray(this)) throw new TypeError(`item ${property} of a list has no value`);
  return value;
}

function checkText(what: string, text: string, maximumBytes: number): void {
  if (typeof text !== "string" || text === "") throw invalid(`a ${what} must not be empty`);
  // PostgreSQL holds neither; encoding a lone surrogate would turn two names into one.
  if (!text.isWellFormed() || text.includes("\0")) throw invalid(`a ${what} must be Unicode text without NUL`);
  const bytes = Buffer.byteLength(text);
  if (bytes > maximumBytes) throw invalid(`a ${what} holds at most ${maximumBytes} bytes; this one has ${bytes}`);
}

function invalid(reason: string): CordonError {
  return new CordonError("STORE_REQUEST_INVALID", `The state store cannot do this: ${reason}.`);
}
