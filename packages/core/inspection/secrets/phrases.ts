/**
 * Secrets with spaces in them: seed phrases of wallets, pass phrases, keys drawn from all signs of a keyboard. In: a text and where the
 * name of one begins. Out: its span, or nothing; and where one begins that is still arriving.
 *
 * The name, a sign and an opening quote; up to the closing quote on the same line. Only the words of a seed may go without quotes.
 */
import type { Assigned } from "./assignments.ts";
import { followsUser } from "./settings.ts";
import { classesOf, entropy, isPlaceholder, isReference, wordlikeness } from "./value.ts";
import { phraseQuote } from "./value-end.ts";

const seedNames = String.raw`mnemonic|(?:seed|recovery|backup|secret recovery)[ _-]?(?:phrase|words)`;
const phraseNames = String.raw`pass[ _-]?phrase|psk`;
const keyNames = String.raw`passw(?:or)?d|pwd|salt|(?:auth|nonce|logged[_-]in|secret)[_-]?(?:key|salt)`;

/** Words of the names, for the automaton; a space stands for what separates them. */
export const phraseMarks =
  "mnemonic|seed phrase|seedphrase|seed words|recovery phrase|recovery words|backup phrase|backup words|passphrase|pass phrase|psk|password|passwd|pwd|salt|auth key|nonce key|logged in key|secret key".split(
    "|",
  );

/** The name and all up to the phrase, as one reads it from the name on. */
const lead = String.raw`(?:(${seedNames})|(${phraseNames})|(?:${keyNames}))\w{0,16}\\?["'\])]{0,2}\s{0,4}(?::|=>|=|,|\bis\b)\s{0,12}(\\?["'])?`;
const here = new RegExp(lead, "iy");
const anywhere = new RegExp(lead, "gi");

/** The longest phrase: 24 words of eight letters. */
const longest = 240;
const longestLead = 72;
const seed = /^[a-z]{3,8}(?: [a-z]{3,8}){11,23}$/;
/** Words that no list of seeds holds, and that a sentence of a dozen words cannot do without. */
const sentence = /\b(?:the|and|your|are|not|for|from|have|was|has|its|any|our)\b/;
/** Words of labels, messages and rules about pass phrases. */
const explains =
  /\b(?:enter|your|must|should|invalid|wrong|incorrect|please|required?|passwords?|passphrases?|phrase|key|characters?|confirm|again|the|is|are|for|of|to|at|an?|and|or|not|no|with|this|that|in|if|from|new|old|current|repeat|forgot|reset|change|field|name|hash|file|type)\b/i;

export function phraseAt(text: string, start: number): Assigned | undefined {
  here.lastIndex = start;
  const found = here.exec(text);
  if (found === null || found[0].includes("\n")) return undefined;
  const [whole, isSeed, isPhrase, quote] = found;
  const from = start + whole.length;
  const end = phraseEnd(text, from, quote);
  const value = text.slice(from, end);
  if (end === from || !value.includes(" ") || end - from > longest) return undefined;
  // Of a string within a string the quote that closes has a backslash before it.
  const closed = quote !== undefined && text.charAt(end) === quote.charAt(0);
  if (isSeed !== undefined && seed.test(value) && value.split(" ").length % 3 === 0)
    return sentence.test(value) || (quote !== undefined && !closed && end < text.length)
      ? undefined
      : { start: from, end, score: 0.85 };
  if (!closed || isPlaceholder(value) || isReference(value) || /^\s|\s$|\s\s/.test(value)) return undefined;
  if (isDrawn(value)) return { start: from, end, score: 0.75 };
  const words = value.split(" ").length;
  const { digits, others } = classesOf(value);
  if (explains.test(value) || words > 12 || value.length < 10) return undefined;
  const chosen =
    isPhrase !== undefined ? words >= 3 || digits > 0 || others > words - 1 : words <= 4 && followsUser(text, start);
  return chosen ? { start: from, end, score: 0.6 } : undefined;
}

/** Drawn from all the signs of a keyboard, as `wp-config.php` has them. */
function isDrawn(value: string): boolean {
  const { digits, others, upper, lower } = classesOf(value);
  return (
    value.length >= 32 &&
    others * 6 >= value.length &&
    digits > 0 &&
    upper + lower > 8 &&
    entropy(value) >= 4.2 &&
    wordlikeness(value) < 0
  );
}

/** To the closing quote or the line's end; without a quote, as far as small letters and spaces go. */
function phraseEnd(text: string, from: number, quote: string | undefined): number {
  const most = Math.min(text.length, from + longest + 1);
  let end = from;
  if (quote !== undefined) {
    const mark = quote.charAt(quote.length - 1);
    end = phraseQuote(text, from, quote, most);
    // None closes it: here a backslash escapes nothing (`'four horses\'`).
    const first = text.charAt(end) === mark ? -1 : text.slice(from, end).indexOf(mark);
    if (first >= 0) end = from + first;
    return quote.startsWith("\\") && text.charAt(end - 1) === "\\" ? end - 1 : end;
  }
  while (end < most && isSeedSign(text.charCodeAt(end))) end++;
  if (end < text.length && /[A-Za-z0-9_]/.test(text.charAt(end))) return from;
  while (end > from && text.charAt(end - 1) === " ") end--;
  return end;
}

function isSeedSign(unit: number): boolean {
  return unit === 32 || (unit >= 97 && unit <= 122);
}

/** Where a phrase begins that nothing before `end` ends; `end` where there is none. */
export function openPhraseFrom(text: string, end: number): number {
  const least = Math.max(0, end - longest - longestLead);
  const from = Math.max(least, text.lastIndexOf("\n", end - 1) + 1);
  const line = text.slice(from, end);
  if (!/[:=,"']|is /.test(line)) return end;
  anywhere.lastIndex = 0;
  for (let found = anywhere.exec(line); found !== null; found = anywhere.exec(line)) {
    const [whole, isSeed, , quote] = found;
    const start = found.index + whole.length;
    const rest = line.slice(start);
    const open =
      quote === undefined
        ? isSeed !== undefined && /^[a-z ]*$/.test(rest)
        : phraseQuote(rest, 0, quote, rest.length) === rest.length;
    if (open && rest.length <= longest) return from + start;
    anywhere.lastIndex = found.index + 1;
  }
  return end;
}
