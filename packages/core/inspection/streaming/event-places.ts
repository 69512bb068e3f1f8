/**
 * Where the events of a format that nobody told us about say their texts. In: an event's JSON. Out: the strings in it that run on,
 * each with a key that is the same in every event that goes on with it; and the places whose texts are over with this event.
 *
 * Which strings run on is told by the name that they stand under. What tells texts of one name apart is part of the key: the types
 * and message ids of the objects around them, and an item's own `index` in a list; of items without one, one goes on where
 * another ends, as clients read Gemini's parts.
 */
import { isLongNumber } from "../../contract/long-numbers.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../contract/strict-json.ts";
import { isBinary } from "./content-guard.ts";

/** Names under which formats keep the pieces of a text. */
const textNames = setOf(
  "text content delta token response completion completions generation generated_text output output_text answer message msg reply",
  "chunk data value result thinking thought reasoning reasoning_content reasoning_text summary transcript translation refusal partial",
  "partial_text body markdown html completion_text streaming_text token_text word words line lines code bot assistant final tool_plan",
  "outputText generatedText bodyText responseText textResponse contentDelta textDelta inputTextDelta messageDelta text_delta",
  "content_delta delta_text new_text answer_piece observation parts v",
);
/** Of these, names that numbers stand under as well: a piece without a letter is one. */
const valueNames = setOf("data value result code line word body final v");
/** Names of JSON that a text holds. */
export const jsonNames: ReadonlySet<string> = setOf(
  "arguments partial_json input_json args args_delta parameters tool_input arguments_delta",
);
/** What tells the texts of one name apart. */
const tellingNames = "type event kind channel messageId message_id toolCallId tool_call_id artifactId".split(" ");
const longestTelling = 128;

const endFlags = "done stop final is_finished isFinished finished last lastChunk is_last is_final is_end".split(" ");
const endReasons = "finishReason finish_reason stop_reason stopReason".split(" ");
const endTypes = "type event kind event_type status".split(" ");
/** Words with which a type, or an event's name, says that something is over. */
export const saysEnd =
  /(?:^|[-_.:])(?:end|ended|done|stop|stopped|close|complete|completed|finish|finished|final|required)$/i;

/** Of an event with more texts than this none runs on: it is read by itself. */
const maxPieces = 1024;
const maxDepth = 64;

export interface Place {
  readonly key: string;
  /** The key of the object that it is a property of. */
  readonly parent: string;
  readonly name: string;
  readonly text: string;
}

/**
 * @param maxKeys an event with more different texts than this is read by itself
 * @throws {Error} where it is nested too deep
 */
export function placesOf(
  tree: JsonValue,
  maxKeys: number,
): { readonly found: readonly Place[]; readonly over: readonly string[] } {
  const found: Place[] = [];
  const over: string[] = [];
  collect(tree, "text", "", "", 0, false, found, over);
  const isMany = found.length > maxPieces || new Set(found.map(({ key }) => key)).size > maxKeys;
  return { found: isMany ? [] : found, over };
}

function collect(
  value: JsonValue,
  name: string,
  parent: string,
  key: string,
  depth: number,
  isItem: boolean,
  found: Place[],
  over: string[],
): void {
  if (typeof value === "string") {
    if (found.length <= maxPieces && runsOn(name, value)) found.push({ key, parent, name, text: value });
    return;
  }
  if (typeof value !== "object" || value === null || isLongNumber(value)) return;
  if (depth > maxDepth) throw new Error(`the answer nests deeper than ${maxDepth} levels`);
  if (Array.isArray(value)) {
    value.forEach((item, at) => {
      const place = isJsonObject(item) ? `${key}/` : `${key}/${at}`;
      collect(item, name, `${key}/`, place, depth + 1, true, found, over);
    });
    return;
  }
  const { index } = value;
  const here = isItem && typeof index === "number" ? `${key}#${index}` : key;
  if (isEnd(value)) over.push(here);
  const place = here + tellingOf(value);
  for (const [property, item] of Object.entries(value))
    collect(item, property, place, `${place}/${property}`, depth + 1, false, found, over);
}

function tellingOf(fields: JsonObject): string {
  let telling = fields["thought"] === true ? "?thought" : "";
  for (const name of tellingNames) {
    const value = fields[name];
    if (typeof value === "string" && value.length <= longestTelling) telling += `?${name}=${value}`;
  }
  return telling;
}

function isEnd(fields: JsonObject): boolean {
  if (endFlags.some((name) => fields[name] === true)) return true;
  if (endReasons.some((name) => typeof fields[name] === "string" && fields[name] !== "")) return true;
  return endTypes.some((name) => typeof fields[name] === "string" && saysEnd.test(fields[name].slice(-32)));
}

function runsOn(name: string, text: string): boolean {
  // A whole picture or sound is read as what it is.
  if (text === "" || isBinary(text)) return false;
  if (jsonNames.has(name)) return !isWholeJson(text);
  return textNames.has(name) && !(valueNames.has(name) && !/\p{L}/u.test(text));
}

function isWholeJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * An event with other texts in place of those that run on, in the order of {@link placesOf}.
 *
 * @param rest the same event, filtered: where it holds something else beside them, that stands
 * @param next the next one, given what `rest` holds in its place
 * @throws {Error} where two of its names have become one
 */
export function refilled(tree: JsonValue, rest: JsonValue, next: (left: string) => string, name = "text"): JsonValue {
  if (typeof tree === "string") return runsOn(name, tree) ? next(typeof rest === "string" ? rest : "") : rest;
  if (typeof tree !== "object" || tree === null || isLongNumber(tree)) return rest;
  if (Array.isArray(tree))
    return tree.map((item, at) => refilled(item, (rest as JsonValue[])[at] as JsonValue, next, name));
  const entries = Object.entries(tree);
  const filtered = tree === rest ? entries : Object.entries(rest as JsonObject);
  if (filtered.length !== entries.length) throw new Error("two names of the answer became one");
  return Object.fromEntries(
    entries.map(([property, item], at) => {
      const [written, left] = filtered[at] as [string, JsonValue];
      return [written, refilled(item, left, next, property)];
    }),
  );
}

function setOf(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(" ")));
}
