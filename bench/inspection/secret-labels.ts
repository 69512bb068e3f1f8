/**
 * What the texts of the two sources of secrets hold, as a person read them. In: a row. Out: whether it holds a secret, whether
 * nobody could say, and why it was read otherwise than it is labelled.
 *
 * The sources label for one rule at a time, so a text that one rule must not match may hold another's secret. A literal value
 * that would open something is a secret, whichever rule's example it is. A stand-in is none: one sign repeated, an alphabet or a
 * count, `EXAMPLE`, `fake`, `xxxx`, the field's own name; nor is the name of a variable. Rows that are not named here are as
 * their source labels them.
 */

export interface SecretRow {
  readonly id: string;
  readonly text: string;
  readonly spans: readonly { readonly start: number; readonly end: number }[];
  readonly meta: { readonly rule?: string };
}

type Verdict = "holds" | "holds none" | "unclear";

/** The rows of one source that were read alike, by number, and why. */
const readings: readonly (readonly [verdict: Verdict, source: string, why: string, rows: string])[] = [
  // Labelled as without, and with one.
  [
    "holds",
    "gitleaks",
    "a whole API key of Google, excused because it is published in Google's own pages",
    "19 28 33 67 72 174 191 248 256 277 316 340",
  ],
  ["holds", "gitleaks", "a signed token in an Authorization header", "251"],
  [
    "holds",
    "gitleaks",
    "a random value under a name that says token or API key, of another length or sign than the rule's",
    "281 295 311",
  ],
  ["holds", "gitleaks", "a Slack token whose last part is random", "324"],
  [
    "holds",
    "noseyparker",
    "a random value under a name that says key, secret or token; another rule's, or longer or shorter than the rule's",
    "22 81 96 103 181 246 300 367 452",
  ],
  ["holds", "noseyparker", "a password under its name: another rule's, or quoted otherwise", "53 75 274 346 365 441"],
  [
    "holds",
    "noseyparker",
    "another issuer's token, or one in another place than the rule's",
    "105 112 171 267 285 294 334 392",
  ],
  ["holds", "noseyparker", "a password in a URL or a connection string that another rule reads", "192 211 249"],
  ["holds", "noseyparker", "a webhook's address, with its secret path", "244"],
  ["holds", "noseyparker", "four OAuth credentials given by position", "141"],
  // Labelled as with one, and a stand-in or a reference.
  ["holds none", "gitleaks", "EXAMPLE, or fake, as part of the value", "23 129"],
  [
    "holds none",
    "noseyparker",
    "one letter repeated, an alphabet or a count, x's: the value of an explanation",
    "49 115 173 183 184 311 338 357 366 386 409",
  ],
  ["holds none", "noseyparker", "EXAMPLE, FakeValues or YOUR… as part of the value", "57 170 331"],
  [
    "holds none",
    "noseyparker",
    "the field's own name (password, secret, SOME_PASSWORD) in the place of the value",
    "237 278 351 415 436 459",
  ],
  [
    "holds none",
    "noseyparker",
    "a variable, whose value is elsewhere, or the label of one that others are joined to",
    "166 214 377 381 422 437",
  ],
  // Nobody can say.
  [
    "unclear",
    "gitleaks",
    "an Anthropic key by its marks, made of alphabets, or with its last sign wrong",
    "87 116 335 337",
  ],
  [
    "unclear",
    "gitleaks",
    "random signs with no name or with the name of no credential, a sign beside the format",
    "121 155 343",
  ],
  [
    "unclear",
    "noseyparker",
    "random signs that stand alone and miss an issuer's format by a sign or a checksum",
    "144 155 169 228 258 303 310 389 406",
  ],
  ["unclear", "noseyparker", "letters and digits in turn, in an issuer's format", "56 93 263"],
  [
    "unclear",
    "noseyparker",
    "myPassword and its kin in a documentation's settings or connection string",
    "44 165 252 413 446",
  ],
  ["unclear", "noseyparker", "a word that code encodes before it is sent", "35"],
];

const verdicts = new Map<string, readonly [Verdict, string]>(
  readings.flatMap(([verdict, source, why, rows]) =>
    rows.split(" ").map((number) => [`secrets_${source}-${number.padStart(5, "0")}`, [verdict, why] as const] as const),
  ),
);

export function holdsSecret({ id, spans }: SecretRow): boolean {
  const read = verdicts.get(id)?.[0];
  return read === "holds" || (read === undefined && spans.length > 0);
}

export function isAmbiguous({ id }: SecretRow): boolean {
  return verdicts.get(id)?.[0] === "unclear";
}

/** Why a row counts otherwise than its source labels it; nothing where it does not. */
export function whyRead({ id }: SecretRow): string | undefined {
  return verdicts.get(id)?.[1];
}
