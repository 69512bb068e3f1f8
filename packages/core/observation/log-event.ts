/**
 * Operational log events. In: what happened, in stable names and in words. Out: one line, as JSON for programs or as
 * text for people. Facts about requests and never their content: no prompt, answer, header, query, token or key.
 *
 * What looks like a secret in the words is taken out all the same, and control characters are spelled out, so that no
 * caller writes lines of its own into the log, or onto a terminal.
 */
import { withoutSecrets } from "../contract/secret-shapes.ts";
import type { Instant } from "../instant.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogEvent {
  readonly level: LogLevel;
  /** Stable, in lower case with hyphens: what alerts and searches are written for. */
  readonly event: string;
  /** One sentence for the person at 3 a.m. */
  readonly words: string;
  /** The request that it is about, as in the ledger and in the answer's `cordon-request-id`. */
  readonly requestId?: string;
  /** Stable code of what went wrong. */
  readonly code?: string;
  /** Who: a SPIFFE ID, or an address. */
  readonly from?: string;
  /** Further facts: numbers and short names. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

/** Longest text that a line takes over from an event, in UTF-16 code units. */
const maxWords = 2_000;

/** The event as it may be written down anywhere: no text of it too long, none that looks like a secret. */
export function withoutSecretsIn(event: LogEvent): LogEvent {
  const { words, from, facts } = event;
  return {
    ...event,
    words: clean(words),
    ...(from === undefined ? {} : { from: clean(from) }),
    ...(facts === undefined ? {} : { facts: cleanFacts(facts) }),
  };
}

/** One line of JSON, with its newline: `time`, `level`, `event`, `message`, then what is known. */
export function jsonLine(event: LogEvent, at: Instant): string {
  const { level, words, requestId, code, from, facts } = withoutSecretsIn(event);
  return `${JSON.stringify({
    time: new Date(at).toISOString(),
    level,
    event: event.event,
    message: words,
    ...(requestId === undefined ? {} : { request_id: requestId }),
    ...(code === undefined ? {} : { code }),
    ...(from === undefined ? {} : { from }),
    ...facts,
  })}\n`;
}

/** One line of text, with its newline. */
export function textLine(event: LogEvent, at: Instant): string {
  const { level, words, requestId, code, from, facts } = withoutSecretsIn(event);
  const known: Record<string, string | number | boolean> = {
    ...(requestId === undefined ? {} : { request_id: requestId }),
    ...(code === undefined ? {} : { code }),
    ...(from === undefined ? {} : { from }),
    ...facts,
  };
  const told = Object.entries(known).map(([name, value]) => ` ${name}=${visible(String(value))}`);
  const time = new Date(at).toISOString();
  return `${time} ${level.padEnd(5)} ${event.event}: ${visible(words)}${told.join("")}\n`;
}

function cleanFacts(facts: NonNullable<LogEvent["facts"]>): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, typeof value === "string" ? clean(value) : value]),
  );
}

function clean(text: string): string {
  return withoutSecrets(text.length > maxWords ? `${text.slice(0, maxWords)}...` : text);
}

/** C0 and C1 controls, and what changes the direction of text, as escapes (Trojan Source, CVE-2021-42574). */
function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
