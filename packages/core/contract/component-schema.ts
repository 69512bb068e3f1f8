/**
 * A component of `cordon.yaml`: everything that has an identity. In: what a file says. Out: its name, kind, boundary,
 * labels and what else the registry keeps of it, with every default filled in.
 */
import { foreignIdSchema } from "./federation-schema.ts";
import { z } from "zod";
import { registrationSchema } from "./registration-schema.ts";
import { filePath, name, namespace, reference } from "./schema-parts.ts";
import { boundaries, componentKinds, datasetPurposes, integrities, sensitivities } from "./vocabulary.ts";

export const labelsSchema = z.strictObject({
  sensitivity: z
    .enum(sensitivities)
    .optional()
    .describe("How sensitive its information is. Default: `internal`; a dataset must say."),
  categories: z
    .array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/, "must be a category such as `GDPR` or `PDPA-SG`"))
    .max(32)
    .default([])
    .describe("Regulatory categories, such as `GDPR` or `PDPA-SG`."),
  integrity: z.enum(integrities).default("untrusted").describe("Whether its information may be acted on as it is."),
});

export const componentSchema = z.strictObject({
  name: name.describe("Unique in its namespace, over all kinds."),
  namespace,
  kind: z.enum(componentKinds).describe("What it is; part of its SPIFFE ID."),
  boundary: z.enum(boundaries).describe("The segmentation boundary it sits in."),
  labels: labelsSchema.prefault({}).describe("What is known of the information in it, or from it."),
  bearerTokens: z
    .boolean()
    .default(false)
    .describe("Whether it may authenticate with a JWT-SVID instead of mutual TLS, which is weaker."),
  description: z.string().max(1000).default("").describe("For people."),
  spiffeId: foreignIdSchema.describe(
    "Its SPIFFE ID where that is not `spiffe://TRUST-DOMAIN/ns/NAMESPACE/KIND/NAME`: of a federated trust domain, or a mesh's.",
  ),
  purpose: z
    .enum(datasetPurposes)
    .optional()
    .describe("What a dataset is for. `training` and `evaluation` data is out of reach of everything that serves."),
  serves: z
    .array(reference)
    .max(64)
    .default([])
    .describe("Components of kind `model` whose weights an endpoint serves; it reaches no other's."),
  holds: z
    .array(reference)
    .max(256)
    .default([])
    .describe("Data sets that lie in this store. A raw tunnel reaches it only where all are of its own sensitivity."),
  modelDigest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, "must be `sha256:` and 64 lower-case hex digits")
    .optional()
    .describe("The model that it serves or is. It is reached, and gets an SVID, only while that model is admitted."),
  modelFiles: filePath
    .optional()
    .describe(
      "Where the files of that model lie on the control plane's machine: a file, or the folder that is the model. They are " +
        "watched there, and while they are not what was admitted, it is not reached.",
    ),
  namesSessions: z
    .boolean()
    .default(false)
    .describe(
      "Whether it is trusted to say which of its sessions a call belongs to (header `cordon-session`). Otherwise all that it does is one session.",
    ),
  registrations: z
    .array(registrationSchema)
    .max(64)
    .default([])
    .describe("How agents recognise its processes; an empty list leaves it to `cordon run` on this machine."),
});
