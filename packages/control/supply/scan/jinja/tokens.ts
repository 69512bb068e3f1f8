/**
 * Splits a Jinja2 template (jinja2/lexer.py, default delimiters). In: its text. Out: the tokens of each statement and
 * expression, strings decoded; throws where Jinja would raise a syntax error.
 */
import { malformed } from "../bytes/unreadable.ts";

export interface Token {
  readonly kind: "name" | "string" | "number" | "operator";
  readonly text: string;
  /** Index in the template. */
  readonly at: number;
}

export interface Block {
  readonly kind: "statement" | "expression";
  readonly tokens: readonly Token[];
  readonly at: number;
}

const operators = ["//", "**", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "(", ")", "[", "]", "{", "}"];
operators.push(">", "<", "=", ".", ":", "|", ",", ";", "!");

export function readBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  let at = 0;
  for (;;) {
    const open = nextOpening(text, at);
    if (open < 0) return blocks;
    const kind = text.charAt(open + 1);
    if (kind === "#") {
      const close = text.indexOf("#}", open + 2);
      if (close < 0) throw malformed("jinja/syntax", "a comment is not closed", open);
      at = close + 2;
      continue;
    }
    const { tokens, end } = readTokens(text, open + 2, kind === "{" ? "}}" : "%}");
    blocks.push({ kind: kind === "{" ? "expression" : "statement", tokens, at: open });
    at = end;
    if (kind === "%" && tokens[0]?.text === "raw") {
      const rest = /\{%[-+]?\s*endraw\s*[-+]?%\}/g;
      rest.lastIndex = at;
      const found = rest.exec(text);
      if (found === null) throw malformed("jinja/syntax", "a raw block is not closed", open);
      at = found.index + found[0].length;
    }
  }
}

function nextOpening(text: string, from: number): number {
  for (let at = text.indexOf("{", from); at >= 0; at = text.indexOf("{", at + 1))
    if ("{%#".includes(text.charAt(at + 1)) && at + 1 < text.length) return at;
  return -1;
}

function readTokens(text: string, from: number, close: string): { tokens: Token[]; end: number } {
  const tokens: Token[] = [];
  let at = /[-+]/.test(text.charAt(from)) ? from + 1 : from;
  let depth = 0;
  const word = /[\p{L}\p{N}_]/u;
  while (at < text.length) {
    const char = text.charAt(at);
    if (/\s/.test(char)) {
      at++;
      continue;
    }
    // Braces of a dict literal close before the block does.
    if (depth === 0 && text.startsWith(close, at)) return { tokens, end: at + 2 };
    if (depth === 0 && /[-+]/.test(char) && text.startsWith(close, at + 1)) return { tokens, end: at + 3 };
    if (char === '"' || char === "'") {
      const end = endOfString(text, at);
      tokens.push({ kind: "string", text: unescape(text.slice(at + 1, end)), at });
      at = end + 1;
      continue;
    }
    if (word.test(char)) {
      let end = at;
      while (end < text.length && word.test(text.charAt(end))) end++;
      if (/^\d/.test(char) && text.charAt(end) === "." && /\d/.test(text.charAt(end + 1))) {
        end++;
        while (/[\d_eE]/.test(text.charAt(end))) end++;
      }
      tokens.push({ kind: /^\d/.test(char) ? "number" : "name", text: text.slice(at, end), at });
      at = end;
      continue;
    }
    const operator = operators.find((candidate) => text.startsWith(candidate, at));
    if (operator === undefined)
      throw malformed("jinja/syntax", `an unexpected character in a block: ${JSON.stringify(char)}`, at);
    if ("([{".includes(operator)) depth++;
    if (")]}".includes(operator)) depth--;
    tokens.push({ kind: "operator", text: operator, at });
    at += operator.length;
  }
  throw malformed("jinja/syntax", "a block is not closed", from);
}

function endOfString(text: string, start: number): number {
  const quote = text.charAt(start);
  for (let at = start + 1; at < text.length; at++) {
    if (text.charAt(at) === "\\") at++;
    else if (text.charAt(at) === quote) return at;
  }
  throw malformed("jinja/syntax", "a string is not closed", start);
}

const simple: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\", "'": "'", '"': '"' };

/** Jinja decodes `unicode-escape`. */
function unescape(body: string): string {
  return body.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|N\{([^}]{0,80})\}|([\s\S]))/g,
    (whole, hex?: string, four?: string, eight?: string, octal?: string, named?: string, other?: string) => {
      if (hex !== undefined || four !== undefined || eight !== undefined) {
        const point = parseInt(hex ?? four ?? eight ?? "0", 16);
        return point > 0x10ffff ? "" : String.fromCodePoint(point);
      }
      if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8));
      if (named !== undefined) return named.toLowerCase() === "low line" ? "_" : whole;
      return simple[other ?? ""] ?? whole;
    },
  );
}
