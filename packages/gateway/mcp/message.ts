/**
 * One MCP message as a client sends it. In: the body of a POST, strictly parsed, and the headers that repeat parts of it.
 * Out: its method, tool and id, or a refusal. What two servers could read differently is refused: names that differ only
 * in case, headers that disagree with the body, members that JSON-RPC does not have.
 *
 * @see JSON-RPC 2.0; MCP 2026-07-28, "Streamable HTTP"
 */
import { foldName, isJsonObject, type JsonObject } from "@cordon/core/contract/strict-json";
import { CordonError } from "@cordon/core/errors";
import { isToolName } from "@cordon/core/mcp/tool-definition";
import { mcpMethods } from "@cordon/core/mcp/methods";

export interface McpMessage {
  /** Empty for an answer to the server. */
  readonly method: string;
  /** The tool of a `tools/call`; else empty. */
  readonly tool: string;
  /** Of a `tools/call`; empty where it has none. */
  readonly arguments?: JsonObject;
  /** Set for an answer with content: the id of what the server asked. */
  readonly answers?: string | number;
}

/** The headers that MCP gives a meaning; each once at most. */
export interface McpHeaders {
  readonly session?: string;
  readonly version?: string;
  readonly method?: string;
  readonly name?: string;
}

const headerFields: ReadonlyMap<string, keyof McpHeaders> = new Map([
  ["mcp-session-id", "session"],
  ["mcp-protocol-version", "version"],
  ["mcp-method", "method"],
  ["mcp-name", "name"],
]);

/** @throws {CordonError} `REQUEST_MALFORMED` where one is sent twice, or under a name that some servers read as it */
export function readMcpHeaders(raw: readonly string[]): McpHeaders {
  const found: { -readonly [Name in keyof McpHeaders]: McpHeaders[Name] } = {};
  for (let at = 0; at < raw.length; at += 2) {
    const written = (raw[at] as string).toLowerCase();
    const name = written.replaceAll("_", "-");
    const field = headerFields.get(name);
    if (field === undefined) continue;
    if (written !== name) throw malformed(`the header \`${name}\` is written with \`_\``);
    if (found[field] !== undefined) throw malformed(`the header \`${name}\` is sent twice`);
    found[field] = (raw[at + 1] as string).trim();
  }
  if (found.session !== undefined && !/^[\x21-\x7e]{1,256}$/.test(found.session))
    throw malformed("`mcp-session-id` must be 1 to 256 visible ASCII characters");
  return found;
}

/** The id of a request, as far as an error may repeat it. */
export function rpcIdOf(tree: JsonObject | undefined): string | number | null {
  const id = tree?.["id"];
  return (typeof id === "string" && id.length <= maxIdLength) || Number.isSafeInteger(id)
    ? (id as string | number)
    : null;
}

const maxIdLength = 256;
const members: ReadonlySet<string> = new Set(["jsonrpc", "id", "method", "params", "result", "error"]);
/** What decides, or is compared with a header; a server that folds case must find no second one. */
const decisive = ["name", "uri", "arguments", "_meta"];

/**
 * @throws {CordonError} `REQUEST_MALFORMED`, `BODY_AMBIGUOUS`, `ROUTE_UNGOVERNED` (a method that is not allowed),
 *   `MCP_HEADER_MISMATCH`
 */
export function readMcpMessage(tree: JsonObject | undefined, headers: McpHeaders): McpMessage {
  if (tree?.["jsonrpc"] !== "2.0") throw malformed('the body is no JSON-RPC 2.0 message: `jsonrpc` must be "2.0"');
  const unknown = Object.keys(tree).find((name) => !members.has(name));
  if (unknown !== undefined) throw malformed(`\`${shown(unknown)}\` is no member of a JSON-RPC message`);
  const { id, method, params } = tree;
  if (id !== undefined && rpcIdOf(tree) === null)
    throw malformed("`id` must be an integer, or a string of at most 256 characters");
  if (method === undefined) return readReply(tree, headers);
  if ("result" in tree || "error" in tree) throw malformed("a message has `method`, or `result` or `error`, not both");
  if (typeof method !== "string") throw malformed("`method` must be a string");
  if (!mcpMethods.has(method))
    throw new CordonError("ROUTE_UNGOVERNED", `the MCP method \`${shown(method)}\` is not let through here`);
  if (method.startsWith("notifications/") !== (id === undefined))
    throw malformed(
      `\`${method}\` ${id === undefined ? "is a request: it needs" : "is a notification: it has no"} \`id\``,
    );
  if (params !== undefined && !isJsonObject(params)) throw malformed("`params` must be an object");
  refuseFolded(params);
  const tool = method === "tools/call" ? toolOf(params) : "";
  compareHeaders(headers, method, params);
  if (tool === "") return { method, tool };
  const given = params?.["arguments"];
  return { method, tool, arguments: isJsonObject(given) ? given : {} };
}

/** A client answers what its server asked. Pings and errors say nothing; what has content is decided by what was asked. */
function readReply(tree: JsonObject, headers: McpHeaders): McpMessage {
  const { id, result, error } = tree;
  if (id === undefined || "params" in tree || (result === undefined) === (error === undefined))
    throw malformed("the body is no JSON-RPC request, notification or answer");
  if (headers.method !== undefined) throw mismatch("mcp-method", "the body has no method");
  if (error !== undefined) return { method: "", tool: "" };
  if (!isJsonObject(result)) throw malformed("`result` must be an object");
  return { method: "", tool: "", ...(Object.keys(result).length > 0 && { answers: id as string | number }) };
}

function toolOf(params: JsonObject | undefined): string {
  const name = params?.["name"];
  if (!isToolName(name))
    throw malformed("`params.name` must be a tool's name: 1 to 256 characters, without spaces or invisible ones");
  if (params?.["arguments"] !== undefined && !isJsonObject(params["arguments"]))
    throw malformed("`params.arguments` must be an object");
  return name;
}

/** A server in Go reads `Name` as `name`, and the last of them wins: another tool than the one that was decided on. */
function refuseFolded(params: JsonObject | undefined): void {
  for (const name of Object.keys(params ?? {}))
    if (!decisive.includes(name) && decisive.includes(foldName(name)))
      throw new CordonError(
        "BODY_AMBIGUOUS",
        `\`params.${shown(name)}\` differs from \`${foldName(name)}\` only in case; some servers read them as one`,
      );
}

const versionName = "io.modelcontextprotocol/protocolVersion";

/** What a header says must be what the body says: a server, or a proxy before it, may go by either. */
function compareHeaders(headers: McpHeaders, method: string, params: JsonObject | undefined): void {
  if (headers.method !== undefined && headers.method !== method)
    throw mismatch("mcp-method", `the body says \`${method}\``);
  if (headers.name !== undefined) {
    const said = params?.[method === "resources/read" ? "uri" : "name"];
    const named = method === "tools/call" || method === "prompts/get" || method === "resources/read";
    if (!named || decodedHeader(headers.name) !== said) throw mismatch("mcp-name", "the body says something else");
  }
  const meta = params?.["_meta"];
  const version = isJsonObject(meta) ? meta[versionName] : undefined;
  if (headers.version !== undefined && version !== undefined && version !== headers.version)
    throw mismatch("mcp-protocol-version", `the body's \`_meta\` says another version`);
}

/** `=?base64?...?=` is how a header carries what is not plain ASCII. Undefined where that is not well formed. */
function decodedHeader(value: string): string | undefined {
  const encoded = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(value)?.[1];
  if (encoded === undefined) return value.startsWith("=?base64?") ? undefined : value;
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.toString("base64") !== encoded) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined; // no text: it equals nothing
  }
}

function shown(text: string): string {
  return text.slice(0, 64).replaceAll(/[^\x20-\x7e]/g, "?");
}

function malformed(words: string): CordonError {
  return new CordonError("REQUEST_MALFORMED", words);
}

function mismatch(header: string, words: string): CordonError {
  return new CordonError("MCP_HEADER_MISMATCH", `the header \`${header}\` disagrees with the body: ${words}`);
}
