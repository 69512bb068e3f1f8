/** A secret reference as `cordon.yaml` writes it. In: an item. Out: its checked form; never the secret. */
import { z } from "zod";
import { filePath } from "./schema-parts.ts";
import { secretRemedy } from "./secret-shapes.ts";

export const secretReferenceSchema = z
  .union(
    [
      z.strictObject({
        env: z
          .string()
          .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "must be the name of an environment variable")
          .describe("Environment variable that holds the secret."),
      }),
      z.strictObject({ file: filePath.describe("File that holds the secret; not readable by everybody.") }),
      z.strictObject({
        exec: z
          .array(z.string().max(4096))
          .min(1)
          .max(64)
          .describe("Program and its arguments; prints the secret. Run without a shell, for at most 10 seconds."),
      }),
    ],
    { error: `must be a secret reference; ${secretRemedy}` },
  )
  .describe("Where a secret comes from; never the secret itself.");
