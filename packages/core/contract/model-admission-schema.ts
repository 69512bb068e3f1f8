/** Who may admit models, and what keeps admissions true. In: `modelAdmission` of `cordon.yaml`. Out: its checked form. */
import { z } from "zod";
import { filePath } from "./schema-parts.ts";

export const modelAdmissionSchema = z.strictObject({
  publicKeyFile: filePath.describe("PEM file of the public key whose holder may admit models."),
  vulnerabilities: z
    .strictObject({
      database: filePath.describe("OSV database, as `cordon bom import-osv` makes it. Read again when it changes."),
      maxAgeDays: z.number().positive().max(366).default(7).describe("Days after which its newest record is too old."),
    })
    .optional()
    .describe("Admissions are withdrawn when a new vulnerability affects what their models are made of."),
  revocations: filePath
    .optional()
    .describe("Revocation list (`cordon model verify --revoked`): admissions on what is on it are withdrawn."),
  rescanHours: z
    .number()
    .min(1)
    .max(8784)
    .default(24)
    .describe("How often models whose files lie on this machine are scanned again, by the rules of the day."),
});
