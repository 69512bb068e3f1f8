/**
 * Credentials in text: what issuers mark, private keys, passwords in URLs and settings, and random values under names that
 * say secret. In: a text. Out: `secret/<type>` findings that cover the secret alone, not its name.
 *
 * One automaton finds every mark and name in one pass; what stands there is then read once, to a bound. No finding but a
 * PEM block holds a space, so what must wait of an unfinished text is its last word, or an open block.
 */
import type { Finding, SpanDetector } from "../finding.ts";
import { createMatcher } from "../matching/aho-corasick.ts";
import { anchorReach, anchors } from "./anchors.ts";
import { assignedAt } from "./assignments.ts";
import { findKeyBlocks, maxBlock, openBlockFrom } from "./blocks.ts";
import { secretKeys } from "./keys.ts";
import { providers } from "./providers.ts";
import { findPrefixedTokens } from "./structure.ts";
import { credentialCallAt, findUrlPasswords, passwordOptionAt, userAloneAt, userOptionAt } from "./urls.ts";
import { entropy, isPlaceholder } from "./value.ts";

interface Candidate {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

type Trigger = (text: string, start: number, end: number, out: Candidate[]) => void;

const longestWord = 8192;
const maxSpan = longestWord + 2 * maxBlock;
const leastScore = 0.5;

/** Case, and the separators of names; as the keywords of personal data fold. */
function fold(unit: number): number {
  if (unit === 0x5f || unit === 0x2d) return 0x20;
  if (unit < 0x80) return unit >= 0x41 && unit <= 0x5a ? unit | 0x20 : unit;
  const lower = String.fromCharCode(unit).toLowerCase();
  return lower.length === 1 ? lower.charCodeAt(0) : unit;
}

const triggers: readonly (readonly [mark: string, trigger: Trigger])[] = [
  ...providers.flatMap(({ type, marks, pattern, check }) => {
    const trigger: Trigger = (text, start, _end, out) => {
      if (isGlued(text, start)) return;
      pattern.lastIndex = start;
      const value = pattern.exec(text)?.[0];
      if (value === undefined || isPlaceholder(value) || entropy(value) < 3 || check?.(value) === false) return;
      out.push({ type, start, end: start + value.length, score: 0.96 });
    };
    return marks.map((mark) => [mark, trigger] as const);
  }),
  ...anchors.flatMap(({ type, marks, pattern }) => {
    const trigger: Trigger = (text, start, end, out) => {
      const from = wordStart(text, start, start - anchorReach);
      const to = wordEnd(text, end, end + anchorReach);
      if (to - from < 20) return;
      const found = pattern.exec(text.slice(from, to));
      const value = found?.[1];
      if (found === null || value === undefined || isPlaceholder(value) || entropy(value) < 2.8) return;
      const at = from + found.index + found[0].indexOf(value);
      out.push({ type, start: at, end: at + value.length, score: 0.93 });
    };
    return marks.map((mark) => [mark, trigger] as const);
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
      const found = passwordOptionAt(text, start, end);
      if (found !== undefined) out.push({ type: "password", ...found });
    },
  ],
  ...["networkcredential", "passwordauthentication", "basicauth", "httpbasicauth"].map((call) => {
    const trigger: Trigger = (text, _start, end, out) => {
      const found = credentialCallAt(text, end);
      if (found !== undefined) out.push({ type: "password", ...found });
    };
    return [call, trigger] as const;
  }),
];

const matcher = createMatcher(
  triggers.map(([mark]) => mark),
  fold,
);

export const secretDetector: SpanDetector = {
  name: "secret",
  version: "1",
  maxSpan,
  detect(text: string): readonly Finding[] {
    const out: Candidate[] = [];
    matcher.scan(text, (index, end) => {
      const entry = triggers[index];
      if (entry !== undefined) entry[1](text, end - entry[0].length, end, out);
    });
    findUrlPasswords(text, (found) => out.push({ type: "url-password", ...found }));
    findKeyBlocks(text, (start, end) => out.push({ type: "private-key", start, end, score: 0.97 }));
    findPrefixedTokens(text, (found) => out.push({ type: "token", ...found }));
    return resolve(out).map(toFinding);
  },
  openFrom(text: string): number {
    const word = wordStart(text, text.length, text.length - longestWord);
    const block = openBlockFrom(text, word);
    // A block's first dash may stand right behind a word that it is part of.
    return block === word ? word : openBlockFrom(text, wordStart(text, block, block - longestWord));
  },
};

/** What lies within a surer one, or the same as one before it, goes; what merely overlaps stays. */
function resolve(candidates: readonly Candidate[]): readonly Candidate[] {
  const sorted = candidates
    .filter(({ score }) => score >= leastScore)
    .sort((a, b) => a.start - b.start || b.end - a.end || b.score - a.score);
  const kept: Candidate[] = [];
  for (const candidate of sorted) {
    const last = kept.at(-1);
    if (last !== undefined && candidate.end <= last.end) {
      if (candidate.start === last.start && candidate.end === last.end && candidate.score > last.score) kept[kept.length - 1] = candidate;
      continue;
    }
    kept.push(candidate);
  }
  return kept;
}

/** OWASP LLM02:2025 Sensitive Information Disclosure; ATLAS AML.T0055 Unsecured Credentials. */
function toFinding({ type, start, end, score }: Candidate): Finding {
  return { detector: `secret/${type}`, category: "secret", owasp: "LLM02:2025", atlas: "AML.T0055", start, end, score };
}

/** In the middle of a longer word; an escaped line end before it is none. */
function isGlued(text: string, start: number): boolean {
  if (!/[A-Za-z0-9]/.test(text.charAt(start - 1))) return false;
  return !/^\\[nrt]$/.test(text.slice(Math.max(0, start - 2), start));
}

function wordStart(text: string, end: number, least: number): number {
  let at = end;
  while (at > 0 && at > least && text.charCodeAt(at - 1) > 32) at--;
  return at;
}

function wordEnd(text: string, start: number, most: number): number {
  let at = start;
  while (at < text.length && at < most && text.charCodeAt(at) > 32) at++;
  return at;
}
