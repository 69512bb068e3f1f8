/**
 * `go.mod`. In: the text. Out: every required module with its version, indirect ones too (Go 1.17 and later list them all).
 * A replacement counts in place of what it replaces; a folder in its place is unread. `go.sum` is not read: it also holds
 * versions that nothing uses.
 */
import { maxPackages, type PackageFound, type PackagesRead } from "./package-found.ts";

const required = /^(\S{1,500})\s+v(\S{1,200})$/;
const replaced = /^(\S{1,500})(?:\s+v\S+)?\s+=>\s+(\S{1,500})(?:\s+v(\S{1,200}))?$/;

/** Reads a module file. @throws {Error} for a line that is none of its language */
export function readGoMod(text: string, file: string): PackagesRead {
  const packages = new Map<string, PackageFound>();
  const unread: { words: string; line: number }[] = [];
  const replacements: {
    readonly from: string;
    readonly to: string;
    readonly version: string | undefined;
    readonly line: number;
  }[] = [];
  let block = "";
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const content = raw.replace(/\/\/.*$/, "").trim();
    const line = index + 1;
    if (content === "") continue;
    if (block !== "" && content === ")") {
      block = "";
      continue;
    }
    const [, word = block, rest = content] = block === "" ? (/^([a-z]+)\s+(.*)$/.exec(content) ?? []) : [];
    if (block === "" && rest === "(") {
      block = word;
      continue;
    }
    if (word === "require") {
      const [, name, version] = required.exec(rest) ?? [];
      if (name === undefined || version === undefined) throw new Error(`line ${line} requires no module`);
      if (packages.size > maxPackages) throw new Error(`it lists more than ${maxPackages} modules`);
      packages.set(name, { ecosystem: "Go", name, version: version.replace(/\+incompatible$/, ""), file, line });
    } else if (word === "replace") {
      const [, from, to, version] = replaced.exec(rest) ?? [];
      if (from === undefined || to === undefined) throw new Error(`line ${line} replaces no module`);
      replacements.push({ from, to, version, line });
    }
  }
  for (const { from, to, version, line } of replacements) {
    if (!packages.delete(from)) continue;
    if (version === undefined) unread.push({ words: `${from} is replaced by the folder ${to}`, line });
    else packages.set(to, { ecosystem: "Go", name: to, version, file, line });
  }
  return { packages: [...packages.values()], unread };
}
