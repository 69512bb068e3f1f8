/**
 * Credentials whose mark stands in the middle or at the start of a longer pattern: Telegram, Azure, Terraform, password
 * hashes and others. In: a text and where a mark is. Out: the span, or nothing. How far before its mark each begins is
 * known, so each pattern is tried at one place.
 */
import type { Assigned } from "./assignments.ts";
import { entropy, isPlaceholder } from "./value.ts";

export interface Anchor {
  readonly type: string;
  readonly marks: readonly string[];
  /** Code units before the mark; `digits` for as many digits as stand there; `query` for the rest of a parameter's name. */
  readonly back: number | "digits" | "query";
  /** The whole of it, or with its name before the group that is the secret; sticky. */
  readonly pattern: RegExp;
}

/** The most digits before a mark. */
const maxDigits = 17;

export const anchors: readonly Anchor[] = [
  { type: "azure-client-secret", marks: ["Q~"], back: 4, pattern: /[\w~.]{3}\dQ~[\w~.-]{31,34}(?![\w~-])/y },
  { type: "azure-devops-token", marks: ["AZDO"], back: 76, pattern: /[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}(?!\w)/y },
  // What Azure issues holds the service's signature near its end, so that scanners may know it.
  {
    type: "azure-key",
    marks: ["APIM", "ACDb", "+ASt", "+ABa", "+AMC"],
    back: 76,
    pattern: /[A-Za-z0-9+/]{76}(?:APIM|ACDb|\+ASt|\+ABa|\+AMC)[A-Za-z0-9+/]{5,6}={0,2}(?![\w=])/y,
  },
  {
    type: "azure-key",
    marks: ["AzCa", "AIoT", "+AEh", "+ASb", "+ARm"],
    back: 33,
    pattern: /[A-Za-z0-9+/]{33}(?:AzCa|AIoT|\+AEh|\+ASb|\+ARm)[A-Za-z0-9+/]{5,6}={0,2}(?![\w=])/y,
  },
  {
    type: "azure-key",
    marks: ["AzSe", "+ACR"],
    back: 42,
    pattern: /[A-Za-z0-9+/]{42}(?:AzSe|\+ACR)[A-D][A-Za-z0-9+/]{5}(?!\w)/y,
  },
  { type: "azure-key", marks: ["AzFu"], back: 44, pattern: /[\w-]{44}AzFu[\w-]{5}[AQgw]={0,2}(?![\w=])/y },
  { type: "azure-key", marks: ["JQQJ99"], back: 52, pattern: /[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}(?!\w)/y },
  { type: "maxmind-key", marks: ["_mmk"], back: 36, pattern: /[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk(?!\w)/y },
  {
    type: "rapidapi-key",
    marks: ["msh"],
    back: 10,
    pattern: /[0-9a-f]{10}msh[0-9a-f]{15}p1[0-9a-f]{5}jsn[0-9a-f]{12}(?!\w)/y,
  },
  {
    // Whoever has a signed address may do what it says: shared access signatures of Azure, presigned addresses of S3 and others.
    type: "url-signature",
    marks: ["sig=", "signature="],
    back: "query",
    pattern:
      /(?:sig|(?:x-(?:amz|goog|oss|cos)-)?signature)=((?:[A-Za-z0-9+/_~-]|%(?:2[bBfF]|3[dD])){20,512}={0,2})(?=[&\s"'<>)#\\`]|$)/iy,
  },
  { type: "password-hash", marks: [":::"], back: 65, pattern: /[0-9a-fA-F]{32}:[0-9a-fA-F]{32}:::/y },
  {
    type: "password-hash",
    marks: ["pbkdf2_sha", "pbkdf2-sha", "pbkdf2:sha", "scrypt:", "$scrypt$", "{SSHA}", "SCRAM-SHA-256$", "$P$", "$H$"],
    back: 0,
    pattern:
      /(?:\$?pbkdf2[_:-]sha\d{1,3}[$:]|scrypt:\d|\$scrypt\$|\{SSHA\}|SCRAM-SHA-256\$|\$[PH]\$)[A-Za-z0-9./+=$:,_-]{28,240}/y,
  },
  { type: "private-key", marks: ["<D>"], back: 0, pattern: /<D>([A-Za-z0-9+/]{40,700}={0,2})(?=<\/D>)/y },
  { type: "telegram-token", marks: [":AA"], back: "digits", pattern: /\d{8,10}:AA[\w-]{32,33}(?![\w-])/y },
  { type: "mailchimp-key", marks: ["-us"], back: 32, pattern: /[0-9a-f]{32}-us\d{1,2}(?!\w)/y },
  {
    type: "terraform-token",
    marks: [".atlasv1."],
    back: 14,
    pattern: /[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,70}(?![\w-])/y,
  },
  { type: "facebook-token", marks: ["|"], back: "digits", pattern: /\d{13,17}\|[\w-]{27}(?![\w-])/y },
  { type: "truenas-key", marks: ["-"], back: "digits", pattern: /\d{1,3}-[A-Za-z0-9]{64}(?!\w)/y },
  {
    type: "newrelic-key",
    marks: ["NRAL"],
    back: 36,
    pattern: /(?:[0-9a-fA-F]{36}|[a-z]{2}\d{2}x[0-9a-fx][0-9a-fA-F]{30})NRAL(?!\w)/y,
  },
  { type: "newrelic-key", marks: ["-NRMA"], back: 42, pattern: /(?:AA[0-9a-f]{40}|eu01xx[0-9a-f]{36})-NRMA(?!\w)/y },
  { type: "tableau-token", marks: ["==:"], back: 22, pattern: /[A-Za-z0-9+/]{22}==:[A-Za-z0-9]{32}(?!\w)/y },
  {
    // A number and what was drawn for it, as Laravel gives them out; a table's cell has no such neighbour.
    type: "sanctum-token",
    marks: ["|"],
    back: "digits",
    pattern: /\d{1,9}\|(?=[A-Za-z0-9]{0,47}[A-Z])(?=[A-Za-z0-9]{0,47}[g-z])[A-Za-z0-9]{40,48}(?![\w|])/y,
  },
  { type: "salesforce-token", marks: ["00D"], back: 0, pattern: /00D[A-Za-z0-9]{12}![\w.]{60,140}(?![\w.])/y },
  { type: "okta-token", marks: ["00"], back: 0, pattern: /00[\w-]{39}[A-Za-z0-9](?![\w-])/y },
  { type: "django-secret-key", marks: ["django-insecure-"], back: 0, pattern: /django-insecure-[^"'\s]{40,60}/y },
  {
    type: "password-hash",
    marks: ["$1$", "$apr1$"],
    back: 0,
    pattern: /\$(?:1|apr1)\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}/y,
  },
  { type: "password-hash", marks: ["$2a$", "$2b$", "$2y$"], back: 0, pattern: /\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}/y },
  {
    type: "password-hash",
    marks: ["$5$", "$6$"],
    back: 0,
    pattern: /\$[56]\$(?:rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43,86}/y,
  },
  {
    type: "password-hash",
    marks: ["$8$", "$9$", "$y$", "$gy$", "$7$"],
    back: 0,
    pattern: /\$(?:[789y]|gy)\$(?:[./A-Za-z0-9]{1,12}\$)?[./A-Za-z0-9]{1,32}\$[./A-Za-z0-9]{40,90}/y,
  },
  { type: "password-hash", marks: ["{SHA}"], back: 0, pattern: /\{SHA\}[A-Za-z0-9+/]{27}=/y },
  {
    // Settings of databases name how they keep a password: a value under that is one that logs in, or can be broken at leisure.
    type: "password-hash",
    marks: ["ntlm", "nthash", "nt_hash", "lm_hash", "ntlmhash"],
    back: 0,
    pattern:
      /(?:ntlm|nt_?hash|lm_hash|ntlmhash)(?:[_ -]?hash)?["']?\s{0,4}[:=]\s{0,4}["']?((?:[0-9a-f]{32}|[0-9A-F]{32})(?::(?:[0-9a-f]{32}|[0-9A-F]{32}))?)(?![0-9A-Za-z])/iy,
  },
  {
    type: "password-hash",
    marks: [
      "password_hash",
      "passwordhash",
      "passwd_hash",
      "pass_hash",
      "pwd_hash",
      "hashed_password",
      "encrypted_password",
    ],
    back: 0,
    pattern:
      /(?:pass(?:word|wd)?[_ -]?hash|pwd[_ -]hash|(?:hashed|encrypted)[_ -]password)["'`]?\s{0,4}(?:[:=]|=>)\s{0,4}["'`]?([0-9a-f]{32,128})(?![0-9A-Za-z])/iy,
  },
  { type: "password-hash", marks: ["$argon2"], back: 0, pattern: /\$argon2(?:id|i|d)\$[^\s"']{40,200}/y },
  { type: "password-hash", marks: ["$krb5"], back: 0, pattern: /\$krb5\w{1,8}\$[^\s"']{40,480}/y },
];

export function anchoredAt(text: string, mark: number, { back, pattern }: Anchor): Assigned | undefined {
  let start = mark;
  if (back === "digits") while (start > 0 && mark - start < maxDigits && isDigit(text.charCodeAt(start - 1))) start--;
  else if (back === "query") start = parameterStart(text, mark);
  else start -= back;
  if (start < 0 || (back === "digits" && start === mark)) return undefined;
  // `api.telegram.org/bot123:AA…`: the word before the number is the address's.
  const called = back === "digits" && text.startsWith("bot", start - 3);
  if ((!called && /[\w]/.test(text.charAt(start - 1))) || (back !== 0 && /[~.-]/.test(text.charAt(start - 1))))
    return undefined;
  pattern.lastIndex = start;
  const [whole = "", secret = whole] = pattern.exec(text) ?? [];
  if (whole === "" || isPlaceholder(secret) || entropy(secret) < 2.8) return undefined;
  const from = start + whole.length - secret.length;
  return { start: from, end: from + secret.length, score: 0.93 };
}

/** Where the name of a URL's parameter begins that ends here; -1 where there is none. */
function parameterStart(text: string, mark: number): number {
  let start = mark;
  while (start > 0 && mark - start < maxDigits && /[\w-]/.test(text.charAt(start - 1))) start--;
  return /[?&;]/.test(text.charAt(start - 1)) ? start : -1;
}

function isDigit(unit: number): boolean {
  return unit >= 48 && unit < 58;
}
