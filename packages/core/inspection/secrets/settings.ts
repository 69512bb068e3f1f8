/**
 * Where a plain word is believed to be a password: `opensesame` has no digit and no sign, so what stands around it must say that
 * this is a setting and no sentence, label or code. In: a text, where the name begins, the value and what joins them. Out: yes or no.
 *
 * Behind the value nothing is looked at but the next two signs of its own word.
 */
import { nameStart, type Gap } from "./gap.ts";

const word = /^[A-Za-z][\w-]{3,}$/;

/** Names of settings: `DB_` before `PASSWORD`, `spring.datasource.`, `ansible_ssh_`; at the start of a line. */
const capitals = /(?:^|[\n;])[ \t]{0,32}(?:- )?(?:export |set |env )?["']?(?:[A-Z][A-Z0-9]{0,24}_){1,4}$/;
const dotted = /(?:^|\n)[ \t]{0,8}(?:[\w-]{1,32}\.){2,8}$/;
const automation = /(?:^|[\s"'])ansible_(?:\w{1,24}_)?$/;
/** Options that give one setting of many. */
const given = /(?:--set(?:-string)?|-D|--from-literal|--build-arg|--env|-e)[ =]?["']?[\w.[\]-]{0,64}$/;

export function givesWord(text: string, keyword: number, value: string, gap: Gap, end: number): boolean {
  if (gap.quote !== "" || !word.test(value)) return false;
  const name = nameStart(text, keyword);
  const lead = text.slice(Math.max(0, name - 120), name);
  if (gap.sign === ">")
    return text.startsWith("</", end) && (/<[\w.:-]{0,40}$/.test(lead) || /<[\w.:-]{1,40}>[^<>]{0,40}$/.test(lead));
  if (gap.sign === "flag") return isMachine(lead) || /^(?:requirepass|masterauth)/i.test(text.slice(name, name + 12));
  if (gap.sign !== "=" && gap.sign !== ":") return false;
  if (automation.test(lead)) return true;
  const ends = isLineEnd(text, end);
  if (gap.sign === "=" && !gap.spaced && (given.test(lead) || (dotted.test(lead) && ends))) return true;
  if (capitals.test(lead) && /^[A-Z]/.test(text.charAt(name)) && ends) return true;
  return /^[a-z][a-z_-]{4,}$/.test(value) && (gap.sign === "=" || ends) && followsUser(text, name);
}

/** A line of its own of settings in capitals or with dots. */
export function isSetting(text: string, keyword: number, gap: Gap, end: number): boolean {
  if (gap.sign !== "=" || gap.spaced || !isLineEnd(text, end)) return false;
  const name = nameStart(text, keyword);
  const lead = text.slice(Math.max(0, name - 120), name);
  return dotted.test(lead) || (capitals.test(lead) && /^[A-Z]/.test(text.charAt(name)));
}

function isMachine(lead: string): boolean {
  return /(?:machine\s{1,8}[\w.-]{1,64}|default)\s{1,8}login\s{1,8}[\w.@+-]{1,64}\s{1,12}$/.test(lead);
}

function isLineEnd(text: string, end: number): boolean {
  const unit = text.charCodeAt(end);
  return end === text.length || unit === 10 || unit === 13;
}

const userName = String.raw`(?:^|[\n;$ "'&?,{.<_-])(?:user(?:_?name|_?id)?|login|uid)`;
const userBefore = new RegExp(
  [
    // `user = aladdin`, `"user": "aladdin",`, `--user aladdin`, `<username>aladdin</username>`.
    String.raw`${userName} {0,12}= {0,12}(?:\\?["'][^"'\n]{2,40}["'];?|[A-Za-z][A-Za-z0-9_-]{1,40}(?=[\s&;]))[^=]{0,80}$`,
    String.raw`${userName}\\?["']? {0,4}: {0,4}\\?["']?[A-Za-z][\w.@+-]{1,40}\\?["']?,?\s{1,24}[\w.-]{0,40}["']?$`,
    String.raw`${userName}["'] {0,2}: {0,2}["'][\w.@+-]{2,40}["'], {0,2}["'][\w.-]{0,24}$`,
    String.raw`--?user(?:name)?[ =]["']?[\w.@-]{2,40}["']? --?$`,
  ].join("|"),
  "i",
);

/** A line or a statement before it gives the user's name as a literal: `user = aladdin`, then `password = opensesame`. */
export function followsUser(text: string, keyword: number): boolean {
  return userBefore.test(text.slice(Math.max(0, keyword - 120), keyword));
}
