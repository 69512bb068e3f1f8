/** What the schemas of `cordon.yaml` are made of. In: nothing. Out: checks on texts and paths, with their words. */
import { z } from "zod";
import { isName } from "./vocabulary.ts";

/** Turns a function that says what is wrong into a check on a text. */
export function text(problemOf: (value: string) => string | undefined) {
  return z.string().superRefine((value, context) => {
    const problem = problemOf(value);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });
}

export const filePath = z.string().min(1).max(4096).describe("A path; a relative one starts at this file's folder.");

const nameWords = "must be lower-case letters, digits and inner hyphens, at most 63 characters";

export const name = text((value) => (isName(value) ? undefined : nameWords)).meta({
  pattern: "^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$",
});

export const namespace = name.default("default").describe("The team's space that this belongs to.");

/** How one item names another: `name` within its own namespace, or `namespace/name`. */
export const reference = text((value) => {
  const parts = value.split("/");
  return parts.length <= 2 && parts.every(isName) ? undefined : "must be `name`, or `namespace/name`";
}).meta({ pattern: "^(?:[a-z0-9][a-z0-9-]{0,62}/)?[a-z0-9][a-z0-9-]{0,62}$" });
