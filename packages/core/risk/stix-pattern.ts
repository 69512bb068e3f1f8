/**
 * STIX patterns, as far as one comparison alone makes them true. In: a pattern's text, at most 10,000 characters. Out: object
 * paths with the values that they are compared with, or in words why it is not taken. One pass, no recursion.
 * @see STIX 2.1, section 9
 */

export interface PatternComparison {
  /** Such as `ipv4-addr:value`. */
  readonly path: string;
  readonly value: string;
}

const maxCharacters = 10_000;
const maxComparisons = 1_000;

type Token = { readonly kind: "word" | "text" | "mark"; readonly text: string };

export function readStixPattern(pattern: string): readonly PatternComparison[] | string {
  if (pattern.length > maxCharacters) return "a pattern that is too long";
  const tokens = tokenise(pattern);
  if (tokens === undefined) return "a pattern that cannot be read";
  const found: PatternComparison[] = [];
  let depth = 0;
  let at = 0;
  let expectsOperand = true;
  while (at < tokens.length) {
    const token = tokens[at] as Token;
    if (token.kind === "mark" && (token.text === "[" || token.text === "(")) {
      if (!expectsOperand || ++depth > 64) return "a pattern that cannot be read";
      at += 1;
    } else if (token.kind === "mark" && (token.text === "]" || token.text === ")")) {
      if (expectsOperand || --depth < 0) return "a pattern that cannot be read";
      at += 1;
    } else if (expectsOperand) {
      const read = comparisonAt(tokens, at);
      if (typeof read === "string") return read;
      found.push(...read.comparisons);
      if (found.length > maxComparisons) return "a pattern with too many comparisons";
      at = read.next;
      expectsOperand = false;
    } else if (token.kind === "word" && token.text === "OR") {
      expectsOperand = true;
      at += 1;
    } else {
      return token.kind === "word" ? `a pattern with ${token.text.slice(0, 24)}` : "a pattern that cannot be read";
    }
  }
  return depth === 0 && !expectsOperand ? found : "a pattern that cannot be read";
}

function comparisonAt(
  tokens: readonly Token[],
  start: number,
): { readonly comparisons: readonly PatternComparison[]; readonly next: number } | string {
  const [path, operator] = [tokens[start], tokens[start + 1]];
  if (path?.kind !== "word" || operator === undefined) return "a pattern that cannot be read";
  if (path.text === "NOT") return "a pattern with NOT";
  const one = (token: Token | undefined): PatternComparison[] | string =>
    token?.kind === "text" ? [{ path: path.text, value: token.text }] : "a pattern that compares with no text";
  if (operator.text === "=" || operator.text === "==" || operator.text === "ISSUBSET") {
    const comparisons = one(tokens[start + 2]);
    return typeof comparisons === "string" ? comparisons : { comparisons, next: start + 3 };
  }
  if (operator.text !== "IN" || tokens[start + 2]?.text !== "(") return `a pattern with ${operator.text.slice(0, 24)}`;
  const comparisons: PatternComparison[] = [];
  for (let at = start + 3; ; at += 2) {
    const value = one(tokens[at]);
    if (typeof value === "string") return value;
    comparisons.push(...value);
    const mark = tokens[at + 1]?.text;
    if (mark === ")") return { comparisons, next: at + 2 };
    if (mark !== ",") return "a pattern that cannot be read";
  }
}

/** Words (paths, operators), texts in single quotes, and marks; `undefined` for anything else. */
function tokenise(pattern: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  // A path may hold a quoted key: file:hashes.'SHA-256'. Each alternative is linear, and anchored by `y`.
  const token =
    /\s*(?:([A-Za-z][A-Za-z0-9_-]*(?::[A-Za-z0-9_.-]+(?:'[^'\\]{1,64}')?)?)|'((?:[^'\\]|\\['\\])*)'|(==|[[\]()=,]|!=|<=|>=|<|>))/y;
  let at = 0;
  const end = pattern.trimEnd().length;
  while (at < end) {
    token.lastIndex = at;
    const match = token.exec(pattern);
    if (match === null) return undefined;
    at = token.lastIndex;
    const [, word, quoted, mark] = match;
    if (word !== undefined) tokens.push({ kind: "word", text: word });
    else if (quoted !== undefined) tokens.push({ kind: "text", text: quoted.replace(/\\(['\\])/g, "$1") });
    else tokens.push({ kind: "mark", text: mark ?? "" });
  }
  return tokens;
}
