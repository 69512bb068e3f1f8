/**
 * The local API: how agents on this machine get identities, and how the administrator of this machine issues and revokes
 * them. HTTP/1.1 with JSON on a unix socket. In: the socket's path and the control plane's rooms. Out: an open API.
 *
 * Who may call: whoever may open the socket, which is the user that runs the control plane (folder 0700, socket 0600),
 * and root. That file permission is the whole authentication of the local administrator in this first form; such a
 * caller may become any registered component. Attestation of callers (who is this process, and which component is it?)
 * replaces this in the identity capability.
 *
 * Every SVID and every revocation is recorded before the answer leaves: what cannot be recorded is not issued. A
 * revocation that is in force and could not be recorded stays in force, and the answer says so.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { rm } from "node:fs/promises";
import { maxAdmissionRequestBytes } from "@cordon/core/contract/admission-api";
import { maxTokenRequestBytes } from "@cordon/core/contract/token-api";
import { isCordonError } from "@cordon/core/errors";
import { listenLocally } from "./local-socket.ts";
import { localOperations } from "./local-operations.ts";
import type { LocalApiRooms } from "./local-rooms.ts";
import { readJsonBody, refusal, type Answer } from "./local-exchange.ts";

export interface LocalApiOptions extends LocalApiRooms {
  /** At most 107 bytes; its folder is created (0700) or must be ours alone. */
  readonly socketPath: string;
  /** Told of failures that are ours: a bug, a full disk. Never of a caller's mistakes. */
  readonly onFailure?: (error: unknown) => void;
}

/**
 * Opens the local API; disposing closes it and removes the socket.
 *
 * @throws {CordonError} `CONFIG_INVALID` when the socket cannot be put there, `STORE_CONFLICT` when another control plane
 *   answers on it
 */
export async function openLocalApi(options: LocalApiOptions): Promise<AsyncDisposable> {
  const operations = localOperations(options);
  const server = createServer((request, response) => {
    void respond(request, operations, options).then((answer) => send(response, answer));
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  server.maxConnections = 256;
  await listenLocally(server, options.socketPath);
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await rm(options.socketPath, { force: true });
    },
  };
}

/** The answer to one request; never rejects. */
async function respond(
  request: IncomingMessage,
  operations: ReturnType<typeof localOperations>,
  options: LocalApiOptions,
): Promise<Answer> {
  try {
    const path = request.url ?? "";
    const methods = operations[path];
    if (methods === undefined) return refusal(404, "ROUTE_UNKNOWN", `The local API has no ${path}.`);
    const operation = methods[request.method ?? ""];
    if (operation === undefined)
      return refusal(405, "REQUEST_MALFORMED", `${path} answers ${Object.keys(methods).join(" and ")} only.`);
    const body = request.method === "POST" ? await readJsonBody(request, longBodies[path]) : undefined;
    return { status: 200, value: await operation(body) };
  } catch (error) {
    if (isCordonError(error)) {
      const status = statusOf[error.code] ?? 500;
      if (status >= 500) options.onFailure?.(error);
      return refusal(status, error.code, error.message);
    }
    options.onFailure?.(error);
    return refusal(500, "INTERNAL", "The control plane failed on this request; its log says why.");
  }
}

/** Requests that may be longer than others, in bytes. */
const longBodies: Readonly<Record<string, number>> = {
  "/v1/models/admissions": maxAdmissionRequestBytes,
  "/v1/tokens/seal": maxTokenRequestBytes,
  "/v1/tokens/open": maxTokenRequestBytes,
};

const statusOf: Readonly<Record<string, number>> = {
  REQUEST_MALFORMED: 400,
  REQUEST_TOO_LARGE: 413,
  BODY_AMBIGUOUS: 400,
  CERTIFICATE_MALFORMED: 400,
  SPIFFE_ID_INVALID: 400,
  SVID_INVALID: 400,
  TOKEN_INVALID: 400,
  TOKEN_AUDIENCE: 400,
  TOKEN_NOT_PERMITTED: 403,
  ACCESS_DENIED: 403,
  SIGNATURE_INVALID: 403,
  SVID_REVOKED: 403,
  COMPONENT_UNKNOWN: 404,
  ROUTE_UNKNOWN: 404,
  AUTHORITY_UNKNOWN: 404,
  AUTHORITY_IN_USE: 409,
  FEDERATION_FAILED: 502,
  SVID_UNTRUSTED: 502,
  STORE_CONFLICT: 409,
  KEY_SEALED: 503,
  STORE_UNAVAILABLE: 503,
  LEDGER_UNAVAILABLE: 503,
};

function send(response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return;
  const body = JSON.stringify(answer.value);
  response.writeHead(answer.status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
  });
  response.end(body);
}
