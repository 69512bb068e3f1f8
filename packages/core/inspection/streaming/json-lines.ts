/**
 * JSON lines (NDJSON), as Ollama and others stream them. In: bytes. Out: lines that may be released. In Ollama's shapes
 * the answer's texts run from line to line; any other field is read line by line.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "../../contract/strict-json.ts";
import type { ContentGuard, RunningText } from "./content-guard.ts";
import { parseAnswer } from "./framing.ts";

/** Where Ollama's `generate` and `chat` have their running texts. */
const runningPaths = [["response"], ["thinking"], ["message", "content"], ["message", "thinking"]] as const;
const asArguments: ReadonlySet<string> = new Set(["arguments"]);
const nothing: ReadonlySet<string> = new Set();

export class JsonLines {
  readonly #guard: ContentGuard;
  readonly #texts = new Map<string, RunningText>();
  #last: JsonObject = {};

  constructor(guard: ContentGuard) {
    this.#guard = guard;
  }

  /** Takes a line without its end; returns the lines that may be sent, with theirs. */
  line(written: string, lineEnd: string): string {
    if (written.trim() === "") return written + lineEnd;
    const tree = parseAnswer(written);
    if (!isJsonObject(tree)) return this.#whole(tree, written + lineEnd);
    if (tree["done"] === true || at(tree, ["message", "tool_calls"]) !== undefined) this.#guard.barrier();
    let out = tree["done"] === true ? this.end() : "";
    let bare = tree;
    const released: { path: readonly string[]; text: string }[] = [];
    let changed = false;
    for (const path of runningPaths) {
      const text = at(tree, path);
      if (typeof text !== "string" || text === "") continue;
      const key = path.join(".");
      let running = this.#texts.get(key);
      if (running === undefined) this.#texts.set(key, (running = this.#guard.open()));
      let now = running.push(text);
      if (tree["done"] === true) {
        now += running.end();
        this.#texts.delete(key);
      }
      changed ||= now !== text;
      released.push({ path, text: now });
      bare = put(bare, path, "");
    }
    const rest = this.#guard.tree(bare, nothing, asArguments) as JsonObject;
    this.#last = envelopeOf(rest);
    if (this.#guard.blocked !== undefined && rest !== bare) return out;
    if (!changed && rest === bare) return out + written + lineEnd;
    const filtered = released.reduce((all, { path, text }) => put(all, path, text), rest);
    out += `${JSON.stringify(filtered)}\n`;
    return out;
  }

  end(): string {
    let out = "";
    for (const [key, running] of this.#texts) {
      const rest = running.end();
      if (rest !== "") out += `${JSON.stringify({ ...put(this.#last, key.split("."), rest), done: false })}\n`;
    }
    this.#texts.clear();
    return out;
  }

  #whole(tree: JsonValue, written: string): string {
    const filtered = this.#guard.tree(tree);
    if (this.#guard.blocked !== undefined) return "";
    return filtered === tree ? written : `${JSON.stringify(filtered)}\n`;
  }
}

/** What a further line says of itself: as filtered as the line that it comes from, and calls and lists said once. */
function envelopeOf(line: JsonObject): JsonObject {
  const plain = (fields: JsonObject): [string, JsonValue][] =>
    Object.entries(fields).filter(
      ([name, value]) => name !== "arguments" && (typeof value !== "object" || value === null),
    );
  const { message } = line;
  return Object.fromEntries([
    ...plain(line),
    ...(isJsonObject(message) ? [["message", Object.fromEntries(plain(message))] as [string, JsonValue]] : []),
  ]);
}

function at(tree: JsonValue, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = tree;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return value;
}

function put(tree: JsonObject, [name, ...rest]: readonly string[], text: string): JsonObject {
  if (name === undefined) return tree;
  const inner = tree[name];
  return { ...tree, [name]: rest.length === 0 ? text : put(isJsonObject(inner) ? inner : {}, rest, text) };
}
