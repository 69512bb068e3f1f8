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
  /** Code units before the mark; `digits` for as many digits as stand there. */
  readonly back: number | "digits";
  readonly pattern: RegExp;
}

/** The most digits before a mark. */
const maxDigits = 17;

export const anchors: readonly Anchor[] = [
  { type: "azure-client-secret", marks: ["Q~"], back: 4, pattern: /[\w~.]{3}\dQ~[\w~.-]{31,34}(?![\w~-])/y },
  { type: "azure-devops-token", marks: ["AZDO"], back: 76, pattern: /[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}(?!\w)/y },
  { type: "maxmind-key", marks: ["_mmk"], back: 36, pattern: /[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk(?!\w)/y },
  {
    type: "rapidapi-key",
    marks: ["msh"],
    back: 10,
    pattern: /[0-9a-f]{10}msh[0-9a-f]{15}p1[0-9a-f]{5}jsn[0-9a-f]{12}(?!\w)/y,
  },
  {
    type: "azure-sas-signature",
    marks: ["?sig=", "&sig=", "&amp;sig="],
    back: 0,
    pattern: /[?&](?:amp;)?sig=[A-Za-z0-9%+/]{43,64}(?:%3[dD]|=)/y,
  },
  { type: "password-hash", marks: [":::"], back: 65, pattern: /[0-9a-fA-F]{32}:[0-9a-fA-F]{32}:::/y },
  {
    type: "password-hash",
    marks: ["pbkdf2_sha", "pbkdf2-sha", "pbkdf2:sha", "scrypt:", "$scrypt$", "{SSHA}", "SCRAM-SHA-256$", "$P$", "$H$"],
    back: 0,
    pattern:
      /(?:\$?pbkdf2[_:-]sha\d{1,3}[$:]|scrypt:\d|\$scrypt\$|\{SSHA\}|SCRAM-SHA-256\$|\$[PH]\$)[A-Za-z0-9./+=$:,_-]{28,240}/y,
  },
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
    pattern: /(?:[0-9a-f]{36}|[a-z]{2}\d{2}xx[0-9a-f]{30})NRAL(?!\w)/y,
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
    marks: ["$8$", "$9$", "$y$"],
    back: 0,
    pattern: /\$[89y]\$[./A-Za-z0-9]{1,24}\$[./A-Za-z0-9]{40,90}/y,
  },
  { type: "password-hash", marks: ["$argon2"], back: 0, pattern: /\$argon2(?:id|i|d)\$[^\s"']{40,200}/y },
  { type: "password-hash", marks: ["$krb5"], back: 0, pattern: /\$krb5\w{1,8}\$[^\s"']{40,480}/y },
];

export function anchoredAt(text: string, mark: number, { back, pattern }: Anchor): Assigned | undefined {
  let start = mark;
  if (back === "digits") while (start > 0 && mark - start < maxDigits && isDigit(text.charCodeAt(start - 1))) start--;
  else start -= back;
  if (start < 0 || (back === "digits" && start === mark)) return undefined;
  if (/[\w]/.test(text.charAt(start - 1)) || (back !== 0 && /[~.-]/.test(text.charAt(start - 1)))) return undefined;
  pattern.lastIndex = start;
  const value = pattern.exec(text)?.[0];
  if (value === undefined || isPlaceholder(value) || entropy(value) < 2.8) return undefined;
  return { start, end: start + value.length, score: 0.93 };
}

function isDigit(unit: number): boolean {
  return unit >= 48 && unit < 58;
}
