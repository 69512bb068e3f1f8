/**
 * Windows: named recurring times, such as `training-nightly`. In: definitions, and an instant. Out: which are open, and
 * until when that answer holds. Pure: the time is an argument; what is remembered never shows in an answer.
 *
 * A window opens and closes by cron patterns in a time zone, so its times are those on the wall there, across changes to
 * and from daylight saving: a time that a change skips comes when the clock moves on, one that it repeats comes once. On
 * a date of `except`, counted in the same zone from midnight to midnight, the window is closed.
 */
import { Cron } from "croner";
import { CordonError } from "../errors.ts";
import type { Instant } from "../instant.ts";
import type { Namespace } from "../contract/vocabulary.ts";

export interface WindowDefinition {
  readonly namespace: Namespace;
  readonly name: string;
  /** IANA name, such as `Asia/Singapore`. */
  readonly timeZone: string;
  /** Cron pattern of five fields (minute, hour, day, month, weekday): when it opens. */
  readonly opens: string;
  /** When it closes. Opening wins where both fall on one instant. */
  readonly closes: string;
  /** Blackout dates, `YYYY-MM-DD`. */
  readonly except: readonly string[];
}

export interface WindowState {
  readonly open: boolean;
  /** The first instant, at most, at which this may change; `Infinity` when it never will. */
  readonly until: Instant;
}

/** One window's times. */
export class Window {
  readonly definition: WindowDefinition;
  readonly #opens: Cron;
  readonly #closes: Cron;
  readonly #midnight: Cron;
  readonly #date: Intl.DateTimeFormat;
  readonly #except: ReadonlySet<string>;

  /** @throws {CordonError} `CONFIG_INVALID` for a pattern, zone or date that is none, in words with the remedy */
  constructor(definition: WindowDefinition) {
    const { timeZone, opens, closes, except } = definition;
    const problem = windowProblem(definition);
    if (problem !== undefined)
      throw new CordonError("CONFIG_INVALID", `window \`${definition.name}\`: \`${problem.field}\` ${problem.words}`);
    this.definition = definition;
    this.#opens = pattern(opens, timeZone);
    this.#closes = pattern(closes, timeZone);
    this.#midnight = pattern("0 0 * * *", timeZone);
    // This locale writes dates as ISO 8601 does.
    this.#date = new Intl.DateTimeFormat("sv-SE", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
    this.#except = new Set(except);
  }

  /** Every change between two instants, in order; the first says how it is at `from`. */
  *changes(from: Instant, until: Instant): Generator<WindowChange> {
    // Whether it would be open but for a blackout date.
    let regular = this.#regular(from);
    let { open } = this.at(from);
    yield { at: from, open };
    let opens = next(this.#opens, from);
    let closes = next(this.#closes, from);
    const dated = this.#except.size > 0;
    let midnight = dated ? next(this.#midnight, from) : Infinity;
    for (let at = Math.min(opens, closes, midnight); at < until; at = Math.min(opens, closes, midnight)) {
      if (at === closes) regular = false;
      if (at === opens) regular = true;
      if (at === opens) opens = next(this.#opens, at);
      if (at === closes) closes = next(this.#closes, at);
      if (at === midnight) midnight = next(this.#midnight, at);
      const now = regular && !(dated && this.#except.has(this.#date.format(at)));
      if (now !== open) yield { at, open: now };
      open = now;
    }
  }

  #regular(now: Instant): boolean {
    const opened = last(this.#opens, now);
    const closed = last(this.#closes, now);
    return opened !== undefined && (closed === undefined || opened >= closed);
  }

  at(now: Instant): WindowState {
    const blackout = this.#except.size > 0 && this.#except.has(this.#date.format(now));
    return {
      open: !blackout && this.#regular(now),
      until: Math.min(
        next(this.#opens, now),
        next(this.#closes, now),
        this.#except.size > 0 ? next(this.#midnight, now) : Infinity,
      ),
    };
  }
}

export interface WindowChange {
  readonly at: Instant;
  readonly open: boolean;
}

export interface OpenWindows {
  /** Names of the open windows of a namespace, sorted. */
  readonly of: (namespace: Namespace) => readonly string[];
  /** The first instant, at most, at which any window's state may change. */
  readonly until: Instant;
}

const noneOpen: readonly string[] = Object.freeze([]);

/** What a decision asks of windows. */
export interface WindowSchedule {
  readonly all: readonly Window[];
  at(now: Instant): OpenWindows;
  /** Whether a namespace has a window of this name. */
  has(namespace: Namespace, name: string): boolean;
}

/** All windows of a snapshot. Asked on every decision, so the answer is kept while it holds. */
export class Windows implements WindowSchedule {
  readonly all: readonly Window[];
  #from: Instant = Infinity;
  #open: OpenWindows = { of: () => noneOpen, until: -Infinity };

  constructor(definitions: readonly WindowDefinition[]) {
    this.all = definitions.map((definition) => new Window(definition));
  }

  at(now: Instant): OpenWindows {
    // A clock that went back is before `from`: what holds there is found anew.
    if (now >= this.#from && now < this.#open.until) return this.#open;
    const byNamespace = new Map<Namespace, string[]>();
    let until = Infinity;
    for (const window of this.all) {
      const state = window.at(now);
      until = Math.min(until, state.until);
      if (!state.open) continue;
      const { namespace, name } = window.definition;
      byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), name].toSorted());
    }
    this.#from = now;
    this.#open = { of: (namespace) => byNamespace.get(namespace) ?? noneOpen, until };
    return this.#open;
  }

  has(namespace: Namespace, name: string): boolean {
    return this.all.some(({ definition }) => definition.namespace === namespace && definition.name === name);
  }
}

/** What is wrong with a window's times, and where; `undefined` when nothing is. */
export function windowProblem(
  definition: Pick<WindowDefinition, "timeZone" | "opens" | "closes" | "except">,
): { readonly field: "timeZone" | "opens" | "closes" | "except"; readonly words: string } | undefined {
  const { timeZone, opens, closes, except } = definition;
  if (!isTimeZone(timeZone)) return { field: "timeZone", words: "must be an IANA time zone, such as `Asia/Singapore`" };
  for (const [field, text] of [
    ["opens", opens],
    ["closes", closes],
  ] as const) {
    if (!isPattern(text))
      return {
        field,
        words: "must be a cron pattern of five fields: minute, hour, day, month, weekday (`0 1 * * 1-5`)",
      };
    if (pattern(text, timeZone).nextRun(new Date(0)) === null) return { field, words: "names a time that never comes" };
  }
  const wrong = except.find((date) => !isDate(date));
  return wrong === undefined
    ? undefined
    : { field: "except", words: `must hold dates such as \`2027-01-01\`, not \`${wrong}\`` };
}

function isTimeZone(name: string): boolean {
  // Offsets such as `+08:00` are accepted by some engines; they know no daylight saving and are refused.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

const names: ReadonlySet<string> = new Set(
  "SUN MON TUE WED THU FRI SAT JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" "),
);

/** Digits, names, and the characters of ranges, lists and steps: no seconds, no years, none of croner's additions. */
function isPattern(text: string): boolean {
  if (text.length > 200 || !/^[\dA-Za-z*,/-]+(?: [\dA-Za-z*,/-]+){4}$/.test(text)) return false;
  if (!(text.match(/[A-Za-z]+/g) ?? []).every((word) => names.has(word.toUpperCase()))) return false;
  try {
    pattern(text, "UTC");
    return true;
  } catch {
    return false;
  }
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** `paused`: only asked, never scheduled. */
function pattern(text: string, timezone: string): Cron {
  return new Cron(text, { timezone, paused: true, mode: "5-part" });
}

/** The latest time at or before `now`. */
function last(cron: Cron, now: Instant): Instant | undefined {
  // The library looks before the second it is given.
  const found = cron.previousRuns(2, new Date(now + 1_000)).map((date) => date.getTime());
  return found.toSorted((a, b) => b - a).find((time) => time <= now);
}

/** The first time after `now`. */
function next(cron: Cron, now: Instant): Instant {
  return cron.nextRun(new Date(now))?.getTime() ?? Infinity;
}
