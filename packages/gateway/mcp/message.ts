/**
 * One MCP message as a client sends it. In: the body of a POST, strictly parsed, and the headers that repeat parts of it.
 * Out: its method, tool and id, or a refusal. What two servers could read differently is refused: names that differ only
 * in case, headers that disagree with the body, members that JSON-RPC does not have.
 *
 * @see JSON-RPC 2.0; MCP 2026-07-28, "Streamable HTTP"
 */
import { foldName, isJsonObject, type JsonObject, type JsonValue } from "@cordon/core/contract/strict-json";
import { CordonError } from "@cordon/core/errors";
import { isToolName } from "@cordon/core/mcp/tool-definition";
import { mcpMethods } from "@cordon/core/mcp/methods";

export interface McpMessage {
  /** Empty for an answer to the server. */
  readonly method: string;
  /** The tool of a `tools/call`; else empty. */
  readonly tool: string;
  /** Of a `tools/call`, its arguments; of a message that names a resource or a prompt, its parameters. */
  readonly arguments?: JsonObject;
  /** Set for an answer with content: the id of what the server asked. */
  readonly answers?: string | number;
  /** What the request hands over that the server asked for in a result before: key and method of each question. */
  readonly inputs?: readonly { readonly key: string; readonly method: string }[];
}

/** The headers that MCP gives a meaning; each once at most. */
export interface McpHeaders {
  readonly session?: string;
  readonly version?: string;
  readonly method?: string;
  readonly name?: string;
  /** The place in an event stream to go on from. */
  readonly place?: string;
  /** `Mcp-Param-*`: arguments that are said again. */
  readonly params?: readonly (readonly [name: string, value: string])[];
}

const headerFields: ReadonlyMap<string, Exclude<keyof McpHeaders, "params">> = new Map([
  ["mcp-session-id", "session"],
  ["mcp-protocol-version", "version"],
  ["mcp-method", "method"],
  ["mcp-name", "name"],
  ["last-event-id", "place"],
]);

/** @throws {CordonError} `REQUEST_MALFORMED` where one is sent twice, or under a name that some servers read as it */
export function readMcpHeaders(raw: readonly string[]): McpHeaders {
  const found: { -readonly [Name in keyof McpHeaders]: McpHeaders[Name] } = {};
  const params: [string, string][] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const written = (raw[at] as string).toLowerCase();
    const name = written.replaceAll("_", "-");
    const field = headerFields.get(name);
    const param = name.startsWith(paramPrefix);
    if (field === undefined && !param) continue;
    if (written !== name) throw malformed(`the header \`${name}\` is written with \`_\``);
    const value = (raw[at + 1] as string).trim();
    if (field === undefined ? params.some(([each]) => each === name) : found[field] !== undefined)
      throw malformed(`the header \`${shown(name)}\` is sent twice`);
    if (field === undefined) params.push([name, value]);
    else found[field] = value;
  }
  if (params.length > 0) found.params = params;
  if (found.session !== undefined && !/^[\x21-\x7e]{1,256}$/.test(found.session))
    throw malformed("`mcp-session-id` must be 1 to 256 visible ASCII characters");
  return found;
}

export const paramPrefix = "mcp-param-";

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
const decisive = ["name", "uri", "arguments", "_meta", "inputResponses", "requestState"];
const decisiveFolded = decisive.map(foldName);
/** What names something, beside tools: policy reads its parameters as a tool's arguments. */
const namesSomething: ReadonlySet<string> = new Set([
  "resources/read",
  "resources/subscribe",
  "resources/unsubscribe",
  "subscriptions/listen",
  "prompts/get",
  "completion/complete",
]);

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
  const inputs = inputsIn(params);
  const more = inputs.length === 0 ? {} : { inputs };
  if (tool === "") compareParams(headers, {}); // only calls have arguments
  if (tool === "") return { method, tool, ...(namesSomething.has(method) ? { arguments: params ?? {} } : {}), ...more };
  const given = params?.["arguments"];
  compareParams(headers, isJsonObject(given) ? given : {});
  return { method, tool, arguments: isJsonObject(given) ? given : {}, ...more };
}

/** Answers in one request. */
const maxInputs = 64;

/**
 * What the client hands over with a request that it puts again (2026-07-28). An answer bears no method, so its members say
 * what it is; one that could be two things counts as what policy has to allow both for.
 *
 * @see MCP 2026-07-28, `InputResponses`
 */
function inputsIn(params: JsonObject | undefined): { readonly key: string; readonly method: string }[] {
  const given = params?.["inputResponses"];
  if (given === undefined) return [];
  if (!isJsonObject(given) || Object.keys(given).length > maxInputs)
    throw malformed(`\`params.inputResponses\` must be an object of at most ${maxInputs} answers`);
  return Object.entries(given).flatMap(([key, value]) => {
    const methods = isJsonObject(value) ? methodsOf(Object.keys(value).map(foldName)) : [];
    if (methods.length === 0) throw malformed(`\`params.inputResponses.${shown(key)}\` answers nothing that MCP knows`);
    return methods.map((method) => ({ key, method }));
  });
}

function methodsOf(names: readonly string[]): string[] {
  return [
    ...(names.includes("action") ? ["elicitation/create"] : []),
    ...(names.includes("roots") ? ["roots/list"] : []),
    ...(names.includes("role") || names.includes("model") ? ["sampling/createMessage"] : []),
  ];
}

/** A client answers what its server asked. Pings and errors say nothing; what has content is decided by what was asked. */
function readReply(tree: JsonObject, headers: McpHeaders): McpMessage {
  const { id, result, error } = tree;
  if (id === undefined || "params" in tree || (result === undefined) === (error === undefined))
    throw malformed("the body is no JSON-RPC request, notification or answer");
  refuseRepeating(headers);
  if (error !== undefined) return { method: "", tool: "" };
  if (!isJsonObject(result)) throw malformed("`result` must be an object");
  return { method: "", tool: "", ...(Object.keys(result).length > 0 && { answers: id as string | number }) };
}

/** @throws {CordonError} `MCP_HEADER_MISMATCH` for headers that repeat a request's parts where there is no request */
export function refuseRepeating({ method, name, params }: McpHeaders): void {
  if (method !== undefined) throw mismatch("mcp-method", "there is no method");
  if (name !== undefined) throw mismatch("mcp-name", "there is no name");
  if (params !== undefined) throw mismatch("mcp-param-*", "there are no arguments");
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
    if (!decisive.includes(name) && decisiveFolded.includes(foldName(name)))
      throw new CordonError(
        "BODY_AMBIGUOUS",
        `\`params.${shown(name)}\` differs only in case from a name that MCP has; some servers read them as one`,
      );
}

const versionName = "io.modelcontextprotocol/protocolVersion";

/** What a header says must be what the body says: a server, or a proxy before it, may go by either. */
function compareHeaders(headers: McpHeaders, method: string, params: JsonObject | undefined): void {
  if (headers.method !== undefined && headers.method !== method)
    throw mismatch("mcp-method", `the body says \`${method}\``);
  if (headers.name !== undefined) {
    const said = nameIn(method, params);
    if (said === undefined || decodedHeader(headers.name) !== said)
      throw mismatch("mcp-name", "the body says something else");
  }
  const meta = params?.["_meta"];
  const version = isJsonObject(meta) ? meta[versionName] : undefined;
  if (headers.version !== undefined && version !== undefined && version !== headers.version)
    throw mismatch("mcp-protocol-version", `the body's \`_meta\` says another version`);
}

/** What `Mcp-Name` repeats. */
export function nameIn(method: JsonValue | undefined, params: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(params)) return undefined;
  if (method === "resources/read") return params["uri"];
  return method === "tools/call" || method === "prompts/get" ? params["name"] : undefined;
}

/**
 * A header repeats an argument (`x-mcp-header` in the tool's schema says which). Which one only the server knows; but one that
 * repeats none of them tells whoever routes by it another value than the one that was decided on.
 *
 * @see MCP 2026-07-28, "Custom Headers from Tool Parameters"
 */
function compareParams({ params = [] }: McpHeaders, given: JsonObject): void {
  for (const [name, value] of params) {
    const said = decodedHeader(value);
    if (said === undefined || !holds(given, said)) throw mismatch(shown(name), "no argument has this value");
  }
}

/** Whether this, or anything in it, is what a header says. */
export function holds(value: JsonValue, said: string): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some((item) => holds(item, said));
  if (typeof value === "number" && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(said)) return Number(said) === value;
  return value !== null && String(value) === said;
}

/**
 * `=?base64?...?=` is how a header carries what is not plain ASCII; without both its ends a value is literal. Undefined where
 * what is between them is not well formed.
 */
export function decodedHeader(value: string): string | undefined {
  if (!value.startsWith("=?base64?") || !value.endsWith("?=") || value.length < "=?base64??=".length) return value;
  const encoded = value.slice("=?base64?".length, -"?=".length);
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.toString("base64") !== encoded) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined; // no text: it equals nothing
  }
}

/** As {@link decodedHeader} reads it: plain where every reader takes it for what it is. */
export function encodedHeader(text: string): string {
  const plain = /^[\x20-\x7e\t]+$/.test(text) && text.trim() === text && !text.startsWith("=?base64?");
  return plain ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`;
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
