/**
 * What the texts of the two sources of secrets hold, as a person read them. In: a row. Out: whether it holds a secret, and
 * whether nobody could say.
 *
 * A literal value that would open something is a secret, whichever rule's example it is. A stand-in is none: one sign
 * repeated, an alphabet or a count, `EXAMPLE`, `fake`, `xxxx`, the field's own name; nor is the name of a variable. Nobody can
 * say of random signs that stand alone and miss an issuer's format by a sign or a checksum, and of a documentation's
 * connection string whose password is `myPassword`. Rows that are not named here are as their source labels them.
 */

export interface SecretRow {
  readonly id: string;
  readonly text: string;
  readonly spans: readonly { readonly start: number; readonly end: number }[];
  readonly meta: { readonly rule?: string };
}

/** Labelled as without, and with one: of another rule, or excused because it is known to be public. */
const with_ = ids("gitleaks", "19 28 33 67 72 174 191 248 251 256 277 281 295 311 316 324 340");
const withNoseyparker = ids(
  "noseyparker",
  "22 53 75 96 103 105 112 141 171 181 192 211 244 246 249 267 274 285 294 300 334 346 365 392 441 452",
);
/** Labelled as with one, and a stand-in or a reference. */
const without = ids("gitleaks", "23 129");
const withoutNoseyparker = ids(
  "noseyparker",
  "49 57 115 166 170 173 183 184 214 237 278 311 331 338 351 357 366 377 381 386 409 415 422 436 437 459",
);
const ambiguous = ids("gitleaks", "87 116 121 155 335 337 343");
const ambiguousNoseyparker = ids("noseyparker", "35 44 56 93 144 155 165 169 228 252 258 263 303 310 389 406 413 446");

const holds = new Set([...with_, ...withNoseyparker]);
const holdsNone = new Set([...without, ...withoutNoseyparker]);
const unclear = new Set([...ambiguous, ...ambiguousNoseyparker]);

export function holdsSecret({ id, spans }: SecretRow): boolean {
  return holds.has(id) || (spans.length > 0 && !holdsNone.has(id));
}

export function isAmbiguous({ id }: SecretRow): boolean {
  return unclear.has(id);
}

function ids(source: string, numbers: string): string[] {
  return numbers.split(" ").map((number) => `secrets_${source}-${number.padStart(5, "0")}`);
}
