/**
 * What names the content of a model's folder. In: each file's path and SHA-256. Out: one digest over all of them: the root
 * digest of OMS v1.0 (section 6.5.1) for whole files by SHA-256, which is what an unsharded signature is about.
 */
import { createHash } from "node:crypto";
import { compareCodePoints } from "./canonical-path.ts";

/** @param files SHA-256 by canonical path, lower-case hex. @returns lower-case hex */
export function contentDigest(files: Iterable<readonly [path: string, sha256: string]>): string {
  const hash = createHash("sha256");
  for (const [, sha256] of [...files].toSorted(([a], [b]) => compareCodePoints(a, b)))
    hash.update(Buffer.from(sha256, "hex"));
  return hash.digest("hex");
}
