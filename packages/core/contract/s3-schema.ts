/** The fields of a route of kind `s3`. In: the configuration's text. Out: what only this kind of route has. */
import { z } from "zod";
import { reference, text } from "./schema-parts.ts";
import { secretReferenceSchema } from "./secret-reference-schema.ts";
import { actions } from "./vocabulary.ts";

/** What S3's operations amount to. */
export const s3Verbs = ["read", "list", "write", "delete"] as const;
export type S3Verb = (typeof s3Verbs)[number];

export const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

const action = (verb: string) => z.enum(actions).describe(`The action that ${verb} stands for.`);

export const s3Actions = z.strictObject({
  read: action("getting an object").default("read"),
  list: action("listing keys").default("read"),
  write: action("putting an object").default("write"),
  delete: action("deleting an object").default("write"),
});

/**
 * A prefix is whole segments: `data` would take in `database/` too, and what somebody names like that.
 *
 * @see Amazon S3 user guide, "Organizing objects using prefixes": a prefix is any beginning of a key
 */
const prefix = text((value) => {
  if (value === "") return undefined;
  if (value.length > 512 || !value.endsWith("/")) return "must end with `/`, and be at most 512 characters long";
  const segments = value.slice(0, -1).split("/");
  const odd = segments.some((one) => one === "" || one === "." || one === ".." || /[\p{C}\\]/u.test(one));
  return odd ? "must not hold empty or dot segments, backslashes or control characters" : undefined;
});

export const s3Fields = {
  kind: z.literal("s3").describe("Amazon S3's API, or a store that speaks it; by path, never by virtual host."),
  upstream: reference.describe("The store. It has no `credential`: requests are signed with the keys below."),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, "must be a region such as `eu-west-1`")
    .default("us-east-1")
    .describe("The region that requests are signed for."),
  accessKeyId: secretReferenceSchema.describe("The store's access key for the gateway."),
  secretAccessKey: secretReferenceSchema.describe("The secret that belongs to it."),
  actions: s3Actions.prefault({}).describe("The action that each kind of operation stands for."),
  datasets: z
    .array(
      z.strictObject({
        bucket: z.string().regex(bucketName, "must be a bucket's name").describe("The bucket at the store."),
        prefix: prefix
          .default("")
          .describe("Where the data set's keys begin; whole segments, ending with `/`. Empty: the whole bucket."),
        resource: reference.describe("The data set that policy decides on."),
      }),
    )
    .min(1)
    .max(1_000)
    .describe("Which keys are which data set; the longest prefix wins, and what has none is refused."),
};
