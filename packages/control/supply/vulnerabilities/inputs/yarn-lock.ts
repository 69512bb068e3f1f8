/**
 * `yarn.lock`: the classic format (1), and Berry's, which is YAML. In: the text. Out: every package with its exact version,
 * once; aliases under the name of what they stand for. What comes from Git, an address or a folder is unread; the project's
 * own workspaces are not packages.
 */
import { parse } from "yaml";
import { z } from "zod";
import { maxPackages, type PackageFound, type PackagesRead } from "./package-found.ts";

/** Reads a lock. @throws whatever the parser or the schema says is wrong */
export function readYarnLock(text: string, file: string): PackagesRead {
  return /^__metadata:/m.test(text) ? readBerry(text, file) : readClassic(text, file);
}

/** Collects packages, each once, and what is none. */
function collect(file: string) {
  const packages = new Map<string, PackageFound>();
  const unread: { words: string; line?: number }[] = [];
  return {
    add(name: string, version: string, line?: number): void {
      if (packages.size > maxPackages) throw new Error(`it lists more than ${maxPackages} packages`);
      const key = `${name}@${version}`;
      if (!packages.has(key))
        packages.set(key, { ecosystem: "npm", name, version, file, ...(line === undefined ? {} : { line }) });
    },
    leave(what: string, line?: number): void {
      const words = `${what.slice(0, 80)} does not come from a registry`;
      unread.push(line === undefined ? { words } : { words, line });
    },
    all: (): PackagesRead => ({ packages: [...packages.values()], unread }),
  };
}

/** `name@range`, the name scoped or not; the range may be another package by `npm:name@range`. */
const descriptor = /^((?:@[^/@\s]+\/)?[^/@\s]+)@(.*)$/;

function readClassic(text: string, file: string): PackagesRead {
  const found = collect(file);
  let open: { readonly what: string; readonly line: number } | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\S.*:$/.test(line) && !line.startsWith("#")) {
      const [first = ""] = line.slice(0, -1).split(/,\s*/);
      open = { what: first.replaceAll('"', ""), line: index + 1 };
      continue;
    }
    const version = /^ {2}version:? "?([^"\s]{1,300})"?$/.exec(line)?.[1];
    if (version === undefined || open === undefined) continue;
    const [, name = "", range = ""] = descriptor.exec(open.what) ?? [];
    const alias = /^npm:((?:@[^/@\s]+\/)?[^/@\s]+)(?:@|$)/.exec(range)?.[1];
    if (name === "") throw new Error(`line ${open.line} names no package`);
    if (
      alias === undefined &&
      /^(?:git|https?|file|link|portal|ssh|github|gitlab|bitbucket)[+:]|^[^\s:@]+\/[^\s:@]+(?:#|$)/.test(range)
    )
      found.leave(open.what, open.line);
    else found.add(alias ?? name, version, open.line);
    open = undefined;
  }
  return found.all();
}

const berrySchema = z.record(
  z.string().max(8192),
  z.looseObject({ version: z.union([z.string(), z.number()]).optional(), resolution: z.string().max(8192).optional() }),
);

function readBerry(text: string, file: string): PackagesRead {
  const found = collect(file);
  for (const [key, { version, resolution }] of Object.entries(
    berrySchema.parse(parse(text, { schema: "failsafe", maxAliasCount: 0 })),
  )) {
    if (key === "__metadata") continue;
    const [, name = "", from = ""] = descriptor.exec(resolution ?? "") ?? [];
    if (from.startsWith("workspace:")) continue;
    // A patch changes what a registry's package does; it is still that package to who knows its vulnerabilities.
    if (name === "" || version === undefined || !/^(?:npm:|patch:)/.test(from)) found.leave(resolution ?? key);
    else found.add(name, String(version));
  }
  return found.all();
}
