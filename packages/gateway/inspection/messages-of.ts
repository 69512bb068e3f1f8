/**
 * Who wrote what in a request. In: an API, a path and a body. Out: messages with roles, for detectors that judge an
 * instruction by its author. What comes from a tool, a document or an unknown API is nobody's instruction.
 */
import { isJsonObject, type JsonValue } from "@cordon/core/contract/strict-json";
import type { ApiShape } from "../routes/error-shapes.ts";

export function messagesOf(api: ApiShape, path: string, tree: JsonValue): readonly unknown[] {
  if (!isJsonObject(tree) || api === "http" || api === "mcp" || api === "s3") return [{ role: "tool", content: tree }];
  const said = (role: string, content: JsonValue | undefined): unknown[] =>
    content === undefined || content === null ? [] : [{ role, content }];
  const all = (value: JsonValue | undefined): readonly unknown[] =>
    Array.isArray(value) ? value : said("user", value);
  if (api === "anthropic") return [...said("system", tree["system"]), ...all(tree["messages"])];
  if (path.startsWith("/responses"))
    return [...said("system", tree["instructions"]), ...all(tree["input"]).map(withRole)];
  if (path.startsWith("/chat/")) return all(tree["messages"]);
  return [...said("user", tree["prompt"]), ...said("user", tree["input"])];
}

/** Items without a role are what the model or a tool made: outputs are a tool's, the rest the model's own. */
function withRole(item: unknown): unknown {
  if (typeof item === "string") return { role: "user", content: item };
  if (typeof item !== "object" || item === null || "role" in item) return item;
  const { type } = item as { readonly type?: unknown };
  return { role: typeof type === "string" && !type.endsWith("output") ? "assistant" : "tool", content: item };
}
