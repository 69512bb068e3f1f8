/**
 * Where operators' tools ask: liveness, readiness, metrics. Plain HTTP, on loopback only. In: an address and a table of
 * handlers by path. Out: a listening server that answers GET and HEAD on those paths, and nothing else.
 *
 * It has no identity and no secrets to give, but what it says (routes, counts) is not for web pages: a request with a
 * foreign Host (DNS rebinding) or with an Origin is refused.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isLoopbackHost } from "@cordon/core/contract/addresses";
import { CordonError } from "@cordon/core/errors";

export interface OperationsAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Handlers by path, such as `/healthz`. A handler that throws is answered with 500 and told to `onFailure`. */
export type OperationsHandlers = Readonly<Record<string, () => OperationsAnswer | Promise<OperationsAnswer>>>;

export interface OperationsOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly handlers: OperationsHandlers;
  readonly onFailure: (error: unknown) => void;
}

export interface Operations extends AsyncDisposable {
  readonly url: string;
}

const maxConnections = 64;

/** @throws {CordonError} `CONFIG_INVALID` when the address is not on loopback, or cannot be listened on */
export async function openOperations(options: OperationsOptions): Promise<Operations> {
  const { host, port } = options.listen;
  if (!isLoopbackHost(host))
    throw new CordonError("CONFIG_INVALID", `\`operations.listen\` must be on loopback, and ${host} is not`);
  const server = createServer((request, response) => {
    void respond(request, options).then((answer) => send(request, response, answer));
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void =>
      reject(
        new CordonError(
          "CONFIG_INVALID",
          `cannot listen on ${host}:${port} for operations (${cause.code}); stop what has the port, or set \`operations.listen\``,
          { cause },
        ),
      );
    server.once("error", refuse);
    server.listen(port, host, () => {
      server.off("error", refuse);
      resolve();
    });
  });
  const { address, family, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${bound}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The answer to one request; never rejects. */
async function respond(request: IncomingMessage, options: OperationsOptions): Promise<OperationsAnswer> {
  if (!isFromHere(request)) return text(403, "ask by a loopback address, not from a web page\n");
  const path = (request.url ?? "").split("?")[0] ?? "";
  const handler = Object.hasOwn(options.handlers, path) ? options.handlers[path] : undefined;
  if (handler === undefined) return text(404, `there is ${Object.keys(options.handlers).join(", ")}\n`);
  if (request.method !== "GET" && request.method !== "HEAD") return text(405, "GET and HEAD only\n");
  try {
    return await handler();
  } catch (error) {
    options.onFailure(error);
    return text(500, "this failed; the log says why\n");
  }
}

function isFromHere({ headers }: IncomingMessage): boolean {
  if (headers.origin !== undefined || headers.host === undefined) return false;
  const url = URL.canParse(`http://${headers.host}/`) ? new URL(`http://${headers.host}/`) : undefined;
  return url !== undefined && isLoopbackHost(url.hostname);
}

function text(status: number, body: string): OperationsAnswer {
  return { status, contentType: "text/plain; charset=utf-8", body };
}

function send(request: IncomingMessage, response: ServerResponse, answer: OperationsAnswer): void {
  if (response.destroyed) return;
  response.writeHead(answer.status, {
    "content-type": answer.contentType,
    "content-length": Buffer.byteLength(answer.body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(request.method === "HEAD" ? undefined : answer.body);
}
