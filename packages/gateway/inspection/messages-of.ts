/**
 * Who wrote what in a request. In: an API, a path and a body. Out: messages with roles, for detectors that judge an
 * instruction by its author. What comes from a tool, a document or an unknown API is nobody's instruction; nor is what a body
 * holds beside its messages: the descriptions of tools come from whoever offers them, and a field that nobody here knows, or
 * knows under another case, is one that some server reads.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@cordon/core/contract/strict-json";
import { isSentence } from "@cordon/core/inspection/subject";
import type { ApiShape } from "../routes/error-shapes.ts";

export function messagesOf(api: ApiShape, path: string, tree: JsonValue): readonly unknown[] {
  if (!isJsonObject(tree) || api === "http" || api === "mcp" || api === "s3") return [{ role: "tool", content: tree }];
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
