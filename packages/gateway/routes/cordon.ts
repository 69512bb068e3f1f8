/**
 * The gateway's own paths, below `/.cordon/`, for callers with an identity: the newest checkpoint, and the proof that an
 * entry is in the log. Neither shows content; a proof holds hashes only.
 */
import type { ServerResponse } from "node:http";
import { CordonError } from "@cordon/core/errors";
import type { RequestHead } from "../listener/request-head.ts";
import type { GatewayLedger } from "../ports.ts";

/** @throws {CordonError} `ROUTE_UNKNOWN`, or the ledger's own errors */
export async function answerCordon(ledger: GatewayLedger, head: RequestHead, response: ServerResponse): Promise<void> {
  const receipt = /^\/\.cordon\/receipt\/(\d{1,15})$/.exec(head.path)?.[1];
  if (head.method === "GET" && receipt !== undefined)
    return answerText(response, await ledger.receipt(Number(receipt)));
  if (head.method === "GET" && head.path === "/.cordon/checkpoint")
    return answerText(response, ledger.latestCheckpoint());
  throw new CordonError("ROUTE_UNKNOWN", "below /.cordon/ there are `checkpoint` and `receipt/<index>`");
}

function answerText(response: ServerResponse, text: string): void {
  response.writeHead(200, [
    "content-type",
    "text/plain; charset=utf-8",
    "content-length",
    String(Buffer.byteLength(text)),
    "cache-control",
    "no-store",
  ]);
  response.end(text);
}
