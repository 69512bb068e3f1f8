/**
 * Finds attributes that a template reaches by a name that it puts together: `x["__cl" ~ "ass__"]`. In: a template's
 * blocks. Out: where a subscript's key may be made text; and which names were given another meaning, so that calling them
 * is no call of what is listed.
 *
 * A key is fine when it is a literal, a number, or a name whose value comes from data. A value that was put together
 * taints the name or `ns.attribute` that it is assigned to, and whatever is assigned from that.
 */
import type { Block, Token } from "./tokens.ts";

export interface NamesUsed {
  /** Index in the template of each key that may be made text. */
  readonly computedKeys: readonly number[];
  /** Names that the template assigns: loop variables, `set`, parameters. */
  readonly assigned: ReadonlySet<string>;
}

const textFilters = new Set(
  "join format replace string truncate center indent tojson pprint e escape wordwrap xmlattr".split(" "),
);
const textMethods = new Set("join format replace encode decode center ljust rjust zfill expandtabs".split(" "));

export function namesUsed(blocks: readonly Block[]): NamesUsed {
  const assignments = blocks.flatMap(assignmentsOf);
  const tainted = new Set<string>();
  for (let before = -1; before !== tainted.size;) {
    before = tainted.size;
    for (const { targets, value } of assignments)
      if (makesText(value, tainted)) for (const target of targets) tainted.add(target);
    // A call of a macro hands its arguments to parameters; which, is not followed.
    if (blocks.some((block) => passesMadeText(block.tokens, tainted)))
      for (const { targets, parameters } of assignments)
        if (parameters) for (const target of targets) tainted.add(target);
  }
  return {
    computedKeys: blocks.flatMap(({ tokens }) =>
      subscripts(tokens)
        .filter((key) => makesText(key, tainted))
        .map((key) => key[0]?.at ?? 0),
    ),
    assigned: new Set(assignments.flatMap(({ targets }) => targets.map((target) => target.split(".")[0] ?? target))),
  };
}

interface Assignment {
  /** `name`, or `name.attribute`. */
  readonly targets: readonly string[];
  readonly value: readonly Token[];
  readonly parameters: boolean;
}

function assignmentsOf({ kind, tokens }: Block): Assignment[] {
  const word = kind === "statement" ? tokens[0]?.text : undefined;
  if (word === "macro" || word === "call") {
    const open = tokens.findIndex((token) => token.text === "(");
    const close = tokens.findLastIndex((token) => token.text === ")");
    if (open < 0) return [];
    const inside = tokens.slice(open + 1, close < 0 ? tokens.length : close);
    return [{ targets: pathsIn(inside), value: inside.filter((token) => token.kind === "string"), parameters: true }];
  }
  if (word === "set" || word === "with") {
    const equals = tokens.findIndex((token) => token.text === "=");
    const left = equals < 0 ? tokens.slice(1) : tokens.slice(1, equals);
    // `{% set x %}…{% endset %}` makes text of all between.
    const value = equals < 0 ? [{ kind: "operator" as const, text: "~", at: 0 }] : tokens.slice(equals + 1);
    return [{ targets: pathsIn(left), value, parameters: false }];
  }
  if (word === "for") {
    const within = tokens.findIndex((token) => token.text === "in");
    if (within < 0) return [];
    return [{ targets: pathsIn(tokens.slice(1, within)), value: tokens.slice(within + 1), parameters: false }];
  }
  return [];
}

/** Names and dotted names among tokens. */
function pathsIn(tokens: readonly Token[]): string[] {
  return tokens.flatMap((token, index) => {
    if (token.kind !== "name" || tokens[index - 1]?.text === ".") return [];
    const attribute = tokens[index + 1]?.text === "." ? tokens[index + 2]?.text : undefined;
    return [attribute === undefined ? token.text : `${token.text}.${attribute}`];
  });
}

function makesText(tokens: readonly Token[], tainted: ReadonlySet<string>): boolean {
  const strings = tokens.some((token) => token.kind === "string");
  return (
    pathsIn(tokens).some((path) => tainted.has(path)) ||
    tokens.some((token, index) => {
      const before = tokens[index - 1]?.text;
      if (token.kind === "string") return token.text.includes("__");
      if (token.kind === "operator") return token.text === "~" || token.text === "%" || (token.text === "+" && strings);
      return (before === "|" && textFilters.has(token.text)) || (before === "." && textMethods.has(token.text));
    })
  );
}

function passesMadeText(tokens: readonly Token[], tainted: ReadonlySet<string>): boolean {
  return tokens.some((token, index) => {
    if (
      token.text !== "(" ||
      tokens[index - 1]?.kind !== "name" ||
      tokens[index - 2]?.text === "." ||
      tokens[0]?.text === "macro"
    )
      return false;
    return makesText(tokens.slice(index + 1, closing(tokens, index)), tainted);
  });
}

/** The tokens between the brackets of each subscript, not of a list literal. */
function subscripts(tokens: readonly Token[]): (readonly Token[])[] {
  return tokens.flatMap((token, index) => {
    const before = tokens[index - 1];
    const value =
      before !== undefined && (before.kind !== "operator" || ")]}".includes(before.text)) && !isKeyword(before);
    return token.text === "[" && token.kind === "operator" && value
      ? [tokens.slice(index + 1, closing(tokens, index))]
      : [];
  });
}

function isKeyword(token: Token): boolean {
  return token.kind === "name" && ["in", "not", "and", "or", "if", "else", "is", "set", "filter"].includes(token.text);
}

function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    const token = tokens[at];
    if (token?.kind !== "operator") continue;
    if ("([{".includes(token.text)) depth++;
    else if (")]}".includes(token.text) && --depth === 0) return at;
  }
  return tokens.length;
}
