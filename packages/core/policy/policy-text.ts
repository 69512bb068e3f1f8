/**
 * Policy text as hostile input: splits a source into single policies, each with its place, and refuses what could
 * exhaust the engine before the engine sees it. In: a source. Out: policies' texts with positions, and problems.
 *
 * The bounds are not tidiness. Cedar's wasm build has a fixed 1 MB stack and no guard that it can recover from: about
 * 115 nested brackets trap it in the parser, 350 chained operators in the evaluator (measured on 4.13.0), and after one trap
 * every later call on that thread fails. A policy author must not be able to do that to a gateway.
 */
import type { Namespace } from "../contract/vocabulary.ts";
import type { PolicySource } from "./engine.ts";

export const maxSourceCharacters = 4 * 1024 * 1024;
export const maxPolicyCharacters = 64 * 1024;
export const maxNesting = 24;
/** Characters of operators in one policy (`&&` counts two): room for about 80 conditions. */
export const maxOperatorCharacters = 400;

/** Something wrong with a policy: where, what, and what to do. Line and column count from 1, column in UTF-16 units. */
export interface PolicyProblem {
  readonly namespace: Namespace;
  readonly origin: string;
  readonly line: number;
  readonly column: number;
  readonly words: string;
}

/** One policy's text within its source. */
export interface PolicyText {
  readonly source: PolicySource;
  readonly text: string;
  /** Where `text` begins in the source, in UTF-16 units. */
  readonly start: number;
}

/** Says what is wrong at an offset (UTF-16 units) of a source. */
export function problemAt(source: PolicySource, offset: number, words: string): PolicyProblem {
  const before = source.text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  let line = 1;
  for (let at = before.indexOf("\n"); at >= 0; at = before.indexOf("\n", at + 1)) line += 1;
  return { namespace: source.namespace, origin: source.origin, line, column: offset - lineStart + 1, words };
}

/** Says what is wrong within a policy, at a UTF-8 byte offset of its text, which is how Cedar counts. */
export function problemIn(policy: PolicyText, byteOffset: number, words: string): PolicyProblem {
  const prefix = Buffer.from(policy.text, "utf8").subarray(0, byteOffset).toString("utf8");
  return problemAt(policy.source, policy.start + prefix.length, words);
}

/** `origin:line:column: words`, as compilers write it, so that editors can jump there. */
export function problemLine(problem: PolicyProblem): string {
  return `${problem.origin}:${problem.line}:${problem.column}: ${problem.words}`;
}

/** Control, format and broken characters: they make text read otherwise than it runs (CVE-2021-42574). */
const hiddenCharacter = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;

/** Splits a source at the `;` that end policies. A source without a policy yields none and is no problem. */
export function splitPolicies(source: PolicySource): {
  readonly policies: readonly PolicyText[];
  readonly problems: readonly PolicyProblem[];
} {
  const { text } = source;
  if (text.length > maxSourceCharacters) {
    const words = `${text.length} characters of policy in one source; at most ${maxSourceCharacters}: split it`;
    return { policies: [], problems: [problemAt(source, 0, words)] };
  }
  const hidden = hiddenCharacter.exec(text);
  if (hidden !== null) {
    const codePoint = (hidden[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    const words = `the invisible character U+${codePoint} makes a policy read otherwise than it runs: remove it, or write it as \\u{${codePoint}}`;
    return { policies: [], problems: [problemAt(source, hidden.index, words)] };
  }
  const policies: PolicyText[] = [];
  const problems: PolicyProblem[] = [];
  for (let at = skipBlank(text, 0); at < text.length;) {
    const end = scanPolicy(text, at);
    const policy = { source, text: text.slice(at, end.at), start: at };
    if (end.words === undefined) policies.push(policy);
    else problems.push(problemAt(source, at, end.words));
    at = skipBlank(text, end.at);
  }
  return { policies, problems };
}

/** The first offset from `at` that is neither white space nor a comment. */
function skipBlank(text: string, at: number): number {
  for (;;) {
    while (at < text.length && /\s/.test(text.charAt(at))) at += 1;
    if (!text.startsWith("//", at)) return at;
    at = endOfLine(text, at);
  }
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}

/** Walks one policy to just after its `;`, or to the end of the text; says which bound it breaks. */
function scanPolicy(text: string, start: number): { readonly at: number; readonly words: string | undefined } {
  let depth = 0;
  let deepest = 0;
  let operators = 0;
  let at = start;
  for (; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') at = endOfString(text, at);
    else if (character === "/" && text.charAt(at + 1) === "/") at = endOfLine(text, at);
    else if (character === ";") break;
    else if ("([{".includes(character)) deepest = Math.max(deepest, ++depth);
    else if (")]}".includes(character)) depth -= 1;
    else if ("&|+-*.!<>=%".includes(character)) operators += 1;
    else if (isKeyword(text, at)) operators += 1;
  }
  const end = Math.min(at + 1, text.length);
  if (end - start > maxPolicyCharacters)
    return { at: end, words: `this policy has ${end - start} characters; at most ${maxPolicyCharacters}: split it` };
  if (deepest > maxNesting)
    return { at: end, words: `brackets nest ${deepest} deep in this policy; at most ${maxNesting}: simplify it` };
  if (operators > maxOperatorCharacters)
    return {
      at: end,
      words: `this policy has too many operators (${operators}; at most ${maxOperatorCharacters}): split it`,
    };
  return { at: end, words: undefined };
}

/** The keywords that deepen an expression, at the start of a word: `if`, `when`, `unless`. */
function isKeyword(text: string, at: number): boolean {
  const character = text.charAt(at);
  if (character !== "i" && character !== "w" && character !== "u") return false;
  if (at > 0 && /\w/.test(text.charAt(at - 1))) return false;
  return /^(?:if|when|unless)\b/.test(text.slice(at, at + 7));
}

/** The offset of the quote that closes the string opened at `at`, or the end of the text. */
function endOfString(text: string, at: number): number {
  for (at += 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "\\") at += 1;
    else if (character === '"') return at;
  }
  return text.length;
}
