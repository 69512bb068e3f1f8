/**
 * The gateway's own paths, below `/.cordon/`, for callers with an identity: the newest checkpoint, the proof that an entry
 * is in the log, and what of the outside is reached from here. None shows content; a proof holds hashes only.
 */
import type { ServerResponse } from "node:http";
import { CordonError } from "@cordon/core/errors";
import { toPem } from "@cordon/core/identity/tls";
import type { RequestHead } from "../listener/request-head.ts";
import type { GatewayDependencies } from "../ports.ts";

type Rooms = Pick<GatewayDependencies, "ledger" | "interception" | "snapshots">;

/** @throws {CordonError} `ROUTE_UNKNOWN`, or the ledger's own errors */
export async function answerCordon(rooms: Rooms, head: RequestHead, response: ServerResponse): Promise<void> {
  const { ledger } = rooms;
  const receipt = /^\/\.cordon\/receipt\/(\d{1,15})$/.exec(head.path)?.[1];
  if (head.method === "GET" && receipt !== undefined)
    return answerText(response, await ledger.receipt(Number(receipt)));
  if (head.method === "GET" && head.path === "/.cordon/checkpoint")
    return answerText(response, ledger.latestCheckpoint());
  if (head.method === "GET" && head.path === "/.cordon/egress")
    return answerText(response, JSON.stringify(await egressOf(rooms)));
  throw new CordonError("ROUTE_UNKNOWN", "below /.cordon/ there are `checkpoint`, `egress` and `receipt/<index>`");
}

/** Whether anything outside is reached from here, and whom a client must trust where it is looked into. */
async function egressOf({ interception, snapshots }: Rooms): Promise<object> {
  const destinations = [...(snapshots.current().egress?.values() ?? [])];
  const seen = destinations.some(({ intercept }) => intercept !== undefined);
  const certificates = seen ? await interception?.certificates() : undefined;
  return {
    egress: destinations.length > 0,
    ...(certificates === undefined ? {} : { interception: certificates.map(toPem).join("") }),
  };
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
