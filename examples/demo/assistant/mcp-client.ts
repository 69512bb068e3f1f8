/**
 * The least of an MCP client: streamable HTTP without a session. In: a way out, and the server's path. Out: its tools, and
 * their results as text. An answer comes as JSON or as one server-sent event.
 */
import { z } from "zod";
import { call, type Reach, type Reply } from "./reach.ts";

const protocolVersion = "2025-06-18";

export interface McpTool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: object;
}

export interface McpClient {
  readonly tools: readonly McpTool[];
  readonly callTool: (name: string, args: unknown) => Promise<Reply>;
}

const rpcAnswer = z.union([
  z.looseObject({ result: z.unknown() }),
  z.looseObject({ error: z.looseObject({ message: z.string() }) }),
]);
const toolList = z.looseObject({
  tools: z
    .array(
      z.looseObject({
        name: z.string(),
        description: z.string().default(""),
        inputSchema: z.looseObject({}),
      }),
    )
    .max(100),
});
const toolResult = z.looseObject({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })).max(100),
  isError: z.boolean().optional(),
});

/** Introduces itself and asks for the tools; a server that is not to be reached has none. */
export async function openMcp(reach: Reach, path: string): Promise<McpClient> {
  let id = 0;
  const ask = async (method: string, params: unknown): Promise<Reply & { readonly value?: unknown }> => {
    const reply = await call(reach, path, {
      method: "POST",
      json: { jsonrpc: "2.0", id: ++id, method, params },
      headers: {
        accept: "application/json, text/event-stream",
        ...(method === "initialize" ? {} : { "mcp-protocol-version": protocolVersion }),
      },
    });
    if (!reply.ok) return reply;
    const answer = rpcAnswer.parse(JSON.parse(payloadOf(reply.text)));
    if ("error" in answer)
      return { ok: false, text: `error: ${(answer.error as { readonly message: string }).message}` };
    return { ok: true, text: "", value: answer.result };
  };
  const clientInfo = { name: "support-assistant", version: "1.0.0" };
  const met = await ask("initialize", { protocolVersion, capabilities: {}, clientInfo });
  const listed = met.ok ? await ask("tools/list", {}) : met;
  return {
    tools: listed.ok ? toolList.parse(listed.value).tools : [],
    async callTool(name, args) {
      const reply = await ask("tools/call", { name, arguments: args });
      if (!reply.ok) return reply;
      const { content, isError } = toolResult.parse(reply.value);
      const text = content.map((part) => part.text ?? "").join("\n");
      return isError === true ? { ok: false, text: `error: ${text}` } : { ok: true, text };
    },
  };
}

/** The JSON of an answer: the whole body, or its last event's data. */
function payloadOf(text: string): string {
  if (text.trimStart().startsWith("{")) return text;
  const data = text
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => line.slice("data: ".length));
  return data.at(-1) ?? "{}";
}
