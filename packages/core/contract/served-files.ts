/**
 * What somebody who looks at a served model's files says of them: the watcher of the control plane's own machine, or a
 * node's agent. Either the digest of what lies there now, or why that is not known; nothing in between.
 */
import { z } from "zod";

export const filesSeen = z.union([
  z.strictObject({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }),
  z.strictObject({ problem: z.string().min(1).max(500) }),
]);

/** The digest of the file, or of the folder's content (`supply/content-digest.ts`); or why there is none. */
export type FilesSeen = z.infer<typeof filesSeen>;
