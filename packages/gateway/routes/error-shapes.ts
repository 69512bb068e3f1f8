/**
 * Errors in the shape that each API's own clients expect. In: an API, a status, a code, words. Out: a JSON body.
 */

export type ApiShape = "openai" | "anthropic" | "http" | "mcp" | "s3";

/** The id of the JSON-RPC request that is answered; null where none is known. */
export type RpcId = string | number | null;

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

/** JSON-RPC's own codes, and MCP's; for the rest the first of those that are the implementation's to give. */
const rpcCodes: Readonly<Record<string, number>> = {
  REQUEST_MALFORMED: -32600,
  BODY_AMBIGUOUS: -32600,
  ROUTE_UNGOVERNED: -32601,
  MCP_HEADER_MISMATCH: -32020,
  INTERNAL: -32603,
};
const rpcOther = -32000;

/** What S3's clients know; the rest is said by Cordon's own code. */
const s3Codes: Readonly<Record<string, string>> = {
  ACCESS_DENIED: "AccessDenied",
  ROUTE_UNGOVERNED: "NotImplemented",
  ROUTE_UNKNOWN: "NoSuchBucket",
  REQUEST_MALFORMED: "InvalidRequest",
  REQUEST_TOO_LARGE: "EntityTooLarge",
  REQUEST_TIMEOUT: "RequestTimeout",
  OBJECT_NOT_OWNED: "NoSuchUpload",
  SIGNATURE_INVALID: "SignatureDoesNotMatch",
  INTERNAL: "InternalError",
};

/** @see Amazon S3 API reference, "Error responses" */
function s3Error(code: string, words: string, requestId: string): string {
  const text = (value: string): string =>
    value
      .replaceAll(/[&<>]|[^\x20-\x7e]/gu, (one) => `&#${one.codePointAt(0) ?? 63};`)
      .replaceAll(/&#(?:[0-8]|1[124-9]|2\d|3[01]);/g, "?");
  const known = text(s3Codes[code] ?? code);
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${known}</Code><Message>${text(words)}</Message><RequestId>${text(requestId)}</RequestId></Error>`;
}

/**
 * @param code a `CordonError` code, or a decision's reason; clients find it as `code`
 * @see OpenAI "Error codes", Anthropic "Errors": the SDKs of both raise typed exceptions from these; JSON-RPC 2.0,
 *   section 5.1, for MCP
 */
export function errorBody(
  shape: ApiShape,
  status: number,
  code: string,
  words: string,
  requestId: string,
  rpcId: RpcId = null,
): string {
  switch (shape) {
    case "openai":
      return JSON.stringify({ error: { message: words, type: openaiTypes[status] ?? "api_error", param: null, code } });
    case "anthropic":
      return JSON.stringify({
        type: "error",
        error: { type: anthropicTypes[status] ?? "api_error", message: words, code },
        request_id: requestId,
      });
    case "mcp": {
      const error = { code: rpcCodes[code] ?? rpcOther, message: words, data: { code, requestId } };
      return JSON.stringify({ jsonrpc: "2.0", id: rpcId, error });
    }
    case "s3":
      return s3Error(code, words, requestId);
    case "http":
      return JSON.stringify({ error: { code, message: words, requestId } });
  }
}
