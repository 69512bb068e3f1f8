/**
 * The tool calls of a choice in Chat Completions while they stream. In: their deltas. Out: the same calls, whole, each text in them
 * decided: what they ask for is the model's, and nothing beside it.
 */
import { isLongNumber } from "../../contract/long-numbers.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../contract/strict-json.ts";
import type { ContentGuard } from "./content-guard.ts";
import { under } from "./voices.ts";

const nothing: ReadonlySet<string> = new Set();

/** The tool calls of one choice, put together from their deltas; never changed. */
export class HeldCalls {
  readonly #calls: ReadonlyMap<number, JsonObject>;
  readonly #legacy: JsonObject | undefined;

  constructor(calls: ReadonlyMap<number, JsonObject> = new Map(), legacy?: JsonObject) {
    this.#calls = calls;
    this.#legacy = legacy;
  }

  /** With a delta more. */
  with(entry: JsonValue, place: number): HeldCalls {
    if (!isJsonObject(entry)) throw new Error("a tool call of the answer is not an object");
    const index = indexOf(entry, place);
    const known = this.#calls.get(index);
    const call = known === undefined ? { ...entry, index } : merged(known, entry);
    return new HeldCalls(new Map(this.#calls).set(index, call), this.#legacy);
  }

  withLegacy(entry: JsonValue): HeldCalls {
    if (!isJsonObject(entry)) throw new Error("a function call of the answer is not an object");
    return new HeldCalls(this.#calls, this.#legacy === undefined ? entry : merged(this.#legacy, entry));
  }

  /** One delta that says them all. */
  released(guard: ContentGuard): JsonObject {
    const calls = [...this.#calls.values()].map((call) => decided(call, guard));
    return {
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
      ...(this.#legacy === undefined ? {} : { function_call: decided(this.#legacy, guard) }),
    };
  }
}

export const noCalls = new HeldCalls();
const accumulated: ReadonlySet<string> = new Set(["arguments", "input"]);

/** What clients make of two deltas: arguments grow, everything else is said once. */
function merged(known: JsonObject, more: JsonObject): JsonObject {
  const out: JsonObject = { ...known };
  for (const [name, value] of Object.entries(more)) {
    if (name === "__proto__") throw new Error("a tool call of the answer names `__proto__`");
    const before = out[name];
    if (accumulated.has(name) && typeof value === "string")
      out[name] = typeof before === "string" ? before + value : value;
    else if (isJsonObject(value) && isJsonObject(before)) out[name] = merged(before, value);
    else if (value === null || value === "" || value === before) continue;
    else if (before === undefined || before === null || before === "") out[name] = value;
    else throw new Error(`a tool call of the answer says \`${name.slice(0, 40)}\` twice`);
  }
  return out;
}

function decided(call: JsonObject, guard: ContentGuard): JsonObject {
  const entries = Object.entries(call).map(([name, value]): [string, JsonValue] => {
    if (name === "arguments" && typeof value === "string") return [name, guard.json(value)];
    if (isJsonObject(value) && !isLongNumber(value) && under("call", name) !== "arguments")
      return [guard.fixed(name), decided(value, guard)];
    // Beside what it is asked for, what came of it may stand.
    return [guard.fixed(name), guard.tree(value, nothing, nothing, under("call", name))];
  });
  return Object.fromEntries(entries);
}

/** To clients that count by it, `"0"` is 0. @throws {Error} where it is no number */
export function indexOf({ index }: JsonObject, place: number): number {
  if ((index ?? null) !== null && typeof index !== "number") throw new Error("an index of the answer is not a number");
  return typeof index === "number" ? index : place;
}
