/**
 * Passwords in URLs (`scheme://user:password@host`, RFC 3986 3.2.1) and on curl's command line (`-u user:password`). In: a
 * text. Out: the password's span. Bounded on both sides of the sign that gives each away.
 */
import { isStrong, type Assigned } from "./assignments.ts";
import { isPlaceholder, isRandom, isReference } from "./value.ts";
import { quotedValue } from "./value-end.ts";

const maxUser = 128;
const maxPassword = 256;

/** Of those in the words from `first` on. */
export function findUrlPasswords(text: string, out: (found: Assigned) => void, first = 0): void {
  for (let at = text.indexOf("://", first); at >= 0; at = text.indexOf("://", at + 3)) {
    const from = at + 3;
    let colon = -1;
    let last = -1;
    let sign = -1;
    for (let index = from; index < text.length && index - from < maxUser + maxPassword; index++) {
      const unit = text.charCodeAt(index);
      if (unit <= 32 || unit === 47 || unit === 34 || unit === 60 || unit === 62 || unit === 63 || unit === 96) break;
      if (unit === 58 && colon < 0) colon = index;
      if (unit === 64 && colon >= 0) last = index;
      if (unit === 64 && sign < 0) sign = index;
    }
    if (colon < 0 && sign >= 0 && isTokenUser(text, from, sign)) out({ start: from, end: sign, score: 0.8 });
    if (colon < 0 || last <= colon + 1 || !isHost(text, last + 1)) continue;
    // Several hosts may follow, each with its own user: the first `@` that a host follows ends the first password.
    let end = text.indexOf("@", colon);
    const several = text.slice(colon, last).includes(",");
    while (end < last && !several) end = text.indexOf("@", end + 1);
    const value = text.slice(colon + 1, end);
    if (value.length < 3 || isReference(value) || value.includes("\\")) continue;
    if (value === "guest" && text.slice(from, colon) === value) continue;
    const database = isDatabase(text, at);
    if (isStandIn(value) && !(database && !/^(?:pass(?:word)?|pwd|x+|\*+)$|<|example|your/i.test(value))) continue;
    out({ start: colon + 1, end, score: /[0-9!$%^&*]/.test(value) ? 0.92 : 0.75 });
  }
}

/** `https://9f86d081…@github.com/a/b`: a user that is no name. */
function isTokenUser(text: string, from: number, end: number): boolean {
  const user = text.slice(from, end);
  if (user.length < 20 || !/^[\w~-]+$/.test(user) || !isRandom(user) || isPlaceholder(user)) return false;
  return isHost(text, end + 1) && !/^[\w.-]{0,40}\bingest\b/.test(text.slice(end + 1, end + 48));
}

/** Schemes of stores and brokers: a literal password there is one, be it `secret`. */
function isDatabase(text: string, at: number): boolean {
  return /(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql|sqlserver|oracle|jdbc:\w+|ldaps?|smtps?|ftps?)$/i.test(
    text.slice(Math.max(0, at - 16), at),
  );
}

function isHost(text: string, at: number): boolean {
  return /[A-Za-z0-9[$%]/.test(text.charAt(at));
}

/** What stands before an address that is no user's name. */
const addressed = /\b(?:mailto|from|to|b?cc|reply-to|sender|sips?|xmpp|acct|e-?mail|contact):[^:]*$/i;

/** `root:Tr0ub4dor@10.1.1.5`: without a scheme a value that has a number in it, before a host. */
export function findHostPasswords(text: string, out: (found: Assigned) => void, first = 0): void {
  for (let at = text.indexOf("@", first); at >= 0; at = text.indexOf("@", at + 1)) {
    const lead = text.slice(Math.max(first, at - 100), at);
    const value = /(?:^|[\s"'`(>=])[A-Za-z_][\w.-]{0,31}:([^\s:@/"'`<>{}()$]{6,64})$/.exec(lead)?.[1];
    if (value === undefined || !isStrong(value) || isPlaceholder(value) || /%[0-9A-F]{2}|[?&=]/i.test(value)) continue;
    if (addressed.test(lead)) continue;
    if (
      /^(?:\d{1,3}(?:\.\d{1,3}){3}|[A-Za-z][\w-]{0,40}(?:\.[\w-]{1,40}){1,4})(?![\w@])/.test(
        text.slice(at + 1, at + 220),
      )
    )
      out({ start: at - value.length, end: at, score: 0.75 });
  }
}

/** `user:password@`, `user:pass@` of documentation. */
function isStandIn(value: string): boolean {
  return isPlaceholder(value) && !/\d[A-Za-z]|[A-Za-z]\d/.test(value);
}

/** `scott/password@//host:1521/service`: how Oracle's programs are told whom to log in. */
export function oraclePasswordBefore(text: string, at: number): Assigned | undefined {
  const value = /(?:^|[\s"'`=:])[\w$]{1,32}\/([^\s"'`/@$%<>{}]{4,64})$/.exec(
    text.slice(Math.max(0, at - 110), at),
  )?.[1];
  if (value === undefined || isPlaceholder(value) || !/^\/\/[\w[]/.test(text.slice(at + 1, at + 4))) return undefined;
  return { start: at - value.length, end: at, score: 0.8 };
}

/** `curl -u user:password`, quoted or not, any order of options; the keyword is the option itself. */
export function userOptionAt(text: string, end: number): Assigned | undefined {
  const found = /^[ =]{1,3}(\\?["']|)([^\s:"']{0,96}):(["']?)([^\s"']{3,96})/.exec(text.slice(end, end + 220));
  if (found === null) return undefined;
  const [whole, , user = "", , value = ""] = found;
  if (isReference(user) || isReference(value) || isPlaceholder(value) || /^\$|[{}<>]|^\[/.test(user + value))
    return undefined;
  if (/^(?:test|pass|password|token|yyy)$/i.test(value) || value.startsWith("//")) return undefined;
  const stop = end + whole.length;
  return { start: stop - value.length, end: stop, score: /[0-9]/.test(value) || /[^A-Za-z]/.test(value) ? 0.85 : 0.6 };
}

/** `-u "key:"`: the user name is the secret, as services with keys for users do. */
export function userAloneAt(text: string, end: number): Assigned | undefined {
  const found = /^[ =]{1,3}\\?["']?([^\s:"'$<{[]{10,96}):["']?(?=\s|$)/.exec(text.slice(end, end + 120));
  const value = found?.[1];
  if (found === null || value === undefined || !/[0-9]/.test(value) || isPlaceholder(value)) return undefined;
  const start = end + found[0].indexOf(value);
  return { start, end: start + value.length, score: 0.8 };
}

/** `mysql -psecret`: the one family of programs that takes a password right behind its option. */
export function attachedPasswordAt(text: string, start: number, end: number): Assigned | undefined {
  const before = text.slice(Math.max(0, start - 120), start);
  if (!/\b(?:mysql(?:dump|admin|import|show|check)?|mariadb(?:-dump|-admin)?)\b[^\n]*$/i.test(before)) return undefined;
  const found = /^["']?([^\s"'$%<{\\=-][^\s"'$%<{\\]{4,95})["']?(?=\s|$)/.exec(text.slice(end, end + 110));
  const value = found?.[1];
  if (found === null || value === undefined || isPlaceholder(value) || !/[0-9!@#^&*]/.test(value)) return undefined;
  const at = end + found[0].indexOf(value);
  return { start: at, end: at + value.length, score: 0.75 };
}

/** `docker login -u x -p secret`, `sshpass -p secret`: programs that take a password so. */
export function passwordOptionAt(text: string, start: number, end: number): Assigned | undefined {
  const before = text.slice(Math.max(0, start - 120), start);
  if (!/\b(?:login|psexec(?:\.exe)?|sshpass|mongo(?:sh|dump|restore)?|rclone|az|oc|net use)\b[^\n]*$/i.test(before))
    return undefined;
  const found = /^[ =]\\?["']?([^\s"'$%<{\\]{5,96})["']?(?=\s|$)/.exec(text.slice(end, end + 110));
  const value = found?.[1];
  if (found === null || value === undefined || isPlaceholder(value) || value.startsWith("-")) return undefined;
  const at = end + found[0].indexOf(value);
  return { start: at, end: at + value.length, score: 0.75 };
}

const credentialCall = new RegExp(
  String.raw`^\(\s{0,4}(?:(?:["']\w{2,8}:[^"'\n]{1,96}["']|\$\w{1,32}),\s{0,16})?["'][^"'\n]{1,64}["'],\s{0,16}["']${quotedValue}`,
);
const connectCall = new RegExp(
  String.raw`^\(\s{0,4}(?:["'][^"'\n]{1,96}["']|\$?[A-Za-z_][\w.]{0,40}),\s{0,16}(?:\d{2,5},\s{0,16})?["'][^"'\n]{1,64}["'],\s{0,16}["']${quotedValue}`,
);

/**
 * `NetworkCredential("user", "password")` and its kin: the second of two strings, or the third where the first is an address or
 * a connection.
 */
export function credentialCallAt(text: string, end: number): Assigned | undefined {
  const found = credentialCall.exec(text.slice(end, end + 320));
  const value = found?.[1];
  if (found === null || value === undefined || isPlaceholder(value) || isReference(value)) return undefined;
  const stop = end + found[0].length - 1;
  return { start: stop - value.length, end: stop, score: 0.75 };
}

/** `mysqli_connect("host", "user", "password")` and its kin. */
export function connectCallAt(text: string, end: number): Assigned | undefined {
  const found = connectCall.exec(text.slice(end, end + 320));
  const value = found?.[1];
  if (found === null || value === undefined || isPlaceholder(value) || isReference(value)) return undefined;
  const stop = end + found[0].length - 1;
  return { start: stop - value.length, end: stop, score: 0.75 };
}
