/**
 * The operational log of a running Cordon. In: events. Out: a line each on standard error, as JSON or as text. A flood
 * of one kind of event is cut to so many a second, and how many were held back is said: a stranger who knocks a million
 * times fills no disk. The ledger counts each of them all the same.
 */
import { jsonLine, logLevels, textLine, type LogEvent, type LogLevel } from "@cordon/core/observation/log-event";

export interface LogOptions {
  readonly format: "json" | "text";
  /** The least grave level that is written. */
  readonly level: LogLevel;
  readonly write: (line: string) => void;
  readonly now: () => number;
}

export interface Log {
  (event: LogEvent): void;
  readonly enabled: (level: LogLevel) => boolean;
}

/** Lines a second of one kind of event. `debug` has no limit: who asks for it wants all of it. */
const maxPerSecond = 20;
/** Kinds of events that are counted apart; there are a few dozen. */
const maxKinds = 1_000;

export function openLog({ format, level, write, now }: LogOptions): Log {
  const least = logLevels.indexOf(level);
  const line = format === "json" ? jsonLine : textLine;
  const seen = new Map<string, number>();
  let second = 0;

  const tellHeldBack = (at: number): void => {
    for (const [kind, count] of seen) {
      const held = count - maxPerSecond;
      const words = `${held} more \`${kind}\` events within a second were not written; the ledger counts refusals whole`;
      if (held > 0) write(line({ level: "warn", event: "log-held-back", words, facts: { kind, held } }, at));
    }
    seen.clear();
  };
  const enabled = (asked: LogLevel): boolean => logLevels.indexOf(asked) >= least;
  const log = (event: LogEvent): void => {
    if (!enabled(event.level)) return;
    const at = now();
    if (Math.floor(at / 1000) !== second) {
      second = Math.floor(at / 1000);
      tellHeldBack(at);
    }
    if (event.level !== "debug" && seen.size < maxKinds) {
      const count = (seen.get(event.event) ?? 0) + 1;
      seen.set(event.event, count);
      if (count > maxPerSecond) return;
    }
    write(line(event, at));
  };
  return Object.assign(log, { enabled });
}

/** Reads `--log` and `--log-level`; `undefined` for a word that is neither. */
export function logFormat(word: string | undefined, isTerminal: boolean): "json" | "text" | undefined {
  if (word === undefined) return isTerminal ? "text" : "json";
  return word === "json" || word === "text" ? word : undefined;
}

export function logLevel(word: string): LogLevel | undefined {
  return logLevels.find((level) => level === word);
}
