/**
 * Secrets that a name gives away: `password = "…"`, `api_key: …`, `Authorization: Bearer …`, `--token …`, "the password is
 * …". In: a text and where a keyword ends. Out: the value's span and a score, or nothing.
 *
 * The name, what stands between and the value are read once, forwards, each to a bound; the value never holds a space. So
 * a value that is still arriving is the last word of the text.
 */
import { maxValue, nameStart, readGap, type Gap } from "./gap.ts";
import { issuers } from "./issuers.ts";
import type { SecretKind } from "./keys.ts";
import { hasNumber, isSaidWord } from "./said.ts";
import { followsUser, givesWord, isSetting } from "./settings.ts";
import { classesOf, isEncodedText, isPlaceholder, isRandom, isReference, wordlikeness } from "./value.ts";
import { isEscapedQuote, valueEnd, wholeEnd } from "./value-end.ts";

export interface Assigned {
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** What may follow the keyword within the same name: `password1`, `api_key_prod`, `passwordValue`. */
const goodSuffix =
  /^(?:s|nya|ku|mu|[_-]?(?:value|val|v|prod|production|dev|test|staging|live|main|primary|secondary|default|admin|root|user|db|raw|plain|text|string|str|base64|b64|hex|\d{1,3})){0,2}$/i;
/** What follows the keyword in names of something about a secret. Any other ending is believed for a strong value. */
const badSuffix =
  /^[a-z]|(?:id|ids|name|label|field|ur[il]|path|file|type|length|len|size|policy|format|hint|reset|regex|pattern|placeholder|error|message|msg|expir\w*|count|header|prefix|class|manager|service|provider|factory|input|form|page|title|text|arn|ref|version|hash|digest|algorithm|alg|url|endpoint|scope|usage|limit)s?$/i;
/** Names that hold a keyword and mean something else. Looked for right before it. */
const badPrefix =
  /(?<![A-Za-z])(?:websocket|public|csrf|xsrf|next|page|continuation|cursor|sync|authenticity|max|min|num|total|special|eos|bos|pad|unk|mask|end|start|stop|input|output|completion|prompt|forgot|reset|change|confirm|no|without|hashed|encrypted|key|per|show|hide|has|is|use|require|need|invalid|missing|wrong|new|device)[\s_-]?$/i;

/** Keys of tables, caches and objects, which open nothing. */
export const dataKey =
  /(?:cache|primary|foreign|sort|partition|idempotency|row|hash|range|dedup\w*|group|object|s3|storage|index|routing|lookup|unique|map|dict|json|item|record|route|query|event|message|file|image|blob|etag|i18n|locale|translation|react)[\s_-]?$/i;

export function assignedAt(text: string, keyword: number, end: number, kind: SecretKind): Assigned | undefined {
  if (kind === "hump") {
    // `geocoderKey`, `acmeACCESS`: the longer words mean too much else unless they are shouted.
    const name = text.slice(keyword, end);
    const isHump = /^(?:K|ACCESS|PRIVATE)/.test(name) && /[a-z0-9]/.test(text.charAt(keyword - 1));
    return isHump ? assignedAt(text, keyword, end, "key") : undefined;
  }
  if (kind === "pass") {
    const found = isPassName(text, keyword, end) ? assignedAt(text, keyword, end, "password") : undefined;
    const value = found === undefined ? "" : text.slice(found.start, found.end);
    // `pass` is also what a test did.
    return isStrong(value) || (/^pw/i.test(text.slice(keyword, end)) && hasNumber(value)) ? found : undefined;
  }
  if (kind === "chosen") {
    if (/[\p{L}\p{N}_]/u.test(text.charAt(keyword - 1)) || /[\p{L}_]/u.test(text.charAt(end))) return undefined;
    const found = assignedAt(text, keyword, end, "password");
    return found !== undefined && isStrong(text.slice(found.start, found.end)) ? found : undefined;
  }
  const after = nameEnd(text, end);
  const suffix = text.slice(end, after);
  const plain = goodSuffix.test(suffix);
  if (!plain && (badSuffix.test(suffix) || kind === "key")) return undefined;
  const named = text.slice(Math.max(0, keyword - 16), keyword);
  const isNew = kind === "password" && /\bnew $/i.test(named);
  if (kind !== "header" && !isNew && badPrefix.test(named)) return undefined;
  // `ID: joe / PW: x`; a path has such words too.
  const slash = nameStart(text, keyword) - 1;
  const slashed = text.charCodeAt(slash) === 47;
  if (slashed && (kind !== "password" || !(isOption(text, slash, after) || behindLogin(text, slash)))) return undefined;
  if (kind !== "password" && isWithinWord(text, keyword)) return undefined;
  const gap = readGap(text, after, keyword);
  if (gap === undefined) return undefined;
  const stop = valueEnd(text, gap);
  let from = gap.at;
  if (kind === "header") from = afterScheme(text, from, stop);
  let to = kind === "header" && from > gap.at ? valueEnd(text, { ...gap, at: from }) : stop;
  const whole = kind === "header" ? to : wholeEnd(text, keyword, gap, to);
  // Too little to be one, and the whole is: judged by the whole.
  if (to - from < 4 && whole > to && isStrong(text.slice(from, whole))) to = whole;
  const value = text.slice(from, to);
  const braced = value.startsWith("{") && kind === "password" ? inBraces(text, from, keyword, gap) : undefined;
  if (braced !== undefined) return braced;
  if (value.length < 4 || value.length >= maxValue || /\s/.test(value)) return undefined;
  const closed = gap.quote !== "" && text.charAt(to) === gap.quote.charAt(gap.quote.length - 1);
  const escaped = isEscapedQuote(gap.quote) && text.charAt(to) === "\\";
  if (gap.quote !== "" && !closed && !escaped && to < text.length && kind !== "header") return undefined;
  if (!plain && (gap.quote === "" || !isStrong(value))) return undefined;
  if (isNew && !isStrong(value) && !hasNumber(value)) return undefined;
  if (slashed && (!isStrong(value) || value.includes("/"))) return undefined;
  const score = scoreOf(value, kind, gap, text, keyword, to);
  return score === 0 ? undefined : { start: from, end: whole, score };
}

/** `PWD={x}` in a connection string: braces are ODBC's quotes, and a closing one within is written twice. */
function inBraces(text: string, from: number, keyword: number, gap: Gap): Assigned | undefined {
  const value = /^\{((?:[^\s{}"'`]|\}\}){4,96})\}(?=[;"'\s]|$)/.exec(text.slice(from, from + 128))?.[1];
  if (value === undefined || isPlaceholder(value) || !isConnectionString(text, keyword, gap)) return undefined;
  return { start: from + 1, end: from + 1 + value.length, score: 0.7 };
}

/** `MYSQLPASS`, `smtpPass`; or `pass` or `pw` where a text, a cell or a span of code begins. */
function isPassName(text: string, keyword: number, end: number): boolean {
  if (/[A-Za-z]/.test(text.charAt(end))) return false;
  const name = text.slice(keyword, end);
  const before = text.slice(Math.max(0, keyword - 5), keyword);
  if (/(?:by|com|tres|sur|over|under|first)$/i.test(before)) return false;
  return (
    /^$|[`[*\t#]$/.test(before) ||
    (/^(?:PASS|PW)$/.test(name) && /[A-Z0-9]$|env\.$/.test(before)) ||
    (/^P(?:ass|w)$/.test(name) && /[a-z0-9]$/.test(before))
  );
}

/** `/pass:x`, as programs of Windows take it. */
function isOption(text: string, slash: number, end: number): boolean {
  return text.charCodeAt(end) === 58 && /^[ \t]?$/.test(text.charAt(slash - 1)) && /\S/.test(text.charAt(end + 1));
}

/** The user's name, or the word for it, stands before the slash. */
function behindLogin(text: string, keyword: number): boolean {
  return /(?:^|[\s(,;[{|])(?:\w{0,12}[_-]?(?:id|uid)|user(?:[_ ]?name)?|login|account|name|e-?mail)(?: ?[:=] ?\S{1,64})? ?$/i.test(
    text.slice(Math.max(0, keyword - 96), keyword),
  );
}

/** The end of the identifier that the keyword is part of. */
function nameEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && at - from < 24 && /[A-Za-z0-9_-]/.test(text.charAt(at))) at++;
  return at;
}

/** `token` in `jsonwebtoken`: a small letter goes on from a small letter. */
function isWithinWord(text: string, keyword: number): boolean {
  return /^[a-z]{2}/.test(text.slice(keyword - 1, keyword + 1));
}

/** `Bearer`, `Basic`, `Token` and the like before the credential of a header. */
function afterScheme(text: string, from: number, stop: number): number {
  const scheme =
    /^(?:bearer|basic|token|api-?(?:key|token)|geniekey|deepl-auth-key|sso-key|oauth|accesskey|ssws|ntlm|hawk|dpop|negotiate|digest|apikey|key)[ :=]{1,3}/i.exec(
      text.slice(from, from + 16),
    );
  return scheme === null || stop - from > 12 ? from : from + scheme[0].length;
}

function scoreOf(value: string, kind: SecretKind, gap: Gap, text: string, keyword: number, end: number): number {
  if (isReference(value)) return 0;
  if (kind === "password" && isConnectionString(text, keyword, gap)) {
    const isQuery = text.charCodeAt(keyword - 1) === 38;
    return value.length >= 4 && !/[[\]<>{}*()]/.test(value) && !(isQuery && isPlaceholder(value)) ? 0.7 : 0;
  }
  if (isPlaceholder(value) || text.startsWith("..", end)) return 0;
  const quoted = gap.quote !== "";
  // A tag of YAML: `!vault |`, `!Ref DbPassword`.
  if (!quoted && gap.sign === ":" && /^!!?[A-Za-z][\w.:-]*$/.test(value) && /[ \t]/.test(text.charAt(end))) return 0;
  // Code that calls, indexes or adds: the value is not here.
  if (
    !quoted &&
    ((gap.sign === "," && !isRandom(value)) ||
      gap.sign === "||" ||
      /[([{\\]|:=/.test(value) ||
      /^[-+*#']|^\/|\/$|\*$|^[a-z]+=$/.test(value))
  )
    return 0;
  if (
    quoted &&
    (/^[,.+):;]|^#[a-z]/i.test(value) ||
      (gap.sign === "," && !isRandom(value) && !isStored(text, keyword) && !isDefault(value, text, keyword)))
  )
    return 0;
  // A pattern: `(?:[^"]+)`, `\\b(Shl|Shr)`.
  if (/\(\?[:=!<]|\[\^|\\[bdswDSW]\b|\(\w+\|/.test(value)) return 0;
  // `"user:" + name`: the label of what is joined to it.
  if (quoted && /^[a-z]+[:=&?]$/i.test(value)) return 0;
  if (/^[a-z][a-z0-9+.-]*:\/\/|^@[\w-]+\.[\w.-]+(?:\/|$)|^\.{0,2}\/[\w.-]+\/|^www\.|%20|^arn:/i.test(value)) return 0;
  // "with password Qr7!dke#39": in a sentence only a value that is no word of it.
  if ((gap.sign === "space" || gap.sign === "said") && !isStrong(value) && !isSaid(value, kind, gap, text, keyword))
    return 0;
  if (gap.sign === "line" && !(kind === "password" && isLineOf(value, text, end))) return 0;
  const random = isRandom(value);
  switch (kind) {
    case "password":
      return passwordScore(value, gap, random, text, keyword, end);
    case "header":
      if (isStandInLogin(value)) return 0;
      return random ? 0.9 : value.length >= 8 && /[0-9]/.test(value) && /[A-Za-z]/.test(value) ? 0.6 : 0;
    case "token":
      if (isComparedSecret(value, gap, text, keyword) || isSet(value, gap, text, keyword, end)) return 0.6;
      return tokenScore(value, gap, random, text, end);
    case "key":
      if (
        gap.sign === "(" ||
        /^[=!]==?$/.test(gap.sign) ||
        dataKey.test(text.slice(Math.max(0, keyword - 16), keyword))
      )
        return 0;
      // A number in hexadecimal is also a table's key; one of 128 bits without the hyphens of a UUID rarely.
      if (/^[0-9a-f-]+$/i.test(value))
        return (random && value.length >= 32 && !value.includes("-")) || isIssued(value, text, keyword) ? 0.6 : 0;
      return tokenScore(value, gap, random, text, end);
    default:
      return 0;
  }
}

/** `Basic dXNlcjpwYXNzd29yZA==`: what documentation encodes. */
function isStandInLogin(value: string): boolean {
  if (!isEncodedText(value)) return false;
  const [, password] = /^[\w.@+-]{1,64}:([\x21-\x7e]{1,64})$/.exec(atob(value.replace(/={1,2}$/, ""))) ?? [];
  return password !== undefined && isPlaceholder(password);
}

/** `Server=…;User Id=…;Password=…`: whatever stands there is the password, be it `secret`. */
function isConnectionString(text: string, keyword: number, gap: Gap): boolean {
  if (gap.sign !== "=") return false;
  const before = text.slice(Math.max(0, keyword - 100), keyword);
  // A program may put it together of several strings: `"…;User ID=x; " & "Password=y;"`.
  return /(?:user(?: ?id|name)?|uid|server|host|data source|database|accountname)\s?=[^;&\n]{0,80}[;&]\s?(?:["'][ &+.]{1,5}["'])?$|[\s,]user(?:name)?=[^\s,;()"']{1,40},$/i.test(
    before,
  );
}

function tokenScore(value: string, gap: Gap, random: boolean, text: string, end: number): number {
  if (isIdentifierName(value, text, end)) return 0;
  if (random) return value.length >= 16 ? 0.88 : value.length >= 10 ? 0.7 : isShortDraw(value, gap) ? 0.55 : 0;
  if (value.length >= 10 && value.length < 16 && isHexDraw(value) && gap.sign !== "space") return 0.6;
  // Chosen by a person: compared with in code, or with a sign that no name has.
  if (gap.quote === "" || value.length < 8) return 0;
  if (/^(?:==|!=)/.test(gap.sign)) return 0.6;
  return /[!@#$%^&*+]/.test(value) && !/^[#@$%]/.test(value) && value.length >= 10 ? 0.6 : 0;
}

/** Eight or nine signs: few enough that a name of something may look like that, but for what no name does. */
function isShortDraw(value: string, { sign, quote }: Gap): boolean {
  const { digits, upper, lower, changes } = classesOf(value);
  const algorithm = /^(?:aes|sha|[hrep]s|ed|md|utf|iso|base|x|p|secp|hmac|v|rsa|es|win|mac|ipv)\d/i;
  return (
    sign !== "space" &&
    quote !== "" &&
    digits >= 2 &&
    upper + lower >= 3 &&
    changes >= 3 &&
    wordlikeness(value) < -0.2 &&
    !algorithm.test(value)
  );
}

/** A number in hexadecimal that is too short for a digest and too long for a colour. */
function isHexDraw(value: string): boolean {
  if (!/^(?:[0-9a-f]+|[0-9A-F]+)$/.test(value)) return false;
  const { digits, upper, lower, changes } = classesOf(value);
  return digits >= 3 && upper + lower >= 3 && changes >= 4;
}

/** `myintervals_key = 797d68f890a`: short, but we know who issues it. */
function isIssued(value: string, text: string, keyword: number): boolean {
  const owner = /[A-Za-z0-9]{3,24}$/.exec(text.slice(Math.max(0, keyword - 24), keyword))?.[0].toLowerCase();
  return value.length >= 10 && isHexDraw(value) && owner !== undefined && issuers.has(owner);
}

/** `with password letmein42`, `changed my password to tractor7`. */
function isSaid(value: string, kind: SecretKind, { sign }: Gap, text: string, keyword: number): boolean {
  if (kind !== "password" || !hasNumber(value)) return false;
  return (
    sign === "said" ||
    /\b(?:with|using|and|the|temporary|new|old|current|of|der|das|le|la|con|mit|avec|dengan)(?: the| a)? $/i.test(
      leadOf(text, keyword),
    )
  );
}

function leadOf(text: string, keyword: number): string {
  return text.slice(Math.max(0, keyword - 24), nameStart(text, keyword));
}

/** `APP_SECRET=acme2024x`, `ldap.bind.credentials=…`, `--token …`: a line of settings or an option gives it, and it has a number. */
function isSet(value: string, gap: Gap, text: string, keyword: number, end: number): boolean {
  if (value.length < 8 || !hasNumber(value) || isIdentifierName(value, text, end)) return false;
  return gap.sign === "flag" || isSetting(text, keyword, gap, end);
}

/** `creds.Secret != "open-sesame"`: what is compared with a secret is one; tokens and keys are also a parser's and a table's. */
function isComparedSecret(value: string, { quote, sign }: Gap, text: string, keyword: number): boolean {
  return quote !== "" && /^[=!]=/.test(sign) && value.length >= 8 && /^secret/i.test(text.slice(keyword, keyword + 6));
}

/** All that its line holds, and no name with a number. */
function isLineOf(value: string, text: string, end: number): boolean {
  const { digits, others } = classesOf(value);
  const ends = end === text.length || text.charCodeAt(end) === 10 || text.charCodeAt(end) === 13;
  return ends && isStrong(value) && (digits > 1 || others > 0) && !/[:/]|^\d+[-.]\d/.test(value);
}

/** Letters, digits and either both cases or a sign: no word of any language. */
export function isStrong(value: string): boolean {
  const { digits, upper, lower, others } = classesOf(value);
  if (digits === 0 || upper + lower === 0) return false;
  const signs = others > 0 && /[!@#$%^&*+=?~]/.test(value);
  return value.length >= 10
    ? isRandom(value) || signs || (upper > 0 && lower > 0)
    : value.length >= (signs ? 6 : 8) && (signs || (upper > 0 && lower > 0));
}

/** What people choose as a password: a word will do, if the text gives it as a value. */
function passwordScore(value: string, gap: Gap, random: boolean, text: string, keyword: number, end: number): number {
  if (value.length > 128) return random ? 0.6 : 0;
  const { digits, others, upper, lower } = classesOf(value);
  const mixed = (digits > 0 && upper + lower > 0) || (others > 0 && /[!@#$%^&*+=?~]/.test(value));
  if (/^\d+$/.test(value))
    return gap.quote !== "" && value.length >= 6 ? 0.6 : value.length >= 6 && gap.sign === "=" ? 0.55 : 0;
  if (mixed && !/^[a-z]+[A-Z][A-Za-z]*\d?$/.test(value)) return random || value.length >= 8 ? 0.9 : 0.78;
  // `"pass"` is also what a test did and what a renderer does: a word is one only behind a user's name.
  const isShort = /^["'.,{(;<]pass(?![wpc])/i.test(text.slice(keyword, keyword + 6));
  if (gap.quote !== "" && isShort && !followsUser(text, keyword + 1)) return 0;
  if (gap.quote !== "")
    return gap.sign === "is" || gap.sign === "flag" || isCodeLike(gap) || isStored(text, keyword) ? 0.66 : 0;
  if (gap.sign === "is" && isSaidWord(value, text, nameStart(text, keyword), end)) return 0.55;
  // Bare words: only where a line of settings gives them (`DB_PASSWORD=letmein`), or a connection string.
  const settings =
    gap.sign === "=" && !gap.spaced && /[A-Z_;\s"']$|^$/.test(text.slice(Math.max(0, keyword - 1), keyword));
  const upperName = /^[A-Z]/.test(text.slice(keyword, keyword + 1));
  if (settings && upperName && wordlikeness(value) !== 0) return 0.6;
  if (givesWord(text, keyword, value, gap, end)) return 0.6;
  return random ? 0.75 : 0;
}

/** `setPassword("x")`, `define('DB_PASSWORD', 'x')`, `put("mail.password", "x")`: what is called keeps what it is given. */
function isStored(text: string, keyword: number): boolean {
  return /(?:\bset|\b(?:define|set_?property|putenv|setenv|put|setdefault)\(\s{0,4}["']?[\w.-]{0,64})$/i.test(
    text.slice(Math.max(0, keyword - 88), keyword),
  );
}

/** `getenv("DB_PASSWORD", "x")`: what is used where nothing is set. */
function isDefault(value: string, text: string, keyword: number): boolean {
  return (
    (isStrong(value) || hasNumber(value)) &&
    /\b(?:(?:fill|type|typeText|send_?[kK]eys|set_?[vV]alue)\(\s?["'][#.\w[\]= -]{0,40}|(?:get_?env|(?:ENV\.)?fetch|lookup_?env\w{0,12}|environ\.(?:get|setdefault)|getOrDefault|env|config(?:uration)?(?:\.get\w{0,8})?|settings?\.get|get_?(?:property|option|string))\(\s{0,4}["'][\w.-]{0,64})$/i.test(
      text.slice(Math.max(0, keyword - 104), keyword),
    )
  );
}

function isCodeLike({ sign }: Gap): boolean {
  return (
    sign === "=" || sign === ":" || sign === "=>" || sign === ":=" || sign.startsWith("==") || sign.startsWith("!=")
  );
}

/** A value that is a file, a host, a version or a name with a number in it. */
function isIdentifierName(value: string, text: string, end: number): boolean {
  if (
    /\.(?:pem|key|crt|cer|json|ya?ml|txt|png|svg|js|ts|py|html?|com|org|net|io|local|dev|ini|cfg|conf|exe|jar|xml)$/i.test(
      value,
    )
  )
    return true;
  if (/^v?\d+(?:\.\d+){1,3}(?:[-_+].*)?$/.test(value)) return true;
  if (text.charAt(end) === "(" || text.charAt(end) === "[") return true;
  // Words with numbers, parted: `prod-db-2`, `SalesResults-1.2`.
  return /^[A-Za-z]{2,12}\d{0,3}(?:[-_.](?:[A-Za-z]{2,12}\d{0,3}|\d{1,12}))+$/.test(value);
}
