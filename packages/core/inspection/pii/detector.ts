/**
 * Personal identifiers that have a structure: cards, accounts, identity numbers, telephones, addresses of machines and
 * mailboxes, dates of birth. In: a text. Out: `pii/<type>` findings with exact spans.
 *
 * Every scan is linear. A text without a digit, `@` or colon costs one pass. What a finding depends on lies within
 * `maxSpan`; a finding with spaces in it lies within a row of words that could belong to a number (see `openFrom`).
 */
import type { Finding, SpanDetector } from "../finding.ts";
import { findAtoms } from "./atoms.ts";
import { resolve, toFinding, type Candidate } from "./candidate.ts";
import { findBirthDates } from "./dates.ts";
import { findColoned, findEmails, findHyphenedMac, findIpv4 } from "./internet.ts";
import { Context } from "./keywords.ts";
import { findBics, findIbans, findWallets } from "./money.ts";
import { findNumbers } from "./numbers.ts";
import { openNumberFrom } from "./open.ts";
import { plainSigns } from "./plain-signs.ts";
import { findPhones } from "./phones.ts";

/** The longest value (a mailbox: 64 + 1 + 253), and the keyword before it with its distance. */
const maxSpan = 640;

/** Full-width letters, digits and signs (`ａｎｎａ＠mail.example`), and no others: a dash right behind an address is no hyphen of it. */
function narrowed(text: string): string {
  return text.replaceAll(/[\uff01-\uff5e]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0));
}

export const identifierDetector: SpanDetector = {
  name: "pii",
  version: "1",
  maxSpan,
  detect(written: string): readonly Finding[] {
    const text = plainSigns(written);
    const candidates: Candidate[] = [];
    findEmails(written === text ? text : narrowed(written), candidates);
    findColoned(text, candidates);
    findHyphenedMac(text, candidates);
    findBics(text, candidates);
    const atoms = findAtoms(text);
    if (atoms.count > 0) {
      const context = new Context(text, atoms);
      findNumbers(text, atoms, context, candidates);
      findIbans(text, atoms, context, candidates);
      findWallets(text, atoms, candidates);
      findIpv4(text, atoms, context, candidates);
      findPhones(text, atoms, context, candidates);
      findBirthDates(text, context, candidates);
    }
    return resolve(candidates).map(toFinding);
  },
  openFrom: (written) => openNumberFrom(plainSigns(written), maxSpan),
};
