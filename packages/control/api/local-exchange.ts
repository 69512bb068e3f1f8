/** Bodies of the local API. In: a request. Out: its JSON, bounded and strict, or a `CordonError`; refusals as values. */
import type { IncomingMessage } from "node:http";
import type { z } from "zod";
import { maxLocalRequestBytes } from "@cordon/core/contract/local-api";
import { parseStrictJson, type JsonValue } from "@cordon/core/contract/strict-json";
import { CordonError } from "@cordon/core/errors";

export interface Answer {
  readonly status: number;
  readonly value: unknown;
}

/** An error answer: `{error: {code, message}}`. */
export function refusal(status: number, code: string, message: string): Answer {
  return { status, value: { error: { code, message } } };
}

/**
 * Reads a JSON body, of at most 64 KiB unless said.
 *
 * @throws {CordonError} `REQUEST_TOO_LARGE`, `REQUEST_MALFORMED`, `BODY_AMBIGUOUS`
 */
export async function readJsonBody(
  request: IncomingMessage,
  maxBytes: number = maxLocalRequestBytes,
): Promise<JsonValue> {
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json")
    throw new CordonError("REQUEST_MALFORMED", "Send the body as `content-type: application/json`.");
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Read to its end even when too long, so that the caller sees the answer; what is too long is not kept.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes <= maxBytes) chunks.push(chunk);
    else if (bytes > 16 * maxBytes) break;
  }
  if (bytes > maxBytes) throw new CordonError("REQUEST_TOO_LARGE", `The body is longer than ${maxBytes} bytes.`);
  return parseStrictJson(Buffer.concat(chunks), { depth: 8, names: 64 });
}

/**
 * Checks a body against its schema.
 *
 * @throws {CordonError} `REQUEST_MALFORMED` naming the first field that does not fit
 */
export function checked<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue !== undefined && issue.path.length > 0 ? `\`${issue.path.join(".")}\`: ` : "";
  throw new CordonError(
    "REQUEST_MALFORMED",
    `The body is not what is expected here: ${field}${issue?.message ?? "?"}.`,
  );
}
