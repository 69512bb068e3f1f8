/**
 * `pnpm-lock.yaml` (lockfile versions 5 to 9). In: the text. Out: every package with its exact version, once, whatever its
 * peers; what comes from Git, a tarball elsewhere or a folder is unread.
 */
import { parse } from "yaml";
import { z } from "zod";
import { maxPackages, type PackageFound, type PackagesRead } from "./package-found.ts";

const lockSchema = z.looseObject({
  lockfileVersion: z.union([z.string(), z.number()]),
  packages: z
    .record(
      z.string().max(4096),
      z.looseObject({
        name: z.string().max(300).optional(),
        version: z.string().max(300).optional(),
        resolution: z.looseObject({ tarball: z.string().optional(), integrity: z.string().optional() }).optional(),
      }),
    )
    .nullish(),
});

/** `/name/1.0.0_peer` (5), `/name@1.0.0(peer@1)` (6), `name@1.0.0` (9). */
const keyed = /^\/?((?:@[^/@\s]+\/)?[^/@\s]+)[@/](\d[^\s(_/]*)(?:[(_].*)?$/;

/** Reads a lock. @throws whatever the parser or the schema says is wrong */
export function readPnpmLock(text: string, file: string): PackagesRead {
  const { packages = {} } = lockSchema.parse(parse(text, { schema: "core", maxAliasCount: 0 }));
  const found = new Map<string, PackageFound>();
  const unread: { words: string }[] = [];
  for (const [key, { name, version, resolution }] of Object.entries(packages ?? {})) {
    if (found.size > maxPackages) throw new Error(`it lists more than ${maxPackages} packages`);
    const [, keyName, keyVersion] = keyed.exec(key) ?? [];
    // A registry's packages have an integrity; a tarball of somewhere else, a folder or a commit says so in its key.
    if (keyName === undefined || resolution?.integrity === undefined)
      unread.push({ words: `${key.slice(0, 80)} does not come from a registry` });
    else {
      const [isName, isVersion] = [name ?? keyName, version ?? keyVersion];
      found.set(`${isName}@${isVersion}`, { ecosystem: "npm", name: isName, version: isVersion, file });
    }
  }
  return { packages: [...found.values()], unread };
}
