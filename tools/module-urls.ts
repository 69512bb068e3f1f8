/**
 * Files that a module names beside itself, `new URL("./x-worker.ts", import.meta.url)`, and their rewriting when the
 * module is bundled into another place.
 */
import { parseSync } from "oxc-parser";
import { childrenOf, dottedPath, lineIndex, urlBesideModule, type Node } from "./syntax.ts";

export interface ModuleUrl {
  readonly specifier: string;
  /** Offsets of the whole expression. */
  readonly start: number;
  readonly end: number;
  readonly line: number;
}

/** Every such expression in a module, and the lines that ask where the module is in a way that bundling would break. */
export function findModuleUrls(file: string, text: string): { urls: ModuleUrl[]; unbundleable: number[] } {
  const lineOf = lineIndex(text);
  const urls: ModuleUrl[] = [];
  const unbundleable: number[] = [];
  const visit = (node: Node): void => {
    const specifier = urlBesideModule(node);
    if (specifier !== undefined) urls.push({ specifier, start: node.start, end: node.end, line: lineOf(node.start) });
    const path = node.type === "MemberExpression" ? dottedPath(node) : undefined;
    if (path === "import.meta.dirname" || path === "import.meta.filename") unbundleable.push(lineOf(node.start));
    for (const child of childrenOf(node)) visit(child.node);
  };
  visit(parseSync(file, text, { sourceType: "module" }).program as unknown as Node);
  return { urls, unbundleable };
}

/** The text with each URL's target replaced by what `rename` gives for its specifier. */
export function rewriteModuleUrls(
  text: string,
  urls: readonly ModuleUrl[],
  rename: (specifier: string) => string,
): string {
  return urls
    .toSorted((a, b) => b.start - a.start)
    .reduce((result, { specifier, start, end }) => {
      const url = `new URL(${JSON.stringify(rename(specifier))}, import.meta.url)`;
      return result.slice(0, start) + url + result.slice(end);
    }, text);
}
