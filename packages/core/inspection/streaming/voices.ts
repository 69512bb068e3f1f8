/**
 * Who says what in the answer of a model behind an API of its maker's own: Gemini's `candidates[0].content.parts[0].text`,
 * Cohere's `message.content[0].text`, Ollama's `response`. In: the way from the answer's root to a text. Out: whether the model
 * wrote it.
 *
 * It is the model's where every name on the way is one under which makers keep what a model says, and nothing on the way says
 * otherwise by its role or type. All else is nobody's word, as everywhere: what a function or code gave back, documents,
 * citations, results of a search, and what stands under a name that is not known here.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "../../contract/strict-json.ts";

/**
 * `speech`: what stands here is said by the model. `turns`: a list in which each says whose it is. `call`: what the model asks a
 * function for. `arguments`: all within is the model's, whatever it is called. `others`: nothing within is.
 */
export type Voice = "speech" | "turns" | "call" | "arguments" | "others";

/** The voice of an answer's root. */
export const rootVoice: Voice = "speech";

/** In small letters, as all that follow. */
const speech = setOf(
  "candidates content parts message delta choices generations generation output outputs response completion completions predictions",
  "text token answer reply generated_text generatedtext output_text outputtext text_output completion_text msg chunk text_delta",
  "content_delta partial_text final_answer refusal thinking thought reasoning reasoning_content reasoning_text reasoningcontent",
  "reasoningtext tool_plan",
);
const turns = setOf("messages chat_history history turns");
const calls = setOf(
  "functioncall function_call functioncalls function_calls tool_calls toolcalls tool_call toolcall tooluse tool_use executablecode",
  "executable_code",
);
/** Of a call. */
const asked = setOf("args arguments arguments_delta args_delta input partial_json input_json parameters code");

const ownRoles = setOf("assistant model chatbot ai bot");
/** What has to do with a tool is at best a call of it: of `{ type: "tool-weather", input, output }` only the input is the model's. */
const toolKind = /tool|function|mcp|call(?:$|[-_.])/i;
/** Kinds of things that somebody else has written: `tool_result`, `citation-start`, `search-results`, `ToolMessage`. */
const othersTypes =
  /result|output(?![-_. ]?(?:text|message|item))|document|citation|source|search|retriev|observation|reference|grounding|context|snippet|passage|quote|prompt|query|stdout|stderr|user|human|system|error|^(?:tool|function)$|(?:tool|function)[-_. ]?(?:message|response|return|end)|(?:^|[-_.])input[-_.]?(?:text|audio|image|file)/i;
/** Kinds of what asks for a function, whole or in pieces. */
const callKind = /^(?:server_|custom_)?(?:tool|function)[-_.]?(?:call|use|input)/i;
/** Names, in small letters and nothing but letters, under which something says what it is ... */
const kindNames = setOf("type event eventtype kind messagetype object");
/** ... whose it is, beside `role` ... */
const speakerNames = setOf("author sender speaker from");
/** ... and how well it fits: what has that was found, and not said. */
const scoreNames = setOf("score relevance relevancescore similarity similarityscore distance");
/** Of a call: what may stand around it, or runs on in it. */
const aroundCalls = setOf("function delta message");
/** Turns that are remembered. */
const mostTurns = 1024;
const longestId = 128;

/** The voice of an event's root, by the event's name. */
export function voiceOfEvent(name: string): Voice {
  return isOthersKind(name) ? "others" : rootVoice;
}

/**
 * Whether a text that stands by itself is plain words. One that holds JSON, or events, says more than one thing, and who says what
 * in it is not told: `a:{"toolCallId": "1", "result": "..."}` is what a tool said.
 */
export function isPlainSpeech(text: string): boolean {
  return !/^\s*[[{"]|[[{]\s*["[{]|(?:^|[\r\n])[ \t]*(?:data|event|id|retry):/.test(text);
}

/** Whether a text with this voice is the model's. */
export function isModels(voice: Voice): boolean {
  return voice === "speech" || voice === "arguments";
}

/** The voice of what stands under a name. */
export function under(voice: Voice, name: string): Voice {
  if (voice === "arguments" || voice === "others") return voice;
  const known = name.toLowerCase();
  if (calls.has(known)) return "call";
  if (voice === "call") {
    if (asked.has(known)) return "arguments";
    return aroundCalls.has(known) ? "call" : known === "tool_plan" ? "speech" : "others";
  }
  if (turns.has(known)) return "turns";
  return voice === "speech" && speech.has(known) ? "speech" : "others";
}

/** The voice within an object, by what it says it is. */
export function within(voice: Voice, fields: JsonObject): Voice {
  if (voice === "arguments" || voice === "others") return voice;
  let isCall = false;
  for (const [written, value] of Object.entries(fields)) {
    const name = lettersOf(written);
    if (typeof value === "number" && scoreNames.has(name)) return "others";
    if (speakerNames.has(name) && isOthersSpeaker(value)) return "others";
    if (!kindNames.has(name)) continue;
    for (const kind of Array.isArray(value) ? value : [value]) {
      if (typeof kind !== "string") continue;
      // In a call it says that there is one: OpenAI's and Cohere's are of the type `function`.
      if (isOthersKind(kind) && !(voice === "call" && kind === "function")) return "others";
      isCall ||= toolKind.test(kind);
    }
  }
  const role = roleOf(fields);
  if (role === undefined) return isCall ? "call" : voice === "turns" ? "others" : voice;
  if (typeof role !== "string" || !ownRoles.has(role.toLowerCase())) return "others";
  return isCall ? "call" : voice === "turns" ? "speech" : voice;
}

/** The way to an object: the names on it, and what tells apart those of the same names. */
export interface Way {
  readonly names: string;
  readonly ids: string;
}

export const rootWay: Way = { names: "", ids: "" };

export function toProperty({ names, ids }: Way, name: string): Way {
  return { names: `${names}/${name}`, ids };
}

/** The way to an item of a list, which may say its number itself. */
export function toItem({ names, ids }: Way, item: JsonValue, place: number): Way {
  const index = isJsonObject(item) ? item["index"] : undefined;
  return { names: `${names}#`, ids: `${ids}#${typeof index === "number" ? index : place}` };
}

/**
 * Whose turn it is, where that is said once and holds for what follows, as streams do where a message begins. Who says that it is
 * somebody else's is believed of all that follows there, until the model's turn is said, of the same choice or message.
 */
export class Turns {
  readonly #others = new Set<string>();

  /** As `within`, by what was said before as well. */
  within(voice: Voice, fields: JsonObject, { names, ids }: Way): Voice {
    const here = within(voice, fields);
    const role = roleOf(fields);
    if (role === undefined && (here === "others" || here === "arguments" || this.#others.size === 0)) return here;
    // Names that a model's words stand under are short, and nested no deeper than JSON may be.
    if (names.length + ids.length > longestWay) return "others";
    const places = [names, `${names} ${ids}${idsOf(fields)}`];
    if (role === undefined)
      return this.#others.size >= mostTurns || places.some((place) => this.#others.has(place)) ? "others" : here;
    for (const place of places)
      if (here !== "others") this.#others.delete(place);
      else if (this.#others.size < mostTurns) this.#others.add(place);
    return here;
  }
}

const longestWay = 4096;

function idsOf(fields: JsonObject): string {
  let ids = "";
  for (const name of ["id", "messageId", "message_id", "item_id", "itemId"]) {
    const id = fields[name];
    if (typeof id === "string" && id.length <= longestId) ids += `?${id}`;
  }
  return ids;
}

/** Empty says nothing. */
function roleOf(fields: JsonObject): JsonValue | undefined {
  const role = fields["role"] ?? fields["Role"];
  return role === null || role === "" ? undefined : role;
}

/** A name of the model's own, or of the agent that it is for, says nothing. */
function isOthersSpeaker(speaker: JsonValue): boolean {
  const role = isJsonObject(speaker) ? roleOf(speaker) : speaker;
  return typeof role === "string" && !ownRoles.has(role.toLowerCase()) && isOthersKind(role);
}

function lettersOf(name: string): string {
  return name.length > longestId ? "" : name.toLowerCase().replaceAll(/[^a-z]/g, "");
}

/** Whether something in an event asks for a function: by a name under which calls are kept, or by a type. */
export function holdsCall(value: JsonValue): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsCall);
  return Object.entries(value).some(([name, item]) => {
    if (kindNames.has(lettersOf(name)) && typeof item === "string" && callKind.test(item)) return true;
    if (typeof item !== "object" || item === null) return false;
    const isCall = calls.has(name.toLowerCase()) && Object.keys(item).length > 0;
    return isCall || holdsCall(item);
  });
}

/** Whether a type, or an event's name, is that of what somebody else has written. */
function isOthersKind(kind: string): boolean {
  return othersTypes.test(kind);
}

function setOf(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(" ")));
}
