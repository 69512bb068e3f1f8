/**
 * JSON that every parser reads the same way. In: the bytes of a body. Out: its tree, or `BODY_AMBIGUOUS` /
 * `REQUEST_MALFORMED` with the place.
 *
 * RFC 8259 leaves room for two parsers to disagree, and a gateway that decides on one reading while the upstream acts
 * on the other is walked round. So duplicate names, names that differ only in case at the top level (Go's
 * `encoding/json` folds them, and Ollama is written in Go), invalid UTF-8, byte order marks and lone surrogates are
 * refused before anything is decided. What passes is forwarded byte for byte.
 */
import { CordonError } from "../errors.ts";

export type JsonValue = null | boolean | number | string | JsonValue[] | { [name: string]: JsonValue };
export type JsonObject = { [name: string]: JsonValue };

export interface JsonLimits {
  /** Nesting of arrays and objects. */
  readonly depth: number;
  /** Names, over all objects. */
  readonly names: number;
  /** Lets half of a surrogate pair stand in a string: a piece of a text may end in the middle of a character. */
  readonly halves?: boolean;
}

export const defaultJsonLimits: JsonLimits = { depth: 64, names: 100_000 };

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Parses a body strictly.
 *
 * @throws {CordonError} `REQUEST_MALFORMED` (not JSON, not UTF-8, too deep), `BODY_AMBIGUOUS` (parsers would disagree)
 */
export function parseStrictJson(bytes: Uint8Array, limits: JsonLimits = defaultJsonLimits): JsonValue {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    throw new CordonError("BODY_AMBIGUOUS", "the body is not valid UTF-8; send JSON as UTF-8", { cause });
  }
  return parseStrictJsonText(text, limits);
}

/** Like {@link parseStrictJson}, of text that is decoded already. */
export function parseStrictJsonText(text: string, limits: JsonLimits = defaultJsonLimits): JsonValue {
  if (text.charCodeAt(0) === 0xfeff)
    throw new CordonError("BODY_AMBIGUOUS", "the body starts with a byte order mark; send JSON without one");
  const namesWritten = countNames(text, limits);
  let tree: JsonValue;
  try {
    tree = JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw new CordonError("REQUEST_MALFORMED", `the body is not JSON: ${firstLine((cause as Error).message)}`, {
      cause,
    });
  }
  // A name written twice leaves one property fewer than names: no need to remember names while scanning.
  if (namesIn(tree) !== namesWritten)
    throw new CordonError("BODY_AMBIGUOUS", "an object in the body has the same name twice; send each name once");
  if (limits.halves !== true && (text.includes("\\ud") || text.includes("\\uD"))) refuseLoneSurrogates(tree);
  refuseFoldedNames(tree);
  return tree;
}

/** True for a JSON object (not an array, not null). */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Counts names by their colons, jumping over strings, and bounds depth before `JSON.parse` may recurse.
 * Malformed text is left to `JSON.parse`.
 */
function countNames(text: string, limits: JsonLimits): number {
  let names = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at);
        if (at < 0) return names;
        break;
      case 0x3a: // :
        if (++names > limits.names)
          throw new CordonError("REQUEST_MALFORMED", `the body holds more than ${limits.names} names`);
        break;
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > limits.depth)
          throw new CordonError(
            "REQUEST_MALFORMED",
            `the body nests deeper than ${limits.depth} levels (at character ${at})`,
          );
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth--;
        break;
    }
  }
  return names;
}

/** Index of the quote that ends the string starting at `start`, or -1. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end > 0) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return -1;
}

function namesIn(value: JsonValue): number {
  if (typeof value !== "object" || value === null) return 0;
  let names = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === "object") names += namesIn(item);
    return names;
  }
  for (const name of Object.keys(value)) {
    names++;
    const child = value[name];
    if (typeof child === "object" && child !== null) names += namesIn(child);
  }
  return names;
}

function refuseLoneSurrogates(value: JsonValue): void {
  if (typeof value === "string") {
    if (!value.isWellFormed())
      throw new CordonError(
        "BODY_AMBIGUOUS",
        "a string in the body holds half of a surrogate pair; send whole characters",
      );
  } else if (Array.isArray(value)) {
    for (const item of value) refuseLoneSurrogates(item);
  } else if (value !== null && typeof value === "object") {
    for (const name of Object.keys(value)) {
      refuseLoneSurrogates(name);
      refuseLoneSurrogates(value[name] ?? null);
    }
  }
}

/** Upper then lower, so that U+017F folds to `s` and U+212A to `k`, as Go's `strings.EqualFold` does. */
export function foldName(name: string): string {
  return name.toUpperCase().toLowerCase();
}

const lowerCaseAscii = /^[a-z0-9_.$-]*$/;

function refuseFoldedNames(tree: JsonValue): void {
  if (!isJsonObject(tree)) return;
  const names = Object.keys(tree);
  // All-lower-case names cannot fold into one another, and that is nearly every body.
  if (names.every((name) => lowerCaseAscii.test(name))) return;
  const folded = new Set<string>();
  for (const name of names) {
    const fold = foldName(name);
    if (folded.has(fold))
      throw new CordonError(
        "BODY_AMBIGUOUS",
        `the body has names that differ from \`${fold.slice(0, 40)}\` only in case; some servers read them as one`,
      );
    folded.add(fold);
  }
}

/**
 * Where the value of a top-level name stands in the bytes, so that it can be replaced without touching the rest.
 * The bytes have passed {@link parseStrictJson}.
 */
export function topLevelValueSpan(
  text: string,
  name: string,
): { readonly start: number; readonly end: number } | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === 0x22) {
      const end = endOfString(text, at);
      if (end < 0) return undefined;
      if (depth === 1 && JSON.parse(text.slice(at, end + 1)) === name) {
        const colon = skipSpace(text, end + 1);
        if (text.charCodeAt(colon) === 0x3a) {
          const start = skipSpace(text, colon + 1);
          return { start, end: start + text.slice(start, endOfValue(text, start)).trimEnd().length };
        }
      }
      at = end;
    }
  }
  return undefined;
}

/** Replaces the value of a top-level name that is present, leaving every other byte as it was. */
export function replaceTopLevel(bytes: Uint8Array, name: string, value: JsonValue): Uint8Array {
  const text = decoder.decode(bytes);
  const span = topLevelValueSpan(text, name);
  if (span === undefined) throw new CordonError("REQUEST_MALFORMED", `the body has no \`${name}\``);
  return Buffer.from(text.slice(0, span.start) + JSON.stringify(value) + text.slice(span.end), "utf8");
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && " \t\r\n".includes(text.charAt(at))) at++;
  return at;
}

function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) {
      if (depth === 0) return at;
      depth--;
    } else if (depth === 0 && code === 0x2c) return at;
  }
  return text.length;
}

function firstLine(message: string): string {
  return (
    message
      .split("\n", 1)[0]
      ?.replace(/"[^"]*"\.*/g, "…")
      .slice(0, 120) ?? ""
  );
}
