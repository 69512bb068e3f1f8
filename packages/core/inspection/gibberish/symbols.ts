/** Characters as the language model of gibberish sees them: 45 kinds. In: UTF-16 code units. Out: symbols. */

export const symbolCount = 45;
/** Symbols by name, where something else asks for them. */
export const symbol = { space: 26, line: 27, digit: 28, latin: 42, script: 43, other: 44 } as const;

const signs = ".,'\"-_()/:=";
const firstSign = 29;
const bracket = 40;
const sign = 41;

/** The symbol of each code unit. */
export const symbols: Uint8Array = new Uint8Array(65536).fill(symbol.other);
for (let unit = 0; unit < 65536; unit++) {
  const char = String.fromCharCode(unit);
  const known = signs.indexOf(char);
  if (unit >= 97 && unit <= 122) symbols[unit] = unit - 97;
  else if (unit >= 65 && unit <= 90) symbols[unit] = unit - 65;
  else if (unit >= 48 && unit <= 57) symbols[unit] = symbol.digit;
  else if (unit === 10 || unit === 13) symbols[unit] = symbol.line;
  else if (/\s/.test(char)) symbols[unit] = symbol.space;
  else if (known >= 0) symbols[unit] = firstSign + known;
  else if ("[]{}<>".includes(char)) symbols[unit] = bracket;
  else if (unit < 128) symbols[unit] = sign;
  else if (unit < 0x250 && /\p{L}/u.test(char)) symbols[unit] = symbol.latin;
  // Marks belong to the letters of their script, as in Thai and Hindi.
  else if (/\p{L}|\p{M}/u.test(char)) symbols[unit] = symbol.script;
}

export function isLetter(of: number): boolean {
  return of < 26 || of === symbol.latin || of === symbol.script;
}
