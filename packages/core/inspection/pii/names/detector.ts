/**
 * People's names and addresses, and, where the text says that they are somebody's, places and employers. In: a text. Out:
 * `pii/person`, `pii/address`, `pii/location`, `pii/organisation`. A country or a company that is merely mentioned is no
 * personal datum.
 */
import type { Finding, SpanDetector } from "../../finding.ts";
import { toFinding } from "../candidate.ts";
import { tagReach } from "./model.ts";
import { maxGap, maxRun, runEnd, spansOf, type NameSpan } from "./spans.ts";
import { builtInTagger, type NameReading } from "./tagger.ts";
import { maxWord, type Tokens } from "./tokens.ts";

/** The names, addresses, places and organisations of a text, whether personal or not. */
export function namesIn(text: string): readonly NameSpan[] {
  return spansOf(builtInTagger().read(text));
}

/**
 * As {@link namesIn}, for names that start at `from` or behind it. A short way back is enough where two words in a row have
 * no tag there, far enough from the cut that their own neighbours are known: no run goes on over them.
 */
function namesFrom(text: string, from: number): readonly NameSpan[] {
  for (const tail of tails) {
    const cut = from - tail;
    if (cut < tail) break;
    const tagged = builtInTagger().read(text.slice(cut));
    const { tokens } = tagged;
    let place = 0;
    while (place < tokens.count && (tokens.starts[place] ?? 0) + cut < from) place++;
    for (place--; place > tagReach + 2; place--) {
      if (tagged.tags[place] !== 0 || tagged.tags[place - 1] !== 0) continue;
      tagged.tags.fill(0, 0, place);
      const spans = spansOf(tagged);
      return spans.map((span) => ({ ...span, start: span.start + cut, end: span.end + cut }));
    }
  }
  return namesIn(text);
}

/** Words right before a place or an organisation that make it somebody's. */
const residence =
  /(?:\b(?:live|lives|lived|living|reside|resides|residing|born|from|moved|moving|grew up|based|home|address|hometown|tinggal|berasal|dari|sống|quê|nakatira|taga)\b[^.!?\n]{0,16})$/i;
const employment =
  /(?:\b(?:work|works|worked|working|employed|employee|employer|employs|job|company|joined|bekerja|kerja|làm việc|nagtatrabaho)\b[^.!?\n]{0,16})$/i;
const cueReach = 32;

/** Surety below this is not worth a finding. */
const leastScore = 0.55;

/** How far back is read, at first and where that does not do: enough for ordinary prose, and for all but very long runs. */
const tails = [128, 320] as const;
/** Two runs, the words around that tags depend on, and the cue before. */
const maxSpan = (2 * maxRun + 2 * tagReach + 4) * (maxWord + maxGap) + cueReach;

export const nameDetector: SpanDetector = {
  name: "pii",
  version: "1",
  maxSpan,
  detect(text: string, from = 0): readonly Finding[] {
    if (!mayHoldNames(text) || (from > quiet.from && text === quiet.text)) return [];
    return namesFrom(text, from)
      .filter((span) => span.score >= leastScore && isPersonal(text, span))
      .map(({ label, start, end, score }) => toFinding({ type: label, start, end, score: Math.min(0.99, score) }));
  },
  openFrom: (text) => openNameFrom(text),
};

/** Nothing but white space and signs. */
function mayHoldNames(text: string): boolean {
  return /\p{L}/u.test(text);
}

function isPersonal(text: string, span: NameSpan): boolean {
  const { label, start } = span;
  switch (label) {
    case "person":
      return isPerson(text, span);
    case "address":
      return isAddress(text, span);
    case "location":
      return residence.test(text.slice(Math.max(0, start - cueReach), start));
    case "organisation":
      return employment.test(text.slice(Math.max(0, start - cueReach), start));
    default:
      return false;
  }
}

/** Signs that programs, paths and addresses put right before or behind a word. */
const codeBefore = /[._$@#\\=[{/<*&%]$/;
const codeBehind = /^(?:[([_={/]|::|->|-[A-Za-z])/;
const mixedName = /(?:^|[^\p{L}])(?:Mc|Mac|De|Di|La|Le|Van|Von|Fitz|O['’]|D['’])\p{Lu}/u;
const titleBefore = /\b(?:mr|mrs|ms|miss|mdm|dr|prof|encik|puan|cik|pak|bapak|ibu|khun|tuan|datuk)\.?\s$/i;

/** Words that the lists have as somebody's name, and that stand for much else where they stand alone. */
const notAlone: ReadonlySet<string> = new Set(
  (
    "no yes ok docs doc name names apa elif else german french english nota note notes pop top sort server client overview toy arch delta " +
    "page table data code test linux git node rust ruby java julia swift dart cola lux funk komite pendidikan kota abstract login admin root " +
    "user guest owner editor author status title summary total true false null none dia itu ini ada saya kami mereka siapa tidak sudah " +
    "belum akan dari yang untuk dengan pada oleh juga atau dan art rock metal jazz march may sunny summer winter autumn spring " +
    "iban bic"
  ).split(" "),
);

/** `Jun 7 2023`. */
const month = /^(?:jan|feb|mar|apr|april|may|jun|june|jul|aug|august|sep|oct|nov|dec)$/i;
const dayBehind = /^ \d{1,2}(?!\d)/;

/** Alone it is a name where nothing speaks for another word: no abbreviation, no country, no ordinary word but by its place. */
function isNameAlone(written: string, { score, plainer }: NameSpan): boolean {
  if (notAlone.has(written.toLowerCase()) || /^\p{Lu}{1,3}$/u.test(written)) return false;
  return !plainer || score >= 0.9;
}

/** Two names, or one that the lists know, or one after a title; not a word of a program. */
function isPerson(text: string, span: NameSpan): boolean {
  const { start, end, score, words, small, named, mixed, plain } = span;
  const written = text.slice(start, end);
  // Tamil is read in `../scripts`.
  if (
    !/\p{L}{2}/u.test(written) ||
    /[\u0b80-\u0bff]/.test(written) ||
    /^[Xx\P{L}]+$/u.test(written) ||
    (mixed > 0 && !mixedName.test(written))
  )
    return false;
  const before = text.slice(Math.max(0, start - 12), start);
  if (codeBefore.test(before) || codeBehind.test(text.slice(end, end + 2))) return false;
  if (titleBefore.test(before)) return true;
  if (words === 1 && !isNameAlone(written, span)) return false;
  if (words === 1 && month.test(written) && dayBehind.test(text.slice(end, end + 4))) return false;
  if (plain * 2 >= words) return false;
  if (small === words) return named === words && score >= 0.75;
  if (named === 0) return score >= (words === 1 ? 0.93 : 0.8);
  return true;
}

/** Words and signs right before an address. */
const destination =
  /(?:\b(?:at|to|on|in|is|of|near|address|addresses|street|corner|located|moved|zip|code|postcode|alamat|di|địa chỉ|tại|ở|sa)|[:\n|>"]|^)[\s:"'-]{0,8}(?:the )?$/i;
const postcode = /(?:\b(?:zip|post ?code|postal code|address|kode pos|poskod)\b[^\d\n]{0,16})$/i;

/** A number and a word that streets are named by; or, less plainly written, where the text says that it is one. */
function isAddress(text: string, { start, end, score, digits, streets }: NameSpan): boolean {
  const before = text.slice(Math.max(0, start - cueReach), start);
  const letters = /\p{L}{2}/u.test(text.slice(start, end));
  if (!letters) return postcode.test(before);
  if (digits > 0 && streets > 0) return true;
  if (digits > 0) return score >= 0.7 && (destination.test(before) || digits > 1);
  return streets > 0 && score >= 0.75 && destination.test(before);
}

/** Of the last text whose end was read: from where on no word has a tag. A filter asks next what begins there, mostly. */
let quiet = { text: "", from: 0 };

/** Right behind where a text was cut off, tags are not what they are in the whole. */
function quietFrom({ tokens, tags }: NameReading, cut: number): number {
  let last = tokens.count - 1;
  while (last > tagReach + 2 && tags[last] === 0) last--;
  return cut + (tokens.ends[last] ?? 0);
}

/**
 * The last words can still change, and with them the tags of those before that are worth one. A run of tagged words that
 * reaches there waits as a whole, unless it is too long to be a name.
 */
function openNameFrom(text: string): number {
  const least = Math.max(0, text.length - maxSpan);
  for (const reach of [...tails, maxSpan]) {
    const from = Math.max(0, text.length - reach);
    const reading = builtInTagger().read(from === 0 ? text : text.slice(from));
    const { tokens, tags, active } = reading;
    const { count } = tokens;
    if (count === 0 && from === 0) return text.length;
    if (count === 0) continue;
    // The last word can grow, and make the one before it worth a tag.
    let open = Math.max(0, count - 2);
    for (let at = Math.max(0, count - 2 - tagReach); at < open; at++) if ((active[at] ?? 0) > 0) open = at;
    const start = runStart(tokens, tags, open);
    // Near where the tail was cut off, tags are not what they are in the whole.
    if (from === 0 || start > tagReach + 1 || reach === maxSpan) {
      quiet = { text, from: quietFrom(reading, from) };
      return Math.max(least, from + (tokens.starts[start] ?? 0));
    }
  }
  return least;
}

/** The first token of the settled run that ends at `open` or right before it; `open` where there is none, or too long. */
function runStart(tokens: Tokens, tags: Uint8Array, open: number): number {
  let start = open;
  for (let at = open - 1; at >= 0 && start - at <= 2; at--) {
    if ((tokens.starts[at + 1] ?? 0) - (tokens.ends[at] ?? 0) > maxGap) break;
    if ((tags[at] ?? 0) === 0) continue;
    if (runEnd(tokens, tags, at) < start && start !== open) break;
    start = at;
    if (open - start > maxRun) return open;
  }
  return start;
}
