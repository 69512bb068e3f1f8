/** What the schemas of `cordon.yaml` are made of. In: nothing. Out: checks on texts and paths, with their words. */
import { z } from "zod";

/** Turns a function that says what is wrong into a check on a text. */
export function text(problemOf: (value: string) => string | undefined) {
  return z.string().superRefine((value, context) => {
    const problem = problemOf(value);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });
}

export const filePath = z.string().min(1).max(4096).describe("A path; a relative one starts at this file's folder.");
