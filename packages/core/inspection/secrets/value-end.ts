/**
 * Where a value ends that a name gives: at its closing quote, at what ends a bare word, at its line's end or its element's closing tag.
 * In: a text and what stands between name and value. Out: one past the value.
 *
 * No value reaches over white space, so where it ends is known when the word is that it is in.
 */
import { maxValue, nameStart, type Gap } from "./gap.ts";

const entity = /^&(?:[a-z]{2,6};|#|&|\s|$)/i;

/** To its quote, or to what ends a bare word. */
export function valueEnd(text: string, { at, quote, sign, spaced }: Gap): number {
  const most = Math.min(text.length, at + maxValue);
  if (quote !== "") {
    let end = quotedEnd(text, at, quote, most);
    if (escapesBefore(quote, quote.length - 1) > 0) while (end > at && text.charAt(end - 1) === "\\") end--;
    return end;
  }
  let end = at;
  while (end < most && text.charCodeAt(end) > 32 && !"\"'`;,<>&|。，、；」』）".includes(text.charAt(end))) {
    end++;
    // In a query an ampersand ends a value, in HTML it writes a sign; behind a colon or a space it is one as any other.
    if ((sign !== "=" || spaced) && sign !== "" && text.charAt(end) === "&" && !entity.test(text.slice(end, end + 8)))
      end++;
  }
  end = Math.min(end, most);
  while (end > at && ")]}.:\\".includes(text.charAt(end - 1)) && !/[([{]/.test(text.slice(at, end))) end--;
  return end;
}

/**
 * Where the quote stands that closes. One that is escaped does not; but not every language escapes so (`'C:\'`), so where none
 * closes behind it, or the one that would opens the next string, it was the first.
 */
function quotedEnd(text: string, at: number, quote: string, most: number): number {
  const mark = quote.charAt(quote.length - 1);
  const level = escapesBefore(quote, quote.length - 1);
  const first = nextMark(text, at, mark, most);
  let from = at;
  let end = first;
  while (end < most && text.charAt(end) === mark) {
    const within = withinAt(text, at, end, mark, level);
    if (within === 0) return end === first || !/[\p{L}\p{N}_]/u.test(text.charAt(end + 1)) ? end : first;
    from = end + within;
    end = nextMark(text, from, mark, most);
  }
  // A text that ends within the value is all value from here on.
  return end === text.length && end > from ? end : first;
}

function nextMark(text: string, from: number, mark: string, most: number): number {
  let end = from;
  while (end < most && text.charAt(end) !== mark && text.charCodeAt(end) > 32) end++;
  return Math.min(end, most);
}

/** How a shell writes a quote within quotes: closes them, writes it, opens them again. */
const reopened = /'(?:\\{1,2}'|\\?"'\\?")'/y;

/** How many signs belong to the value from the quote at `end` on; 0 for a quote that closes it. */
function withinAt(text: string, at: number, end: number, mark: string, level: number): number {
  if (isEscaped(text, at, end, level)) return 1;
  if (mark !== "'" || text.charCodeAt(end - 1) === 92) return 0;
  reopened.lastIndex = end;
  return reopened.exec(text)?.[0].length ?? 0;
}

/** Each string within a string doubles the backslashes of what is escaped in it, and adds its own: `"`, `\"`, `\\\"`. */
function isEscaped(text: string, at: number, end: number, level: number): boolean {
  const own = (escapesBefore(text, end, at) - level) / (level + 1);
  return own > 0 && own % 2 === 1;
}

/** Where the quote stands that closes a phrase, spaces and all: its line's end, or `most`, where none does. */
export function phraseQuote(text: string, at: number, quote: string, most: number): number {
  const mark = quote.charAt(quote.length - 1);
  const level = escapesBefore(quote, quote.length - 1);
  let end = at;
  while (end < most && text.charCodeAt(end) >= 32 && (text.charAt(end) !== mark || isEscaped(text, at, end, level)))
    end++;
  return end;
}

/** For patterns that read a quoted value and its closing quote: an escaped quote is the value's, unless that would open the next string. */
export const quotedValue = String.raw`((?:\\\S|[^"'\s\\]|\\(?=["'])){4,96})["'](?![A-Za-z0-9_])`;

/** How many backslashes stand right before `end`. */
function escapesBefore(text: string, end: number, least = 0): number {
  let at = end;
  while (at > least && text.charCodeAt(at - 1) === 92) at--;
  return end - at;
}

/** Whether the quote is one of a string within a string: what closes it has a backslash before it. */
export function isEscapedQuote(quote: string): boolean {
  return escapesBefore(quote, quote.length - 1) > 0;
}

/** `NAME=` at the start of a line: of `.env`, of a shell, of a list of Compose. */
const ownLine = /(?:^|\n)[ \t>+-]{0,12}(?:export |set |env )?[\w.-]{0,64}$/i;
/** A name and its sign, a command or an option in words, an element, a string that ends, what is put in: no more of the value. */
const further =
  /[,;&|?]["']?[A-Za-z_][\w.-]*["']?[=:]|[,;&|][a-z]{2,}(?![A-Za-z0-9])|<[/!]|<[A-Za-z][\w-]*\/?>|["'`][+,);\]}.]|&&|\|\||\$[({]|:\/\/|[\\()[\]{}]/;
const longestTag = 56;

/**
 * One past a bare value of which `end` may be but the first part: marks that end it in a sentence or in code are its own where it has
 * a line or an element for itself. `end` where it has not.
 */
export function wholeEnd(text: string, keyword: number, { at, quote, sign, spaced }: Gap, end: number): number {
  if (quote !== "" || end >= text.length || text.charCodeAt(end) <= 32) return end;
  const most = Math.min(text.length, at + maxValue - 1);
  if (text.charCodeAt(at - 1) === 62) {
    let close = end;
    while (close < most && text.charCodeAt(close) > 32 && text.charCodeAt(close) !== 60) close++;
    const isElement = /<[\w.:-]{1,48}>$/.test(text.slice(Math.max(0, at - longestTag), at));
    return isElement && /^<\/[A-Za-z]/.test(text.slice(close, close + 3)) ? close : end;
  }
  if (sign !== "=" || spaced) return end;
  const name = nameStart(text, keyword);
  if (!ownLine.test(text.slice(Math.max(0, name - 120), name))) return end;
  let stop = end;
  while (stop < most && text.charCodeAt(stop) > 32) stop++;
  if (stop < text.length && text.charCodeAt(stop) !== 10 && text.charCodeAt(stop) !== 13) return end;
  while (stop > end && "\"'`;,<>&|)]}:.\\".includes(text.charAt(stop - 1))) stop--;
  return further.test(text.slice(end, stop)) ? end : stop;
}
