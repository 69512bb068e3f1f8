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
  if (target === "/anthropic" || target.startsWith("/anthropic/"))
    return JSON.stringify({ type: "error", error: { type: anthropicTypes[status] ?? "api_error", message: words } });
  return JSON.stringify({
    error: { message: words, type: openaiTypes[status] ?? "api_error", param: null, code },
  });
}
