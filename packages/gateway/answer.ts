/** Small answers that the gateway gives itself: errors in an API's own shape, and the headers of a receipt. */
import type { ServerResponse } from "node:http";
import { errorBody, type ApiShape, type RpcId } from "./routes/error-shapes.ts";

/** Answers with an error, if nothing was said yet; else closes, so that half an answer never looks whole. */
export function answerError(
  response: ServerResponse,
  shape: ApiShape,
  status: number,
  code: string,
  words: string,
  requestId: string,
  extra: readonly string[] = [],
  rpcId: RpcId = null,
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const receipt = extra.length > 0 ? extra : ["cordon-request-id", requestId];
  const type = shape === "s3" ? "application/xml" : "application/json";
  answerJson(response, status, errorBody(shape, status, code, words, requestId, rpcId), receipt, type);
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: string,
  extra: readonly string[] = [],
  contentType = "application/json",
): void {
  if (response.destroyed) return;
  response.writeHead(status, [
    "content-type",
    contentType,
    "content-length",
    String(Buffer.byteLength(body)),
    "cache-control",
    "no-store",
    ...extra,
  ]);
  response.end(body);
}

let encodedCheckpoint = { note: "", header: "" };

/**
 * What lets a client prove later what happened here: its entry's index, and the newest signed checkpoint (base64 of the
 * note). A client that keeps checkpoints holds the log to its word.
 */
export function receiptHeaders(requestId: string, index: number, checkpoint: string): string[] {
  const headers = ["cordon-request-id", requestId, "cordon-ledger-index", String(index)];
  if (checkpoint === "") return headers;
  if (encodedCheckpoint.note !== checkpoint)
    encodedCheckpoint = { note: checkpoint, header: Buffer.from(checkpoint).toString("base64") };
  headers.push("cordon-checkpoint", encodedCheckpoint.header);
  return headers;
}
