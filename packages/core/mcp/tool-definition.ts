/**
 * What an MCP server says of a tool, as far as it has to be trusted: a model reads it as if it were its owner's words. In:
 * a definition of `tools/list`. Out: its name, the digest by which it is pinned, and what no reader would see in it.
 */
import { createHash } from "node:crypto";
import { isJsonObject, type JsonValue } from "../contract/strict-json.ts";

/** A definition and what it is judged by. */
export interface ToolDefinition {
  readonly name: string;
  /** `sha256:` and hex, of the whole definition in canonical JSON. */
  readonly digest: string;
  /** Code points that no reader sees, in words; absent where there are none. */
  readonly hidden?: string;
}

/** Longest tool name that is accepted, in UTF-16 code units. */
export const maxToolNameLength = 256;

/** Whether a name can be one: one line, without spaces or anything invisible. */
export function isToolName(value: JsonValue | undefined): value is string {
  return (
    typeof value === "string" && value.length > 0 && value.length <= maxToolNameLength && !/[\p{C}\p{Z}]/u.test(value)
  );
}

/**
 * Reads a definition; `undefined` where it has no usable name. All fields count, also those that no specification names:
 * whatever a client hands to a model was there when it was looked at.
 *
 * @see MCP 2026-07-28, `Tool`
 */
export function readToolDefinition(value: JsonValue): ToolDefinition | undefined {
  if (!isJsonObject(value) || !isToolName(value["name"])) return undefined;
  const digest = `sha256:${createHash("sha256").update(canonicalJson(value)).digest("hex")}`;
  const hidden = hiddenIn(value);
  return { name: value["name"], digest, ...(hidden === undefined ? {} : { hidden }) };
}

/**
 * JSON with one way to write each value: names sorted by UTF-16 code units, no spaces, numbers as ECMAScript writes them.
 * A half of a surrogate pair, which RFC 8785 refuses, is written as an escape.
 *
 * @see RFC 8785
 */
export function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name] ?? null)}`);
  return `{${members.join(",")}}`;
}

/** @returns words for the first code point of any string in a value, names included, that no reader sees */
export function hiddenIn(value: JsonValue): string | undefined {
  if (typeof value === "string") return hiddenText(value);
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return firstOf(value, hiddenIn);
  return firstOf(Object.entries(value), ([name, item]) => hiddenText(name) ?? hiddenIn(item));
}

function firstOf<T>(items: readonly T[], look: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = look(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * What a text holds that a reader would not see: zero-width characters, tags, bidirectional controls, control characters,
 * variation selectors in a row. Joiners within a word of a script that needs them, and zero-width spaces between letters of
 * a script that writes without spaces (Thai, Lao, Khmer, Burmese), are no hiding place and stand.
 *
 * @returns the first of them in words, such as `U+200B`
 */
export function hiddenText(text: string): string | undefined {
  // Nearly every text is plain ASCII.
  if (/^[\t\n\r\x20-\x7e]*$/.test(text)) return undefined;
  const points = Array.from(text);
  for (const [at, point] of points.entries()) {
    if (!suspicious.test(point)) continue;
    const [before = "", after = ""] = [points[at - 1], points[at + 1]];
    if (point === "\u200b" && unspaced.test(before) && unspaced.test(after)) continue;
    if ((point === "\u200c" || point === "\u200d") && joined.test(before) && joined.test(after)) continue;
    if (point === "\t" || point === "\n" || point === "\r") continue;
    if (selector.test(point) && before !== "" && !suspicious.test(before)) continue;
    return `U+${(point.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  }
  return undefined;
}

/** Controls but tab and line ends, formats, unassigned and private characters, fillers, selectors, separators of lines. */
const suspicious =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2028\u2029\u3164\uffa0\u{e0000}-\u{e0fff}]|\p{Variation_Selector}/u;
const selector = /[\ufe00-\ufe0f]/u;
const unspaced = /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
/** Letters and marks of scripts with joined forms, and pictures. */
const joined =
  /[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Gujarati}\p{Script=Gurmukhi}\p{Script=Oriya}\p{Script=Khmer}\p{Script=Myanmar}\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f]/u;
