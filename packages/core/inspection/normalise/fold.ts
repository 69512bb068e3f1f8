/**
 * Folds a text to the form in which detectors compare it, without losing where each character came from. In: a text. Out:
 * lower-case text without invisible characters, compatibility forms, Latin diacritics and look-alike letters, with the
 * offset of every unit in the original.
 *
 * UAX #15 (NFKC), UTS #39 (confusables, the part that matters inside words that mix scripts), Unicode tag characters
 * (invisible ASCII, U+E0020 to U+E007E) are decoded to what they spell. Linear in the length; ASCII takes a short cut.
 */

export interface Folded {
  readonly text: string;
  /** For each unit of {@link text}, and one past its end, the offset in the original; `undefined` where they are equal. */
  readonly offsets: Int32Array | undefined;
  /** Invisible characters that were dropped or decoded: zero-width, bidi controls, tags. */
  readonly invisible: number;
  /** Letters replaced by the Latin letter that they look like. */
  readonly lookalikes: number;
}

/** Where a unit of the folded text stands in the original. */
export function originalOffset(folded: Folded, at: number): number {
  return folded.offsets === undefined ? at : (folded.offsets[at] ?? 0);
}

export function fold(text: string): Folded {
  if (isAscii(text)) return { text: text.toLowerCase(), offsets: undefined, invisible: 0, lookalikes: 0 };
  const pieces: string[] = [];
  // Compatibility forms grow: one unit may fold to 18 (U+FDFA), so the table grows with them.
  let offsets = new Int32Array(text.length * 2 + 1);
  let length = 0;
  let invisible = 0;
  for (let at = 0; at < text.length;) {
    const point = text.codePointAt(at) ?? 0;
    const units = point > 0xffff ? 2 : 1;
    const piece = foldPoint(point);
    if (piece === "" || (point >= 0xe0020 && point <= 0xe007e)) invisible += isMark(point) ? 0 : 1;
    if (length + piece.length >= offsets.length) offsets = grown(offsets);
    for (let unit = 0; unit < piece.length; unit++) offsets[length++] = at;
    pieces.push(piece);
    at += units;
  }
  offsets[length] = text.length;
  const plain = pieces.join("");
  const { text: resolved, count } = resolveLookalikes(plain);
  return { text: resolved, offsets: offsets.subarray(0, length + 1), invisible, lookalikes: count };
}

function grown(offsets: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(offsets.length * 2 + 32);
  larger.set(offsets);
  return larger;
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

/** Foldings of the first plane, made when first met. */
const known: (string | undefined)[] = Array.from({ length: 0x10000 });

function foldPoint(point: number): string {
  if (point > 0xffff) return foldRarePoint(point);
  return known[point] ?? (known[point] = foldRarePoint(point));
}

function foldRarePoint(point: number): string {
  if (point < 0x80) return String.fromCharCode(point).toLowerCase();
  if (isInvisible(point) || isMark(point)) return "";
  if (point >= 0xe0020 && point <= 0xe007e) return String.fromCharCode(point - 0xe0000).toLowerCase();
  if (point >= 0x1f1e6 && point <= 0x1f1ff) return String.fromCharCode(point - 0x1f1e6 + 0x61); // regional indicators
  if (point >= 0x1f150 && point <= 0x1f169) return String.fromCharCode(point - 0x1f150 + 0x61); // negative circled
  if (point >= 0x1f170 && point <= 0x1f189) return String.fromCharCode(point - 0x1f170 + 0x61); // negative squared
  const special = specials.get(point);
  if (special !== undefined) return special;
  const character = String.fromCodePoint(point);
  const latin = (point >= 0xc0 && point <= 0x24f) || (point >= 0x1e00 && point <= 0x1eff);
  const lower = character.normalize("NFKC").toLowerCase();
  return latin ? lower.normalize("NFKD").replace(/[\u0300-\u036f]/g, "") : lower;
}

/** Zero-width, bidirectional and format controls, variation selectors, fillers, and control characters but white space. */
function isInvisible(point: number): boolean {
  if (point < 0x300) return (point >= 0x80 && point < 0xa0 && point !== 0x85) || point === 0xad;
  if (point >= 0x200b && point <= 0x200f) return true;
  if (point >= 0x202a && point <= 0x202e) return true;
  if (point >= 0x2060 && point <= 0x206f) return true;
  if (point >= 0xfe00 && point <= 0xfe0f) return true;
  if (point >= 0xe0000 && point < 0xe0020) return true;
  if (point >= 0xe007f && point <= 0xe01ef) return true;
  return point === 0xfeff || point === 0x180e || point === 0x34f || point === 0x61c || isFiller(point);
}

function isFiller(point: number): boolean {
  return point === 0x115f || point === 0x1160 || point === 0x3164 || point === 0xffa0 || point === 0x2800;
}

/** Marks that only decorate: combining diacritics (also stacked ones), Arabic short vowels and tatweel. */
function isMark(point: number): boolean {
  if (point >= 0x300 && point <= 0x36f) return true;
  if (point >= 0x1ab0 && point <= 0x1aff) return true;
  if (point >= 0x20d0 && point <= 0x20ff) return true;
  return (point >= 0x64b && point <= 0x652) || point === 0x640;
}

const specials: ReadonlyMap<number, string> = new Map([
  ...pairs("ıøæœđłßþðħŧ", ["i", "o", "ae", "oe", "d", "l", "ss", "th", "d", "h", "t"]),
  ...pairs("ØÆŒĐŁÞ", ["o", "ae", "oe", "d", "l", "th"]),
  ...pairs("‘’‚‛′“”„‟″«»‐‑‒–—―−", '\'\'\'\'\'"""""""-------'),
  ...pairs("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡɩ", "abcdefghijklmnoprstuvwyzagi"),
  ...pairs("€", ["e"]),
]);

/** `to` is a string of single letters, or a list where some are longer. */
function pairs(from: string, to: readonly string[] | string): [number, string][] {
  return Array.from(from, (character, at) => [character.codePointAt(0) ?? 0, to[at] ?? character]);
}

/** Cyrillic, Greek, Armenian and Cherokee letters that pass for Latin ones. Applied only inside words that also hold Latin. */
const lookalikes: ReadonlyMap<number, string> = new Map(
  pairs("авеёіїјкмнорстухѕһԁԛԝьг", "abeeiijkmhopctyxshdqwbr").concat(
    pairs("αβγεζηικλμνορτυχωςδθϲօցհոս", "abyeznikluvoptuxwcdocoghnu"),
  ),
);

function resolveLookalikes(text: string): { text: string; count: number } {
  let out = "";
  let copied = 0;
  let count = 0;
  for (let at = 0; at < text.length;) {
    if (!isLetter(text.charCodeAt(at))) {
      at += 1;
      continue;
    }
    let end = at;
    let latin = false;
    let foreign = false;
    for (; end < text.length && isLetter(text.charCodeAt(end)); end++) {
      const unit = text.charCodeAt(end);
      if (unit < 0x80) latin = true;
      else if (lookalikes.has(unit)) foreign = true;
    }
    if (latin && foreign) {
      out += text.slice(copied, at);
      for (let unit = at; unit < end; unit++) {
        const replaced = lookalikes.get(text.charCodeAt(unit));
        if (replaced !== undefined) count += 1;
        out += replaced ?? text[unit] ?? "";
      }
      copied = end;
    }
    at = end;
  }
  return count === 0 ? { text, count } : { text: out + text.slice(copied), count };
}

/** Letters of the scripts that {@link lookalikes} mixes, digits and the signs that stand for letters. */
function isLetter(unit: number): boolean {
  if (unit < 0x80) return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x30 && unit <= 0x39) || unit === 0x40;
  return unit < 0x590 || lookalikes.has(unit);
}
