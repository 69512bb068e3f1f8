/**
 * Takes tools out of an MCP server's answers that may not be offered. In: an answer's bytes, JSON or an event stream. Out:
 * the same bytes, or the message without those tools. Every message is looked at, whatever was asked: what looks like a list of
 * tools is one to some client. What cannot be read as MCP does not pass.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "@cordon/core/contract/strict-json";
import { EventReader, withData, type ServerSentEvent } from "@cordon/core/inspection/streaming/event-stream";
import { parseAnswer } from "@cordon/core/inspection/streaming/framing";
import { readToolDefinition, type ToolDefinition } from "@cordon/core/mcp/tool-definition";
import type { FilterCut, ResponseFilter, ResponseHead } from "../ports.ts";
import type { Withheld } from "./tool-standing.ts";

/** Why a tool may not be offered; undefined where it may. */
export type JudgeTool = (definition: ToolDefinition) => Withheld | undefined;

/** Told of what the server asks of its client. */
export type HearQuestion = (id: JsonValue, method: string) => void;

/** Largest JSON answer, in bytes: as large as an event of a stream. */
const maxJsonBytes = 16 * 1024 * 1024;
/** Names of withheld tools in one line of the record. */
const maxNames = 16;
const nothing = new Uint8Array(0);

/** One line of the record: what was taken out of the list, by name. */
export interface WithheldTools {
  readonly direction: "response";
  readonly detector: `mcp-tools/${Withheld | "unnamed" | "twice"}`;
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
export function openToolFilter(
  head: ResponseHead,
  judge: JudgeTool,
  hear: HearQuestion = () => undefined,
): ResponseFilter | undefined {
  const type = head.contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type === "text/event-stream") return new EventsFilter(judge, hear);
  if (type === "application/json") return new JsonFilter(judge, hear);
  return head.status >= 400 ? undefined : new RefusingFilter(type);
}

abstract class ToolFilter {
  readonly masks = 0;
  readonly #judge: JudgeTool;
  readonly #withheld = new Map<WithheldTools["detector"], { count: number; tools: string[] }>();

  readonly #hear: HearQuestion;

  constructor(judge: JudgeTool, hear: HearQuestion) {
    this.#judge = judge;
    this.#hear = hear;
  }

  get findings(): readonly WithheldTools[] {
    const facts = { category: "indirect-injection", owasp: "LLM03:2025", atlas: "AML.T0051.001" } as const;
    return [...this.#withheld].map(([detector, { count, tools }]) => ({
      ...{ direction: "response", detector, ...facts, action: "block", count, score: 1, tools },
    }));
  }

  /** A message, or several at once; the same value where nothing is taken out. */
  protected message(tree: JsonValue): JsonValue {
    if (Array.isArray(tree)) {
      const items = tree.map((item) => this.message(item));
      return items.some((item, at) => item !== tree[at]) ? items : tree;
    }
    if (!isJsonObject(tree)) return tree;
    const { id, method } = tree;
    if (id !== undefined && typeof method === "string") this.#hear(id, method);
    if (!isJsonObject(tree["result"])) return tree;
    const { result } = tree as { readonly result: JsonObject };
    if (!Array.isArray(result["tools"])) return tree;
    const before = result["tools"];
    const names = new Set<string>();
    const tools = before.filter((each) => this.#offered(each, names));
    return tools.length === before.length ? tree : { ...tree, result: { ...result, tools } };
  }

  #offered(value: JsonValue, names: Set<string>): boolean {
    const definition = readToolDefinition(value);
    if (definition === undefined) return this.#withhold("unnamed", undefined);
    const { name } = definition;
    if (names.has(name)) return this.#withhold("twice", name);
    names.add(name);
    const why = this.#judge(definition);
    return why === undefined ? true : this.#withhold(why, name);
  }

  #withhold(why: Withheld | "unnamed" | "twice", name: string | undefined): false {
    const line = this.#withheld.get(`mcp-tools/${why}`) ?? { count: 0, tools: [] };
    line.count += 1;
    if (name !== undefined && line.tools.length < maxNames) line.tools.push(name);
    this.#withheld.set(`mcp-tools/${why}`, line);
    return false;
  }
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

  end(): Uint8Array | FilterCut {
    if (this.#bytes === 0) return nothing;
    const written = Buffer.concat(this.#chunks);
    this.#chunks = [];
    try {
      const tree = parseAnswer(new TextDecoder("utf-8", { fatal: true }).decode(written));
      const filtered = this.message(tree);
      return filtered === tree ? written : Buffer.from(JSON.stringify(filtered));
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

  push(chunk: Uint8Array): Uint8Array | FilterCut {
    try {
      return this.#take(this.#reader.push(this.#decoder.decode(chunk, { stream: true })));
    } catch (error) {
      return unreadable(error);
    }
  }

  end(): Uint8Array | FilterCut {
    try {
      const events = this.#reader.push(this.#decoder.decode());
      const unfinished = this.#reader.end();
      return this.#take(unfinished === undefined ? events : [...events, unfinished]);
    } catch (error) {
      return unreadable(error);
    }
  }

  #take(events: readonly ServerSentEvent[]): Uint8Array {
    return Buffer.from(events.map((event) => this.#event(event)).join(""));
  }

  #event(event: ServerSentEvent): string {
    // An event without data is a sign of life, or the place to go on from.
    if (event.data === undefined || event.data.trim() === "") return event.raw;
    const tree = parseAnswer(event.data);
    const filtered = this.message(tree);
    return filtered === tree ? event.raw : withData(event, JSON.stringify(filtered));
  }
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

/** One filter after the other: what the first lets pass is what the second sees. */
export function filtersInTurn(first: ResponseFilter, second: ResponseFilter): ResponseFilter {
  return {
    whole: first.whole === true || second.whole === true,
    push(chunk) {
      const passed = first.push(chunk);
      return passed instanceof Uint8Array && passed.length > 0 ? second.push(passed) : passed;
    },
    end() {
      const rest = first.end();
      if (rest instanceof Promise) throw new Error("the first of two filters must answer at once");
      if (!(rest instanceof Uint8Array)) return rest;
      const out = rest.length > 0 ? second.push(rest) : nothing;
      if (!(out instanceof Uint8Array)) return out;
      const last = second.end();
      const joined = (end: Uint8Array | FilterCut): Uint8Array | FilterCut =>
        end instanceof Uint8Array ? Buffer.concat([out, end]) : end;
      return last instanceof Promise ? last.then(joined) : joined(last);
    },
    get findings() {
      return [...first.findings, ...second.findings];
    },
    get masks() {
      return first.masks + second.masks;
    },
  };
}
