/**
 * Passwords on the command line of programs that take one, by an option of their own or by its place; and by their place in a
 * line of a file. In: a text and where the program's name or the line's mark ends. Out: the password's span. Read forwards on one line, to a bound.
 */
import type { Assigned } from "./assignments.ts";
import { classesOf, isPlaceholder, isReference } from "./value.ts";

interface Command {
  readonly programs: readonly string[];
  /** From the program's name on; the group is the password. Sticky. */
  readonly pattern: RegExp;
  /** What is no password although it stands there. */
  readonly unless?: RegExp;
  /** Nothing but a password can stand there: a plain word is one too. */
  readonly words?: boolean;
}

const value = String.raw`["']?([^\s"'\`$%<{\\|;&-][^\s"'\`$%<{\\|;]{3,95})["']?(?=\s|$)`;
const oracle = String.raw`([^\s@/"'\`$%<{&]{4,40})(?=@)`;

/** Other options and arguments before the one that counts. */
const others = String.raw`[^\n|;&]{0,160}?`;

function command(programs: string, option: string, secret: string = value): Command {
  return { programs: programs.split("|"), pattern: new RegExp(`${others} ${option}${secret}`, "y") };
}

/** A letter, and a digit or a sign of passwords. */
const thought = String.raw`((?=[^\s"'\`<{\\|;/,]{0,63}[A-Za-z])(?=[^\s"'\`<{\\|;/,]{0,63}[\d!@#$^&*])[^\s"'\`<{\\|;/,:]{5,63}[^\s"'\`<{\\|;/,:.)])`;
/** The words between, a user that is no host, date or time, and what holds a letter, and a digit or a sign of passwords. */
const pairPattern =
  /(?: (?:details|info|data))?(?: (?:for|to|of|on|at|in)(?: [\w.'-]{1,24}){1,4}(?= (?:is|are|as|with)\b| ?[:=]))?(?: (?:is|are|with|as|via))?[ \t]?[:=]?[ \t]?(?:[A-Za-z_][\w+-]{1,39}|[\w.+-]{1,40}@[\w.-]{3,60})(?:[:/]| [:/] )((?=[^\s"'`<{\\|;/,]{0,63}[A-Za-z])(?=[^\s"'`<{\\|;/,]{0,63}[\d!@#$^&*])[^\s"'`<{\\|;/,]{5,63}[^\s"'`<{\\|;/,.)])(?=[\s,;.)]|$)/y;
/** `ed25519-key`, `index.html?x=1`, `22:33Z`: words and what else stands behind a slash or a colon. */
const notChosen = /^[a-z\d]+(?:[-.:][a-z\d]+)+$|[?=]/i;
/** On a line of its own more must speak for it: both cases and a digit, or a sign. */
const notListed =
  /^(?![^]*[!@#$^&*])(?!(?=[^]*[A-Z])(?=[^]*[a-z])[^]*\d)|[?=]|\.(?:git|txt|tar|gz|zip|sql|json|csv|log)$/;

export const commands: readonly Command[] = [
  command("redis cli", "-a "),
  command("ldapsearch|ldapadd|ldapmodify|ldapdelete|ldappasswd|ldapwhoami", "-w "),
  command("keytool|jarsigner", "-(?:storepass|keypass|srcstorepass|deststorepass) "),
  command("sqlcmd|osql|mosquitto pub|mosquitto sub|ipmitool", "-P "),
  command("smbclient|rpcclient|smbmap", String.raw`(?:-U|--user)[ =]["']?[\w.\\/-]{1,40}%`),
  command("lftp", String.raw`-u ["']?[\w.@-]{1,40},`),
  command("net use", String.raw`/user:\S{1,64} `),
  {
    programs: ["net user"],
    pattern: new RegExp(String.raw`(?: /add)? [\w.-]{1,32} ${value}`, "y"),
    unless: /^[^A-Za-z]*$|^\d+\w?$|^[a-z]+$/,
  },
  command("xfreerdp|mstsc", "/p:"),
  command("http -a|https -a", String.raw`?["']?[\w.@-]{1,40}:`),
  command("sp addlogin", String.raw`N?["'][\w.@\\-]{1,40}["'],\s?N?(?=["'])`, String.raw`["']([^\s"']{4,96})["']`),
  // `curl -sku joe:…`: `-u` alone is `urls.ts`'s.
  command("curl", String.raw`-[a-zA-Z]{1,6}u ["']?[\w.@+-]{1,64}:`),
  command("winrs", "[-/]p(?:assword)?:"),
  command(
    "7z a|7z x|7za|rar a|unrar",
    "-h?p",
    String.raw`((?=[^\s"'\`]{0,63}\d)[^\s"'\`$%<{\\|;&-][^\s"'\`$%<{\\|;]{4,95})(?=\s|$)`,
  ),
  command("unzip|pdftotext", "-(?:P|upw|opw|A) "),
  command("net use", String.raw`(?:\w: )?\\\\[\w.$\\-]{3,80} `),
  command("openssl", "-(?:passin|passout|pass|password) pass:"),
  command("useradd|usermod|evil winrm|crackmapexec|netexec|rdesktop|sshpass|mongoexport|mongoimport", "-p "),
  command("htpasswd", String.raw`-[a-zA-Z]{0,3}b[a-zA-Z]{0,3} (?:-\w )?\S{1,96} [\w.@-]{1,40} `),
  command("wpa passphrase", String.raw`?["']?[\w.-]{1,40}["']? `),
  command("convertto securestring", String.raw`(?:-String )?(?=["'])`),
  command("sqlplus|rman|expdp|impdp", String.raw`(?:-\w{1,2} ){0,2}["']?\w{1,32}/`, oracle),
  { programs: ["oracle:thin:"], pattern: new RegExp(String.raw`\w{1,32}/${oracle}`, "y") },
  // What people write to one another: `creds: admin / Tr0ub4dor&3`.
  {
    programs: [
      ...[
        "creds",
        "credentials",
        "zugangsdaten",
        "credenciales",
        "identifiants",
        "kredensial",
        "login",
        "log in",
        "sign in",
        "signed in",
      ],
      ...[
        "user/pass",
        "username/password",
        "user/password",
        "user/pw",
        "login/password",
        "id/password",
        "id/pw",
        "u/p",
      ],
    ],
    pattern: pairPattern,
    unless: notChosen,
  },
  // `u: joe p: Tr0ub4dor&3`.
  {
    programs: [" p:", ",p:", "/p:", " p=", "|p:"],
    pattern: new RegExp(
      `(?<=(?:^|[\\s(,;|/])(?:u|us(?:e)?r|un|id|login|user_?name|email)\\s?[:=]\\s?[^\\s,;|/]{2,60}[\\s,;|/]{1,3}p[:=])[ \\t]?(?:\\| )?${thought}(?=[\\s,;.)|]|$)`,
      "iy",
    ),
    unless: notChosen,
  },
  // A list of accounts, one a line: `joe@example.com:Tr0ub4dor&3`; `root:…` of those that every system has.
  {
    programs: "com net org edu gov io co de fr uk ru nl es it pl br jp cn kr in sg my id th vn ph au"
      .split(" ")
      .map((top) => `.${top}:`),
    pattern: new RegExp(
      `(?<=(?:^|\\n)[ \\t"'\`*>-]{0,4}[\\w.+-]{2,48}@[\\w.-]{1,64}:)${thought}(?=["'\`]?(?:[\\r\\n]|$))`,
      "y",
    ),
    unless: notListed,
  },
  {
    programs: [
      "admin:",
      "root:",
      "administrator:",
      "sa:",
      "postgres:",
      "ubuntu:",
      "oracle:",
      "sysadmin:",
      "superuser:",
    ],
    pattern: new RegExp(`(?<=(?:^|\\n)[ \\t"'\`*>-]{0,4}\\w{2,16}:)${thought}(?=["'\`]?(?:[\\r\\n]|$))`, "y"),
    unless: notListed,
  },
  // A line of `.pgpass`: host, port, database and user, each of which may be a star.
  ...[":5432:", ":5433:", ":6432:", ":*:"].map((port) => ({
    programs: [port],
    pattern:
      /(?<=(?:^|\n)[\w.*-]{1,80}:(?:\d{4}|\*):)(?:[\w$-]{1,63}|\*):(?:[\w.$@-]{1,63}|\*):([^\s:]{4,96})(?=\r?\n|$)/y,
    words: true,
  })),
];

export function commandPasswordAt(
  text: string,
  end: number,
  { pattern, words, unless }: Command,
): Assigned | undefined {
  pattern.lastIndex = end;
  const found = pattern.exec(text);
  const secret = found?.[1];
  if (found === null || secret === undefined || isPlaceholder(secret) || isReference(secret)) return undefined;
  if (unless?.test(secret) === true) return undefined;
  const { digits, others: signs } = classesOf(secret);
  if (words === true && digits + signs === 0 && secret.length < 6) return undefined;
  if (words !== true && (digits + signs === 0 || /^[./~]|\.(?:ldif|jks|sql|json|txt|pem|csv)$/.test(secret)))
    return undefined;
  const start = end + found[0].lastIndexOf(secret);
  return { start, end: start + secret.length, score: 0.75 };
}
