/**
 * What every demo service shares. In: its arguments (`--socket` of the control plane, `--component` it is, `--accept` the
 * one SPIFFE ID it answers, `--listen host:port`) and a request handler. Out: a TLS 1.3 server that shows the service's
 * own SVID, reads nothing from anyone but the accepted peer, and takes each new SVID without dropping a connection.
 *
 * Tells its parent process when it is ready, and ends with it.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { parseArgs } from "node:util";
import { controlClient } from "@cordon/agent/run/control-client";
import { openIdentity, type Issued } from "@cordon/agent/run/identity";
import { fetchBundle, issueThrough } from "@cordon/agent/run/issue";
import { parseSpiffeId } from "@cordon/core/identity/spiffe-id";
import { authenticatePeer, serverTlsOptions } from "@cordon/core/identity/tls";
import type { IdentityTrust } from "@cordon/core/identity/x509-svid";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** What a service tells its parent, over the IPC channel, once it listens. */
export interface Ready {
  readonly ready: true;
  readonly url: string;
}

/** Runs a service until its process is told to stop. */
export async function runService(what: string, handler: Handler): Promise<void> {
  const { socket, component, accept, listen } = readArguments();
  const client = controlClient(socket);
  const identity = await openIdentity({
    issue: issueThrough(client, component),
    fetchBundle: () => fetchBundle(client),
    onTrouble: (words) => console.error(`${what}: ${words}`),
  });
  const accepted = parseSpiffeId(accept);

  const http = createHttpServer((request, response) => {
    Promise.resolve(handler(request, response)).catch((error: unknown) => {
      console.error(`${what}:`, error);
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: { message: "The service failed.", type: "server_error" } });
    });
  });
  const tls = createTlsServer({ ...serverTlsOptions(identity.current()), ALPNProtocols: ["http/1.1"] });
  tls.on("secureConnection", (connection) => {
    try {
      authenticatePeer(connection, trustOf(identity.issued()), Date.now(), { expected: accepted });
    } catch (error) {
      console.error(`${what}: refused a connection: ${error instanceof Error ? error.message : String(error)}`);
      connection.destroy();
      return;
    }
    // Only now does anything read from the connection.
    http.emit("connection", connection);
  });
  tls.on("tlsClientError", () => undefined);
  identity.onRotate((svid) => tls.setSecureContext(serverTlsOptions(svid)));

  const [host, port] = splitAddress(listen);
  await new Promise<void>((resolve, reject) => {
    tls.once("error", reject);
    tls.listen(port, host, resolve);
  });
  const ready: Ready = { ready: true, url: `https://${host}:${(tls.address() as AddressInfo).port}` };
  process.send?.(ready);

  const stop = (): void => process.exit(0);
  process.once("SIGTERM", stop);
  process.once("disconnect", stop);
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** The request's whole body, or undefined when it is longer than `most` bytes. */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function trustOf({ bundle }: Issued): IdentityTrust {
  const none = new Set<never>();
  return {
    bundles: new Map([[bundle.trustDomain, bundle]]),
    revocations: { certificates: none, keys: none, workloads: none },
  };
}

function readArguments(): { socket: string; component: string; accept: string; listen: string } {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { socket: text, component: text, accept: text, listen: text } });
  const { socket, component, accept, listen } = values;
  if (socket === undefined || component === undefined || accept === undefined || listen === undefined)
    throw new Error("usage: --socket PATH --component NAME --accept SPIFFE-ID --listen HOST:PORT");
  return { socket, component, accept, listen };
}

function splitAddress(address: string): readonly [string, number] {
  const colon = address.lastIndexOf(":");
  return [address.slice(0, colon), Number(address.slice(colon + 1))];
}
