/** What protects the keys. In: `keys.root`. Out: a finding where it is only a file, or a file that Cordon would refuse. */
import { lstat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Estate } from "./estate.ts";
import { findings, type Examined } from "./finding.ts";

export async function checkKeys({ configuration, stateFolder }: Estate): Promise<Examined> {
  const { root } = configuration.keys;
  if (!("file" in root)) return findings();
  const path = resolve(stateFolder, root.file);
  const held = await lstat(path).catch(() => undefined);
  const loose =
    held !== undefined && (!held.isFile() || (held.mode & 0o077) !== 0)
      ? ({
          check: "keys",
          what: held.isFile()
            ? "others may read the root key; Cordon will not start with it"
            : "it is not a plain file",
          where: path,
          remedy: `chmod 600 ${path}; and since others may have read it, start afresh with another key`,
        } as const)
      : undefined;
  return findings(loose, {
    check: "keys",
    what: "the keys are sealed by a file only: whoever reads it, or a backup with it, has every key of this Cordon",
    where: path,
    remedy:
      "set `keys.root` to `{ passphrase: { env: NAME } }` or `{ systemdCredential: NAME }`, name this file under `keys.also` for one start, then take it out and destroy it",
  });
}
