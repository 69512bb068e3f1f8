/**
 * Passwords that stand before what says so: `use x as the password`, `x is my password`, `echo x | docker login --password-stdin`. In: a text and
 * where the saying is. Out: the password's span; and where one may stand of which the saying is still arriving.
 */
import type { Assigned } from "./assignments.ts";
import { hasNumber } from "./said.ts";
import { isPlaceholder, isReference } from "./value.ts";

const longestSaid = 64;
const longestWord = 64;
/** `x as the`, `x is my wifi`: a word with a number in it, a verb, and what stands before the name. */
const said =
  /(?:^|[\s("'`“])([^\s"'`“”<>(){}[\]|]{6,64})["'`”]? (?:as|is|was) (?!(?:an?|no|not) )(?:[A-Za-z]{1,12} ){0,3}$/;
const maySay =
  /(?:^|[\s("'`“])([^\s"'`“”<>(){}[\]|]{6,64})["'`”]?(?: (?:a|i|wa?|(?:as|is|was)(?: (?:[A-Za-z]{1,12}(?: |$)){0,5})?)?)?$/;

export function saidBefore(text: string, keyword: number, end: number): Assigned | undefined {
  if (
    text.charCodeAt(keyword - 1) !== 32 ||
    !/^[A-Za-z ]{2,16}$/.test(text.slice(keyword, end)) ||
    /[\w-]/.test(text.charAt(end))
  )
    return undefined;
  const from = Math.max(0, keyword - longestSaid - longestWord);
  const lead = text.slice(from, keyword);
  const found = said.exec(lead);
  const value = found?.[1];
  if (found === null || value === undefined || lead.length - found.index > longestSaid + longestWord - 2)
    return undefined;
  const bare = value.replace(/[,.;:?]+$/, "");
  if (bare !== value || !hasNumber(value) || isPlaceholder(value) || isReference(value) || /[/=]/.test(value))
    return undefined;
  const start = from + found.index + found[0].indexOf(value);
  return { start, end: start + value.length, score: 0.65 };
}

/** The word itself, its verb and what `maySay` allows behind it. */
const mostWords = 8;
const longestLine = 160;
const longestTail = longestLine + 16;
/** What is piped to a program that asks for a password. */
export const pipes: readonly string[] = ["chpasswd", "password stdin", "sudo -s", "passwd --stdin"];
const piped =
  /(?:^|[\s;&(`])(?:echo|printf)(?: -\w{1,3})? ["']?(?:%s(?:\\n)?["'] ["']?)?([^\s"'`$|<>{}]{4,96})(?:\\n)?["']?[ \t]?\|(?:[ \t]{0,2}\\?\r?\n[ \t]{0,8}|[ \t])?[\w ./=:@-]{0,64}$/;
/** On its line, or on the one before where that ends with the pipe. */
const mayPipe =
  /(?:^|[\s;&(`])(?:echo|printf)(?: -\w{1,3})? (?=[^\n]{0,160}$|[^\n|]{0,128}\|[ \t]{0,2}\\?\r?\n[^\n]{0,96}$)/;

export function pipedBefore(text: string, at: number): Assigned | undefined {
  const from = Math.max(0, at - longestLine);
  const found = piped.exec(text.slice(from, at));
  const whole = found?.[1];
  if (found === null || whole === undefined) return undefined;
  const user = /^[\w.-]{1,32}:/.exec(whole)?.[0].length ?? 0;
  const value = whole.slice(user);
  // `echo yes | sudo -S …` answers a question.
  if (user === 0 && !/[\d!@#$%^&*]/.test(value)) return undefined;
  if (value.length < 4 || isPlaceholder(value) || isReference(value) || value.startsWith("/")) return undefined;
  const start = from + found.index + found[0].indexOf(whole) + user;
  return { start, end: start + value.length, score: 0.7 };
}

/** Where a word begins of which it may still be said, at `end`, that it is one; `end` where there is none. */
export function openBehindFrom(text: string, end: number): number {
  const from = Math.max(0, end - longestTail);
  const tail = text.slice(from, end);
  let open = end;
  if (endsNumbered(tail)) {
    const found = maySay.exec(tail);
    const value = found?.[1];
    if (found !== null && value !== undefined && hasNumber(value)) open = from + found.index + found[0].indexOf(value);
  }
  if (!tail.includes("echo ") && !tail.includes("printf ")) return open;
  const pipe = mayPipe.exec(tail);
  return pipe === null ? open : Math.min(open, from + pipe.index + pipe[0].length);
}

/** Whether a digit is among its last words, before any sign that no sentence of `maySay` has: else nothing need be tried. */
function endsNumbered(text: string): boolean {
  let words = 0;
  for (let at = text.length - 1; at >= 0; at--) {
    const unit = text.charCodeAt(at);
    if (unit >= 48 && unit <= 57) return true;
    if (unit === 10 || (unit === 32 && ++words > mostWords)) return false;
  }
  return false;
}
