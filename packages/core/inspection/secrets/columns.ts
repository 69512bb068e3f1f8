/**
 * Passwords and keys in a table: the column says what they are, once, in its first line. In: a text. Out: the cells' spans.
 * Tables of commas, semicolons, tabs, and bars; a cell counts where no word, name or number would look like that.
 *
 * A line belongs to the table while it has as many cells as it takes; how far behind the first line a cell is found is bounded.
 */
import { isStrong, type Assigned } from "./assignments.ts";
import { drawOf } from "./randoms.ts";
import { isPlaceholder, isReference } from "./value.ts";

/** Of a table, counted from its first line's start. */
export const maxTable = 12_288;
const longestHead = 512;
const longestCell = 256;

/** The names of a column; what it says beside them is one word or two. */
const chosen =
  /^(?:[\w ]{0,24}[ _-])?(?:pass(?:word|wd|phrase|code)?|pwd|pw|passwort|kennwort|contraseña|mot de passe|senha|wachtwoord|hasło|пароль|şifre|비밀번호|รหัสผ่าน|mật khẩu|kata sandi|密码|パスワード)s?(?:[ _-][a-z]{1,12})?$/i;
const drawn =
  /^(?:[\w ]{0,24}[ _-])?(?:secret|token|api[ _-]?key|access[ _-]?key|secret[ _-]?key|private[ _-]?key|credential)s?$/i;
const neither = /hash|digest|policy|hint|reset|expir|changed|length|type|count|last|public|strength|required/i;
/** All columns' names begin so, for a look from afar. */
const near =
  /pass|pwd|pw\b|secret|token|key|credential|kennwort|contrase|senha|wachtwoord|hasło|пароль|şifre|비밀번호|รหัสผ่าน|mật khẩu|kata sandi|密码|パスワード/i;

/**
 * Of commas and semicolons those of sentences and code have a space behind them: the first of a line says which it is, unless the line is short
 * and says no more than names.
 */
const signs = ["|", "\t", ";", ","] as const;
type Sign = (typeof signs)[number];

/** Of those all that begin at `asked` or behind it: no first line of theirs is further before. */
export function findColumns(text: string, out: (found: Assigned) => void, asked = 0): void {
  if (!text.includes("\n")) return;
  const first = asked <= maxTable ? 0 : text.lastIndexOf("\n", asked - maxTable) + 1;
  const next = signs.map((sign) => signFrom(text, sign, first));
  for (let from = first; from < text.length;) {
    let at = text.length;
    for (let index = 0; index < signs.length; index++) {
      if ((next[index] as number) < from) next[index] = signFrom(text, signs[index] as Sign, from);
      at = Math.min(at, next[index] as number);
    }
    if (at >= text.length) return;
    const start = text.lastIndexOf("\n", at) + 1;
    const table = headOf(text, start, lineEnd(text, at));
    from = table === undefined ? lineEnd(text, at) + 1 : readTable(text, table, out);
  }
}

function signFrom(text: string, sign: Sign, from: number): number {
  for (let at = text.indexOf(sign, from); at >= 0; at = text.indexOf(sign, at)) {
    if (sign === "|" || sign === "\t" || isNameSign(text.charCodeAt(at + 1))) return at;
    const end = text.indexOf("\n", at);
    if (end < 0) return text.length;
    if (isShortHead(text, at, end)) return at;
    at = end;
  }
  return text.length;
}

/** The most that a line of names has whose signs are also those of sentences. */
const longestLoose = 160;

/** A short line that begins and ends with a word, and parts its words with a space behind the sign. */
function isShortHead(text: string, at: number, end: number): boolean {
  if (end - at > longestLoose || text.charCodeAt(at + 1) !== 32) return false;
  const last = text.charCodeAt(end - 1) === 13 ? end - 2 : end - 1;
  if (!isLetter(text.charCodeAt(last))) return false;
  const start = text.lastIndexOf("\n", at) + 1;
  return end - start <= longestLoose && isLetter(text.charCodeAt(start));
}

/** Of a name: none of markup, code or a sentence. */
function isLetter(unit: number): boolean {
  return (unit >= 97 && unit <= 122) || (unit >= 65 && unit <= 90) || unit >= 128 || unit === 34;
}

/** A letter, or a quote before one: what is behind a comma within a number is none. */
function isNameSign(unit: number): boolean {
  return unit > 57 || unit === 34 || unit === 39;
}

interface Table {
  readonly sign: Sign;
  readonly start: number;
  readonly end: number;
  /** Its signs are also those of sentences. */
  readonly loose: boolean;
  readonly kinds: readonly (Kind | undefined)[];
}

/** The names of a table's columns, if the line is one of such, whole, and one of them is a credential's. */
function headOf(text: string, start: number, end: number): Table | undefined {
  if (end - start > longestHead || end === text.length || !near.test(text.slice(start, end))) return undefined;
  for (const sign of signs) {
    const cells = cellsOf(text, start, end, sign);
    const kinds = cells.map(({ from, to }) => kindOf(text.slice(from, to)));
    const last = kinds.findLastIndex((kind) => kind !== undefined);
    if (kinds.length < 2 || last < 0) continue;
    const loose = (sign === "," || sign === ";") && !isNameSign(text.charCodeAt((cells[0]?.end ?? 0) + 1));
    if (loose && !cells.every(({ from, to }) => isColumnName(text.slice(from, to)))) continue;
    return { sign, start, end, loose, kinds: kinds.slice(0, last + 1) };
  }
  return undefined;
}

/** Reads the rows, and gives where the line begins that is none, or a head of its own. */
function readTable(text: string, { sign, start, end, loose, kinds }: Table, out: (found: Assigned) => void): number {
  let from = end + 1;
  while (from < text.length && from - start < maxTable) {
    const stop = lineEnd(text, from);
    if (isRuler(text, from, stop)) {
      from = stop + 1;
      continue;
    }
    const cells = cellsOf(text, from, Math.min(stop, start + maxTable), sign);
    kinds.forEach((kind, column) => {
      const cell = cells[column];
      if (kind === undefined || cell === undefined) return;
      const value = valueOf(text, cell, sign);
      if (loose && value !== undefined && !(sign === "," ? /^[,\r\n"']?$/ : /^[;\s"']?$/).test(text.charAt(value.to)))
        return;
      if (value !== undefined && isKept(text.slice(value.from, value.to), kind))
        out({ start: value.from, end: value.to, score: 0.75 });
    });
    // Asked last: while the line is still arriving it is a row.
    if (cells.length < kinds.length || headOf(text, from, stop) !== undefined) return from;
    from = stop + 1;
  }
  return from;
}

/** `+-----+------+`, `--- | ---`: what is drawn below a head and around it. */
function isRuler(text: string, from: number, end: number): boolean {
  const first = text.charCodeAt(from);
  if (first !== 43 && first !== 45 && first !== 124 && first !== 61 && first !== 32) return false;
  return (
    end - from >= 3 && end < text.length && end - from < longestHead && /^[-+=| :\r]+$/.test(text.slice(from, end))
  );
}

/** Two words at most, and none that joins the words of a sentence. */
function isColumnName(name: string): boolean {
  return (
    /^[\p{L}#][\p{L}\p{M}\d_#/-]{0,23}(?: [\p{L}\d_#(/-][\p{L}\p{M}\d_#/)-]{0,15})?$/u.test(name) &&
    !/\b(?:the|a|an|and|or|my|your|with|is|are|if|for|to|as|return|import|from|const|let|var|enter|new|use|then)\b/i.test(
      name,
    )
  );
}

type Kind = "chosen" | "drawn";

function kindOf(name: string): Kind | undefined {
  if (name.length > 40 || neither.test(name)) return undefined;
  return chosen.test(name) ? "chosen" : drawn.test(name) ? "drawn" : undefined;
}

function isKept(value: string, kind: Kind): boolean {
  if (value.length < 6 || value.length > longestCell || /\s/.test(value)) return false;
  if (isPlaceholder(value) || isReference(value) || /^(?:https?:|\/|\d+[-.:/]\d)/.test(value)) return false;
  return kind === "chosen" ? isStrong(value) : value.length >= 12 && drawOf(value) !== undefined;
}

interface Cell {
  /** Its content, without what is around it. */
  readonly from: number;
  readonly to: number;
  /** Where the sign behind it stands, or the line ends. */
  readonly end: number;
  readonly kind: "first" | "quoted" | "bare";
}

/**
 * The cells' contents, without what is around them: spaces, quotes, marks of code. A quoted cell may hold the sign; behind a
 * quote that is not closed nothing is a cell, whether it is still arriving or not.
 */
function cellsOf(text: string, start: number, end: number, sign: Sign): Cell[] {
  const cells: Cell[] = [];
  let from = start;
  if (sign === "|") {
    while (from < end && text.charCodeAt(from) <= 32) from++;
    if (text.charAt(from) === "|") from++;
    else from = start;
  }
  let kind: Cell["kind"] = from === start ? "first" : "bare";
  while (from <= end) {
    let to = from;
    let said = -1;
    if (text.charCodeAt(from) === 34 && sign !== "|") {
      to = text.indexOf('"', from + 1);
      if (to < 0 || to >= end) return cells;
      if (kind !== "first") {
        kind = "quoted";
        // What a quote is glued to behind it is no content: there it closes nothing.
        said = to + 1 >= end || text.charAt(to + 1) === sign || text.charCodeAt(to + 1) <= 32 ? to + 1 : from;
      }
    }
    while (to < end && text.charAt(to) !== sign) to++;
    cells.push({ ...trimmed(text, from, said < 0 ? to : said), end: to, kind });
    from = to + 1;
    kind = "bare";
  }
  return cells;
}

function trimmed(text: string, start: number, end: number): { readonly from: number; readonly to: number } {
  let from = start;
  let to = end;
  while (from < to && isAround(text.charCodeAt(from))) from++;
  while (to > from && isAround(text.charCodeAt(to - 1))) to--;
  return { from, to };
}

/**
 * What a cell says of its own: the first word of it, for what stands behind that may be still arriving. A quoted one is a word or
 * nothing; the first of a line is one only with the sign right behind it, which makes the line a row.
 */
function valueOf(text: string, cell: Cell, sign: Sign): { readonly from: number; readonly to: number } | undefined {
  if (cell.kind === "quoted") return cell;
  if (cell.kind === "first")
    return text.charAt(cell.end) === sign && !/\s/.test(text.slice(cell.from, cell.end)) ? cell : undefined;
  let end = cell.from;
  while (end < cell.to && text.charCodeAt(end) > 32) end++;
  return trimmed(text, cell.from, end);
}

/** Space, quotes, brackets, stars. */
function isAround(unit: number): boolean {
  return unit <= 34 ? unit !== 33 : (unit >= 39 && unit <= 42) || unit === 96;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}
