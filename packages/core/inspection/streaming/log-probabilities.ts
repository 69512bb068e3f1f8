/**
 * Log probabilities spell an answer once more: token by token, in bytes, and in the tokens that were not taken. In: what stands
 * under `logprobs`, in the shape of Chat Completions, Completions or Responses. Out: the texts that it spells, so that it is
 * sent only where they may be.
 */
import { isJsonObject, type JsonValue } from "../../contract/strict-json.ts";
import type { ContentGuard, RunningText } from "./content-guard.ts";

/** By where it stands (`content`, `tokens`, empty for a bare list), and below that by rank (`content/0`). */
type Readings = ReadonlyMap<string, string>;

const maxReadings = 64;

/** `undefined` where it cannot be told what is spelt, or two things are. */
export function readingsOf(logprobs: JsonValue): Readings | undefined {
  const readings = new Map<string, string>();
  if (Array.isArray(logprobs)) return readList("", logprobs, readings) ? readings : undefined;
  if (!isJsonObject(logprobs)) return logprobs === null ? readings : undefined;
  const { top_logprobs: ranked, token_logprobs: _, text_offset: __, ...lists } = logprobs;
  for (const [name, tokens] of Object.entries(lists)) {
    if (tokens === null) continue;
    if (!Array.isArray(tokens) || !readList(name, tokens, readings)) return undefined;
  }
  for (const token of Array.isArray(ranked) ? ranked : [])
    if (isJsonObject(token))
      for (const [rank, word] of Object.keys(token).entries()) grow(readings, `tokens/${rank}`, word);
  return readings.size > maxReadings ? undefined : readings;
}

function readList(name: string, tokens: readonly JsonValue[], readings: Map<string, string>): boolean {
  for (const token of tokens) {
    const word = wordOf(token);
    if (word === undefined) return false;
    grow(readings, name, word);
    const others = isJsonObject(token) ? (token["top_logprobs"] ?? []) : [];
    if (!Array.isArray(others)) return false;
    for (const [rank, other] of others.entries()) {
      const otherWord = wordOf(other);
      if (otherWord === undefined) return false;
      grow(readings, `${name}/${rank}`, otherWord);
    }
  }
  return true;
}

function grow(readings: Map<string, string>, name: string, word: string): void {
  readings.set(name, (readings.get(name) ?? "") + word);
}

const tokenFields: ReadonlySet<string> = new Set(["token", "logprob", "bytes", "top_logprobs"]);

/** A token's text; its bytes, where they are given, say the same. */
function wordOf(token: JsonValue): string | undefined {
  if (typeof token === "string") return token;
  if (!isJsonObject(token) || typeof token["token"] !== "string") return undefined;
  if (Object.keys(token).some((name) => !tokenFields.has(name))) return undefined;
  const { token: text, logprob = null, bytes = null } = token;
  if (logprob !== null && typeof logprob !== "number") return undefined;
  if (bytes === null) return text;
  if (!Array.isArray(bytes) || !bytes.every((byte) => typeof byte === "number")) return undefined;
  return Buffer.from(bytes).toString("utf8") === text ? text : undefined;
}

/** Whether log probabilities of texts that are there whole may be sent beside them. */
export function mayBeSent(logprobs: JsonValue, guard: ContentGuard): boolean {
  const readings = readingsOf(logprobs);
  return (
    readings !== undefined && [...readings.values()].every((reading) => guard.fixed(reading, "", true) === reading)
  );
}

/** Those of one text, or of the texts of one choice, that run on from event to event. */
export class RunningReadings {
  readonly #guard: ContentGuard;
  readonly #others = new Map<string, RunningText>();

  constructor(guard: ContentGuard) {
    this.#guard = guard;
  }

  /**
   * Whether they spell the event's own texts, and nothing in the tokens that were not taken waits or may not be sent.
   *
   * @param own the texts by the name of their list
   */
  areOf(own: Readonly<Record<string, string>>, logprobs: JsonValue): boolean {
    const readings = readingsOf(logprobs);
    let good =
      readings !== undefined && Object.entries(own).every(([name, text]) => (readings.get(name) ?? "") === text);
    for (const [name, reading] of readings ?? []) {
      if (name in own) continue;
      let running = this.#others.get(name);
      if (running === undefined) {
        if (this.#others.size >= maxReadings) return false;
        this.#others.set(name, (running = this.#guard.open()));
      }
      if (running.push(reading) !== reading) good = false;
    }
    return good;
  }
}

/** A tree without log probabilities, or without those alone that may not be sent; the same tree where none is taken out. */
export function withoutLogprobs(
  value: JsonValue,
  empty: JsonValue,
  taken: (logprobs: JsonValue) => boolean,
): JsonValue {
  if (typeof value !== "object" || value === null || "rawJSON" in value) return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => withoutLogprobs(item, empty, taken));
    return items.some((item, at) => item !== value[at]) ? items : value;
  }
  let changed = false;
  const entries = Object.entries(value).map(([name, item]): [string, JsonValue] => {
    const kept = name !== "logprobs" ? withoutLogprobs(item, empty, taken) : taken(item) ? empty : item;
    changed ||= kept !== item;
    return [name, kept];
  });
  return changed ? Object.fromEntries(entries) : value;
}
