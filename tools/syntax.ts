/**
 * Reading a syntax tree: what the tools need of one, and nothing about what they look for.
 */
import { visitorKeys } from "oxc-parser";

/** A node of the syntax tree, as oxc-parser gives it (ESTree with TypeScript). */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Line (from 1) of an offset. */
export type Lines = (offset: number) => number;

/** The nodes directly below `node`, with the key each stands under. */
export function* childrenOf(node: Node): Generator<{ node: Node; key: string }> {
  for (const key of visitorKeys[node.type] ?? []) {
    const value = node[key];
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield { node: child, key };
  }
}

/** True for a syntax tree node. */
export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}

/** The text of a string literal, or of a template without holes. */
export function literal(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  if (value.type === "Literal" && typeof value["value"] === "string") return value["value"];
  if (value.type === "ParenthesizedExpression" || value.type === "TSLiteralType") {
    return literal(value["expression"] ?? value["literal"]);
  }
  if (value.type !== "TemplateLiteral") return undefined;
  const quasis = value["quasis"] as readonly { readonly value: { readonly cooked: string | null } }[];
  return quasis.length === 1 ? (quasis[0]?.value.cooked ?? undefined) : undefined;
}

/** A dotted path such as `import.meta.url`, `Date.now` or `crypto.randomBytes`; computed members count when literal. */
export function dottedPath(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  if (value.type === "Identifier") return String(value["name"]);
  if (value.type === "MetaProperty") return "import.meta";
  if (
    value.type === "ParenthesizedExpression" ||
    value.type === "ChainExpression" ||
    value.type === "TSNonNullExpression"
  ) {
    return dottedPath(value["expression"]);
  }
  if (value.type !== "MemberExpression") return undefined;
  const object = dottedPath(value["object"]);
  const property = value["computed"] === true ? literal(value["property"]) : dottedPath(value["property"]);
  return object === undefined || property === undefined ? undefined : `${object}.${property}`;
}

/**
 * The target of `new URL("./x-worker.ts", import.meta.url)`: how a worker, a program or a file beside this one is
 * named. Undefined for any other expression.
 */
export function urlBesideModule(node: Node): string | undefined {
  if (node.type !== "NewExpression") return undefined;
  const [target, base] = node["arguments"] as unknown[];
  if (dottedPath(node["callee"]) !== "URL" || dottedPath(base) !== "import.meta.url") return undefined;
  const specifier = literal(target);
  return specifier !== undefined && /^\.{1,2}\//.test(specifier) ? specifier : undefined;
}

/** Makes the function from offset to line for a text. */
export function lineIndex(text: string): Lines {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
