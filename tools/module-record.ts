/**
 * What one source file says about modules. In: a file name and its text. Out: every reference to another module with
 * its line, the identifiers it uses that reach outside the program, and how often it says `any`.
 */
import { parseSync } from "oxc-parser";
import { childrenOf, dottedPath, lineIndex, literal, urlBesideModule, type Lines, type Node } from "./syntax.ts";

/** How a module is referred to. `computed` is a dynamic import whose target cannot be read from the text. */
export type ReferenceKind = "import" | "export" | "dynamic" | "resolve" | "require" | "worker" | "type" | "computed";

export interface ModuleReference {
  readonly kind: ReferenceKind;
  readonly specifier: string;
  readonly line: number;
  /** True when type stripping removes it, so that nothing is loaded at run time. */
  readonly typeOnly: boolean;
}

/** Use of a name: a free or declared identifier (`process`), or a member of one (`Date.now`, `new Date`). */
export interface NameUse {
  readonly name: string;
  readonly line: number;
}

export interface ModuleRecord {
  readonly references: readonly ModuleReference[];
  readonly names: readonly NameUse[];
  readonly anyCount: number;
  readonly lines: number;
  /** Set when the text does not parse: nothing else in the record can be relied on then. */
  readonly syntaxError?: string;
}

/** Reads a file's module record from its text. Never throws on bad text: see `syntaxError`. */
export function readModuleRecord(file: string, text: string): ModuleRecord {
  const parsed = parseSync(file, text, { sourceType: "module" });
  const lineOf = lineIndex(text);
  const references: ModuleReference[] = [];
  const names: NameUse[] = [];
  let anyCount = 0;

  const visit = (node: Node, parent: Node | undefined, key: string): void => {
    if (node.type === "TSAnyKeyword") anyCount++;
    const reference = referenceIn(node, lineOf);
    if (reference) references.push(reference);
    const name = nameIn(node, parent, key);
    if (name !== undefined) names.push({ name, line: lineOf(node.start) });
    for (const child of childrenOf(node)) visit(child.node, node, child.key);
  };
  visit(parsed.program as unknown as Node, undefined, "");

  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  const error = parsed.errors[0];
  return { references, names, anyCount, lines, ...(error ? { syntaxError: error.message } : {}) };
}

function referenceIn(node: Node, lineOf: Lines): ModuleReference | undefined {
  const at = (kind: ReferenceKind, specifier: unknown, typeOnly = false): ModuleReference | undefined =>
    typeof specifier === "string" ? { kind, specifier, line: lineOf(node.start), typeOnly } : undefined;
  switch (node.type) {
    case "ImportDeclaration":
      return at("import", literal(node["source"]), node["importKind"] === "type");
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
      return at("export", literal(node["source"]), node["exportKind"] === "type");
    case "ImportExpression": {
      const specifier = literal(node["source"]);
      return specifier === undefined ? at("computed", "import(…)") : at("dynamic", specifier);
    }
    case "TSImportType":
      return at("type", literal(node["source"]), true);
    case "TSExternalModuleReference":
      return at("require", literal(node["expression"]));
    case "CallExpression":
      return callReference(node, at);
    case "NewExpression":
      return at("worker", programBeside(node));
    default:
      return undefined;
  }
}

function callReference(
  node: Node,
  at: (kind: ReferenceKind, specifier: unknown) => ModuleReference | undefined,
): ModuleReference | undefined {
  const callee = dottedPath(node["callee"]);
  const first = literal((node["arguments"] as unknown[])[0]);
  if (callee === "import.meta.resolve") return at("resolve", first);
  if (callee === "require" || callee === "require.resolve") return at("require", first);
  return undefined;
}

/** A worker or program named beside this module; a data file beside it is no import. */
function programBeside(node: Node): string | undefined {
  const specifier = urlBesideModule(node);
  return specifier !== undefined && /\.[cm]?[jt]sx?$/.test(specifier) ? specifier : undefined;
}

/** The name that a node uses, or undefined when it is only a key, a label, or part of a type. */
function nameIn(node: Node, parent: Node | undefined, key: string): string | undefined {
  if (node.type === "MemberExpression") return dottedPath(node);
  if (node.type === "NewExpression" || node.type === "CallExpression") {
    const callee = dottedPath(node["callee"]);
    const empty = (node["arguments"] as unknown[]).length === 0;
    if (callee === "Date" && node.type === "CallExpression") return "Date()";
    return callee === "Date" && empty ? "new Date()" : undefined;
  }
  if (node.type === "ImportSpecifier")
    return isTypeImport(node, parent) ? undefined : `import ${String(dottedPath(node["imported"]))}`;
  if (node.type !== "Identifier" || parent === undefined) return undefined;
  return isReference(parent, key) ? String(node["name"]) : undefined;
}

function isTypeImport(node: Node, parent: Node | undefined): boolean {
  return node["importKind"] === "type" || parent?.["importKind"] === "type";
}

function isReference(parent: Node, key: string): boolean {
  if (parent.type.startsWith("TS")) {
    return ["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression", "TSTypeAssertion"].includes(parent.type);
  }
  if (key === "property" && parent.type === "MemberExpression") return parent["computed"] === true;
  if (key === "key") return parent["computed"] === true || parent["shorthand"] === true;
  if (key === "label" || parent.type === "MetaProperty") return false;
  return parent.type !== "ImportSpecifier" && parent.type !== "ExportSpecifier";
}
