/**
 * A run's way to the outside: CONNECT at its loopback endpoint (RFC 9110, 9.3.6). In: a CONNECT with the run's secret as the
 * proxy's password. Out: a connection through the gateway, which decides on the very host and port; or why not, in words.
 *
 * `http:` leaves only to where a destination says `protocol: http`: whoever is on the way can read and change it.
 */
import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { maxEgressTargetLength } from "@cordon/core/contract/egress-schema";
import { CordonError, type ErrorCode } from "@cordon/core/errors";
import { openEgress, renewEgress, type GatewayWay } from "../tunnel/open-tunnel.ts";
import { splice } from "../tunnel/splice.ts";
import { digestOf } from "./caller.ts";
import { answer } from "./forward.ts";
import { sendPlain } from "./plain-proxy.ts";

export interface EgressProxyOptions extends GatewayWay {
  readonly secret: string;
  /** Gets sentences for a person: refusals, with the gateway's reasons. */
  readonly say: (words: string) => void;
}

export interface EgressProxy extends Disposable {
  /** Takes over a connection whose head was a CONNECT. */
  connect(request: IncomingMessage, near: Duplex, head: Buffer): void;
  /** Answers a request for `http:` in absolute form. */
  plain(request: IncomingMessage, response: ServerResponse): void;
}

/** The name that goes with the run's secret in the proxy's address. */
export const proxyUser = "cordon";

const statusOf: Partial<Record<ErrorCode, number>> = {
  REQUEST_MALFORMED: 400,
  ACCESS_DENIED: 403,
  ROUTE_UNKNOWN: 403,
  UPSTREAM_TIMEOUT: 504,
  DRAINING: 503,
};

export function openEgressProxy(options: EgressProxyOptions): EgressProxy {
  const expected = digestOf(options.secret);
  const open = new Map<Duplex, { readonly target: string; readonly id: string }>();
  const stop = options.identity.onRotate(() => {
    for (const { target, id } of open.values())
      renewEgress(options, target, id).catch((error: unknown) =>
        options.say(`a connection to ${target} could not be proved anew: ${(error as Error).message}`),
      );
  });
  return {
    connect(request, near, head) {
      near.on("error", () => undefined);
      const target = request.url ?? "";
      if (!isOurs(request.rawHeaders, expected))
        return refuse(near, 407, "proxy_authentication_required", "This proxy is for the run's own process only.");
      if (target.length > maxEgressTargetLength)
        return refuse(near, 400, "invalid_request_target", "The CONNECT's target is too long.");
      openEgress(options, target).then(
        ({ socket, id }) => {
          if (near.destroyed) return void socket.destroy();
          open.set(near, { target, id });
          near.once("close", () => open.delete(near));
          near.write("HTTP/1.1 200 Connection Established\r\n\r\n");
          if (head.length > 0) near.unshift(head);
          splice(near as Socket, socket);
        },
        (error: unknown) => {
          const known = error instanceof CordonError ? error : undefined;
          const words = known?.message ?? "the gateway could not be asked";
          options.say(`${target} is refused: ${words}`);
          refuse(near, statusOf[known?.code ?? "UPSTREAM_UNREACHABLE"] ?? 502, known?.code.toLowerCase() ?? "", words);
        },
      );
    },
    plain(request, response) {
      if (!isOurs(request.rawHeaders, expected)) {
        response.setHeader("proxy-authenticate", 'Basic realm="cordon run"');
        return answer(
          response,
          "/",
          407,
          "proxy_authentication_required",
          "This proxy is for the run's own process only.",
        );
      }
      const openTo = async (target: string) => {
        const { socket, id } = await openEgress(options, target).catch((error: Error) => {
          options.say(`http://${target} is refused: ${error.message}`);
          throw error;
        });
        open.set(socket, { target, id });
        socket.once("close", () => open.delete(socket));
        return socket;
      };
      void sendPlain(request, response, openTo);
    },
    [Symbol.dispose]() {
      stop();
      for (const near of open.keys()) near.destroy();
    },
  };
}

/** One `Proxy-Authorization: Basic`, whose password is the run's secret. */
function isOurs(rawHeaders: readonly string[], expected: Uint8Array): boolean {
  const sent = rawHeaders.filter(
    (_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === "proxy-authorization",
  );
  const [, encoded] = /^basic +([A-Za-z0-9+/=]{1,512})$/i.exec(sent[0] ?? "") ?? [];
  if (sent.length !== 1 || encoded === undefined) return false;
  const decoded = Buffer.from(encoded, "base64").toString("utf8");
  const password = decoded.slice(decoded.indexOf(":") + 1);
  return timingSafeEqual(digestOf(password), expected);
}

function refuse(near: Duplex, status: number, code: string, words: string): void {
  if (near.destroyed) return;
  const body = `${JSON.stringify({ error: { code, message: words } })}\n`;
  const challenge = status === 407 ? ['Proxy-Authenticate: Basic realm="cordon run"'] : [];
  const lines = [
    `HTTP/1.1 ${status} Refused`,
    ...challenge,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  near.resume();
  near.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
}
