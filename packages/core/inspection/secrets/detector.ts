/**
 * Credentials in text: what issuers mark, passwords in URLs and settings, and random values under names that say secret.
 * In: a text. Out: `secret/<type>` findings that cover the secret alone, not its name.
 *
 * One automaton finds every mark and name in one pass; what stands there is then read once, to a bound. No finding holds a
 * space, so what must wait of an unfinished text is its last word. Key blocks and long tokens are `long.ts`'s.
 */
import type { Finding, SpanDetector } from "../finding.ts";
import { createMatcher } from "../matching/aho-corasick.ts";
import { anchoredAt, anchors } from "./anchors.ts";
import { assignedAt } from "./assignments.ts";
import { resolve, toFinding, type Candidate } from "./candidate.ts";
import { secretKeys } from "./keys.ts";
import { findRandomWords } from "./randoms.ts";
import {
  attachedPasswordAt,
  connectCallAt,
  credentialCallAt,
  findUrlPasswords,
  passwordOptionAt,
  userAloneAt,
  userOptionAt,
} from "./urls.ts";
import { wordStart } from "./word.ts";

type Trigger = (text: string, start: number, end: number, out: Candidate[]) => void;

/** No finding, with what is looked at on its right, is longer; its name and the user of a URL stand before it. */
const longestValue = 640;
const maxSpan = 1024;

/** Case, and the separators of names; as the keywords of personal data fold. */
function fold(unit: number): number {
  if (unit === 0x5f || unit === 0x2d) return 0x20;
  if (unit < 0x80) return unit >= 0x41 && unit <= 0x5a ? unit | 0x20 : unit;
  const lower = String.fromCharCode(unit).toLowerCase();
  return lower.length === 1 ? lower.charCodeAt(0) : unit;
}

const triggers: readonly (readonly [mark: string, trigger: Trigger])[] = [
  ...anchors.flatMap((anchor) => {
    const trigger: Trigger = (text, start, _end, out) => {
      const found = anchoredAt(text, start, anchor);
      if (found !== undefined) out.push({ type: anchor.type, ...found });
    };
    return anchor.marks.map((mark) => [mark, trigger] as const);
  }),
  ...secretKeys.map(({ word, kind }) => {
    const type = kind === "password" ? "password" : kind === "header" ? "authorization" : "credential";
    const trigger: Trigger = (text, start, end, out) => {
      const found = assignedAt(text, start, end, kind);
      if (found !== undefined) out.push({ type, ...found });
    };
    return [word, trigger] as const;
  }),
  ...["-u", "--user", "--proxy-user"].map((option) => {
    const trigger: Trigger = (text, start, end, out) => {
      if (text.charCodeAt(start) !== 45 || /\S/.test(text.charAt(start - 1))) return;
      const found = userOptionAt(text, end) ?? userAloneAt(text, end);
      if (found !== undefined) out.push({ type: "password", ...found });
    };
    return [option, trigger] as const;
  }),
  [
    "-p",
    (text, start, end, out): void => {
      if (text.charCodeAt(start) !== 45 || !/\s/.test(text.charAt(start - 1))) return;
      const found = passwordOptionAt(text, start, end) ?? attachedPasswordAt(text, start, end);
      if (found !== undefined) out.push({ type: "password", ...found });
    },
  ],
  ...["mysql connect", "mysqli connect", "mysqli", "getconnection", "pdo"].map((call) => {
    const trigger: Trigger = (text, _start, end, out) => {
      const found = connectCallAt(text, end);
      if (found !== undefined) out.push({ type: "password", ...found });
    };
    return [call, trigger] as const;
  }),
  ...[
    "networkcredential",
    "passwordauthentication",
    "basicauth",
    "httpbasicauth",
    "directoryentry",
    "ftp login",
    "auth=",
    "auth: ",
  ].map((call) => {
    const trigger: Trigger = (text, _start, end, out) => {
      const found = credentialCallAt(text, end);
      if (found !== undefined) out.push({ type: "password", ...found });
    };
    return [call, trigger] as const;
  }),
];

/** In the automaton a hyphen is a space, which is everywhere: short marks that begin with one are sought by the hyphen itself. */
const isDashed = (mark: string): boolean => mark.startsWith("-") && mark.length <= 3;
const dashed = triggers.filter(([mark]) => isDashed(mark));
const others = triggers.filter(([mark]) => !isDashed(mark));
const matcher = createMatcher(
  others.map(([mark]) => mark),
  fold,
  undefined,
  true,
);

function findDashed(text: string, out: Candidate[]): void {
  for (let at = text.indexOf("-"); at >= 0; at = text.indexOf("-", at + 1))
    for (const [mark, trigger] of dashed) if (isAt(text, at, mark)) trigger(text, at, at + mark.length, out);
}

function isAt(text: string, at: number, mark: string): boolean {
  for (let index = 1; index < mark.length; index++)
    if (fold(text.charCodeAt(at + index)) !== mark.charCodeAt(index)) return false;
  return true;
}

export const secretDetector: SpanDetector = {
  name: "secret",
  version: "1",
  maxSpan,
  detect(text: string): readonly Finding[] {
    const out: Candidate[] = [];
    matcher.scan(text, (index, end) => {
      const entry = others[index];
      if (entry !== undefined) entry[1](text, end - entry[0].length, end, out);
    });
    findDashed(text, out);
    findUrlPasswords(text, (found) => out.push({ type: "url-password", ...found }));
    findRandomWords(text, (found) => out.push(found));
    return resolve(out).map(toFinding);
  },
  openFrom: (text) => wordStart(text, text.length, text.length - longestValue),
};
