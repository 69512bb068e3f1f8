/**
 * E-mail addresses (RFC 5321 4.1.2, dot-strings), IP addresses (RFC 4291 2.2) and MAC addresses. In: a text. Out:
 * candidates. Each scan starts at a character that all have (`@`, `.`, `:`) and looks a bounded way to both sides.
 */
import type { Atoms } from "./atoms.ts";
import type { Candidate } from "./candidate.ts";
import { tag, type Context } from "./keywords.ts";

/** Octets of a local part, of a domain. */
const maxLocal = 64;
const maxDomain = 253;

export function findEmails(text: string, out: Candidate[]): void {
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    let start = at;
    while (start > 0 && at - start <= maxLocal && isLocal(text.charCodeAt(start - 1))) {
      start--;
      if (text.charCodeAt(start) !== 37 || isEncodedLocal(text, start, at)) continue;
      start = Math.min(at, start + 3);
      break;
    }
    while (start < at && isTrimmed(text.charCodeAt(start))) start++;
    if (start === at || at - start > maxLocal || text.charCodeAt(at - 1) === 46) continue;
    const end = domainEnd(text, at + 1);
    if (end === 0 || isInCredential(text, start) || isRepository(text, start, at, end)) continue;
    if (density.test(text.slice(at + 1, end))) continue;
    out.push({ type: "email", start, end, score: 0.99 });
  }
}

/** One past a domain of two labels or more whose last is of letters; 0 when there is none. */
function domainEnd(text: string, from: number): number {
  let end = 0;
  let label = from;
  for (let at = from; at <= from + maxDomain; at++) {
    const unit = at < text.length ? text.charCodeAt(at) : 0;
    if (isLabel(unit)) continue;
    if (at === label || text.charCodeAt(label) === 45 || text.charCodeAt(at - 1) === 45) break;
    if (label > from && at - label >= 2 && isTop(text, label, at)) end = at;
    if (unit !== 46) break;
    label = at + 1;
  }
  return end;
}

function isTop(text: string, from: number, to: number): boolean {
  if (text.startsWith("xn--", from)) return true;
  for (let at = from; at < to; at++) if (text.charCodeAt(at) < 65) return false;
  return true;
}

/** `user:password@host` of a URL is a credential, not somebody's mail. */
function isInCredential(text: string, start: number): boolean {
  const before = text.charCodeAt(start - 1);
  // The password may hold what ends the local part of an address: `=`, `&` and what stands behind a percent sign.
  if (before !== 58 && before !== 61 && before !== 38 && text.charCodeAt(start - 3) !== 37) return false;
  const from = Math.max(0, start - 128);
  const scheme = text.slice(from, start - 1).lastIndexOf("://");
  if (scheme < 0) return false;
  const between = text.slice(from + scheme + 3, start);
  return before === 58 ? !/\s/.test(between) : /^[^\s/?#:]*:[^\s/?#]*$/.test(between);
}

/** `icon@2x.png`: an image for screens of twice the density. */
const density = /^[1-9]x\.(?:png|jpe?g|gif|webp|svg|avif|ico|heic|bmp|tiff?|pdf)$/i;

/** `git@github.com:org/repo.git`, `ssh://git@github.com/org/repo`: the account that everybody has. */
function isRepository(text: string, start: number, at: number, end: number): boolean {
  if (!/^(?:git|hg|svn|ssh)$/.test(text.slice(start, at))) return false;
  if (text.slice(Math.max(0, start - 6), start).toLowerCase() === "ssh://") return true;
  return text.charCodeAt(end) === 58 && /[\w~./]/.test(text.charAt(end + 1));
}

/** What of a local part is written with a percent sign: not the `%20` or `%26` before an address. A lone one is a sign. */
function isEncodedLocal(text: string, percent: number, at: number): boolean {
  const hexadecimal = /^%([0-9A-Fa-f]{2})/.exec(text.slice(percent, Math.min(at, percent + 3)));
  if (hexadecimal === null) return true;
  const unit = Number.parseInt(hexadecimal[1] ?? "", 16);
  return unit >= 0x80 || isLocal(unit);
}

function isAlphanumeric(unit: number): boolean {
  return (unit >= 48 && unit < 58) || (unit >= 65 && unit < 91) || (unit >= 97 && unit < 123);
}

/** Letters beyond ASCII (RFC 6531) but no spaces, punctuation or East Asian text that runs into the address. */
function isInternational(unit: number): boolean {
  return unit >= 0xc0 && unit < 0x0e00;
}

function isLocal(unit: number): boolean {
  return isAlphanumeric(unit) || "._%+-'~".includes(String.fromCharCode(unit)) || isInternational(unit);
}

function isTrimmed(unit: number): boolean {
  return unit === 46 || unit === 39 || unit === 45;
}

function isLabel(unit: number): boolean {
  return isAlphanumeric(unit) || unit === 45 || isInternational(unit);
}

/** Dotted quads. One that is said to be a version, or that stands for nobody, is none. */
export function findIpv4(text: string, atoms: Atoms, context: Context, out: Candidate[]): void {
  for (let first = 0; first + 3 < atoms.count; first++) {
    const start = atoms.starts[first] ?? 0;
    const end = atoms.ends[first + 3] ?? 0;
    if (end - start > 15) continue;
    let good = true;
    for (let at = first; at < first + 4 && good; at++) {
      const from = atoms.starts[at] ?? 0;
      const to = atoms.ends[at] ?? 0;
      good =
        isOctet(text, from, to) &&
        (at === first + 3 || (text.charCodeAt(to) === 46 && atoms.starts[at + 1] === to + 1));
    }
    if (!good || isMoreDots(text, start, end)) continue;
    const address = text.slice(start, end);
    if (/^(?:0\.|127\.|255\.255\.)/.test(address)) continue;
    const version = (context.before(start, 12) & tag.version) !== 0;
    if (!version && !isSection(text, start, address)) out.push({ type: "ip-address", start, end, score: 0.9 });
  }
}

const sections =
  /(?:\b(?:figures?|figs?|sections?|secs?|chapters?|tables?|clauses?|subclauses?|appendix|annex|articles?|paragraphs?|equations?|theorems?|listings?)|§)[ .]*(?:\d[\d.]*(?:,? (?:and|or|to|&) |, ?| ?[-–] ?))*$/i;

/** `Figure 3.1.4.1 and 2.5.1.3`: parts of a book have small numbers. */
function isSection(text: string, start: number, address: string): boolean {
  return /^\d\d?(?:\.\d\d?){3}$/.test(address) && sections.test(text.slice(Math.max(0, start - 48), start));
}

function isOctet(text: string, from: number, to: number): boolean {
  if (to - from > 3 || (to - from > 1 && text.charCodeAt(from) === 48)) return false;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit > 9) return false;
    value = value * 10 + digit;
  }
  return value < 256;
}

function isMoreDots(text: string, start: number, end: number): boolean {
  const before = text.charCodeAt(start - 1);
  const digitAfter = text.charCodeAt(end + 1) >= 48 && text.charCodeAt(end + 1) < 58;
  const digitBefore = text.charCodeAt(start - 2) >= 48 && text.charCodeAt(start - 2) < 58;
  return (before === 46 && digitBefore) || before === 95 || (text.charCodeAt(end) === 46 && digitAfter);
}

const maxColoned = 45;

/** IPv6 and MAC addresses: runs of hexadecimal digits, colons and dots around a colon. */
export function findColoned(text: string, out: Candidate[]): void {
  for (let colon = text.indexOf(":"); colon >= 0;) {
    let start = colon;
    while (start > 0 && colon - start <= maxColoned && isColoned(text.charCodeAt(start - 1))) start--;
    let end = colon + 1;
    while (end < text.length && end - colon <= maxColoned && isColoned(text.charCodeAt(end))) end++;
    if (!isWordy(text.charCodeAt(start - 1)) && !isWordy(text.charCodeAt(end))) {
      while (
        end > start &&
        (text.charCodeAt(end - 1) === 46 || (text.charCodeAt(end - 1) === 58 && text.charCodeAt(end - 2) !== 58))
      )
        end--;
      const run = text.slice(start, end);
      if (/^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}$/.test(run))
        out.push({ type: "mac-address", start, end, score: 0.95 });
      else if (isIpv6(run)) out.push({ type: "ip-address", start, end, score: 0.95 });
    }
    colon = text.indexOf(":", Math.max(end, colon + 1));
  }
}

const hyphened = /^[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}$/;

export function findHyphenedMac(text: string, out: Candidate[]): void {
  for (let at = text.indexOf("-"); at >= 0; at = text.indexOf("-", at + 1)) {
    if (text.charCodeAt(at + 3) !== 45 || text.charCodeAt(at + 6) !== 45 || text.charCodeAt(at - 3) === 45) continue;
    const start = at - 2;
    if (start < 0 || isWordy(text.charCodeAt(start - 1)) || isWordy(text.charCodeAt(start + 17))) continue;
    if (text.charCodeAt(start + 17) === 45 || !hyphened.test(text.slice(start, start + 17))) continue;
    out.push({ type: "mac-address", start, end: start + 17, score: 0.9 });
  }
}

function isColoned(unit: number): boolean {
  return (unit >= 48 && unit <= 58) || (unit >= 65 && unit <= 70) || (unit >= 97 && unit <= 102) || unit === 46;
}

function isWordy(unit: number): boolean {
  return isAlphanumeric(unit) || unit === 95;
}

/** Eight groups, or fewer with one `::`; the last two may be a dotted quad. Loopback and unspecified stand for nobody. */
export function isIpv6(run: string): boolean {
  if (run.length < 7 && !/^[0-9a-f]{4}::[0-9a-f]?/i.test(run)) return false;
  const halves = run.split("::");
  if (halves.length > 2 || run.includes(":::")) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const quad = groups.at(-1)?.includes(".") === true ? groups.pop() : undefined;
  if (quad !== undefined && !/^\d{1,3}(?:\.\d{1,3}){3}$/.test(quad)) return false;
  const count = groups.length + (quad === undefined ? 0 : 2);
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  return halves.length === 2 ? count >= 2 && count < 8 : count === 8;
}
