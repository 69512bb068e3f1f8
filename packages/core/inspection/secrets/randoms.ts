/**
 * Words drawn at random, and what makes each a credential: the name before it, or a prefix of its own. In: a text. Out: spans.
 * Words are judged once each; what is looked at before one is bounded, and behind it nothing but the next sign.
 */
import type { Candidate } from "./candidate.ts";
import { aroundOf, contextOf, type Context } from "./context.ts";
import { isSession } from "./cookies.ts";
import { encodedScore } from "./encoded.ts";
import { issuers } from "./issuers.ts";
import { findMarked } from "./marked.ts";
import { isPrivateMember, isPublicMember } from "./jwk.ts";
import { isMasked } from "./provider.ts";
import { findRuns, kindAt, leastRun } from "./runs.ts";
import { isPrefixedToken } from "./structure.ts";
import { classesOf, entropy, isEncodedText, isPlaceholder, isRandom, wordlikeness } from "./value.ts";

/** A value is a run of base64, in either alphabet, of at least so many; runs may be joined by `.` and `~`. */
const least = leastRun;
const most = 512;
const longestPrefixed = 600;
const equals = 61;

export type Out = (found: Candidate) => void;

/** Judges the words from `first` on, which is the beginning of one. */
export function findRandomWords(text: string, out: Out, first = 0): void {
  let done = first;
  findRuns(text, first, (start, end) => {
    if (end <= done) return;
    let from = Math.max(start, done);
    while (from > done && kindAt(text, from - 1) !== 0) from--;
    done = end;
    while (done < text.length && kindAt(text, done) !== 0) done++;
    judgeWord(text, from, done, out);
  });
}

function judgeWord(text: string, start: number, end: number, out: Out): void {
  findMarked(text, start, end, out);
  let digits = 0;
  for (let at = start; at < end && digits === 0; at++) if (kindAt(text, at) === 2) digits++;
  if (digits === 0) return judgeLetters(text, start, end, out);
  let to = end;
  while (to > start && ".-~".includes(text.charAt(to - 1))) to--;
  let bare = to;
  while (bare > start && text.charCodeAt(bare - 1) === equals) bare--;
  // What is joined to its name by `=` begins behind that.
  const code = codeBefore(text, start);
  const head = start + code;
  let from = bare;
  while (from > head && bare - from <= longestPrefixed && text.charCodeAt(from - 1) !== equals) from--;
  judgeHook(text, start, to, out);
  if (bare - from > longestPrefixed || isBeforeMore(text, to)) return;
  if ((code === 0 || from > head) && isBehindMore(text, from)) return;
  if (bare - from >= 24 && isPrefixedToken(text.slice(from, bare)) && !isPublicMember(text, from))
    out({ type: "token", start: from, end: bare, score: 0.7 });
  if (from > head) return judgeNamed(text, from, to, out);
  const heads = namesWithin(text.slice(from, to));
  const value = heads.find((length) => drawOf(text.slice(from + length, to)) !== undefined) ?? heads[0] ?? 0;
  judgeNamed(text, from + value, to, out);
}

const hook =
  /(?:\/\/(?:web)?hooks?\.[\w.-]{3,60}|\/(?:hooks?|generic-?webhook|webhooks?|webhookb2|catch|incoming|heartbeat|ping|with\/key|robot|triggers?|(?:password|account)[/_-](?:reset|recover)|reset-?password|magic(?:-?link)?|activat(?:e|ion)))\/(?:(?!commit|blob|tree)[\w.-]{1,60}\/){0,4}([\w-]{16,128})$/i;

/** Nodes of blockchains are rented by address: `https://mainnet.infura.io/v3/9f86d081…`. */
const node =
  /\/\/[\w.-]{1,60}\.(?:infura\.io|alchemy\.com|alchemyapi\.io|quiknode\.pro|getblock\.io|chainstack\.com|blastapi\.io|ankr\.com|moralis-nodes\.com)\/(?:[\w.-]{1,24}\/){0,3}([\w-]{24,64})\/?$/i;

/** The last part of a path that calls somebody: whoever knows the address may. */
function judgeHook(text: string, start: number, end: number, out: Out): void {
  if (end - start > 400 || !text.slice(Math.max(0, start - 12), start + 2).includes("//")) return;
  const word = text.slice(start, end);
  const found = hook.exec(word) ?? node.exec(word);
  const value = found?.[1];
  if (value === undefined || drawOf(value) === undefined || isPlaceholder(value)) return;
  const stop = end - (word.endsWith("/") ? 1 : 0);
  out({ type: "webhook", start: stop - value.length, end: stop, score: 0.7 });
}

function judgeNamed(text: string, start: number, end: number, out: Out): void {
  if (end - start < 12 || end - start > most) return;
  const value = text.slice(start, end);
  if (judgeEncoded(text, start, end, out)) return;
  const draw = drawOf(value);
  if (draw === undefined) return;
  const context = contextOf(text, start);
  const score = context === undefined ? 0 : scoreOf(value, draw, context);
  if (score > 0) return out({ type: "credential", start, end, score });
  if (isPrivateMember(text, start)) return out({ type: "private-key", start, end, score: 0.9 });
  if (context?.open === true) return;
  if (isSession(text, start) && !isPlaceholder(value)) return out({ type: "session", start, end, score: 0.7 });
  const around = aroundOf(text, start);
  const within = around === undefined ? 0 : scoreOf(value, draw, around);
  if (within > 0) out({ type: "credential", start, end, score: within });
}

/** A word without a digit is one drawn at random where its letters follow each other as in no language. */
function judgeLetters(text: string, start: number, end: number, out: Out): void {
  if (end - start > most) return;
  if ((end - start) % 4 === 0 && /[ "']/.test(text.charAt(start - 1)) && judgeEncoded(text, start, end, out)) return;
  let from = end;
  while (from > start && isLetter(text.charCodeAt(from - 1))) from--;
  if (end - from < least || isBehindMore(text, from) || isBeforeMore(text, end)) return;
  if (wordlikeness(text.slice(from, end)) < -0.6) judgeNamed(text, from, end, out);
}

function isLetter(unit: number): boolean {
  return (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90);
}

function judgeEncoded(text: string, start: number, end: number, out: Out): boolean {
  const score = encodedScore(text.slice(start, end), text, start, () => contextOf(text, start));
  if (score > 0) out({ type: "credential", start, end, score });
  return score > 0;
}

/** How much of a word is the end of a sign that is written as `%3D`, `\\u0022` or `\\n`. */
function codeBefore(text: string, start: number): number {
  const before = text.charCodeAt(start - 1);
  if (before === 37) return /^(?:2[0267]|3[aAdD])/.test(text.slice(start, start + 2)) ? 2 : 0;
  if (before === 92) return /^(?:(?:u00|x)2[27]|[nrt])/.exec(text.slice(start, start + 5))?.[0].length ?? 0;
  return 0;
}

export const credentialHead =
  /^(?:[A-Za-z][\w.-]{0,40}?)?(?:secret|token|key|private|access|password|pat|auth|credential)[\w]{0,16}?[-_.=]+(?=[^-_.=]{4})/i;
const mostHeads = 4;

/** `fileio_ACCESS-ABCD1234…`, `acme_access_key_X-…`, `twilio-3628…`: how much of a word may be its name. */
function namesWithin(word: string): readonly number[] {
  const named = credentialHead.exec(word)?.[0].length;
  if (named !== undefined) {
    const heads = [named];
    for (let at = named; at < Math.min(word.length - least, 64) && heads.length < mostHeads; at++)
      if (/[-_.=]/.test(word.charAt(at)) && !/[-_.=]/.test(word.charAt(at + 1))) heads.push(at + 1);
    return heads;
  }
  const first = word.search(/[-_.]/);
  return first > 2 && issuers.has(word.slice(0, first).toLowerCase()) ? [first + 1] : [];
}

export type Draw = "mixed" | "single" | "hex" | "uuid" | "digits" | "letters";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** How a value was drawn; nothing where somebody thought of it. */
export function drawOf(value: string): Draw | undefined {
  if (uuid.test(value)) return entropy(value) > 2.8 ? "uuid" : undefined;
  if (/^\d+$/.test(value)) return value.length >= 14 && entropy(value) > 2.5 ? "digits" : undefined;
  if (/^(?:[0-9a-f]+|[0-9A-F]+)$/.test(value)) return value.length >= 16 && isRandom(value) ? "hex" : undefined;
  if (/^[A-Za-z]+$/.test(value)) return isLetters(value) ? "letters" : undefined;
  if (joinedNumbers.test(value)) return entropy(value) > 2.8 ? "hex" : undefined;
  if (!isRandom(value) || isNames(value)) return undefined;
  const { upper, lower, digits } = classesOf(value);
  const words = wordlikeness(value);
  // A name with a number in it, as code has them; an alphabet.
  if (digits < (words < -0.6 ? 1 : 2) || entropy(value) < 3) return undefined;
  if (words > 0.7 || (words > -0.3 && digits * 6 < value.length)) return undefined;
  if (value.length >= 36 && new Set(value).size === value.length) return undefined;
  return upper >= 2 && lower >= 2 ? "mixed" : "single";
}

/** A UUID and a number in hexadecimal, or such a number and a count. */
const joinedNumbers =
  /^(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}[-_.:]?[0-9a-f]{8,64}|[0-9a-f]{32,64}[-_.]\d{1,12})$/i;

/** Of one case, or of both in turns that no name has. */
function isLetters(value: string): boolean {
  const { upper, lower, changes } = classesOf(value);
  if (value.length < 16 || wordlikeness(value) > -0.6 || entropy(value) < 3.2) return false;
  return upper === 0 || lower === 0 || changes > value.length * 0.25;
}

const namePart = /^(?:[A-Za-z]?[a-z]{1,14}\d{0,4}|[A-Z]{1,12}\d{0,4}|\d{1,12}|v?\d+[a-z]{0,4}\d{0,2})$/;

/** Words with numbers, parted: `prod-db-2`, `x86_64-linux-gnu`, `2024-05-01`. */
export function isNames(value: string): boolean {
  const parts = value.split(/[-_.~+/=]/);
  const first = parts[0] ?? "";
  if (parts.length > 1 && first.length >= 4 && parts.every((part) => part.length === first.length))
    return classesOf(value).digits < parts.length;
  return !parts.some((part) => part.length >= 8 && !namePart.test(part) && isRandom(part));
}

/** What goes on a path, an address, an entity or a part of markup. */
function isBehindMore(text: string, from: number): boolean {
  return /[/@#%&]/.test(text.charAt(from - 1)) || text.startsWith("//", from);
}

/** What a call, an index, a host or a scheme goes on from, or of which the rest is masked. */
function isBeforeMore(text: string, to: number): boolean {
  return /[(@[]/.test(text.charAt(to)) || isMasked(text, to) || text.startsWith("://", to);
}

function scoreOf(value: string, draw: Draw, context: Context): number {
  const { strong, weak, keyed, shouted, queried, issuer, service, open, assigned, joined, quoted, glued } = context;
  const length = value.length;
  if (open || isPlaceholder(value) || isEncodedText(value)) return 0;
  if (draw === "digits")
    return (assigned && (strong || (issuer && weak))) || (issuer && (strong || shouted) && length >= 20) ? 0.55 : 0;
  if (value.includes("/") && (draw !== "mixed" || wordlikeness(value) > -0.2 || length < 24)) return 0;
  // Twenty-four digits are an object of MongoDB as well.
  if (
    draw === "hex" &&
    (length < (strong || ((shouted || keyed) && assigned) ? 16 : 20) ||
      (length === 24 && !issuer && !keyed && context.name.endsWith("s")))
  )
    return 0;
  if (draw === "letters")
    return strong || (keyed && joined && (issuer || shouted || assigned)) || (issuer && weak && length >= 20) ? 0.6 : 0;
  if (strong || (queried && length >= 20)) return length >= 16 ? 0.75 : 0.6;
  if (!joined && classesOf(value).digits * 6 < length && wordlikeness(value) > -0.6) return 0;
  const isNumber = draw === "uuid" || draw === "hex";
  const isKey = keyed && (joined || !isNumber || shouted || glued || (draw === "hex" && length >= 32));
  if ((issuer && weak) || isKey) return length >= 16 ? 0.65 : 0.55;
  if (isNumber && service) return draw === "hex" && (assigned || quoted || length >= 32) ? 0.6 : assigned ? 0.5 : 0;
  if (isNumber) return issuer && draw === "hex" && (assigned || quoted) && length !== 40 && length !== 64 ? 0.65 : 0;
  if (issuer || weak) return length >= 20 ? 0.6 : issuer && assigned ? 0.55 : 0;
  return assigned && draw === "mixed" && /^[A-Za-z0-9]{24,48}$/.test(value) && wordlikeness(value) < -0.3 ? 0.5 : 0;
}
