/**
 * What stands between the name of a secret and its value: `=`, `": "`, ` => `, a closing tag, the line `value:` of a list of
 * settings. In: a text, where the name begins and where it ends. Out: where the value begins, how it is quoted, what joins them.
 *
 * Read once, forwards, to a bound.
 */
import { saidGap } from "./said.ts";

export const maxValue = 512;
const maxGap = 40;

export interface Gap {
  /** Where the value's first character is, a quote left out. */
  readonly at: number;
  readonly quote: string;
  /** The separator: `=`, `:`, `=>`, `is`, `flag` for an option or a directive, `space` for a mere space, and so on. */
  readonly sign: string;
  readonly spaced: boolean;
}

/** Quotes and brackets that close the name, one separator, then an opening quote. Python, SQL and others mark a string's kind. */
const joined =
  /^(?:\\{0,4}["'`]?[\])]?\\{0,4}["'`]?\*{0,2})(\s{0,12})(=>|:=|===?|!==?|(?:\|\||\?\??)=|\|\||\?\?|\b(?:or|by|BY)\b(?= ["'])|=|:|,|>|[：＝是は为為는은]|है|هي|היא|<-|\b(?:is|was|est|lautet|ist|es|er|ay|jest|ialah)\b|[éè](?= )|là|adalah|(?:ใหม่)?คือ|\()\*{0,2}(\s{0,12})(?:(?:[NEbBuUrRL@]|rb|br)(?=["'])|<(?:b|i|em|strong|code|kbd|tt|pre)>|(?:\[\]byte|(?:new )?(?:\w{1,12}(?:\.|::)){0,2}(?:from|from_?hex|unhex\w{0,4}|hex|(?:b64|base64_?)?decode\w{0,6}|to_?bytes|bytes|b?str(?:ing)?|String|Secret(?:Str|String)?|F|TEXT|_T|QString(?:Literal)?))\((?=["'`]))?("""|'''|\\{0,4}["'`](?:\\?"(?!"))?|\(\\?["']|)/;

export function readGap(text: string, from: number, keyword: number): Gap | undefined {
  const window = text.slice(from, from + maxGap + 8);
  const further = furtherGap(text, from, keyword, window);
  if (further !== undefined) return further;
  const found = joined.exec(window);
  if (found !== null) {
    const [whole, before = "", sign = "", behind = "", quote = ""] = found;
    if (whole.length > maxGap || (before + behind).includes("\n")) return belowOf(text, from, keyword);
    return {
      at: from + whole.length,
      quote: quote.replace("(", ""),
      sign: plainSign(sign),
      spaced: before + behind !== "",
    };
  }
  // A table's columns: `Ldap password   ----   x`, `| token | x |`. `sign` says that only a strong value counts.
  const column = /^\*{0,2}[ \t]{0,24}(?:-{1,12}>?|[–—→]|\||│)[ \t]{1,24}(["'`]?)(?=[^\s|-])/.exec(
    text.slice(from, from + 64),
  );
  if (column !== null && (column[0].charCodeAt(0) !== 45 || column[0].startsWith("--")))
    return { at: from + column[0].length, quote: column[1] ?? "", sign: "space", spaced: true };
  return belowOf(text, from, keyword) ?? flagGap(text, from, keyword, window);
}

/** `"x" value="`, `variable "x" { default = "`, on the next line `value: `, `</key><string>`: the value has a name of its own. */
function furtherGap(text: string, from: number, keyword: number, window: string): Gap | undefined {
  const first = window.charCodeAt(0);
  const gapOf = (whole: string): Gap => {
    const quote = /["']$/.exec(whole)?.[0] ?? "";
    return { at: from + whole.length, quote, sign: quote === "" && whole.endsWith(">") ? ">" : "=", spaced: true };
  };
  if (first === 34 || first === 39 || first === 93) {
    const typedIn = filled.exec(window)?.[0];
    if (typedIn !== undefined) return { ...gapOf(typedIn), sign: "space" };
  }
  if (first === 34 || first === 39) {
    const element = /^["'](?:\s[\w:]{1,16}=["'][^"'<>\n]{0,24}["']){0,2}\s?>\s{0,12}<(?:value|string)>/i.exec(
      text.slice(from, from + 96),
    );
    if (element !== null) return gapOf(element[0]);
    const nested = /^["']\s{0,4}:\s{0,4}\{\s{0,12}["'](?:value|default|plaintext)["']\s{0,4}:\s{0,4}["']/i.exec(
      text.slice(from, from + 64),
    );
    if (nested !== null) return gapOf(nested[0]);
    const attribute =
      /^["']\s{0,4}value\s{0,2}=\s{0,2}["']/.exec(window) ?? variable.exec(text.slice(from, from + 240));
    if (attribute !== null) return gapOf(attribute[0]);
  }
  if (first === 58 || first === 63) {
    const declared = typed.exec(window);
    if (declared !== null) return gapOf(declared[0]);
  }
  if (first === 58 || first === 61 || first === 32 || first === 34 || first === 39) {
    const split = continued.exec(text.slice(from, from + 48))?.[0];
    if (split !== undefined) return { ...gapOf(split), sign: split.includes("=") ? "=" : ":" };
  }
  if (first === 32) {
    const described = /^ [\w:-]{1,16}="[^"<>\n]{0,24}"\s?>/.exec(window)?.[0];
    if (described !== undefined && /<[\w:]{0,24}$/.test(leadOf(text, nameStart(text, keyword), 32)))
      return gapOf(described);
    const basic = /^ As String {0,2}= {0,2}"/i.exec(window)?.[0];
    if (basic !== undefined) return gapOf(basic);
  }
  if (first === 32 || first === 44 || first > 96) {
    const isGiven = first === 32 && isOption(leadOf(text, nameStart(text, keyword), 120), text.slice(keyword, from));
    const whose = isGiven ? undefined : saidGap(text, from, keyword);
    if (whose !== undefined) return whose;
  }
  if (first === 60 || first === 62) {
    const tag = /^(?:<\/\w{1,16})?>\s{0,12}<(?:value|string|plain|text)>/i.exec(text.slice(from, from + 64));
    if (tag !== null) return gapOf(tag[0]);
    const cell =
      /^<\/(?:td|th|dt|b|strong|label)>:?\s{0,12}<(?:td|dd|code|b|span|p)>\s{0,4}(?:<(?:b|code)>)?(?=[^\s<])/i.exec(
        window,
      );
    return cell === null ? undefined : { ...gapOf(cell[0]), quote: "", sign: "space" };
  }
  if (first === 34 || first === 39 || first === 44 || first === 10 || first === 13) {
    const listed = valueLine.exec(text.slice(from, from + 64));
    if (
      listed !== null &&
      /(?:name|key|variable|env)["']?\s{0,4}[:=]\s{0,4}["']?[\w.-]*$/i.test(leadOf(text, keyword, 64))
    )
      return gapOf(listed[0]);
  }
  return undefined;
}

/** `get("#password").type("x")`, `find("password").send_keys("x")`: what a program types into the field. */
const filled = /^["'\]]{0,3}\)\.(?:type|fill|send_?keys|set_?value|val|press_?sequentially)\(\s?["']/i;
/** `password: String = "x"`, `password?: string = "x"`: languages that write a type behind the name, which has no number as a password has. */
const typed = /^\??:\s{0,2}(?:&(?:'static )?)?[A-Za-z][A-Za-z_.<>[\]]{0,20}(?:\s?\|\s?\w{1,9})?\s{0,2}=\s{0,2}["']/;
/** A value that its sign leaves to the next line: a block of YAML, a line that goes on behind a backslash, a string below its name. */
const continued =
  /^(?:["']?[ \t]{0,4}:[ \t]{1,4}[|>][+-]?\d?[ \t]{0,4}\r?\n[ \t]{1,16}|["']?[ \t]{0,4}[:=][ \t]{0,4}\\\r?\n[ \t]{0,16}["']?|["']?[ \t]{0,4}[:=][ \t]{0,4}\r?\n[ \t]{1,16}["'])(?=[^\s"'])/;
const variable =
  /^["']\s{0,4}\{\s{1,12}(?:(?:type|description|sensitive)\s{0,12}=\s{0,4}[^\n]{1,60}\n\s{0,12}){0,3}default\s{1,12}=\s{1,4}["']/;
const valueLine = /^["']?,?\s{0,32}["']?(?:parameter_?|default_?|string_?)?value["']?\s{0,4}[:=][ \t]{0,4}["']?/i;

/** What was copied of a form: the name, alone on its line, and the value on the next. */
const lineBelow = /^[:?]?[ \t]{0,4}\r?\n[ \t]{0,12}(?=[^\s"'`<>{}[\]|#*-])/;

function belowOf(text: string, from: number, keyword: number): Gap | undefined {
  const below = lineBelow.exec(text.slice(from, from + 32));
  if (below === null) return undefined;
  const lead = leadOf(text, nameStart(text, keyword), 64);
  const isAlone = text.charAt(from) === "?" || /(?:^|\n)[ \t>*#]{0,8}(?:[A-Za-z]{1,16}[ _-]){0,2}$/.test(lead);
  return isAlone ? { at: from + below[0].length, quote: "", sign: "line", spaced: true } : undefined;
}

/** Directives of servers' settings that a password follows. */
const directive = /^(?:requirepass|masterauth|bindpw|rootpw|snmp.server community)/i;

/** `--password x`, `-Password x`, `machine h login x password x`, `password "x"`, `ENV PASSWORD x`, `identified by 'x'`. */
function flagGap(text: string, from: number, keyword: number, window: string): Gap | undefined {
  // Routers say how a password is written: `password 7 0822455D0A16`.
  const flag = /^(?:["'])?( {1,4}|\t|\r?\n[ \t]{1,12}(?=\S))(?:([05789]) )?(\\?["']|)/.exec(window);
  if (flag === null) return undefined;
  const [whole, space = "", written, quote = ""] = flag;
  const lead = leadOf(text, nameStart(text, keyword), 120);
  const name = text.slice(keyword, from);
  const isFlag =
    isOption(lead, name) ||
    (written !== undefined &&
      /(?:^|\n)[ \t]*(?:username|enable|neighbor|radius|tacacs|line|ppp|key|server)?\b[^\n]{0,90}$/i.test(lead)) ||
    (quote !== "" && (/^identified/i.test(name) || declares.test(lead)));
  // Only what a line says that reads on from another is a value on the next.
  if (space.includes("\n") && !/(?:machine|default)\s[^;{}=]{0,100}$/.test(lead)) return undefined;
  return { at: from + whole.length, quote, sign: isFlag ? "flag" : "space", spaced: true };
}

/** An option, a login's second word, a line that sets: the next word is the value, whatever follows it. */
function isOption(lead: string, name: string): boolean {
  return (
    (directive.test(name) && /(?:^|\n)[ \t]{0,12}$/.test(lead)) ||
    lead.endsWith("-") ||
    /(?:login|user(?:name)?|account) \S{1,64}\s{1,8}$/.test(lead) ||
    /(?:^|[\n;&]) {0,8}(?:RUN )?(?:ENV|ARG|setx|set -gx) ["']?\w{0,40}$/.test(lead)
  );
}

/** What a quoted password stands behind without a sign: the line's start, a macro's, a statement of SQL. */
const declares =
  /(?:^|\n)\s*$|#define\s{1,8}\w{0,40}$|\b(?:with|login|encrypted|superuser|createdb|mysqladmin[^\n]{0,60}|role \w{1,40}|user \w{1,40}|set|psk|user(?:name)?:? ["'`]?[\w.@-]{2,40}["'`]?,? (?:and|with)(?: (?:the|my))?)\s{1,8}$|(?:^|\s):\s{1,8}$/i;

/** Where the letters of a name begin whose mark begins with what stands before it. */
export function nameStart(text: string, keyword: number): number {
  return /[A-Za-z\u0080-\uffff]/.test(text.charAt(keyword)) ? keyword : keyword + 1;
}

function leadOf(text: string, at: number, length: number): string {
  return text.slice(Math.max(0, at - length), at);
}

/** A full-width sign is the sign; a copula of Chinese or Japanese stands for a colon, as it does on a form. */
function plainSign(sign: string): string {
  // A default that is set where there is none (`?=`, `||=`) is a setting; one that is read (`|| "x"`) may also be a message.
  if (/^[|?].?=$/.test(sign)) return "=";
  if (/^(?:\|\||\?\?|or)$/i.test(sign)) return "||";
  if (/^by$/i.test(sign)) return "=";
  if (/^(?:was|est|lautet|ist|es|er|ay|jest|ialah|é|è)$/.test(sign)) return "is";
  return sign === "＝" || sign === "<-" ? "=" : /^(?:[：是は为為는은]|है|هي|היא)$/.test(sign) ? ":" : sign;
}
