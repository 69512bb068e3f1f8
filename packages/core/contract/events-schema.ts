/** The schema of an event sink: where the ledger's entries go as OCSF events. Part of `configuration-schema.ts`. */
import { z } from "zod";
import { syslogUrlProblem } from "./addresses.ts";
import { filePath, text } from "./schema-parts.ts";

const backlogEntries = z
  .int()
  .min(1_000)
  .max(100_000_000)
  .default(1_000_000)
  .describe("How many ledger entries it may be behind before the oldest are skipped, and counted as dropped.");

export const eventSinkSchema = z.union(
  [
    z.strictObject({ stdout: z.literal(true).describe("Standard output, a line of JSON each."), backlogEntries }),
    z.strictObject({
      file: filePath.describe("A file, a line of JSON each; older ones are `FILE.1`, `FILE.2` and so on."),
      maxBytes: z.int().min(65_536).max(1_099_511_627_776).default(104_857_600).describe("A new file begins past it."),
      keep: z.int().min(0).max(1_000).default(5).describe("How many older files are kept."),
      backlogEntries,
    }),
    z.strictObject({
      syslog: text(syslogUrlProblem)
        .meta({ pattern: "^(?:udp|tcp|tls)://" })
        .describe("`udp://HOST[:514]`, `tcp://HOST[:601]` or `tls://HOST[:6514]`; messages of RFC 5424."),
      caFile: filePath.optional().describe("PEM file of the authorities that a `tls:` collector is verified with."),
      backlogEntries,
    }),
  ],
  { error: "must be `{ stdout: true }`, `{ file: PATH }` or `{ syslog: URL }`" },
);
