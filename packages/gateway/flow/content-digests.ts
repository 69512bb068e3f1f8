/**
 * Content that is quoted word for word is known again. In: an answer as it goes to its client, or a request. Out: keyed
 * digests of its longer texts. What is rewritten is not known again: that is not what these are for, but to keep a
 * conversation's labels with it when a client replays its history, in another session or through another gateway.
 */
import type { KeyObject } from "node:crypto";
import { isJsonObject, type JsonValue } from "@cordon/core/contract/strict-json";
import { hmacHex } from "../hmac.ts";
import type { FilterCut, ResponseFilter } from "../ports.ts";
import { onceDone } from "./once-done.ts";
import type { MayWait } from "@cordon/core/flow/sessions";

/** Shorter texts are anybody's. */
const leastCharacters = 24;
/** Texts of one answer that are remembered, and bytes of it that are looked at. */
const maxTexts = 512;
/** Texts of one request that are looked for; where there are as many, any of the rest may be quoted. */
export const maxAskedTexts = 4096;
const maxBytes = 1024 * 1024;
/** Where the pieces of a streamed text stand. */
const pieces: ReadonlySet<string> = new Set(["content", "text", "delta"]);

export function digestsOf(key: KeyObject, texts: Iterable<string>, most = maxTexts): readonly string[] {
  const digests = new Set<string>();
  for (const text of texts) {
    const plain = text.trim();
    if (plain.length >= leastCharacters) digests.add(hmacHex(key, Buffer.from(plain)));
    if (digests.size >= most) break;
  }
  return [...digests];
}

/** Every text in a value. */
export function* textsIn(value: JsonValue): Generator<string> {
  if (typeof value === "string") yield value;
  else if (Array.isArray(value)) for (const item of value) yield* textsIn(item);
  else if (isJsonObject(value)) for (const item of Object.values(value)) yield* textsIn(item);
}

/** The texts of an answer: the whole, what its JSON holds, and what its events come to. */
function* textsOfAnswer(text: string): Generator<string> {
  yield text;
  const whole = parsed(text);
  if (whole !== undefined) return yield* textsIn(whole);
  const joined = new Map<string, string>();
  for (const line of text.split("\n")) {
    const event = line.startsWith("data:") ? parsed(line.slice("data:".length)) : undefined;
    if (event === undefined) continue;
    yield* textsIn(event);
    for (const [name, piece] of piecesIn(event)) joined.set(name, (joined.get(name) ?? "") + piece);
  }
  yield* joined.values();
}

function* piecesIn(value: JsonValue): Generator<readonly [string, string]> {
  if (Array.isArray(value)) for (const item of value) yield* piecesIn(item);
  else if (isJsonObject(value))
    for (const [name, item] of Object.entries(value))
      if (typeof item === "string" && pieces.has(name)) yield [name, item];
      else yield* piecesIn(item);
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** Lets an answer pass as it is, and digests it when it is whole. */
export function watchContent(key: KeyObject, seen: (digests: readonly string[]) => MayWait<void>): ResponseFilter {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  return {
    push(chunk): Uint8Array | FilterCut {
      if (bytes < maxBytes) chunks.push(Uint8Array.prototype.slice.call(chunk));
      bytes += chunk.length;
      return chunk;
    },
    end() {
      const text = Buffer.concat(chunks).subarray(0, maxBytes).toString("utf8");
      // Before the last of it is out, any gateway knows it again.
      return onceDone(seen(digestsOf(key, textsOfAnswer(text))), () => new Uint8Array(0));
    },
    findings: [],
    masks: 0,
  };
}
