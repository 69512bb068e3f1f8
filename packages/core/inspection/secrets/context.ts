/**
 * What stands before a random value: the name it has, in whatever form that is written. In: a text and where the value begins.
 * Out: what the name says of it.
 *
 * The other way round from `assignments.ts`: there a name is found and its value read, here a value and its name. Values drawn at
 * random are far rarer in text than names, so many more names can be known, and how name and value are joined hardly matters:
 * `fileioSECRET-…`, `acme ACCESS code …`, `- name: X_TOKEN` and its `value:` on the next line.
 */
import { dataKey } from "./assignments.ts";
import { issuers, openNames, services, valueNames } from "./issuers.ts";

export interface Context {
  /** `secret`, `token`, `api key`: the name of a credential. */
  readonly strong: boolean;
  /** `key`, `private`, `access`, `auth`: part of such names, and of many others. */
  readonly weak: boolean;
  readonly issuer: boolean;
  /** The whole name is that of an issuer, no word of sentences, and of whose revisions nobody writes. */
  readonly service: boolean;
  /** The name ends as that of an identifier, a digest or a place does. */
  readonly open: boolean;
  /** The name stands right before it, joined by a sign. */
  readonly assigned: boolean;
  /** The name ends with `key` or its like, and says whose: `acme_key`, but no `cache key`. */
  readonly keyed: boolean;
  /** Its last word is in capitals, as `acme KEY`. */
  readonly shouted: boolean;
  /** A parameter of a URL that is called `key` or its like: whose it is, the URL says. */
  readonly queried: boolean;
  /** It stands in quotes of its own. */
  readonly quoted: boolean;
  /** The name is one word of which its kind is the end, as `acmeaccess`: no sentence has that. */
  readonly glued: boolean;
  /** Something more than a space stands between the name and it. */
  readonly joined: boolean;
  readonly name: string;
}

const maxGap = 40;
const maxPhrase = 56;
const window = 192;

/** What joins a name to its value: quotes and brackets that close the name, one sign, spaces and at most one line end, opening quotes. */
const gap =
  /^[\\"'`\])}*]{0,5}[ \t]{0,16}(=>|:=|(?:\|\||\?\??)=?|={1,3}|!={1,2}|::?|;s:\d{1,4}:|,|\(|>|\||-{1,16}>?|[~.]{1,3}|)["'`*]{0,3}[ \t]{0,16}(?:[|>{[(]-?)?(?:\\?[nr]|\r?\n)?[ \t([{-]{0,24}[\\"'`@$*]{0,5} ?$/;

/** Signs as HTML, URLs and escapes write them. */
const coded = /&quot;|&#3[49];|&apos;|%2[27]|\\[ux](?:00)?2[27]|%3[aAdD]|%20|[：＝]/g;

function plain(code: string): string {
  if (code.endsWith("20")) return " ";
  return /^(?:%3[aA]|：)$/.test(code) ? ":" : code.startsWith("%3") || code === "＝" ? "=" : '"';
}

export function contextOf(text: string, start: number): Context | undefined {
  let before = text.slice(Math.max(0, start - window), start);
  if (/[&%\\：＝]/.test(before)) before = before.replace(coded, plain);
  const quoted = /["'`]$/.test(before);
  const found = phraseAtEnd(before);
  const last = lastWord(found.phrase).toLowerCase();
  // `token=12345678:9f86…`: an identifier, and the secret that belongs to it.
  if (valueNames.has(last) || (found.sign === ":" && /^[0-9a-f-]{5,36}$/.test(last) && /\d/.test(last))) {
    const further = phraseAtEnd(before.slice(0, found.wordFrom));
    if (further.phrase.trim() !== "") return read(further, further.sign + found.sign, quoted);
  }
  return found.phrase.trim() === "" ? undefined : read(found, found.sign, quoted);
}

/**
 * The name of what a value stands within: an element of XML, a list in brackets. For values that have none of their own:
 * `<secret>{acme AQAAABAAA …}</secret>`, `"tokens": ["…", "…"]`.
 */
export function aroundOf(text: string, start: number): Context | undefined {
  const before = text.slice(Math.max(0, start - window), start);
  const element = /<([A-Za-z][\w.:-]{0,40})>[^<>\n]{0,120}$/.exec(before)?.[1];
  if (element !== undefined) return read({ phrase: element, before: "<", wordFrom: 0, sign: "" }, ">");
  const bracket = before.lastIndexOf("[");
  if (bracket < 0 || before.includes("]", bracket) || !/^\[\s*["'][\w.~+/=-]{8,}["'],\s/.test(before.slice(bracket)))
    return undefined;
  const named = phraseAtEnd(before.slice(0, bracket + 1));
  return named.phrase.trim() === "" ? undefined : read(named, named.sign);
}

interface Phrase {
  readonly phrase: string;
  /** The sign before it. */
  readonly before: string;
  readonly wordFrom: number;
  readonly sign: string;
}

function phraseAtEnd(text: string): Phrase {
  let at = text.length;
  while (at > 0 && text.length - at < maxGap && !isWordSign(text.charCodeAt(at - 1))) at--;
  const end = endOfName(text, at);
  const found = gap.exec(text.slice(end));
  if (found === null) return { phrase: "", before: "", wordFrom: end, sign: "" };
  let from = end;
  while (from > 0 && end - from < maxPhrase && isPhrase(text.charCodeAt(from - 1))) from--;
  const phrase = text.slice(from, end);
  const tail = text.slice(Math.max(0, end - 24), end);
  if (/[\u0080-\uffff]/.test(tail) && foreign.test(tail))
    return { phrase: "secret", before: "", wordFrom: 0, sign: ":" };
  return { phrase, before: text.charAt(from - 1), wordFrom: end - lastWord(phrase).length, sign: found[1] ?? "" };
}

/** PHP writes a string's length between a name and its value: `"api_key";s:32:"…"`. */
function endOfName(text: string, at: number): number {
  const length = /";s:\d{1,4}$/.exec(text.slice(Math.max(0, at - 10), at));
  return length === null ? at : at - length[0].length;
}

function isWordSign(unit: number): boolean {
  return (
    (unit >= 97 && unit <= 122) ||
    (unit >= 65 && unit <= 90) ||
    (unit >= 48 && unit <= 57) ||
    unit === 95 ||
    unit >= 128
  );
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
  /secret|token|passw|pwd|passphrase|credential|api[-_. ]?key|access[-_. ]?key|private[-_. ]?key|auth[-_. ]?key|master[-_. ]?key|bearer|authori[sz]ation|macaroon|dockercfg|signing[-_. ]?key|encryption[-_. ]?key|webhook|_pat$|apikey|authtoken/;
const weakName = /key|private|access|auth|\bpat\b|cred|licen[cs]e|api\b|token|login/;
const keyed = /[a-z0-9][-_. ]?(?:key|auth|access|private|licen[cs]e|pat|api)s?(?:[-_. ]?(?:code|value))?$/;
/** Key, token, secret, password in other scripts, right before a sign. */
const foreign =
  /(?:密钥|密鑰|秘钥|私钥|金鑰|令牌|口令|密码|密碼|凭证|トークン|キー|シークレット|パスワード|토큰|비밀|키|암호|токен|ключ|пароль|секрет|khóa|khoá|mật khẩu|โทเค็น|โทเคน|คีย์|กุญแจ|รหัสผ่าน|clé|कुंजी)$/iu;
/** What is shown to anybody, and lines of an armoured block. */
const notKept =
  /public(?![^ ]*(?:secret|private))|begin |^[a-z0-9+/=]{40,}$|challenge|csrf|xsrf|authenticity|(?:next|page|sync|continuation)[-_. ]?token|(?:sum|hash|digest)s?$/;
const credentialWords =
  /(?:api|app|client|secret|access|private|auth|token|key|pat|prod|dev|test|live|user|account|rest|sdk|server|dev)+$/;

/** Keys that are made of what they stand for. */
const derived = /(?:cache|primary|foreign|sort|partition|idempotency|dedup\w*)[-_. ]?key$/;

function read({ phrase, before }: Phrase, sign: string, quoted = false): Context {
  const name = phrase.trimEnd().toLowerCase();
  const parts = phrase.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+/g) ?? [];
  const last = (parts.findLast((part) => !/^\d/.test(part)) ?? "").toLowerCase();
  return {
    strong: strongName.test(name),
    weak: weakName.test(name),
    keyed: keyed.test(name) && !dataKey.test(name.slice(0, -3)),
    shouted: /(?:KEY|AUTH|ACCESS|PRIVATE|CODE|LICEN[CS]E|API)S?$/.test(phrase.trimEnd()),
    queried:
      before === "?" || before === "&" ? /^(?:key|app_?id|auth|sig|signature|apikey|code|hash_key)$/.test(name) : false,
    issuer: namesIssuer(name),
    service: services.has(name),
    open:
      (last === "key" && derived.test(name)) ||
      openNames.has(last) ||
      openNames.has(lastWord(name)) ||
      notKept.test(name),
    assigned: /[=:]/.test(sign),
    joined: sign !== "",
    quoted,
    glued: /(?<![a-z0-9])[a-z0-9]{4,24}(?:access|private|secret|apikey)$/.test(name),
    name,
  };
}

const called = new Set(["init", "connect", "client", "configure", "setup", "start", "initialize", "getinstance"]);

/** Whether the last words name an issuer: `datadog`, `new_relic`, `acmeApiKey`, without what follows the issuer's own name. */
function namesIssuer(name: string): boolean {
  const runs = name.match(/[a-z0-9]+/g) ?? [];
  for (let at = runs.length - 1; at >= 0; at--) {
    const run = runs[at] ?? "";
    const own = run.replace(credentialWords, "");
    // `rollbar.init("…")`: whose it is stands before what is called.
    if (own === "" || (at > 0 && called.has(run))) continue;
    // `infuraKeyOfOurs`: what the issuer gave is named behind it, and something more.
    const whose = /^([a-z0-9]{3,24}?)(?:api|secret|token|access|private|key)/.exec(run)?.[1] ?? "";
    return issuers.has(run) || issuers.has(own) || issuers.has((runs[at - 1] ?? "") + own) || issuers.has(whose);
  }
  return false;
}
