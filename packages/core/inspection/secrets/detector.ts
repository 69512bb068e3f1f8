/**
 * Credentials in text: what issuers mark, passwords in URLs and settings, and random values under names that say secret.
 * In: a text. Out: `secret/<type>` findings that cover the secret alone, not its name.
 *
 * One automaton finds every mark and name in one pass; what stands there is then read once, to a bound. No finding holds a
 * space but a pass phrase in quotes and the words of a seed (`phrases.ts`, `seeds.ts`), so what must wait of an unfinished text is its
 * last word, or such a phrase, or a word of which what follows may say that it is one (`behind.ts`). Key blocks and long tokens are `long.ts`'s.
 */
import type { Finding, SpanDetector } from "../finding.ts";
import { createMatcher } from "../matching/aho-corasick.ts";
import { anchoredAt, anchors } from "./anchors.ts";
import { assignedAt, isStrong, type Assigned } from "./assignments.ts";
import { openBehindFrom, pipedBefore, pipes, saidBefore } from "./behind.ts";
import { belowAt, insertedAt } from "./below.ts";
import { commandPasswordAt, commands } from "./commands.ts";
import { openPhraseFrom, phraseAt, phraseMarks } from "./phrases.ts";
import { resolve, toFinding, type Candidate } from "./candidate.ts";
import { secretKeys } from "./keys.ts";
import { findRandomWords } from "./randoms.ts";
import { pinAt } from "./said.ts";
import { longestSeedLead, namedSeedAt, openSeedFrom, seedAt, seedMarks } from "./seeds.ts";
import {
  attachedPasswordAt,
  connectCallAt,
  credentialCallAt,
  findHostPasswords,
  findUrlPasswords,
  oraclePasswordBefore,
  passwordOptionAt,
  userAloneAt,
  userOptionAt,
} from "./urls.ts";
import { wordStart } from "./word.ts";

type Trigger = (text: string, start: number, end: number, out: Candidate[]) => void;

/** No finding, with what is looked at on its right, is longer; its name and the user of a URL stand before it. */
const longestValue = 640;
const maxSpan = 1024;
/** How far before a value its name begins at most: a call's name, its first arguments, and the last one. */
const longestLead = 400;

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
    const type =
      kind === "password" || kind === "pass" || kind === "chosen"
        ? "password"
        : kind === "header"
          ? "authorization"
          : "credential";
    const trigger: Trigger = (text, start, end, out) => {
      const found = assignedAt(text, start, end, kind);
      if (found !== undefined) out.push({ type, ...found });
      if (kind !== "password") return;
      const before = saidBefore(text, start, end);
      if (before !== undefined) out.push({ type, ...before });
      const give = (below: Assigned): void => void out.push({ type, ...below });
      belowAt(text, start, end, give);
      insertedAt(text, start, end, give);
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
  ...phraseMarks.map((name) => {
    const trigger: Trigger = (text, start, _end, out) => {
      const found = phraseAt(text, start);
      if (found !== undefined) out.push({ type: found.score > 0.8 ? "seed-phrase" : "password", ...found });
    };
    return [name, trigger] as const;
  }),
  ...seedMarks.map((name) => {
    const trigger: Trigger = (text, _start, end, out) => {
      const found = namedSeedAt(text, end);
      if (found !== undefined) out.push({ type: "seed-phrase", ...found });
    };
    return [name, trigger] as const;
  }),
  [
    " pin",
    (text, _start, end, out): void => {
      const found = pinAt(text, end);
      if (found !== undefined) out.push({ type: "pin", ...found });
    },
  ],
  ...pipes.map((pipe) => {
    const trigger: Trigger = (text, start, _end, out) => {
      const found = pipedBefore(text, start);
      if (found !== undefined) out.push({ type: "password", ...found });
    };
    return [pipe.replaceAll("-", " "), trigger] as const;
  }),
  [
    "@//",
    (text, start, _end, out): void => {
      const found = oraclePasswordBefore(text, start);
      if (found !== undefined) out.push({ type: "password", ...found });
    },
  ],
  ...commands.flatMap((command) => {
    const trigger: Trigger = (text, _start, end, out) => {
      const found = commandPasswordAt(text, end, command);
      if (found !== undefined) out.push({ type: "password", ...found });
    };
    return command.programs.map((program) => [program, trigger] as const);
  }),
  ...["mysql connect", "mysqli connect", "mysqli", "getconnection", "pdo", "sequelize"].map((call) => {
    const trigger: Trigger = (text, _start, end, out) => {
      const found = connectCallAt(text, end);
      if (found !== undefined) out.push({ type: "password", ...found });
    };
    return [call, trigger] as const;
  }),
  // Anything may be called so: only a value that a person would not name a thing.
  ...[
    "login(",
    "signin(",
    "sign in(",
    "log in(",
    "authenticate(",
    ".connect(",
    "creds = (",
    "credentials = (",
    ">connect(",
  ].map((call) => {
    const trigger: Trigger = (text, _start, end, out) => {
      const found =
        call === ".connect("
          ? connectCallAt(text, end - 1)
          : call === ">connect("
            ? (credentialCallAt(text, end - 1) ?? connectCallAt(text, end - 1))
            : credentialCallAt(text, end - 1);
      if (found !== undefined && isStrong(text.slice(found.start, found.end))) out.push({ type: "password", ...found });
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
    "wifi.begin",
    "usernamepassword",
    "usernamepasswordcredentials",
    "passwordcredential",
    "passwordcredentials",
    "plainauth",
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

function findDashed(text: string, out: Candidate[], from: number): void {
  for (let at = text.indexOf("-", from); at >= 0; at = text.indexOf("-", at + 1))
    for (const [mark, trigger] of dashed) if (isAt(text, at, mark)) trigger(text, at, at + mark.length, out);
}

function isAt(text: string, at: number, mark: string): boolean {
  for (let index = 1; index < mark.length; index++)
    if (fold(text.charCodeAt(at + index)) !== mark.charCodeAt(index)) return false;
  return true;
}

/** Where the last word before `end` begins, or a phrase that is open there: no finding that starts before it reaches over `end`. */
function openBefore(text: string, end: number): number {
  const phrase = Math.min(openPhraseFrom(text, end), openSeedFrom(text, end), openBehindFrom(text, end));
  return wordStart(text, phrase, end - longestValue);
}

export const secretDetector: SpanDetector = {
  name: "secret",
  version: "1",
  maxSpan,
  detect(text: string, from = 0): readonly Finding[] {
    const out: Candidate[] = [];
    const first = from === 0 ? 0 : openBefore(text, from);
    const firstName = Math.max(0, first - longestLead);
    matcher.scan(
      text,
      (index, end) => {
        const entry = others[index];
        if (entry !== undefined) entry[1](text, end - entry[0].length, end, out);
      },
      firstName,
    );
    findDashed(text, out, firstName);
    // What stands before its first word was let go of when that arrived.
    const seed = from <= longestSeedLead ? seedAt(text, 0) : undefined;
    if (seed !== undefined) out.push({ type: "seed-phrase", ...seed });
    findUrlPasswords(text, (found) => out.push({ type: "url-password", ...found }), first);
    findHostPasswords(text, (found) => out.push({ type: "url-password", ...found }), first);
    findRandomWords(text, (found) => out.push(found), first);
    const found = resolve(out).map(toFinding);
    return from === 0 ? found : found.filter(({ start }) => start >= from);
  },
  openFrom: (text) => openBefore(text, text.length),
};
