/** The demo model's tokeniser. In: text. Out: tokens whose concatenation is the text; their number is the usage. */

/** Splits into words with their leading space, pieces of at most six characters, and single other characters. */
export function tokensOf(text: string): readonly string[] {
  return text.match(/ ?[\p{L}\p{N}]{1,6}|[\s\S]/gu) ?? [];
}
