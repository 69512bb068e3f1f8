/**
 * Errors in the shape that each API's own clients expect. In: an API, a status, a code, words. Out: a JSON body.
 */

export type ApiShape = "openai" | "anthropic" | "http";

const anthropicTypes: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

const openaiTypes: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "invalid_request_error",
  413: "invalid_request_error",
  429: "rate_limit_error",
};

/**
 * @param code a `CordonError` code, or a decision's reason; clients find it as `code`
 * @see OpenAI "Error codes", Anthropic "Errors": the SDKs of both raise typed exceptions from these
 */
export function errorBody(shape: ApiShape, status: number, code: string, words: string, requestId: string): string {
  switch (shape) {
    case "openai":
      return JSON.stringify({ error: { message: words, type: openaiTypes[status] ?? "api_error", param: null, code } });
    case "anthropic":
      return JSON.stringify({
        type: "error",
        error: { type: anthropicTypes[status] ?? "api_error", message: words, code },
        request_id: requestId,
      });
    case "http":
      return JSON.stringify({ error: { code, message: words, requestId } });
  }
}
