/**
 * Commas between digits. In: a text and where a number in it stands. Out: whether a comma right before or behind it
 * belongs to a longer number. A comma is a decimal or thousands sign where the digits around it are grouped so; beside a
 * number of any other shape it parts the cells of a row.
 */

/** Digits of an integer with a decimal part, and of the decimals of a number that nothing vouches for. */
export const mostPlainDigits = 9;

/**
 * Whether digits are the decimals of a number that a comma ends, as in `12,34567890`: behind a short integer that is no
 * cell of a row itself, neither the first of a line nor between commas.
 *
 * @param mostDigits what has more digits is no row of decimals
 */
export function isDecimalPart(text: string, start: number, end: number, mostDigits: number): boolean {
  if (!isComma(text, start - 1) || !isDigit(text, start - 2) || isComma(text, end)) return false;
  if (end - start > mostDigits || !isAllDigits(text, start, end)) return false;
  let integer = start - 2;
  while (start - integer <= 4 && isDigit(text, integer - 1)) integer--;
  const firstOfLine = text.charCodeAt(integer - 1) === 10;
  return start - 1 - integer <= 3 && !isComma(text, integer - 1) && !firstOfLine;
}

/** Whether a comma and up to three decimals, the last of the row, follow an integer: `4212345,20`, `123.456.789,50`. */
export function hasDecimalPart(text: string, start: number, end: number): boolean {
  if (!isComma(text, end) || !isDigit(text, end + 1) || isComma(text, start - 1)) return false;
  let to = end + 2;
  while (to - end <= 4 && isDigit(text, to)) to++;
  if (to - end > 4 || (isComma(text, to) && isDigit(text, to + 1))) return false;
  if (end - start <= mostPlainDigits && isAllDigits(text, start, end)) return true;
  return /^\d{1,3}(?:[. ]\d{3})+$/.test(text.slice(start, end));
}

function isComma(text: string, at: number): boolean {
  return text.charCodeAt(at) === 0x2c;
}

function isDigit(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 48 && unit < 58;
}

function isAllDigits(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (!isDigit(text, at)) return false;
  return true;
}
