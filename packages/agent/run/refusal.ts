/**
 * Refusals in the shape that the caller's client library understands. In: the request's path, a status, a code and a
 * sentence. Out: a JSON body, as OpenAI's or Anthropic's API would have sent it.
 */

const anthropicTypes: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
};

const openaiTypes: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
};

/** The JSON body of a refusal made by the endpoint itself. Paths under `/anthropic` get Anthropic's shape. */
export function refusalBody(target: string, status: number, code: string, words: string): string {
  if (target.startsWith("/s3/") || target.startsWith("/s3?")) return s3Refusal(code, words);
  if (target === "/anthropic" || target.startsWith("/anthropic/"))
    return JSON.stringify({ type: "error", error: { type: anthropicTypes[status] ?? "api_error", message: words } });
  return JSON.stringify({
    error: { message: words, type: openaiTypes[status] ?? "api_error", param: null, code },
  });
}

/** @see Amazon S3 API reference, "Error responses" */
function s3Refusal(code: string, words: string): string {
  const known = { SIGNATURE_INVALID: "SignatureDoesNotMatch", REQUEST_MALFORMED: "InvalidRequest" }[code] ?? code;
  const text = (value: string): string => value.replaceAll(/[^\x20-\x25\x27-\x3b\x3d\x3f-\x7e]/gu, "?");
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${text(known)}</Code><Message>${text(words)}</Message></Error>`;
}
