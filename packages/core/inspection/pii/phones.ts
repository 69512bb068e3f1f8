/**
 * Telephone numbers. In: a text, its atoms, its keywords. Out: candidates. Digits in groups form a cluster; a cluster is a
 * number when it is written internationally and libphonenumber knows its plan, when a keyword announces it, or when it is
 * grouped as telephone numbers are. Clusters are taken whole, for a piece of a longer row of numbers is none; but where
 * the whole has no plan and its first groups have one, up to a blank, what follows them is another number.
 */
import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import type { Atoms } from "./atoms.ts";
import type { Candidate } from "./candidate.ts";
import { isDecimalPart } from "./commas.ts";
import { tag, type Context } from "./keywords.ts";

const maxGroups = 8;
const maxLength = 34;
const maxDigits = 15;
const reach = 40;

/** The word right behind a number: the only thing on its right that is looked at. */
const labelBehind = /^[ -](?:office|fax|mobile|cell|home|work|desk|direct)(?![a-z])/i;

export function findPhones(text: string, atoms: Atoms, context: Context, out: Candidate[]): void {
  let clusterEnd = -1;
  for (let first = 0; first < atoms.count;) {
    clusterEnd = Math.max(clusterEnd, first);
    while (clusterEnd + 1 < atoms.count && isGap(text, atoms.ends[clusterEnd] ?? 0, atoms.starts[clusterEnd + 1] ?? 0))
      clusterEnd++;
    const planned = lastOfPlan(text, atoms, first, clusterEnd);
    const last = planned < 0 ? clusterEnd : planned;
    if (last - first < maxGroups) judge(text, atoms, first, last, context, out);
    first = last + 1;
  }
}

/** Country code and national number of the shortest plans, such as Saint Helena's. */
const leastPlanned = 8;
const northAmerican = /^(?:1[-. ])?(?:\(?\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}$/;

/** The atom that ends the longest part of a cluster with a valid plan, before a blank; -1 where that is the whole or none. */
function lastOfPlan(text: string, atoms: Atoms, from: number, last: number): number {
  let first = from;
  while (first < last && !isDigits(text, atoms, first)) first++;
  if (first === last) return -1;
  const start = atoms.starts[first] ?? 0;
  const international = text.charCodeAt(start - 1) === 43;
  let found = -1;
  for (let at = first; at <= last && at < first + maxGroups && isDigits(text, atoms, at); at++) {
    const end = atoms.ends[at] ?? 0;
    if (end - start > maxLength) break;
    const written = text.slice(start, end);
    const digits = written.replace(/\D/g, "").length;
    if (digits > maxDigits) break;
    if (digits < leastPlanned || (at < last && !isBlank(text.charCodeAt(end)))) continue;
    if (international ? isValid(`+${written}`) : northAmerican.test(written)) found = at;
  }
  return found === last ? -1 : found;
}

function isValid(international: string): boolean {
  return parsePhoneNumberFromString(international)?.isValid() === true;
}

function isBlank(unit: number): boolean {
  return unit === 32 || unit === 0xa0;
}

/** One separator, or two around a parenthesis. */
function isGap(text: string, from: number, to: number): boolean {
  if (to - from === 1) return " -./)".includes(text.charAt(from)) || text.charCodeAt(from) === 0xa0;
  if (to - from > 3) return false;
  const gap = text.slice(from, to);
  return (
    gap === ") " ||
    gap === " (" ||
    gap === ")-" ||
    gap === "-(" ||
    gap === " - " ||
    gap === "/(" ||
    gap === "(" ||
    gap === ")."
  );
}

function judge(text: string, atoms: Atoms, first: number, last: number, context: Context, out: Candidate[]): void {
  // Letters in front (a country code, "Tel") or behind belong to the cluster only as an extension.
  while (first < last && !isDigits(text, atoms, first)) first++;
  while (last > first && !isDigits(text, atoms, last) && !isExtended(text, atoms, last)) last--;
  for (let at = first; at <= last; at++)
    if (!isDigits(text, atoms, at) && !(at === last && isExtended(text, atoms, at))) return;
  let start = atoms.starts[first] ?? 0;
  const end = atoms.ends[last] ?? 0;
  const digits = text.slice(start, end).replace(/x\d+$/i, "").replace(/\D/g, "");
  if (digits.length < 6 || digits.length > maxDigits || end - start > maxLength) return;
  let parenthesis = false;
  if (text.charCodeAt(start - 1) === 40) {
    parenthesis = text.slice(start, end).includes(")");
    if (parenthesis) start--;
  }
  const international = text.charCodeAt(start - 1) === 43;
  if (international) start--;
  if (isCode(text, start, end) || isDecimalPart(text, start, end, maxDigits)) return;
  let near = context.before(start, reach);
  if (labelBehind.test(text.slice(end, end + 10))) near = (near | tag.phone) & ~tag.notIdentity;
  const score = scoreOf(text.slice(start, end), digits, international, parenthesis, last - first + 1, near);
  if (score > 0) out.push({ type: "phone", start, end, score });
}

function scoreOf(
  written: string,
  digits: string,
  international: boolean,
  parenthesis: boolean,
  groups: number,
  near: number,
): number {
  const body = written.replace(/x\d+$/i, "");
  if (international) {
    return isValid(body.startsWith("+") ? body : `+${digits}`) ? 0.97 : digits.length >= 8 ? 0.75 : 0;
  }
  const announced = (near & tag.phone) !== 0;
  if (isDateOrAmount(body, digits, announced)) return 0;
  const other = (near & (tag.notIdentity | tag.card | tag.bank)) !== 0;
  if (announced && (!other || groups > 1) && (groups > 1 || digits.length >= 7)) return 0.88;
  if (announced && groups >= 3 && digits.length === 6) return 0.6;
  if (other) return 0;
  if (/^00[1-9]/.test(digits) && groups > 1) return 0.75;
  if (/^(?:1[-. ])?\(?\d{3}\)?[-. ]?\d{3}[-. ]\d{4}$/.test(body) && groups >= 3) return 0.78;
  if (parenthesis && digits.length >= 8) return 0.72;
  if (digits.startsWith("0") && digits.length >= 9 && digits.length <= 11) {
    if (groups >= 3) return /^0\D/.test(body) ? 0 : 0.72;
    if (groups === 2 && /^0\d{1,4}[- /]/.test(body)) return 0.68;
    if (groups === 1 && digits.length >= 10 && isMobileOfTheRegion(digits)) return 0.6;
  }
  return 0;
}

/** National numbers of mobile telephones, as Indonesia, Malaysia, Thailand, Viet Nam and the Philippines write them. */
function isMobileOfTheRegion(digits: string): boolean {
  // Counters are written so, and no plan has it: to ask all five takes longer than everything else about a short text.
  if (digits.length === 10 && digits.startsWith("000")) return false;
  return (["ID", "VN", "TH", "MY", "PH"] as const).some(
    (country) => parsePhoneNumberFromString(digits, country)?.isValid() === true,
  );
}

function isDigits(text: string, atoms: Atoms, at: number): boolean {
  for (let index = atoms.starts[at] ?? 0; index < (atoms.ends[at] ?? 0); index++)
    if (text.charCodeAt(index) > 57) return false;
  return true;
}

/** `9740x11144`: the end of a number and its extension. */
function isExtended(text: string, atoms: Atoms, at: number): boolean {
  return /^\d{2,15}x\d{1,6}$/i.test(text.slice(atoms.starts[at] ?? 0, atoms.ends[at] ?? 0));
}

/** A piece of an address, a file name, a decimal, an equation. */
function isCode(text: string, start: number, end: number): boolean {
  const before = text.charCodeAt(start - 1);
  const after = text.charCodeAt(end);
  const alike = (unit: number): boolean =>
    unit === 0x5f || unit === 0x40 || unit === 0x3d || unit === 0x24 || unit === 0x23 || unit === 0x25;
  if (alike(before) || after === 0x5f || after === 0x40 || after === 0x25) return true;
  return (
    (before === 0x2e || before === 0x2f || before === 0x2d) &&
    text.charCodeAt(start - 2) >= 48 &&
    text.charCodeAt(start - 2) < 58
  );
}

function isDateOrAmount(body: string, digits: string, announced: boolean): boolean {
  if (/^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[ T]\d{1,2})?$/.test(body) || /^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}$/.test(body))
    return true;
  if (/^(?:\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d|(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2})\D/.test(body)) return true; // and an hour
  if (/^(?:19|20)\d\d ?[-/] ?(?:19|20)\d\d$/.test(body)) return true; // a span of years
  if (!announced && /^\d{1,3}(?:[. ]\d{3})+$/.test(body) && !body.startsWith("0")) return true; // thousands
  if (/^\d+\.\d+$/.test(body)) return true; // a decimal
  return /^(\d)\1+$/.test(digits) || /^(?:\d[-. /])+\d$/.test(body); // a row, a list
}
