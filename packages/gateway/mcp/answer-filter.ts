/**
 * Judges what an MCP server says. In: an answer's bytes, JSON or an event stream. Out: the same bytes, or the messages without
 * what may not pass: tools that may not be offered, questions that may not be asked, notifications that MCP does not have.
 * Every message is looked at, whatever was asked: what looks like a list of tools is one to some client. What cannot be read as
 * MCP does not pass.
 */
import { foldName, isJsonObject, type JsonObject, type JsonValue } from "@cordon/core/contract/strict-json";
import { EventReader, withData, withIds, type ServerSentEvent } from "@cordon/core/inspection/streaming/event-stream";
import { parseAnswer } from "@cordon/core/inspection/streaming/framing";
import { serverNotifications } from "@cordon/core/mcp/methods";
import type { Question } from "@cordon/core/mcp/questions";
import { maxToolNameLength, readToolDefinition, type ToolDefinition } from "@cordon/core/mcp/tool-definition";
import { charsetOf, isUtf8 } from "../charset.ts";
import type { FilterCut, ResponseFilter, ResponseHead } from "../ports.ts";
import type { Withheld } from "./tool-standing.ts";

/** Why a tool may not be offered; undefined where it may. */
export type JudgeTool = (definition: ToolDefinition) => Withheld | undefined;

/** What came of a question: the parameters that the client hears; or the error that stands in its place. */
export type Heard = { readonly params: JsonObject } | { readonly refused: { code: number; message: string } };

/** What the filter is told by. */
export interface AnswerJudges {
  readonly tool: JudgeTool;
  /** The server asks its client by a request of its own (before 2026-07-28). Refused, the message goes no further. */
  readonly ask: (id: string | number, question: Question) => Promise<Heard>;
  /** The server asks in the result of what it was asked (2026-07-28), by a key of its choosing. */
  readonly input: (key: string, question: Question) => Promise<Heard>;
  /** The id of an event with our seal; undefined where it has none. Absent: ids pass as they are. */
  readonly sealId?: (id: string) => string | undefined;
}

/** Largest JSON answer, in bytes: as large as an event of a stream. */
const maxJsonBytes = 16 * 1024 * 1024;
/** Names of withheld tools in one line of the record. */
const maxNames = 16;
const nothing = new Uint8Array(0);

/** One line of the record: what was taken out of the list, by name. */
export interface WithheldTools {
  readonly direction: "response";
  readonly detector: `mcp-tools/${Withheld | "unnamed" | "twice" | "notification"}`;
  readonly category: "indirect-injection";
  /** OWASP Top 10 for LLM applications 2025: supply chain. */
  readonly owasp: "LLM03:2025";
  /** MITRE ATLAS: LLM prompt injection, indirect. */
  readonly atlas: "AML.T0051.001";
  readonly action: "block";
  readonly count: number;
  readonly score: 1;
  readonly tools: readonly string[];
}

/** @returns the filter of an answer; undefined for an error that is no MCP message, which says nothing of tools */
export function openToolFilter(head: ResponseHead, judges: AnswerJudges): ResponseFilter | undefined {
  const type = head.contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type === "text/event-stream" || type === "application/json") {
    // Some clients read by it: what is a string to us could be a question to them (UTF-7).
    if (!isUtf8(charsetOf(head.contentType))) return new RefusingFilter(head.contentType);
    return type === "application/json" ? new JsonFilter(judges) : new EventsFilter(judges);
  }
  return head.status >= 400 ? undefined : new RefusingFilter(type);
}

/** A message as it may pass; undefined where it may not. */
type Passing = JsonValue | undefined;

abstract class ToolFilter {
  readonly masks = 0;
  protected readonly judges: AnswerJudges;
  readonly #withheld = new Map<WithheldTools["detector"], { count: number; tools: string[] }>();

  constructor(judges: AnswerJudges) {
    this.judges = judges;
  }

  get findings(): readonly WithheldTools[] {
    const facts = { category: "indirect-injection", owasp: "LLM03:2025", atlas: "AML.T0051.001" } as const;
    return [...this.#withheld].map(([detector, { count, tools }]) => ({
      ...{ direction: "response", detector, ...facts, action: "block", count, score: 1, tools },
    }));
  }

  /**
   * A message, or several at once; the same value where nothing is taken out. A promise where the server asks something.
   *
   * @throws {Error} for what clients would read differently
   */
  protected message(tree: JsonValue): Passing | Promise<Passing> {
    if (Array.isArray(tree)) return this.#several(tree);
    if (!isJsonObject(tree)) return tree;
    refuseFolded(tree, messageMembers);
    const { id, method, params } = tree;
    if (method === undefined) return this.#reply(tree);
    if (typeof method !== "string") throw new Error("`method` of a message is no text");
    if ("result" in tree || "error" in tree)
      throw new Error("a message has `method`, or `result` or `error`, not both");
    if (id === undefined)
      return serverNotifications.has(method) ? tree : this.#withhold("notification", method) || undefined;
    if (typeof id !== "string" && !Number.isSafeInteger(id)) throw new Error("`id` of a request is no id");
    if (method === "ping") return tree;
    if (params !== undefined && !isJsonObject(params)) throw new Error("`params` of a request is no object");
    return this.judges
      .ask(id as string | number, { method, params: params ?? {} })
      .then((heard) => heardOf(heard, params ?? {}, (passing) => ({ ...tree, params: passing }), tree));
  }

  #several(tree: readonly JsonValue[]): Passing | Promise<Passing> {
    const items = tree.map((item) => this.message(item));
    const joined = (each: readonly Passing[]): Passing => {
      if (each.every((item, at) => item === tree[at])) return tree as JsonValue;
      const left = each.filter((item) => item !== undefined);
      return left.length === 0 ? undefined : left;
    };
    return items.some((item) => item instanceof Promise)
      ? Promise.all(items.map((item) => Promise.resolve(item))).then(joined)
      : joined(items as readonly Passing[]);
  }

  /** An answer to the client: what it lists, and what it asks for in turn. */
  #reply(tree: JsonObject): JsonValue | Promise<JsonValue> {
    const { result, error } = tree;
    if (isJsonObject(error)) return this.#error(tree, error);
    if (!isJsonObject(result)) return tree;
    refuseFolded(result, resultMembers);
    const listed = this.#list(tree, result);
    const asked = result["inputRequests"];
    if (asked === undefined) return listed;
    if (!isJsonObject(asked)) throw new Error("`inputRequests` is no object");
    return this.#inputs(listed, asked);
  }

  #list(tree: JsonObject, result: JsonObject): JsonObject {
    if (!Array.isArray(result["tools"])) return tree;
    const before = result["tools"];
    const names = new Set<string>();
    const tools = before.filter((each) => this.#offered(each, names));
    return tools.length === before.length ? tree : { ...tree, result: { ...result, tools } };
  }

  /** One refused question refuses them all: without each of its answers the request cannot be put again. */
  async #inputs(tree: JsonObject, asked: JsonObject): Promise<JsonValue> {
    const before = Object.entries(asked);
    const heard = await Promise.all(before.map(([key, value]) => this.judges.input(key, questionOf(value))));
    const refused = heard.find((each) => "refused" in each);
    if (refused !== undefined && "refused" in refused) return refusedReply(tree, refused.refused);
    const after = before.map(([key, value], at): [string, JsonValue] => {
      const { params } = heard[at] as { readonly params: JsonObject };
      const own = (value as JsonObject)["params"];
      return [key, own === undefined || own === params ? value : { ...(value as JsonObject), params }];
    });
    if (after.every(([, value], at) => value === before[at]?.[1])) return tree;
    return { ...tree, result: { ...(tree["result"] as JsonObject), inputRequests: Object.fromEntries(after) } };
  }

  /** MCP 2025-11-25 has a way to ask by an error: pages to visit before the call is tried again. */
  #error(tree: JsonObject, error: JsonObject): JsonValue | Promise<JsonValue> {
    refuseFolded(error, errorMembers);
    const { data } = error;
    if (!isJsonObject(data)) return tree;
    refuseFolded(data, errorMembers);
    const { elicitations } = data;
    if (elicitations === undefined) return tree;
    if (!Array.isArray(elicitations)) throw new Error("`elicitations` of an error is no list");
    const questions = elicitations.map((params) => questionOf({ method: "elicitation/create", params }));
    return Promise.all(questions.map((each, at) => this.judges.input(`elicitations/${at}`, each))).then((heard) => {
      const refused = heard.find((each) => "refused" in each);
      if (refused !== undefined && "refused" in refused) return refusedReply(tree, refused.refused);
      const passing = heard.map((each) => (each as { readonly params: JsonObject }).params);
      if (passing.every((params, at) => params === elicitations[at])) return tree;
      return { ...tree, error: { ...error, data: { ...data, elicitations: passing } } };
    });
  }

  #offered(value: JsonValue, names: Set<string>): boolean {
    const definition = readToolDefinition(value);
    if (definition === undefined) return this.#withhold("unnamed", undefined);
    const { name } = definition;
    if (names.has(name)) return this.#withhold("twice", name);
    names.add(name);
    const why = this.judges.tool(definition);
    return why === undefined ? true : this.#withhold(why, name);
  }

  #withhold(why: Withheld | "unnamed" | "twice" | "notification", name: string | undefined): false {
    const line = this.#withheld.get(`mcp-tools/${why}`) ?? { count: 0, tools: [] };
    line.count += 1;
    if (name !== undefined && line.tools.length < maxNames) line.tools.push(name.slice(0, maxToolNameLength));
    this.#withheld.set(`mcp-tools/${why}`, line);
    return false;
  }
}

const messageMembers = ["jsonrpc", "id", "method", "params", "result", "error"];
const resultMembers = ["tools", "resultType", "inputRequests", "requestState"];
const errorMembers = ["code", "message", "data", "elicitations"];

/** A client in Go reads `Method` as `method`: it would see a request where nobody here saw one. */
function refuseFolded(tree: JsonObject, members: readonly string[]): void {
  for (const name of Object.keys(tree))
    if (!members.includes(name) && members.some((member) => foldName(member) === foldName(name)))
      throw new Error(`\`${name.slice(0, 32)}\` differs only in case from a member that decides`);
}

function questionOf(value: JsonValue): Question {
  if (!isJsonObject(value)) throw new Error("what the server asks for is no request");
  refuseFolded(value, messageMembers);
  const { method, params } = value;
  if (typeof method !== "string" || (params !== undefined && !isJsonObject(params)))
    throw new Error("what the server asks for is no request");
  return { method, params: params ?? {} };
}

function heardOf(
  heard: Heard,
  before: JsonObject,
  changed: (params: JsonObject) => JsonObject,
  tree: JsonObject,
): Passing {
  if ("refused" in heard) return undefined;
  return heard.params === before || tree["params"] === undefined ? tree : changed(heard.params);
}

/** What the client is answered in place of a result that asks what may not be asked. */
function refusedReply(
  { jsonrpc = "2.0", id = null }: JsonObject,
  error: { code: number; message: string },
): JsonObject {
  return { jsonrpc, id, error: { ...error, data: { code: "ACCESS_DENIED" } } };
}

/** One JSON text, judged when it is whole. */
class JsonFilter extends ToolFilter implements ResponseFilter {
  readonly whole = true;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  push(chunk: Uint8Array): Uint8Array | FilterCut {
    this.#bytes += chunk.length;
    if (this.#bytes > maxJsonBytes) return { cut: `the MCP answer is larger than ${maxJsonBytes} bytes` };
    this.#chunks.push(chunk);
    return nothing;
  }

  end(): Uint8Array | FilterCut | Promise<Uint8Array | FilterCut> {
    if (this.#bytes === 0) return nothing;
    const written = Buffer.concat(this.#chunks);
    this.#chunks = [];
    try {
      const tree = parseAnswer(new TextDecoder("utf-8", { fatal: true }).decode(written));
      const filtered = this.message(tree);
      const out = (passing: Passing): Uint8Array =>
        passing === tree ? written : Buffer.from(passing === undefined ? "" : JSON.stringify(passing));
      return filtered instanceof Promise ? filtered.then(out).catch(unreadable) : out(filtered);
    } catch (error) {
      return unreadable(error);
    }
  }
}

/** Events, each judged when it is whole. */
class EventsFilter extends ToolFilter implements ResponseFilter {
  readonly whole = false;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #reader = new EventReader();

  push(chunk: Uint8Array): Uint8Array | FilterCut | Promise<Uint8Array | FilterCut> {
    try {
      return this.#take(this.#reader.push(this.#decoder.decode(chunk, { stream: true })));
    } catch (error) {
      return unreadable(error);
    }
  }

  end(): Uint8Array | FilterCut | Promise<Uint8Array | FilterCut> {
    try {
      const events = this.#reader.push(this.#decoder.decode());
      const unfinished = this.#reader.end();
      return this.#take(unfinished === undefined ? events : [...events, unfinished]);
    } catch (error) {
      return unreadable(error);
    }
  }

  /** In their order; what follows a question waits until it is decided. */
  #take(events: readonly ServerSentEvent[]): Uint8Array | Promise<Uint8Array | FilterCut> {
    const texts: (string | Promise<string>)[] = [];
    for (const event of events) {
      const text = this.#event(event);
      if (text instanceof Promise) text.catch(() => undefined); // told below
      texts.push(text);
    }
    if (texts.every((text) => typeof text === "string")) return Buffer.from(texts.join(""));
    const settled = texts.map((text) => Promise.resolve(text));
    return Promise.all(settled).then((all) => Buffer.from(all.join("")), unreadable);
  }

  #event(event: ServerSentEvent): string | Promise<string> {
    // Were the data before it taken out, it would come to stand where some readers leave a mark out.
    if (/(?:^|[\r\n])(?:\uFEFF|\u00EF\u00BB\u00BF)+data/.test(event.others))
      throw new Error("an event holds a mark that hides a line");
    // An event without data is a sign of life, or the place to go on from.
    if (event.data === undefined || event.data.trim() === "") return this.#sealed(event.raw);
    const tree = parseAnswer(event.data);
    const filtered = this.message(tree);
    const out = (passing: Passing): string => {
      if (passing === tree) return this.#sealed(event.raw);
      // Its place in the stream stays known: who goes on from there is not asked again.
      if (passing === undefined) return this.#sealed(`${event.others}${event.lineEnd}`);
      return this.#sealed(withData(event, JSON.stringify(passing)));
    };
    return filtered instanceof Promise ? filtered.then(out) : out(filtered);
  }

  /** Only data holds them here, inside strings of JSON, which have another way to write them. */
  #sealed(written: string): string {
    const { sealId } = this.judges;
    const text = written.replaceAll(/[\u0085\u2028\u2029]/g, escapedEnd);
    return sealId === undefined ? text : withIds(text, sealId);
  }
}

function escapedEnd(end: string): string {
  return `\\u${end.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Neither JSON nor events: a client of MCP expects nothing else, and nobody here can look into it. */
class RefusingFilter implements ResponseFilter {
  readonly whole = true;
  readonly findings = [];
  readonly masks = 0;
  readonly #type: string;

  constructor(type: string) {
    this.#type = type;
  }

  push(chunk: Uint8Array): Uint8Array | FilterCut {
    return chunk.length === 0 ? chunk : { cut: `\`${this.#type.slice(0, 80)}\` is no MCP answer` };
  }

  end(): Uint8Array {
    return nothing;
  }
}

function unreadable(error: unknown): FilterCut {
  return { cut: `the MCP answer cannot be read: ${(error as Error).message}` };
}
