/**
 * Asks an MCP server for its tools. In: a way to send it one message. Out: every definition, of all pages. Speaks to servers
 * with sessions and to those without; reads JSON and event streams.
 *
 * @see MCP 2025-11-25 "Lifecycle", MCP 2026-07-28 "Streamable HTTP"
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@cordon/core/contract/strict-json";
import { CordonError } from "@cordon/core/errors";
import { EventReader } from "@cordon/core/inspection/streaming/event-stream";
import { parseAnswer } from "@cordon/core/inspection/streaming/framing";

export interface McpReply {
  readonly status: number;
  readonly contentType: string;
  /** `mcp-session-id`, where the server gave one. */
  readonly session: string | undefined;
  readonly text: string;
}

/** Sends a POST with these headers and this body; bounded in size and time. */
export type SendMessage = (headers: Readonly<Record<string, string>>, body: string) => Promise<McpReply>;

const sessionVersion = "2025-11-25";
const version = "2026-07-28";
const clientInfo = { name: "cordon", version: "1" };
const maxPages = 64;

/** @throws {CordonError} `UPSTREAM_UNREACHABLE` when it is no MCP server, or does not list its tools */
export async function listTools(send: SendMessage): Promise<readonly JsonValue[]> {
  const params = { protocolVersion: sessionVersion, capabilities: {}, clientInfo };
  const met = await post(send, {}, { id: 1, method: "initialize", params });
  if ("result" in met.message) {
    const session = met.session === undefined ? {} : { "mcp-session-id": met.session };
    const agreed = isJsonObject(met.message["result"]) ? met.message["result"]["protocolVersion"] : undefined;
    const headers = { ...session, "mcp-protocol-version": typeof agreed === "string" ? agreed : sessionVersion };
    await send({ ...plain, ...headers }, JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }));
    return allPages((cursor) => post(send, headers, { id: 2, method: "tools/list", params: { ...cursor } }));
  }
  const meta = {
    "io.modelcontextprotocol/protocolVersion": version,
    "io.modelcontextprotocol/clientInfo": clientInfo,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const headers = { "mcp-protocol-version": version, "mcp-method": "tools/list" };
  return allPages((cursor) => post(send, headers, { id: 2, method: "tools/list", params: { ...cursor, _meta: meta } }));
}

const plain = { "content-type": "application/json", accept: "application/json, text/event-stream" };

interface Answered {
  readonly message: JsonObject;
  readonly session: string | undefined;
}

async function allPages(ask: (cursor: { readonly cursor?: string }) => Promise<Answered>): Promise<JsonValue[]> {
  const tools: JsonValue[] = [];
  let cursor: { readonly cursor?: string } = {};
  for (let page = 0; page < maxPages; page++) {
    const { message } = await ask(cursor);
    const { result } = message;
    if (!isJsonObject(result) || !Array.isArray(result["tools"])) throw noList(wordsOf(message));
    tools.push(...result["tools"]);
    const next = result["nextCursor"];
    if (typeof next !== "string") return tools;
    cursor = { cursor: next };
  }
  throw noList(`its list has more than ${maxPages} pages`);
}

async function post(send: SendMessage, headers: Readonly<Record<string, string>>, body: JsonObject): Promise<Answered> {
  const reply = await send({ ...plain, ...headers }, JSON.stringify({ jsonrpc: "2.0", ...body }));
  return { message: messageOf(reply, body["id"] ?? null), session: reply.session };
}

/** The answer with this id; an empty message where there is none. */
function messageOf({ contentType, text, status }: McpReply, id: JsonValue): JsonObject {
  const said = contentType.startsWith("text/event-stream") ? dataOf(text) : [text];
  const failed = { error: { message: `it answered ${status}` } };
  for (const each of said) {
    try {
      const message = parseAnswer(each);
      if (isJsonObject(message) && message["id"] === id) return message;
    } catch (cause) {
      if (status < 400) throw noList(`its answer cannot be read: ${(cause as Error).message}`);
    }
  }
  return failed;
}

function dataOf(text: string): string[] {
  const reader = new EventReader();
  const events = reader.push(text);
  const last = reader.end();
  return [...events, ...(last === undefined ? [] : [last])].flatMap(({ data = "" }) =>
    data.trim() === "" ? [] : [data],
  );
}

function wordsOf({ error }: JsonObject): string {
  const message = isJsonObject(error) ? error["message"] : undefined;
  return typeof message === "string" ? message.slice(0, 200) : "it answered without a list";
}

function noList(words: string): CordonError {
  return new CordonError("UPSTREAM_UNREACHABLE", `the server does not list its tools: ${words}`);
}
