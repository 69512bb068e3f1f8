/**
 * What an API's framing does for the filter: it knows where an answer's texts are in its events. In: events. Out: the
 * text to send, and how an answer ends that was blocked. Implementations are pure, one to an API.
 */
import { withLongNumbers } from "../../contract/long-numbers.ts";
import {
  defaultJsonLimits,
  isJsonObject,
  parseStrictJsonText,
  type JsonObject,
  type JsonValue,
} from "../../contract/strict-json.ts";
import type { ContentGuard } from "./content-guard.ts";
import type { ServerSentEvent } from "./event-stream.ts";

export interface EventFraming {
  /** Takes an event; returns what may be sent now: the event as it came, changed, delayed, or nothing. */
  event(event: ServerSentEvent): string;
  /** The stream is over; returns what was still held. */
  end(): string;
  /**
   * The end of an answer that was blocked, in the API's own way, valid for its clients' parsers, given the words. It ends the
   * answer as it stands now, whatever events are taken afterwards.
   *
   * @param unsent whether the client has nothing of the answer: the end then stands by itself
   */
  ending(unsent?: boolean): Ending;
}

/** @param words why, for the client */
export type Ending = (words: string) => string;

/**
 * JSON of an answer, read as strictly as a request's, but for halves of surrogate pairs: their other half may be in the
 * next event.
 *
 * @throws {CordonError} `REQUEST_MALFORMED`, `BODY_AMBIGUOUS`
 */
export function parseAnswer(text: string): JsonValue {
  return withLongNumbers(text, parseStrictJsonText(text, answerLimits));
}

const answerLimits = { ...defaultJsonLimits, halves: true };

/** An event of our own making, named by its `type` as both APIs that name their events do. */
export function namedEvent(event: JsonObject): string {
  const type = textOf(event["type"]);
  // A name that holds a line end would be lines of the upstream's choosing.
  const name = /^[\w.-]+$/.test(type) ? `event: ${type}\n` : "";
  return `${name}data: ${JSON.stringify(event)}\n\n`;
}

/** Sets what a framing keeps, or takes it out, in a way that an event which fails afterwards undoes. */
export function keep<K, V>(guard: ContentGuard, map: Map<K, V>, key: K, value: V | undefined): void {
  const before = map.get(key);
  const put = (one: V | undefined): void => void (one === undefined ? map.delete(key) : map.set(key, one));
  put(value);
  guard.undoable(() => put(before));
}

/** A string of a tree; empty where it is none. */
export function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

/** Most text that may be held for one answer in tool calls, in UTF-16 code units. */
export const maxHeldLength = 1024 * 1024;

/** @throws {Error} when tool calls hold more than {@link maxHeldLength} */
export function refuseOverHeld(length: number): void {
  if (length > maxHeldLength)
    throw new Error(`the answer's tool calls are longer than ${maxHeldLength} characters together`);
}

/** Whether an event says that the answer failed. */
export function saysError({ name }: ServerSentEvent, tree: JsonValue): boolean {
  return name === "error" || (isJsonObject(tree) && (tree["type"] === "error" || (tree["error"] ?? null) !== null));
}
