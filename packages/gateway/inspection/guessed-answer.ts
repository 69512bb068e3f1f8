/**
 * An answer that does not say what it is, or says so in a way that is none; and text that may be events. In: bytes, and filters
 * for what they may be. Out: the filter of what they are: events flow; a text is held until it is whole, and is JSON if it
 * parses. What is no text, or longer than is read, is said to be unread.
 */
import { isUtf8 } from "node:buffer";
import type { AnswerFilter } from "@cordon/core/inspection/streaming/answer-filter";
import { looksLikeJson } from "./request-content.ts";

export interface Guesses {
  readonly events: () => AnswerFilter;
  readonly json: () => AnswerFilter;
  readonly page: () => AnswerFilter;
  readonly unread: () => AnswerFilter;
}

/** A field of an event stream stands first, whatever is left out before it. */
const beginsAsEvents = /^[\s\xA0-\xFF]*(?:data|event|id|retry)?:/;
/** So much of a text is looked at to see that. */
const headLength = 1024;
/** Control characters that no text has; one separates the records of a JSON sequence (RFC 7464). */
// oxlint-disable-next-line no-control-regex
const noText = /[\0-\x08\x0e-\x1a\x1c\x1d\x1f]/;
const nothing = new Uint8Array(0);

export function guessedAnswer(guesses: Guesses, maxBytes: number): AnswerFilter {
  return heldAnswer({
    told(head, chunk, length) {
      if (length > maxBytes || noText.test(Buffer.from(chunk).toString("latin1"))) return guesses.unread();
      return beginsAsEvents.test(head) ? guesses.events() : undefined;
    },
    whole(body) {
      if (!isUtf8(body)) return guesses.unread();
      return isJsonText(body.toString("utf8")) ? guesses.json() : guesses.page();
    },
    stopped: guesses.page,
  });
}

interface Choice {
  /** The filter, where the beginning of the answer, the newest chunk or the length so far tells it. */
  readonly told: (head: string, chunk: Uint8Array, length: number) => AnswerFilter | undefined;
  readonly whole: (body: Buffer) => AnswerFilter;
  /** Who is told that the answer stopped before it was known what it is. */
  readonly stopped: () => AnswerFilter;
}

/** Holds an answer until it is known which filter is its own. */
function heldAnswer({ told, whole, stopped }: Choice): AnswerFilter {
  let chosen: AnswerFilter | undefined;
  const held: Uint8Array[] = [];
  let length = 0;
  let head = "";
  return {
    push(chunk) {
      if (chosen !== undefined) return chosen.push(chunk);
      held.push(chunk);
      length += chunk.length;
      if (head.length < headLength) head += Buffer.from(chunk.subarray(0, headLength)).toString("latin1");
      chosen = told(head, chunk, length);
      return chosen === undefined ? { bytes: nothing } : chosen.push(Buffer.concat(held));
    },
    stop: (...why) => (chosen ?? stopped()).stop(...why),
    end() {
      if (chosen !== undefined) return chosen.end();
      const body = Buffer.concat(held);
      chosen = whole(body);
      const first = chosen.push(body);
      if (first.cut !== undefined) return first;
      const last = chosen.end();
      return { ...last, bytes: Buffer.concat([first.bytes, last.bytes]) };
    },
  };
}

/** To some client a line of data begins: where lines end to any reader, with marks or without. */
const holdsData = /(?:^|[^\x20-\x7E])data/;

/**
 * A text that is called text, and may be events to a client that asked for a stream. One that begins as JSON does is none: in
 * JSON no line begins with the name of a field. What begins as neither is held, and is a page if no line of it is data.
 */
export function pageOrEvents(page: AnswerFilter, events: AnswerFilter, maxBytes: number): AnswerFilter {
  return heldAnswer({
    told(head, _, length) {
      const sign = /[^\s\xA0-\xFF]/.exec(head)?.[0] ?? "";
      if (sign !== "" && '[{"'.includes(sign)) return page;
      if (beginsAsEvents.test(head)) return events;
      // A page that is too long to be judged fails as such.
      return length > maxBytes ? page : undefined;
    },
    whole: (body) => (holdsData.test(body.toString("latin1")) ? events : page),
    stopped: () => page,
  });
}

function isJsonText(text: string): boolean {
  const unmarked = text.replace(/^\uFEFF/, "");
  if (!looksLikeJson(unmarked)) return false;
  try {
    JSON.parse(unmarked);
    return true;
  } catch {
    return false; // it is read as text
  }
}
