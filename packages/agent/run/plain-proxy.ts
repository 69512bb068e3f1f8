/**
 * Requests for `http:` at a run's proxy, in absolute form (RFC 9112, 3.2.2). In: such a request. Out: the destination's
 * answer, through the gateway, which decides on the very request; or why not, in words. Each request is a connection of
 * its own.
 */
import { request as sendRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { maxEgressTargetLength } from "@cordon/core/contract/egress-schema";
import { CordonError } from "@cordon/core/errors";
import { answer } from "./forward.ts";

export type OpenTo = (target: string) => Promise<TLSSocket>;

/** Whether a request asks for what lies elsewhere. */
export function isAbsolute(target: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(target);
}

/** Of the connection to us, and the run's secret: not the destination's to see. */
const ours: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "proxy-connection", "proxy-authorization", "proxy-authenticate"],
  ...["te", "trailer", "upgrade", "expect"],
]);

export async function sendPlain(request: IncomingMessage, response: ServerResponse, openTo: OpenTo): Promise<void> {
  const target = request.url ?? "";
  const [, authority = "", path = ""] = /^http:\/\/([^/?#@\s]+)(\/[^#\s]*)?$/i.exec(target) ?? [];
  if (authority === "" || authority.length > maxEgressTargetLength)
    return answer(response, "/", 400, "invalid_request_target", "Ask for `http://HOST[:PORT]/PATH`, or by CONNECT.");
  if (request.headers.host !== authority)
    return answer(
      response,
      "/",
      400,
      "host_mismatch",
      "The request names one host in its target and another in `Host`.",
    );
  let socket: TLSSocket;
  try {
    socket = await openTo(/:\d+$/.test(authority) ? authority : `${authority}:80`);
  } catch (error) {
    const known = error instanceof CordonError ? error : undefined;
    const status = known?.code === "REQUEST_MALFORMED" ? 400 : known?.code.startsWith("UPSTREAM_") ? 502 : 403;
    return answer(response, "/", status, known?.code.toLowerCase() ?? "", known?.message ?? "it could not be asked");
  }
  const sent = sendRequest({
    ...{ createConnection: () => socket, method: request.method, path: path === "" ? "/" : path },
    headers: passed(request.rawHeaders),
  });
  sent.once("socket", () => socket.resume()); // it was paused behind the gateway's answer
  response.once("close", () => socket.destroy());
  sent.once("response", (received) => {
    response.writeHead(received.statusCode ?? 502, passed(received.rawHeaders));
    received.pipe(response);
    received.once("close", () => {
      if (!received.complete) response.destroy(); // half an answer does not look whole
    });
  });
  sent.once("error", () => {
    if (response.headersSent) response.destroy();
    else answer(response, "/", 502, "upstream_unreachable", "The connection ended before an answer came.");
  });
  request.pipe(sent);
}

/** A flat list of names and values, without what a `Connection` header nominates (RFC 9110, 7.6.1). */
function passed(raw: readonly string[]): string[] {
  const nominated = new Set(
    raw
      .filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === "connection")
      .flatMap((value) => value.split(",").map((token) => token.trim().toLowerCase())),
  );
  const out: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] ?? "").toLowerCase();
    if (!ours.has(name) && !nominated.has(name)) out.push(raw[at] ?? "", raw[at + 1] ?? "");
  }
  return out;
}
