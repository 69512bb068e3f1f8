/**
 * Who says what in the answer of a model behind an API of its maker's own: Gemini's `candidates[0].content.parts[0].text`,
 * Cohere's `message.content[0].text`, Ollama's `response`. In: the way from the answer's root to a text. Out: whether the model
 * wrote it.
 *
 * It is the model's where every name on the way is one under which makers keep what a model says, and nothing on the way says
 * otherwise by its role or type. All else is nobody's word, as everywhere: what a function or code gave back, documents,
 * citations, results of a search, and what stands under a name that is not known here.
 */
import type { JsonObject, JsonValue } from "../../contract/strict-json.ts";

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
const callTypes = setOf("tool_use server_tool_use function_call custom_tool_call");
/** Kinds of things that somebody else has written: `tool_result`, `citation-start`, `search-results`, `ToolMessage`. */
const othersTypes =
  /result|output$|document|citation|source|search|retriev|observation|reference|grounding|context|snippet|user|human|system|error|^(?:tool|function)$|(?:tool|function)[-_. ]?(?:message|response|return|end)/i;
/** Kinds of what asks for a function, whole or in pieces. */
const callKind = /^(?:server_|custom_)?(?:tool|function)[-_.]?(?:call|use|input)/i;
const kindNames = ["type", "event", "event_type", "kind"] as const;

/** The voice of an event's root, by the event's name. */
export function voiceOfEvent(name: string): Voice {
  return isOthersKind(name) ? "others" : rootVoice;
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
  if (voice === "call") return asked.has(known) ? "arguments" : known === "function" ? "call" : "others";
  if (turns.has(known)) return "turns";
  return voice === "speech" && speech.has(known) ? "speech" : "others";
}

/** The voice within an object, by what it says it is. */
export function within(voice: Voice, fields: JsonObject): Voice {
  if (voice === "arguments" || voice === "others") return voice;
  let isCall = false;
  for (const name of kindNames) {
    const kind = fields[name];
    if (typeof kind !== "string") continue;
    // In a call it says that there is one: OpenAI's and Cohere's are of the type `function`.
    if (isOthersKind(kind) && !(voice === "call" && kind === "function")) return "others";
    isCall ||= callTypes.has(kind);
  }
  const { role } = fields;
  if (role === undefined || role === null) return isCall ? "call" : voice === "turns" ? "others" : voice;
  if (typeof role !== "string" || !ownRoles.has(role.toLowerCase())) return "others";
  return isCall ? "call" : voice === "turns" ? "speech" : voice;
}

/** Whether something in an event asks for a function: by a name under which calls are kept, or by a type. */
export function holdsCall(value: JsonValue): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsCall);
  return Object.entries(value).some(([name, item]) => {
    if (kindNames.includes(name as never) && typeof item === "string" && callKind.test(item)) return true;
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
