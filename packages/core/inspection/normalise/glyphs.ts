/**
 * What characters beyond ASCII hide: letters that only look like Latin ones (Cherokee), Braille, letters of flags and circles one by one, and bytes
 * in variation selectors or in zero-width characters, which nobody sees. In: a text. Out: what it says.
 */
import type { Hidden } from "./encodings.ts";
import { readable } from "./readable.ts";
import { bytesOfBits } from "./bases.ts";
import { unitsOf } from "./units.ts";

const fewest = 8;

/** What a unit may be part of, a bit each: letters in a strange dress, selectors, zero-width characters. */
const dressed = 1;
const selecting = 2;
const unseen = 4;
const kinds = new Uint8Array(0x10000);
kinds.fill(dressed, 0x13a0, 0x1400);
kinds.fill(dressed, 0xab70, 0xabc0);
kinds.fill(dressed, 0x2801, 0x2840);
kinds.fill(dressed, 0x24b6, 0x24ea);
kinds.fill(dressed, 0xff21, 0xff5b);
kinds[0xd83c] = dressed;
kinds[0xd835] = dressed;
kinds.fill(selecting, 0xfe00, 0xfe10);
kinds[0xdb40] = selecting;
kinds.fill(unseen, 0x200b, 0x200e);
kinds.fill(unseen, 0x2060, 0x2065);
kinds[0xfeff] = unseen;

export function findGlyphs(text: string, found: Hidden[]): void {
  const units = unitsOf(text);
  const counts = [0, 0, 0, 0, 0];
  for (let at = 0; at < text.length; at++) {
    const kind = kinds[units[at] as number] as number;
    if (kind !== 0) counts[kind] = (counts[kind] as number) + 1;
  }
  const letters = (counts[dressed] as number) >= fewest ? plainLetters(text) : undefined;
  if (letters !== undefined) found.push({ encoding: "glyphs", text: letters, start: 0, end: text.length });
  if ((counts[selecting] as number) >= fewest) findSelected(text, found);
  if ((counts[unseen] as number) >= fewest * 8) findZeroWidth(text, found);
}

/** Cherokee letters as the Latin ones that they look like. */
const cherokee = new Map(
  "Ꭺa Ᏼb Ᏸb Ꮟb Ꮯc Ꭰd Ꮷd Ꭼe Ꮛe Ꮐg Ᏻg Ꮹg Ꮋh Ꮒh Ᏺh Ꭵi Ꮖi Ꮠi Ꭻj Ꮶk Ꮮl Ꮭl Ꮇm Ꮑn Ꮎo Ꮻo Ꭴo Ꮲp Ꭾp Ꭱr Ꮢr Ꮪs Ꮥs Ꭲt Ꮤt Ꮜu Ꮩv Ꮙv Ꮃw Ꮿw Ꭹy Ꮍy Ꮓz"
    .split(" ")
    .map(([sign = "", letter = ""]) => [sign, letter]),
);
const braille = "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵⠂⠲⠦⠖⠤";
const brailled = "abcdefghijklmnopqrstuvwxyz,.?!-";

/** Letters one by one with blanks between, of flags, circles and other alphabets of one letter a sign. */
const lonely =
  /(?:[\u{1f1e6}-\u{1f1ff}\u{1d400}-\u{1d7ff}\u{1f110}-\u{1f189}\u24b6-\u24e9\uff21-\uff5a]\ufe0f?[ \u200b-\u200d.|-]+){8}/u;

function plainLetters(text: string): string | undefined {
  const isCherokee = (text.match(/[\u13a0-\u13ff\uab70-\uabbf]/g)?.length ?? 0) >= fewest;
  const isBraille = (text.match(/[\u2801-\u283f]/g)?.length ?? 0) >= fewest;
  if (!isCherokee && !isBraille && !lonely.test(text)) return undefined;
  return text.replaceAll(
    /[\u13a0-\u13ff\uab70-\uabbf\u2800-\u283f]|[\u{1f110}-\u{1f1ff}\u{1d400}-\u{1d7ff}\u24b6-\u24e9\uff21-\uff5a]/gu,
    plain,
  );
}

function plain(sign: string): string {
  const point = sign.codePointAt(0) ?? 0;
  if (point === 0x2800) return " ";
  if (point >= 0x2801 && point <= 0x283f) return brailled[braille.indexOf(sign)] ?? " ";
  if (point >= 0x1f1e6) return String.fromCharCode(point - 0x1f1e6 + 0x61);
  if (point >= 0x1f150 && point <= 0x1f169) return String.fromCharCode(point - 0x1f150 + 0x61);
  if (point >= 0x1f170 && point <= 0x1f189) return String.fromCharCode(point - 0x1f170 + 0x61);
  return cherokee.get(sign.toUpperCase()) ?? sign.normalize("NFKC");
}

/** Bytes as variation selectors: 16 of them from U+FE00 on, and the rest from U+E0100 on. */
function findSelected(text: string, found: Hidden[]): void {
  const start = text.search(/[\ufe00-\ufe0f]|\udb40[\udd00-\uddef]/);
  if (start < 0) return;
  const bytes: number[] = [];
  let end = start;
  for (let at = start; at < text.length; at++) {
    const point = text.codePointAt(at) ?? 0;
    if (point > 0xffff) at += 1;
    // A single selector says how an emoji looks.
    if (point >= 0xe0100 && point <= 0xe01ef) bytes.push(point - 0xe0100 + 16);
    else if (point >= 0xfe00 && point < 0xfe0f) bytes.push(point - 0xfe00);
    else continue;
    end = at + 1;
  }
  if (bytes.length < fewest) return;
  const said = readable(Uint8Array.from(bytes));
  if (said !== "") found.push({ encoding: "selectors", text: said, start, end });
}

/** Bits as two kinds of zero-width characters, eight a byte, whichever of them is the one. */
function findZeroWidth(text: string, found: Hidden[]): void {
  const start = text.search(/[\u200b-\u200d\u2060-\u2064\ufeff]{4}/);
  if (start < 0) return;
  const signs = text.slice(start).match(/[\u200b-\u200d\u2060-\u2064\ufeff]/g) ?? [];
  const counts = Map.groupBy(signs, (sign) => sign);
  const [one, two] = [...counts].toSorted(([, a], [, b]) => b.length - a.length).map(([sign]) => sign);
  if (one === undefined || two === undefined || signs.length < fewest * 8) return;
  const bits = signs.filter((sign) => sign === one || sign === two);
  const end = Math.max(text.lastIndexOf(one), text.lastIndexOf(two)) + 1;
  for (const zero of [one, two]) {
    const said = readable(bytesOfBits(bits.map((sign) => (sign === zero ? "0" : "1")).join("")));
    if (said !== "") found.push({ encoding: "zero-width", text: said, start, end });
  }
}
