/**
 * Who wrote what in a request. In: an API, a path and a body. Out: messages with roles, for detectors that judge an
 * instruction by its author. What comes from a tool, a document or an unknown API is nobody's instruction; nor is what a body
 * holds beside its messages: the descriptions of tools come from whoever offers them, and a field that nobody here knows, or
 * knows under another case, is one that some server reads.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@cordon/core/contract/strict-json";
import { partsOf as idPartsOf, type SpiffeId } from "@cordon/core/identity/spiffe-id";
import { isSentence } from "@cordon/core/inspection/subject";
import type { ApiShape } from "../routes/error-shapes.ts";

/** Whether a model answers: an inference endpoint, or a model itself. */
export function isOfModel(resource: SpiffeId): boolean {
  const kind = idPartsOf(resource)?.kind;
  return kind === "endpoint" || kind === "model";
}

/** Whether a body asks a model something in a shape that is known here: then what comes back is an answer of one. */
export function asksModel(tree: JsonValue): boolean {
  return isJsonObject(tree) && conversationOf(tree) !== undefined;
}

/** @param isModel whether a model answers, behind whatever API: what it is asked then has its usual shapes */
export function messagesOf(api: ApiShape, path: string, tree: JsonValue, isModel = false): readonly unknown[] {
  const plain = [{ role: "tool", content: tree }];
  if (!isJsonObject(tree) || api === "mcp" || api === "s3") return plain;
  if (api === "http") return (isModel ? conversationOf(tree) : undefined) ?? plain;
  const said = (role: string, content: JsonValue | undefined): unknown[] =>
    content === undefined || content === null ? [] : [{ role, content }];
  const all = (value: JsonValue | undefined): readonly unknown[] =>
    Array.isArray(value) ? value : said("user", value);
  if (api === "anthropic")
    return [...said("system", tree["system"]), ...all(tree["messages"]), ...beside(tree, "system", "messages")];
  if (path.startsWith("/responses"))
    return [
      ...said("system", tree["instructions"]),
      ...all(tree["input"]).map(withRole),
      ...beside(tree, "instructions", "input"),
    ];
  if (path.startsWith("/chat/")) return [...all(tree["messages"]), ...beside(tree, "messages")];
  return [...said("user", tree["prompt"]), ...said("user", tree["input"]), ...beside(tree, "prompt", "input")];
}

/**
 * What a model is asked in a body of its maker's own: Gemini's `contents`, the `messages` of Cohere, Ollama and many others, or one
 * prompt. `undefined` where it is none of these.
 */
function conversationOf(tree: JsonObject): readonly unknown[] | undefined {
  const { contents, messages } = tree;
  const systems = systemNames.filter((name) => tree[name] !== undefined && tree[name] !== null);
  const system = systems.map((name) => ({ role: "system", content: tree[name] }));
  if (typeof contents === "object" && contents !== null && !(Array.isArray(contents) && contents.length === 0)) {
    const said = Array.isArray(contents) ? contents.flatMap(geminiTurn) : geminiTurn(contents);
    return [...system, ...said, ...beside(tree, "contents", ...systems)];
  }
  if (Array.isArray(messages) && messages.every((each) => isJsonObject(each) && typeof each["role"] === "string"))
    return [
      ...system,
      ...messages.flatMap((each) => (isJsonObject(each) && "parts" in each ? geminiTurn(each) : [each])),
      ...beside(tree, "messages", ...systems),
    ];
  const asked = promptNames.filter((name) => typeof tree[name] === "string");
  if (asked.length === 0) return undefined;
  const prompts = asked.map((name) => ({ role: "user", content: tree[name] }));
  return [...system, ...prompts, ...beside(tree, ...asked, ...systems)];
}

const systemNames = ["system", "systemInstruction", "system_instruction", "preamble"] as const;
const promptNames = ["prompt", "inputs", "input", "query", "question", "message"] as const;

/** A turn of Gemini's. What a function or code answered is nobody's word here, whoever's turn it stands in. */
function geminiTurn(turn: JsonValue): readonly unknown[] {
  if (!isJsonObject(turn)) return [{ role: "user", content: turn }];
  const { role = "user", parts: written, ...rest } = turn;
  const parts = Array.isArray(written) ? written : written === undefined ? [] : [written];
  return [
    { ...rest, role, parts: parts.filter((part) => !isBrought(part)) },
    ...parts.filter(isBrought).map((part) => ({ role: "tool", content: part })),
  ];
}

const brought = ["functionResponse", "function_response", "codeExecutionResult", "code_execution_result"] as const;

function isBrought(part: JsonValue): boolean {
  return isJsonObject(part) && brought.some((name) => typeof part[name] === "object" && part[name] !== null);
}

/** The rest of a body, each field as one text: that is how tools' schemas were learned, and pieces of them mean little. */
function beside(tree: JsonObject, ...known: readonly string[]): unknown[] {
  const rest: unknown[] = [];
  for (const [name, value] of Object.entries(tree)) {
    if (isSentence(name)) rest.push({ role: "tool", content: name });
    if (known.includes(name) || value === null) continue;
    if (typeof value === "string" && isSentence(value)) rest.push({ role: "user", content: value });
    if (typeof value !== "object") continue;
    const text = JSON.stringify(value);
    if (hasWords.test(text)) rest.push({ role: "tool", content: text });
  }
  return rest;
}

/** JSON is written without spaces: those in it are a text's. */
const hasWords = /[\s\u0e00-\uffff]/;

/** What a model says or asks for. Whatever else an item without a role holds, somebody else has said. */
const ownTypes: ReadonlySet<string> = new Set([
  ...["message", "reasoning", "function_call", "custom_tool_call", "computer_call", "local_shell_call", "shell_call"],
  ...["apply_patch_call", "image_generation_call", "item_reference", "compaction"],
]);

function withRole(item: unknown): unknown {
  if (typeof item === "string") return { role: "user", content: item };
  if (typeof item !== "object" || item === null || "role" in item) return item;
  const { type } = item as { readonly type?: unknown };
  return { role: typeof type === "string" && ownTypes.has(type) ? "assistant" : "tool", content: item };
}
