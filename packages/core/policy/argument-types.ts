/**
 * Which arguments of a tool call a policy reads, and as what. In: a policy in Cedar's JSON form. Out: a tree of names with
 * Cedar types, or what is wrong with how it reads them. Nobody declares arguments: a policy that says
 * `context.arguments.amount < 1000` says that `amount` is a long, and is validated against just that.
 */
import type { PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { componentFacts, contextFacts } from "./cedar-schema.ts";
import { quoted } from "./cedar/value.ts";

/** `any` is an argument of which only the presence is asked. */
export type ArgumentType = "String" | "Long" | "Bool" | "decimal" | "Set<String>" | "Set<Long>" | "Set<Bool>" | "any";

/** One argument, or, with members, an object of arguments. */
export interface ArgumentNode {
  readonly type?: ArgumentType;
  readonly members?: ArgumentTree;
  /** Whether the policy asks if it is there; then Cedar lets it be read only where it is. */
  readonly optional: boolean;
}

export type ArgumentTree = ReadonlyMap<string, ArgumentNode>;

/** Names below `context.arguments`, at most. */
export const maxArgumentDepth = 8;

export interface ArgumentsRead {
  /** Undefined where none is read. */
  readonly tree: ArgumentTree | undefined;
  readonly problems: readonly string[];
}

interface Use {
  readonly path: readonly string[];
  type: ArgumentType | undefined;
  optional: boolean;
  /** Its value is read, not only its presence asked. */
  valued: boolean;
}

/** What one policy reads of a call's arguments. */
export function argumentsRead({ conditions }: Pick<PolicyJson, "conditions">): ArgumentsRead {
  const reader = new Reader();
  for (const { body } of conditions) reader.walk(body, "Bool");
  return reader.result();
}

/**
 * The trees of several policies as one, in which everything is optional: as requests are read.
 *
 * @returns the tree, and which name is read as two types, in words
 */
export function mergedArguments(trees: readonly ArgumentTree[]): {
  readonly tree: ArgumentTree;
  readonly clash?: string;
} {
  const merged = new Map<string, ArgumentNode>();
  for (const tree of trees)
    for (const [name, node] of tree) {
      const known = merged.get(name);
      const joined = known === undefined ? node : joinNodes(name, known, node);
      if (typeof joined === "string") return { tree: merged, clash: joined };
      merged.set(name, { ...joined, optional: true });
    }
  return { tree: merged };
}

function joinNodes(name: string, a: ArgumentNode, b: ArgumentNode): ArgumentNode | string {
  if (a.members !== undefined && b.members !== undefined) {
    const { tree, clash } = mergedArguments([a.members, b.members]);
    return clash === undefined ? { members: tree, optional: true } : `${name}.${clash}`;
  }
  if (a.type === "any") return b;
  if (b.type === "any" || (a.type !== undefined && a.type === b.type)) return a;
  return `${name}\` is read as ${wordsOf(a)} and as ${wordsOf(b)}`;
}

function wordsOf({ type }: ArgumentNode): string {
  return type ?? "an object";
}

/** A tree as a record type of Cedar's schema syntax; with everything optional where that is asked. */
export function argumentsTypeText(tree: ArgumentTree, lenient = false): string {
  const members = [...tree].map(([name, { type = "any", members: below, optional }]) => {
    const text = below === undefined ? (type === "any" ? "Bool" : type) : argumentsTypeText(below, lenient);
    return `${quoted(name)}${optional || lenient ? "?" : ""}: ${text}`;
  });
  return `{ ${members.toSorted().join(", ")} }`;
}

type Node = Readonly<Record<string, unknown>>;

class Reader {
  readonly #uses = new Map<string, Use>();
  readonly #problems = new Set<string>();

  result(): ArgumentsRead {
    const trees: ArgumentTree[] = [];
    for (const { path, type, optional, valued } of this.#uses.values()) {
      const node: ArgumentNode = { type: type ?? "any", optional };
      trees.push(this.#nested(path, node));
      if (valued && (type ?? "any") === "any")
        this.#problems.add(
          `how \`${nameOf(path)}\` is read does not say what it is: compare it with something written out`,
        );
    }
    if (trees.length === 0) return { tree: undefined, problems: [...this.#problems] };
    const { tree, clash } = mergedArguments(trees);
    if (clash !== undefined) this.#problems.add(`\`context.arguments.${clash}`);
    return { tree: this.#withPresence(tree, []), problems: [...this.#problems] };
  }

  /** Merging makes all optional; here only what the policy asks for is. */
  #withPresence(tree: ArgumentTree, above: readonly string[]): ArgumentTree {
    return new Map(
      [...tree].map(([name, { type, members }]): [string, ArgumentNode] => {
        const path = [...above, name];
        const optional = this.#uses.get(JSON.stringify(path))?.optional ?? false;
        if (members === undefined) return [name, { ...(type === undefined ? {} : { type }), optional }];
        return [name, { members: this.#withPresence(members, path), optional }];
      }),
    );
  }

  #nested([name = "", ...rest]: readonly string[], leaf: ArgumentNode): ArgumentTree {
    if (rest.length === 0) return new Map([[name, leaf]]);
    return new Map([[name, { members: this.#nested(rest, leaf), optional: false }]]);
  }

  #use(path: readonly string[], type: ArgumentType | undefined, optional: boolean): void {
    if (path.length > maxArgumentDepth)
      this.#problems.add(`\`${nameOf(path)}\` lies ${path.length} deep; arguments are read ${maxArgumentDepth} deep`);
    const key = JSON.stringify(path);
    const use = this.#uses.get(key);
    if (use === undefined) return void this.#uses.set(key, { path, type, optional, valued: !optional });
    use.optional ||= optional;
    use.valued ||= !optional;
    if (use.type === undefined || use.type === "any") use.type = type ?? use.type;
    else if (type !== undefined && type !== "any" && type !== use.type)
      this.#problems.add(`\`${nameOf(path)}\` is read as ${use.type} and as ${type}`);
  }

  /** @param expected what the place where the expression stands takes */
  walk(node: unknown, expected: ArgumentType | undefined): void {
    if (Array.isArray(node)) return node.forEach((item) => this.walk(item, expected));
    if (typeof node !== "object" || node === null) return;
    const path = argumentPath(node as Node);
    if (path !== undefined) {
      if (path.length === 0)
        this.#problems.add("`context.arguments` is read one argument at a time, such as `context.arguments.amount`");
      else this.#use(path, expected, false);
      return;
    }
    for (const [operator, operand] of Object.entries(node as Node)) this.#operator(operator, operand, expected);
  }

  #operator(operator: string, operand: unknown, expected: ArgumentType | undefined): void {
    const { left, right, arg } = (operand ?? {}) as { left?: unknown; right?: unknown; arg?: unknown };
    switch (operator) {
      case "Value":
      case "Var":
      case "Slot":
        return;
      case "has":
        return this.#has(operand as { left: unknown; attr: string | readonly string[] });
      case "&&":
      case "||":
        return this.walk([left, right], "Bool");
      case "!":
        return this.walk(arg, "Bool");
      case "if-then-else": {
        const { if: condition, then, else: otherwise } = operand as { if: unknown; then: unknown; else: unknown };
        this.walk(condition, "Bool");
        return this.walk([then, otherwise], expected);
      }
      case "==":
      case "!=":
      case "containsAll":
      case "containsAny":
        this.walk(left, typeOf(right));
        return this.walk(right, typeOf(left));
      case "contains":
        this.walk(left, setOf(typeOf(right)));
        return this.walk(right, elementOf(typeOf(left)));
      case "isEmpty":
        return this.walk(arg, "Set<String>");
      case "like":
        return this.walk(left, "String");
      case "neg":
        return this.walk(arg, "Long");
      case "<":
      case "<=":
      case ">":
      case ">=":
      case "+":
      case "-":
      case "*":
        return this.walk([left, right], "Long");
      case "lessThan":
      case "lessThanOrEqual":
      case "greaterThan":
      case "greaterThanOrEqual":
        return this.walk(operand, "decimal");
      case "Set":
        return this.walk(operand, elementOf(expected));
      case "Record":
        return this.walk(Object.values(operand as Node), undefined);
      default:
        return this.walk(Array.isArray(operand) ? operand : Object.values((operand ?? {}) as Node), undefined);
    }
  }

  #has({ left, attr }: { left: unknown; attr: string | readonly string[] }): void {
    const names = typeof attr === "string" ? [attr] : attr;
    const below = contextPath(left as Node);
    if (below === undefined) return this.walk(left, undefined);
    const path = [...below, ...names];
    if (path[0] !== "arguments") return;
    for (let length = Math.max(below.length + 1, 2); length <= path.length; length += 1)
      this.#use(path.slice(1, length), "any", true);
  }
}

/** Names after `context`; undefined for anything else. */
function contextPath(start: Node): readonly string[] | undefined {
  const path: string[] = [];
  let node: unknown = start;
  while (typeof node === "object" && node !== null && "." in node) {
    const { left, attr } = (node as { ".": { left: unknown; attr: string } })["."];
    path.unshift(attr);
    node = left;
  }
  return typeof node === "object" && node !== null && (node as Node)["Var"] === "context" ? path : undefined;
}

/** Names after `context.arguments`; undefined for anything else. */
function argumentPath(node: Node): readonly string[] | undefined {
  const path = contextPath(node);
  return path?.[0] === "arguments" ? path.slice(1) : undefined;
}

/** Whether an expression reads arguments anywhere. */
export function readsArguments(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(readsArguments);
  if (typeof node !== "object" || node === null) return false;
  if (argumentPath(node as Node) !== undefined) return true;
  const { has } = node as { has?: { left: Node; attr: string | readonly string[] } };
  if (has !== undefined) {
    const path = [...(contextPath(has.left) ?? []), ...(typeof has.attr === "string" ? [has.attr] : has.attr)];
    if (contextPath(has.left) !== undefined && path[0] === "arguments") return true;
  }
  // A bare `context` may be compared whole, and holds the arguments.
  if ("." in node && contextPath(node) !== undefined) return false;
  if (has !== undefined && contextPath(has.left) !== undefined) return false;
  return (node as Node)["Var"] === "context" || Object.values(node as Node).some(readsArguments);
}

/** The type of what is not an argument, as far as it can be seen. */
function typeOf(node: unknown): ArgumentType | undefined {
  if (typeof node !== "object" || node === null) return undefined;
  const { Value: value, Set: items, ".": access } = node as { Value?: unknown; Set?: unknown[]; "."?: unknown };
  if (value !== undefined) return typeOfLiteral(value);
  if (items !== undefined) return setOf(items.map(typeOf).find((type) => type !== undefined));
  if (access !== undefined) return typeOfAttribute(node as Node);
  if ("decimal" in node) return "decimal";
  return ["+", "-", "*", "neg"].some((operator) => operator in node) ? "Long" : undefined;
}

function typeOfLiteral(value: unknown): ArgumentType | undefined {
  switch (typeof value) {
    case "string":
      return "String";
    case "number":
    case "bigint":
      return "Long";
    case "boolean":
      return "Bool";
    default:
      return undefined;
  }
}

function typeOfAttribute(start: Node): ArgumentType | undefined {
  const path: string[] = [];
  let node: unknown = start;
  while (typeof node === "object" && node !== null && "." in node) {
    const { left, attr } = (node as { ".": { left: unknown; attr: string } })["."];
    path.unshift(attr);
    node = left;
  }
  const variable = typeof node === "object" && node !== null ? (node as Node)["Var"] : undefined;
  const name = path.join(".");
  if (variable === "context") {
    if (name === "windows" || name === "userGroups") return "Set<String>";
    return name in contextFacts ? contextFacts[name as keyof typeof contextFacts].type : undefined;
  }
  return componentFacts.find((fact) => fact.path === name)?.type;
}

function setOf(type: ArgumentType | undefined): ArgumentType | undefined {
  return type === "String" || type === "Long" || type === "Bool" ? `Set<${type}>` : undefined;
}

function elementOf(type: ArgumentType | undefined): ArgumentType | undefined {
  if (type === "Set<String>") return "String";
  if (type === "Set<Long>") return "Long";
  return type === "Set<Bool>" ? "Bool" : undefined;
}

function nameOf(path: readonly string[]): string {
  return ["context", "arguments", ...path].join(".");
}
