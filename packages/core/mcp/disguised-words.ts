/**
 * Words in disguise, as whoever fills in a form still reads them. In: a text, folded. Out: what it reads as where signs stand for
 * letters (`p@ssw0rd`, `passvvord`) and letters stand apart (`p a s s w o r d`); and whether a word is another but for one letter
 * (`pasword`), for stars (`p*ssword`) or for what runs on (`yourpassword`). Linear in the text.
 */

/** `1` and `|` stand for two letters each: a text has a reading for either. */
const signs: ReadonlyMap<string, string> = new Map([
  ...pairs("034567892", "oeasgtbgz"),
  ...pairs("@$!+§¢£(", "asitsclc"),
]);

function pairs(from: string, to: string): [string, string][] {
  return Array.from(from, (sign, at) => [sign, to[at] ?? sign]);
}

const part = /[\p{L}\p{N}@$!+§¢£(|*#]+/gu;
/** At a word's end these are what they are. */
const ends = /^[!+(|]+|[!+(|]+$/g;
/** More between two letters than this, and nobody reads them as one word. */
const widestGap = 3;

/** @returns the words of each reading, with single spaces between */
export function readingsOf(text: string): readonly string[] {
  const words = wordsOf(text);
  const [asI, asL] = ["i", "l"].map((one) => words.map((word) => lettersOf(word, one)).join(" ")) as [string, string];
  const paired = asL.replaceAll("vv", "w").replaceAll("cl", "d").replaceAll("rn", "m");
  return [...new Set([asI, asL, paired])];
}

/** Words as they stand, and runs of single letters as the words that they spell. */
function wordsOf(text: string): readonly string[] {
  const found: string[] = [];
  let [run, end] = ["", 0];
  for (const { 0: match, index } of text.matchAll(part)) {
    const word = match.length === 1 ? match : match.replaceAll(ends, "");
    if (run !== "" && (word.length > 1 || index - end > widestGap)) {
      found.push(run);
      run = "";
    }
    end = index + match.length;
    if (word.length === 1) run += word;
    else found.push(word);
  }
  if (run !== "") found.push(run);
  return found;
}

/** A number is a number. */
function lettersOf(word: string, one: string): string {
  if (!/\p{L}/u.test(word)) return word;
  return word.replaceAll(/[^\p{L}]/gu, (sign) => (sign === "1" || sign === "|" ? one : (signs.get(sign) ?? sign)));
}

/** Whether a word is within another that goes on; `passwordless` asks for none. */
export function runsOn(word: string, within: string): boolean {
  const at = within.indexOf(word);
  return at >= 0 && !within.startsWith("less", at + word.length);
}

/** Whether two words are the same but for one letter that is wrong, missing, too many or changed with the next, or starred out. */
export function isNear(word: string, other: string): boolean {
  if (/[*#]/.test(other)) return isStarred(word, other);
  if (Math.abs(word.length - other.length) > 1) return false;
  let at = 0;
  while (at < word.length && word[at] === other[at]) at += 1;
  const [a, b] = [word.slice(at), other.slice(at)];
  if (a.slice(1) === b.slice(1) || a.slice(1) === b || a === b.slice(1)) return true;
  return a[0] === b[1] && a[1] === b[0] && a.slice(2) === b.slice(2);
}

function isStarred(word: string, starred: string): boolean {
  if (word.length !== starred.length) return false;
  const letters = Array.from(word);
  const same = letters.filter((letter, at) => letter === starred[at]).length;
  return (
    same * 2 >= letters.length &&
    letters.every((letter, at) => letter === starred[at] || /[*#]/.test(starred[at] ?? ""))
  );
}
