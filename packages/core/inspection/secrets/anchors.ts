/**
 * Credentials whose mark stands in the middle: password hashes, Telegram, Azure, Terraform and others. In: the word around
 * the mark. Out: what it is. Words are bounded, and each pattern is tried on the whole word once.
 */
export interface Anchor {
  readonly type: string;
  readonly marks: readonly string[];
  /** The whole word, or what a capture group holds. */
  readonly pattern: RegExp;
}

/** How far a word reaches to each side of its mark. */
export const anchorReach = 600;

export const anchors: readonly Anchor[] = [
  { type: "azure-client-secret", marks: ["Q~"], pattern: /(?<![\w~.-])([\w~.]{3}\dQ~[\w~.-]{31,34})(?![\w~-])/ },
  { type: "azure-devops-token", marks: ["AZDO"], pattern: /(?<!\w)([A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4})(?!\w)/ },
  { type: "telegram-token", marks: [":AA"], pattern: /(?<!\w)(\d{8,10}:AA[\w-]{32,33})(?![\w-])/ },
  { type: "mailchimp-key", marks: ["-us"], pattern: /(?<!\w)([0-9a-f]{32}-us\d{1,2})(?!\w)/ },
  { type: "terraform-token", marks: [".atlasv1."], pattern: /(?<!\w)([A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,70})(?![\w-])/ },
  { type: "facebook-token", marks: ["|"], pattern: /(?<!\w)(\d{13,17}\|[\w-]{27})(?![\w-])/ },
  { type: "salesforce-token", marks: ["00D"], pattern: /(?<!\w)(00D[A-Za-z0-9]{12}![\w.]{60,140})(?![\w.])/ },
  { type: "newrelic-key", marks: ["NRAL"], pattern: /(?<!\w)((?:[0-9a-f]{36}|[a-z]{2}\d{2}xx[0-9a-f]{30})NRAL)(?!\w)/ },
  { type: "okta-token", marks: ["00"], pattern: /(?<![\w-])(00[\w-]{39}[A-Za-z0-9])(?![\w-])/ },
  { type: "django-secret-key", marks: ["django-insecure-"], pattern: /(django-insecure-[^"'\s]{40,60})/ },
  { type: "truenas-key", marks: ["-"], pattern: /(?<![\w-])(\d{1,3}-[A-Za-z0-9]{64})(?!\w)/ },
  {
    type: "password-hash",
    marks: ["$1$", "$5$", "$6$", "$8$", "$9$", "$y$", "$2a$", "$2b$", "$2y$", "$argon2", "$krb5", "$apr1$", "$scrypt"],
    pattern:
      /(\$(?:2[aby]\$\d\d\$[./A-Za-z0-9]{53}|(?:1|apr1)\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}|[56]\$(?:rounds=\d+\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43,86}|[89y]\$[./A-Za-z0-9]{1,24}\$[./A-Za-z0-9]{40,90}|argon2(?:id|i|d)\$[^\s"']{40,200}|krb5\w{1,8}\$[^\s"']{40,500}))/,
  },
];
