/**
 * Numbers as people type them on other keyboards: digits of other scripts, full-width letters and signs, typographic hyphens,
 * spaces that do not break. In: a text. Out: the same text in ASCII where one code unit stands for one, so that every offset
 * stays what it was.
 */
import { scanner } from "../kernels/scanner.ts";
import { standIns } from "../kernels/signs.ts";
import { unitsOf } from "../normalise/units.ts";

/** The same string where it holds nothing of the kind. */
export function plainSigns(text: string): string {
  const plain = scanner()?.plain(text);
  if (plain !== undefined) return plain;
  const units = unitsOf(text);
  const { length } = text;
  let first = 0;
  while (first < length && standIns[units[first] as number] === 0) first++;
  if (first === length) return text;
  const written = new Uint16Array(length);
  for (let at = 0; at < length; at++) {
    const unit = units[at] as number;
    const stands = standIns[unit] as number;
    written[at] = stands === 0 ? unit : stands;
  }
  let out = "";
  for (let from = 0; from < length; from += 8192)
    out += String.fromCharCode.apply(null, written.subarray(from, from + 8192) as unknown as number[]);
  return out;
}
