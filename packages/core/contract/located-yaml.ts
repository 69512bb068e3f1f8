/**
 * Bounded, strict YAML. In: text of a file that somebody wrote. Out: plain values, each with the place it stands at,
 * or every problem that was found, each with its line and column.
 *
 * YAML 1.2 core schema, one document, no tags of one's own, no merge keys. Size, depth, number of nodes and expansion
 * of aliases are bounded here, and duplicate keys and aliases are resolved here rather than by the library, whose own
 * passes over them take quadratic time.
 */
import { Composer, isAlias, isMap, isScalar, isSeq, Lexer, Parser } from "yaml";
import type { CST, Document, Node, Pair } from "yaml";

export const maxTextCharacters = 1024 * 1024;
const maxLexemes = 600_000;
const maxDepth = 32;
const maxNodes = 400_000;
const maxAliasedNodes = 10_000;
const maxProblems = 100;

/** Lines and columns count from 1; a column counts UTF-16 code units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface LocatedNode {
  readonly value: unknown;
  /** Offset of the value, and of the key that introduces it (where it has one), in UTF-16 code units. */
  readonly offset: number;
  readonly keyOffset?: number;
  readonly children?: ReadonlyMap<string | number, LocatedNode>;
}

export interface LocatedProblem {
  readonly offset: number;
  readonly message: string;
}

export type PropertyPath = readonly PropertyKey[];

export interface LocatedYaml {
  /** Absent when the text is no YAML at all; then `problems` says why. */
  readonly root?: LocatedNode;
  readonly problems: readonly LocatedProblem[];
  readonly positionOf: (offset: number) => Position;
}

const coreTags: ReadonlySet<string> = new Set(
  ["str", "int", "float", "bool", "null", "map", "seq"].map((name) => `tag:yaml.org,2002:${name}`),
);

/** Reads YAML text. Never throws; time and memory are linear in the size of the text. */
export function readYaml(text: string): LocatedYaml {
  const positionOf = positionFinder(text);
  const refuse = (offset: number, message: string): LocatedYaml => ({ problems: [{ offset, message }], positionOf });

  if (text.length > maxTextCharacters) return refuse(0, `the file is longer than ${maxTextCharacters} characters`);
  const forbidden = forbiddenCharacter(text);
  if (forbidden) return refuse(forbidden.offset, forbidden.message);

  const parsed = composeDocument(text);
  if (Array.isArray(parsed)) return { problems: parsed.slice(0, maxProblems), positionOf };
  if (!parsed.contents) return refuse(0, "the file is empty; it starts with `version: 1`");
  const walk = new Walk(text, positionOf);
  const root = walk.node(parsed.contents, 0, undefined);
  return { root, problems: walk.problems, positionOf };
}

/** The deepest node on a path that exists, and whether it is the whole path's. */
export function locate(root: LocatedNode, path: PropertyPath): { readonly node: LocatedNode; readonly exact: boolean } {
  let node = root;
  for (const step of path) {
    const child = typeof step === "symbol" ? undefined : node.children?.get(step);
    if (!child) return { node, exact: false };
    node = child;
  }
  return { node, exact: true };
}

// The library composes recursively: depth is measured on its concrete syntax tree, which it builds without recursion.
function composeDocument(text: string): Document.Parsed | LocatedProblem[] {
  const tokens = tokenize(text);
  if (!tokens) return [{ offset: 0, message: `the file holds more than ${maxLexemes} words and signs` }];
  const deep = tooDeep(tokens);
  if (deep !== undefined) return [{ offset: deep, message: `nested more than ${maxDepth} levels deep` }];

  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
  });
  const documents = [...composer.compose(tokens, true, text.length)];
  const problems: LocatedProblem[] = [];
  for (const document of documents) {
    for (const error of [...document.errors, ...document.warnings]) {
      if (error.code === "TAG_RESOLVE_FAILED") continue; // reported with its remedy by the walk
      problems.push({ offset: error.pos[0], message: `not YAML: ${withoutSource(error.message)}` });
    }
    if (document.directives?.yaml.explicit && document.directives.yaml.version !== "1.2")
      problems.push({ offset: 0, message: "the file must be YAML 1.2; remove the `%YAML` line" });
  }
  if (documents.length > 1)
    problems.push({
      offset: documents[1]?.range[0] ?? 0,
      message: "the file holds more than one YAML document; everything belongs in one",
    });
  const [document] = documents;
  if (problems.length > 0 || !document) return problems;
  return document;
}

function tokenize(text: string): CST.Token[] | undefined {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1;
    if (lexemes > maxLexemes) return undefined;
    tokens.push(...parser.next(lexeme));
  }
  tokens.push(...parser.end());
  return tokens;
}

type Token = { readonly offset?: number; readonly value?: unknown; readonly items?: unknown; readonly key?: unknown };

function tooDeep(tokens: readonly unknown[]): number | undefined {
  const stack: { token: Token; depth: number }[] = tokens.map((token) => ({ token: token as Token, depth: 0 }));
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { token, depth } = next;
    // Every level of nesting costs a collection and its item.
    if (depth > 2 * maxDepth + 2) return token.offset ?? 0;
    for (const inner of [token.key, token.value]) {
      if (typeof inner === "object" && inner !== null) stack.push({ token: inner, depth: depth + 1 });
    }
    if (Array.isArray(token.items)) {
      for (const item of token.items) stack.push({ token: item as Token, depth: depth + 1 });
    }
  }
  return undefined;
}

class Walk {
  readonly problems: LocatedProblem[] = [];
  readonly #text: string;
  readonly #positionOf: (offset: number) => Position;
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  readonly #said = new Set<string>();
  #nodes = 0;
  #aliased = 0;
  #aliasDepth = 0;

  constructor(text: string, positionOf: (offset: number) => Position) {
    this.#text = text;
    this.#positionOf = positionOf;
  }

  node(node: unknown, parentOffset: number, keyOffset: number | undefined, depth = 0): LocatedNode {
    const place = keyOffset === undefined ? {} : { keyOffset };
    const offset = offsetOf(node, parentOffset);
    const leaf = (value: unknown): LocatedNode => ({ value, offset, ...place });
    if (!this.#affordable(offset, depth)) return leaf(undefined);
    if (isAlias(node)) return { ...this.#alias(node.source, offset, depth), ...place };

    const tag = (node as { tag?: string } | null)?.tag;
    if (tag !== undefined && !coreTags.has(tag)) {
      const at = this.#text.lastIndexOf("!", Math.max(0, offset - 1));
      const words = `the YAML tag \`${shorten(tag)}\` is not allowed; write the plain value`;
      this.#problem(at < 0 ? offset : at, words);
    }
    const anchor = (node as { anchor?: string } | null)?.anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, node as Node);

    if (!isMap(node) && !isSeq(node)) return leaf(isScalar(node) ? node.value : null);
    this.#open.add(node);
    const children = isMap(node) ? this.#entries(node.items, offset, depth) : this.#items(node.items, offset, depth);
    this.#open.delete(node);
    const value = isMap(node)
      ? Object.fromEntries([...children].map(([key, child]) => [key, child.value]))
      : [...children.values()].map((child) => child.value);
    return { value, offset, ...place, children };
  }

  #entries(pairs: readonly Pair[], parentOffset: number, depth: number): Map<string | number, LocatedNode> {
    const children = new Map<string | number, LocatedNode>();
    for (const pair of pairs) {
      const keyOffset = offsetOf(pair.key, parentOffset);
      const key = this.#key(pair.key, keyOffset);
      const child = this.node(pair.value, endOf(pair.key, keyOffset), keyOffset, depth + 1);
      if (key === undefined) continue;
      const first = children.get(key);
      if (first)
        this.#problem(
          keyOffset,
          `\`${shorten(key)}\` is written twice; first on line ${this.#positionOf(first.keyOffset ?? 0).line}`,
        );
      else children.set(key, child);
    }
    return children;
  }

  #key(key: unknown, offset: number): string | undefined {
    if (!isScalar(key) || typeof key.value !== "string") {
      this.#problem(offset, "a key must be text; put quotes around it");
      return undefined;
    }
    if (key.value === "<<" && key.type === "PLAIN") {
      this.#problem(offset, "merge keys (`<<`) are not allowed; write the fields out");
      return undefined;
    }
    if (key.value === "__proto__") {
      this.#problem(offset, "`__proto__` cannot be a key");
      return undefined;
    }
    if (key.anchor !== undefined) this.#anchors.set(key.anchor, key);
    return key.value;
  }

  #items(items: readonly unknown[], parentOffset: number, depth: number): Map<string | number, LocatedNode> {
    return new Map(items.map((item, index) => [index, this.node(item, parentOffset, undefined, depth + 1)]));
  }

  #alias(name: string, offset: number, depth: number): LocatedNode {
    const target = this.#anchors.get(name);
    const missing: LocatedNode = { value: undefined, offset };
    if (!target) {
      this.#problem(offset, `the alias \`*${shorten(name)}\` has no anchor before it`);
      return missing;
    }
    if (this.#open.has(target)) {
      this.#problem(offset, `the alias \`*${shorten(name)}\` lies within its own anchor`);
      return missing;
    }
    this.#aliasDepth += 1;
    const node = this.node(target, offset, undefined, depth);
    this.#aliasDepth -= 1;
    return node;
  }

  #affordable(offset: number, depth: number): boolean {
    this.#nodes += 1;
    if (this.#aliasDepth > 0) this.#aliased += 1;
    if (depth > maxDepth) this.#once(offset, `nested more than ${maxDepth} levels deep`);
    else if (this.#nodes > maxNodes) this.#once(offset, `the file holds more than ${maxNodes} values`);
    else if (this.#aliased > maxAliasedNodes)
      this.#once(offset, `its aliases expand to more than ${maxAliasedNodes} values`);
    else return true;
    return false;
  }

  #once(offset: number, message: string): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#problem(offset, message);
  }

  #problem(offset: number, message: string): void {
    if (this.problems.length < maxProblems) this.problems.push({ offset, message });
  }
}

function offsetOf(node: unknown, otherwise: number): number {
  return (node as Node | null)?.range?.[0] ?? otherwise;
}

function endOf(node: unknown, otherwise: number): number {
  return (node as Node | null)?.range?.[1] ?? otherwise;
}

// Control characters hide text from the reader of the file; so do the bidirectional overrides (CVE-2021-42574).
// oxlint-disable-next-line no-control-regex
const forbiddenPattern = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u202a-\u202e\u2066-\u2069]/;

function forbiddenCharacter(text: string): LocatedProblem | undefined {
  const at = text.search(forbiddenPattern);
  if (at >= 0) {
    const point = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, "0");
    return { offset: at, message: `the character U+${point} is invisible and not allowed` };
  }
  if (text.isWellFormed()) return undefined;
  let offset = 0;
  for (const character of text) {
    if (!character.isWellFormed()) break;
    offset += character.length;
  }
  return { offset, message: "a lone surrogate is not a character" };
}

function positionFinder(text: string): (offset: number) => Position {
  let starts: number[] | undefined;
  return (offset) => {
    starts ??= lineStarts(text);
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: Math.min(offset, text.length) - (starts[low] ?? 0) + 1 };
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** The library quotes source text after a colon; it may hold a secret, and the caret shows the place anyway. */
function withoutSource(message: string): string {
  return shorten(message.replace(/: (?:"|[^ ]*\n)[\s\S]*$/, ""), 160);
}

function shorten(text: string, characters = 64): string {
  return text.length > characters ? `${text.slice(0, characters)}…` : text;
}
