/**
 * Passwords as a sentence gives them: `the password for the staging box is x`, `change your password to x`, `der Zugang hat das Passwort x`. In: a text,
 * where the name begins and where it ends. Out: where the value begins. What is said of a password otherwise has no number in it, so
 * only a value that has one counts (`isChosen`).
 */
import type { Gap } from "./gap.ts";
import { classesOf, isPlaceholder } from "./value.ts";

/** Whose it is, then a sign or a verb. */
const owned =
  /^ (?:(?:[\p{L}\p{M}]{1,16} ){0,2}[\p{L}\p{M}]{1,16}(?= (?:es|est|ist|lautet|è|é|là|adalah|คือ|jest) )|(?:login|akun|email|vpn|admin|router|wi-?fi|wlan|tempor\p{L}{2,4}|provis\p{L}{3,6}|sementara|initial\p{L}{0,2}|nueva|nouveau|baru|mới)(?= ?[:=])|(?:for|of|to|on|at|in|from|del?|da|do|della|di|per|pour|du|für|zum|vom|von|der|para|đăng nhập|untuk|ke|buat|dari|của|cho|wi-?fi|от|для|к|на|voor|van|til|för|na|ng|sa|ko|mo|namin)(?: [\p{L}\p{M}\d.@'’/-]{1,40}){0,5}?)(?: ?[:=—–]| (?:is|was|est|lautet|ist|war|es|era|é|è|ay|là|adalah|คือ|ialah|jest|er|är|c[’']est)(?: now| still| just)?:?)[ \t]{1,2}(?:["'`“«„](?=\S))?(?=\S)/u;
/** What it was, became or will be. */
const became =
  /^(?:,? (?:it[’']?s|it is|that is|which is|c[’']est|itu)| (?:used to be|(?:is|was) (?:now|still|just)|(?:has been |was |is |now )?(?:set|changed|reset) (?:back )?to|war|era|är|saya|kami))(?: now)?:?[ \t]{1,2}(?:["'`“«„](?=\S))?(?=\S)/;
const changed = /(?:\b(?:set|chang|reset|updat|mak|switch|put)\w{0,4}|\b(?:is|was|be|been)) (?:[\w'’]{1,16} ){0,4}$/i;
const to = /^ (?:from \S{1,40} )?(?:back )?to:? (?:["'`“«„](?=\S))?(?=\S)/;

export function saidGap(text: string, from: number, keyword: number): Gap | undefined {
  const nameAt = keyword + (/\w/.test(text.charAt(keyword)) ? 0 : 1);
  const rest = text.slice(from, from + 160);
  // Which of these it is, what stands before the value must say.
  const isChanged =
    /^ (?:from \S{1,40} )?(?:back )?to/.test(rest) && changed.test(text.slice(Math.max(0, keyword - 64), nameAt));
  const bracket = /^ ?(?:は|が|：)? ?[「『](?=\S)/.exec(rest)?.[0];
  const found = bracket ?? (isChanged ? to.exec(rest) : (owned.exec(rest) ?? became.exec(rest)))?.[0];
  if (found === undefined) return undefined;
  const quote = /["'`“«„「『]$/.exec(found)?.[0] ?? "";
  return { at: from + found.length, quote: closing[quote] ?? quote, sign: "said", spaced: true };
}

const closing: Readonly<Record<string, string>> = { "「": "」", "『": "』", "“": "”", "«": "»", "„": "“" };

/** Whose password a plain word is said to be. */
const ofOurs =
  /\b(?:wi-?fi|wlan|vpn|router|hotspot|guest|netflix|zoom|laptop|phone|admin|root|database|db|account|safe|alarm|email|login|my|our|his|her) $/i;
/** What is said of passwords otherwise, and how such words end. */
const predicate =
  /(?:ed|ing|ly|ive|ous|[ia]ble|al|ent|ant|[ao]ry|ful|less|ish|en|ic|id|ure|[ie]ct|est|ory|word|words)$|^(?:secret|strong|simple|complex|unique|private|public|common|useless|nothing|something|everything|anything|nowhere|somewhere|elsewhere|underneath|inside|outside|online|offline|admin|default|stupid|lengthy|perfect|terrible|awful|easier|harder|longer|shorter|stronger|weaker|better|invalid|insecure|unsafe|another|always|either|already|alphanumeric|numeric|because|obvious|unclear|unlucky|garbage|rubbish)$/i;

/** `the wifi password is bluewhale.`: a word that nobody says of a password, and that the sentence ends with. */
export function isSaidWord(value: string, text: string, name: number, end: number): boolean {
  if (!/^[A-Za-z]{6,24}$/.test(value) || predicate.test(value)) return false;
  return /^[.,!\n\r]?$/.test(text.charAt(end)) && ofOurs.test(text.slice(Math.max(0, name - 24), name));
}

/** `my card's PIN is …`: four digits or more, no year, and no postal code of six. */
const pin =
  /(?: (?:code|number|kode))?(?: (?:for|to|of|on|untuk)(?: [\w'’-]{1,16}){1,4}?)?(?: is| ist| es| adalah| ?[:=])(?: now)?:? (?!(?:19|20)\d\d(?!\d))(\d{4,5}|\d{7,8}|(?<!code[^\d]{1,8})\d{6})(?![\w,/:-]|\.\d)/iy;

export function pinAt(
  text: string,
  end: number,
): { readonly start: number; readonly end: number; readonly score: number } | undefined {
  pin.lastIndex = end;
  const [whole, value] = pin.exec(text) ?? [];
  if (whole === undefined || value === undefined || isPlaceholder(value)) return undefined;
  return { start: end + whole.length - value.length, end: end + whole.length, score: 0.6 };
}

/** Names of standards, versions, dates, counts, and of things that are numbered. */
const numbered =
  /^(?:aes|sha|md|argon|scrypt|bcrypt|utf|iso|base|rfc|pbkdf|oauth|ipv|http|tls|ssl|ssh|step|option|level|section|chapter|figure|table|version|page|part|item|field|node|user|line|row|type|phase|stage|tier|windows|win|iphone|ios|android|python|java|web|log|room|day|week|covid)[-_ ]?v?\d[\d.]*[a-z]?$|^v?\d[\d.,:/-]*[a-z]{0,2}$|^\d+(?:st|nd|rd|th|ms|min|[kmg]b|px|bits?)$|^\d+-[a-z-]+$|^(?:https?:|www\.|[~./])|^[a-z]{2,5}-\d{1,2}$/i;

/** A word with a number in it, as people think of a password. */
export function hasNumber(value: string): boolean {
  const { digits, upper, lower } = classesOf(value);
  return value.length >= 6 && digits > 0 && upper + lower >= 3 && !numbered.test(value);
}
