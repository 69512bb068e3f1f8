/**
 * What stands before a random value: the name it has, in whatever form that is written. In: a text and where the value begins.
 * Out: what the name says of it.
 *
 * The other way round from `assignments.ts`: there a name is found and its value read, here a value and its name. Values drawn at
 * random are far rarer in text than names, so many more names can be known, and how name and value are joined hardly matters:
 * `fileioSECRET-…`, `acme ACCESS code …`, `- name: X_TOKEN` and its `value:` on the next line.
 */
import { issuers, openNames, valueNames } from "./issuers.ts";

export interface Context {
  /** `secret`, `token`, `api key`: the name of a credential. */
  readonly strong: boolean;
  /** `key`, `private`, `access`, `auth`: part of such names, and of many others. */
  readonly weak: boolean;
  readonly issuer: boolean;
  /** The name ends as that of an identifier, a digest or a place does. */
  readonly open: boolean;
  /** The name stands right before it, joined by a sign. */
  readonly assigned: boolean;
  /** Something more than a space stands between the name and it. */
  readonly joined: boolean;
  readonly name: string;
}

const maxGap = 32;
const maxPhrase = 56;

/** What joins a name to its value: quotes and brackets that close the name, one sign, spaces and at most one line end, opening quotes. */
const gap =
  /^[\\"'`\])}*]{0,5}[ \t]{0,16}(=>|:=|={1,3}|!={1,2}|::?|,|\(|>|\||-{1,16}|[~.]{1,3}|)["'`]?[ \t]{0,16}(?:[|>]-?)?(?:\\?[nr]|\r?\n)?[ \t([{-]{0,24}[\\"'`@$*]{0,5}$/;

export function contextOf(text: string, start: number): Context | undefined {
  const found = phraseBefore(text, start);
  const before = valueNames.has(lastWord(found.phrase).toLowerCase()) ? phraseBefore(text, found.wordFrom) : undefined;
  if (before !== undefined && before.phrase.trim() !== "") return read(before.phrase, before.sign + found.sign);
  return found.phrase.trim() === "" ? undefined : read(found.phrase, found.sign);
}

interface Phrase {
  readonly phrase: string;
  readonly wordFrom: number;
  readonly sign: string;
}

function phraseBefore(text: string, start: number): Phrase {
  let at = start;
  while (at > 0 && start - at < maxGap && !isWordSign(text.charCodeAt(at - 1))) at--;
  const found = gap.exec(text.slice(at, start));
  const end = at;
  if (found === null) return { phrase: "", wordFrom: end, sign: "" };
  for (; at > 0 && end - at < maxPhrase && isPhrase(text.charCodeAt(at - 1)); at--);
  const phrase = text.slice(at, end);
  return { phrase, wordFrom: end - lastWord(phrase).length, sign: found[1] ?? "" };
}

function isWordSign(unit: number): boolean {
  return (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90) || (unit >= 48 && unit <= 57) || unit === 95 || unit >= 128;
}

/** Letters, digits, and what joins the words of a name or a sentence. */
function isPhrase(unit: number): boolean {
  return (
    (unit >= 97 && unit <= 122) ||
    (unit >= 65 && unit <= 90) ||
    (unit >= 48 && unit <= 57) ||
    unit === 95 ||
    unit === 45 ||
    unit === 46 ||
    unit === 32
  );
}

function lastWord(phrase: string): string {
  return /[A-Za-z0-9]*$/.exec(phrase)?.[0] ?? "";
}

const strongName =
  /secret|token|passw|pwd|passphrase|credential|api[-_. ]?key|access[-_. ]?key|private[-_. ]?key|auth[-_. ]?key|master[-_. ]?key|bearer|authori[sz]ation|signing[-_. ]?key|encryption[-_. ]?key|webhook|_pat$|apikey|authtoken/;
const weakName = /key|private|access|auth|\bpat\b|cred|licen[cs]e|api\b|token|login/;
/** What is shown to anybody, and lines of an armoured block. */
const notKept = /public(?![^ ]*(?:secret|private))|begin |^[a-z0-9+/=]{40,}$|challenge|csrf|xsrf|authenticity|(?:next|page|sync|continuation)[-_. ]?token/;
const credentialWords = /(?:api|app|client|secret|access|private|auth|token|key|pat|prod|dev|test|live|user|account|rest|sdk|server|dev)+$/;

function read(phrase: string, sign: string): Context {
  const name = phrase.trimEnd().toLowerCase();
  const parts = phrase.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+/g) ?? [];
  const last = (parts.findLast((part) => !/^\d/.test(part)) ?? "").toLowerCase();
  return {
    strong: strongName.test(name),
    weak: weakName.test(name),
    issuer: namesIssuer(name.slice(name.lastIndexOf(" ", name.length - 16) + 1)),
    open: openNames.has(last) || openNames.has(lastWord(name)) || notKept.test(name),
    assigned: /[=:]/.test(sign),
    joined: sign !== "",
    name,
  };
}

/** Whether an issuer is among the last words: `datadog`, `new_relic`, `acmeApiKey` without what follows the name. */
function namesIssuer(name: string): boolean {
  const runs = name.match(/[a-z0-9]+/g) ?? [];
  for (let at = 0; at < runs.length; at++) {
    const run = runs[at] ?? "";
    if (issuers.has(run) || issuers.has(run.replace(credentialWords, "")) || issuers.has(run + (runs[at + 1] ?? "")))
      return true;
  }
  return false;
}
