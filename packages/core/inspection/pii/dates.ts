/**
 * Dates of birth: dates that a keyword such as "born on" or "ngày sinh" announces. In: a text and its keywords. Out:
 * candidates. A date that nothing announces is no personal datum.
 */
import type { Candidate } from "./candidate.ts";
import { tag, type Context } from "./keywords.ts";

const months = [
  "jan(?:uary|uari|vier|eiro)?|feb(?:ruary|ruari|ruar)?|mar(?:ch|et|s|ço|zo)?|mac|apr(?:il)?|may|mei|mai|mayo|june?|juni|jun|july?|juli|jul|julai",
  "aug(?:ust|ustus)?|agustus|ogos|agosto|sep(?:t(?:ember)?)?|oct(?:ober)?|okt(?:ober)?|oktober|nov(?:ember)?|dec(?:ember)?|des(?:ember)?|dis(?:ember)?|dez(?:ember)?",
  "pebrero|mayo|hunyo|hulyo|agosto|setyembre|oktubre|nobyembre|disyembre",
  "enero|febrero|marzo|abril|junio|julio|septiembre|octubre|noviembre|diciembre|janvier|février|avril|juin|juillet|août|décembre|januar|februar|märz",
  "มกราคม|กุมภาพันธ์|มีนาคม|เมษายน|พฤษภาคม|มิถุนายน|กรกฎาคม|สิงหาคม|กันยายน|ตุลาคม|พฤศจิกายน|ธันวาคม",
].join("|");

/** What a date is written with beside its numbers; words of {@link isDateWord}. */
const dateWords: ReadonlySet<string> = new Set([
  ...["of", "de", "del", "tháng", "thang", "năm", "nam", "พ.ศ.", "the", "ng", "ika-"],
]);
const monthWord = new RegExp(`^(?:${months})$`, "i");

/** True for a word that may stand within a date: a month's name, `of`, `tháng`. */
export function isDateWord(word: string): boolean {
  const bare = word.replace(/[.,]+$/, "").toLowerCase();
  return dateWords.has(bare) || (bare.length <= 16 && monthWord.test(bare));
}

const date = new RegExp(
  [
    String.raw`\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)`,
    String.raw`\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})(?!\d)`,
    String.raw`\d{1,2}(?:st|nd|rd|th)? (?:of |de )?(?:${months})\.?,? (?:of |de |del |พ\.ศ\. )?\d{4}(?!\d)`,
    String.raw`\d{1,2}-(?:${months})-(?:\d{4}|\d{2})(?!\d)`,
    String.raw`(?:${months})\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}(?!\d)`,
    String.raw`\d{1,2} tháng \d{1,2},? (?:năm )?\d{4}(?!\d)`,
    String.raw`\d{4} ?[年년] ?\d{1,2} ?[月월] ?\d{1,2} ?[日일号號]`,
    String.raw`\d{8}(?!\d)`,
  ].join("|"),
  "i",
);

/** Songs and companies are born too: what stands before the date, what before the keyword's end. */
const released = /\b(?:released|published|premiered|recorded|founded|launched)\b/i;
const notOfPeople =
  /\b(?:company|firm|startup|business|brand|band|club|team|league|project|product|idea|website|organi[sz]ation|nation|republic) (?:was|is) born(?: on)?$/i;
const notOfPeopleReach = 40;

/** How many code units between the keyword and the date's first digit or month; the longest date. */
const maxGap = 24;
const maxDate = 40;

export function findBirthDates(text: string, context: Context, out: Candidate[]): void {
  context.each(tag.birth, (end) => {
    const window = text.slice(end, end + maxGap + maxDate);
    if (!/\d/.test(window)) return;
    const found = date.exec(window);
    if (found === null || found.index > maxGap || /[\n\d?!;]/.test(window.slice(0, found.index))) return;
    if (released.test(window.slice(0, found.index))) return;
    if (notOfPeople.test(text.slice(Math.max(0, end - notOfPeopleReach), end))) return;
    const start = end + found.index;
    out.push({ type: "date-of-birth", start, end: start + found[0].length, score: 0.93 });
  });
}
