/**
 * The `people` and `grants` parts of `cordon.yaml`. In: what a file says. Out: how long people stay signed in, which
 * authenticators administrators need, and the rules by which grants are asked for, with every default filled in.
 */
import { z } from "zod";
import { isLoopbackHost } from "./addresses.ts";
import { filePath, name, namespace, reference, text } from "./schema-parts.ts";
import { secretReferenceSchema } from "./secret-reference-schema.ts";
import { actions, sensitivities } from "./vocabulary.ts";

const minutes = (least: number, most: number) => z.int().min(least).max(most);
const group = name.describe("A group of people, such as `data-science`.");

/** A group is its namespace's: the same name elsewhere is another group. */
const groupReference = reference;

const oidcSchema = z.strictObject({
  issuer: text((value) => {
    if (!URL.canParse(value)) return "must be a URL such as `https://login.bank.example`";
    const { protocol, hostname, search, hash } = new URL(value);
    if (search !== "" || hash !== "") return "must be a URL without query and fragment";
    const local = protocol === "http:" && isLoopbackHost(hostname);
    return protocol === "https:" || local ? undefined : "must be `https:`; `http:` is for a loopback address only";
  })
    .meta({ pattern: "^https?://" })
    .describe("Its issuer identifier, exactly as it states it; discovered from there."),
  clientId: z.string().min(1).max(512).describe("What it knows this Cordon by."),
  clientSecret: secretReferenceSchema
    .optional()
    .describe("Without it Cordon is a public client; PKCE holds either way."),
  required: z
    .boolean()
    .default(true)
    .describe(
      "Whether who is linked to it must come through it each time, so that an account closed there is closed here.",
    ),
  enrol: z
    .strictObject({
      namespace: name.default("default").describe("Where its people enrol."),
      groups: z.array(group).max(64).default([]).describe("Groups that they are in; never `administrators`."),
      claim: z.string().min(1).max(64).default("preferred_username").describe("The claim that their name comes from."),
    })
    .refine(({ groups }) => !groups.includes("administrators"), {
      error: "administrators are invited by administrators, not by whoever can make accounts elsewhere",
      path: ["groups"],
    })
    .optional()
    .describe("Lets its people enrol a first passkey without an invitation. Without it only who is linked comes in."),
});

export const peopleSchema = z.strictObject({
  sessionMinutes: minutes(1, 720).default(480).describe("How long a browser stays signed in after a passkey."),
  credentialMinutes: minutes(1, 720).default(60).describe("Life of the credential that `cordon login` gets."),
  administrators: z
    .strictObject({
      authenticators: z
        .array(
          z
            .string()
            .regex(
              /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
              "must be an AAGUID: lower-case hex with hyphens, as its maker lists it",
            ),
        )
        .max(100)
        .default([])
        .describe("Models of security keys (AAGUIDs) that administrators may use. Empty: any, nothing is proven."),
      coolingHours: z
        .int()
        .min(0)
        .max(720)
        .default(24)
        .describe(
          "An account younger than this neither approves nor lets back in, where somebody older could be asked.",
        ),
      attestationRootsFile: filePath
        .optional()
        .describe("PEM file of the makers' roots that prove the model. Needed with `authenticators`."),
    })
    .prefault({})
    .superRefine((value, context) => {
      if (value.authenticators.length > 0 && value.attestationRootsFile === undefined)
        context.addIssue({
          code: "custom",
          path: ["attestationRootsFile"],
          message:
            "without the makers' roots a key's model is only its own word: set it, or leave `authenticators` out",
        });
    })
    .describe("What members of the group `administrators` need."),
  oidc: oidcSchema.optional().describe("The company's identity provider: who comes from there still shows a passkey."),
});

export const grantRuleSchema = z.strictObject({
  name: name.describe("Unique among the rules of its namespace."),
  namespace,
  actions: z.array(z.enum(actions)).min(1).describe("What may be asked for; a request for more is narrowed to these."),
  resources: z
    .array(reference)
    .max(256)
    .default([])
    .describe("Components of its namespace that may be asked for. Empty: all that `maxSensitivity` leaves."),
  maxSensitivity: z
    .enum(sensitivities)
    .default("restricted")
    .describe("The most sensitive that a resource under this rule may be."),
  requesters: z
    .array(groupReference)
    .max(64)
    .default([])
    .describe("Groups that may ask; `namespace/group` for another namespace's. Empty: everybody of its namespace."),
  approvers: z.int().min(0).max(2).default(1).describe("People who must approve, never the one who asks. 0: nobody."),
  approverGroups: z
    .array(groupReference)
    .min(1)
    .max(64)
    .default(["default/administrators"])
    .describe("Groups whose members may approve; `namespace/group` for another namespace's."),
  principalNamespaces: z
    .array(name)
    .max(64)
    .default([])
    .describe(
      "Further namespaces to whose components a grant may be given that nobody approves; without any, its own alone.",
    ),
  maxMinutes: minutes(1, 10_080).default(120).describe("The longest a grant lasts; a longer request is shortened."),
  breakGlass: z
    .boolean()
    .default(false)
    .describe("Whether the requester may take it without approval in an emergency, once until it is reviewed."),
});

export type PeopleSettings = z.output<typeof peopleSchema>;
export type GrantRule = z.output<typeof grantRuleSchema>;
