/** `Cargo.lock`. In: the text. Out: every crate of a registry with its exact version; the workspace's own crates are left out. */
import { parse } from "smol-toml";
import { z } from "zod";
import { maxPackages, type PackagesRead } from "./package-found.ts";

const lockSchema = z.looseObject({
  package: z
    .array(
      z.looseObject({
        name: z.string().min(1).max(300),
        version: z.string().max(300),
        source: z.string().max(4096).optional(),
      }),
    )
    .max(maxPackages)
    .default([]),
});

/** Reads a lock. @throws whatever the parser or the schema says is wrong */
export function readCargoLock(text: string, file: string): PackagesRead {
  const foreign = lockSchema.parse(parse(text)).package.filter(({ source }) => source !== undefined);
  const isRegistry = (source = ""): boolean => /^(?:registry|sparse)\+/.test(source);
  return {
    packages: foreign
      .filter(({ source }) => isRegistry(source))
      .map(({ name, version }) => ({ ecosystem: "crates.io", name, version, file })),
    unread: foreign
      .filter(({ source }) => !isRegistry(source))
      .map(({ name, source = "" }) => ({ words: `${name} comes from ${source.slice(0, 80)}` })),
  };
}
