/**
 * One careful HTTP GET or HEAD, for looking at what stands at an address. In: a URL. Out: the answer's status, headers and
 * at most so many bytes of its body; or why there was none. Sends no credential and no identity, follows no redirect,
 * and ends within its time. Never throws.
 */
import { request as plainRequest, type IncomingMessage } from "node:http";
import { request as tlsRequest, type RequestOptions } from "node:https";

export interface Question {
  readonly url: string;
  readonly method?: "GET" | "HEAD";
  /** For the whole exchange. */
  readonly timeoutMs: number;
  /** Bytes of the body that are read; more is left, and `truncated` says so. Default 0. */
  readonly maxBytes?: number;
  /** For `https:`. Nothing secret is sent, so an unverified peer is allowed where the question is only whether it answers. */
  readonly tls?: Pick<RequestOptions, "ca" | "rejectUnauthorized" | "servername">;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly truncated: boolean;
}

/** Why there was no answer: a system or TLS error code, `TIMEOUT`, and how far it came. */
export interface Silence {
  readonly code: string;
  /** Whether the connection stood (for TLS: the handshake was done) before it failed. */
  readonly connected: boolean;
}

export function ask(question: Question): Promise<Reply | Silence> {
  const { url, method = "GET", timeoutMs, maxBytes = 0, tls = {} } = question;
  const secure = url.startsWith("https:");
  return new Promise((resolve) => {
    let connected = false;
    const request = (secure ? tlsRequest : plainRequest)(url, {
      method,
      agent: false,
      maxHeaderSize: 16_384,
      headers: { accept: "application/json", "user-agent": "cordon" },
      ...(secure ? tls : {}),
    });
    const settle = (result: Reply | Silence): void => {
      clearTimeout(timer);
      resolve(result);
      request.destroy();
    };
    const timer = setTimeout(() => settle({ code: "TIMEOUT", connected }), timeoutMs);
    request.on("error", (error: NodeJS.ErrnoException) => settle({ code: error.code ?? error.name, connected }));
    request.once("socket", (socket) => socket.once(secure ? "secureConnect" : "connect", () => (connected = true)));
    request.once("response", (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const reply = (truncated: boolean): void =>
        settle({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString("utf8"),
          truncated,
        });
      if (maxBytes === 0) return reply(true);
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) return reply(true);
        chunks.push(chunk);
      });
      response.on("end", () => reply(false));
      response.on("error", () => reply(true));
    });
    request.end();
  });
}
