/** A request's body as one of the API's values. In: a schema, the bytes. Out: the value, or a refusal that names the field. */
import type { z } from "zod";
import { parseStrictJson } from "@cordon/core/contract/strict-json";
import { CordonError } from "@cordon/core/errors";

/** @throws {CordonError} `REQUEST_MALFORMED` naming the field */
export function readJson<S extends z.ZodType>(schema: S, body: Buffer): z.output<S> {
  const parsed = schema.safeParse(parseStrictJson(body, { depth: 12, names: 256 }));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new CordonError(
    "REQUEST_MALFORMED",
    `The body is not what is expected here, at \`${issue?.path.join(".") ?? ""}\`: ${issue?.message ?? ""}`,
  );
}
