/**
 * The yardstick: as little as a Node proxy with mutual TLS and JSON parsing can be. In: the authorities, a server
 * certificate, the upstream's port. Out: a proxy whose clients OpenSSL has verified, which parses each request and each
 * whole answer, passes streams on as they come, and keeps its connections to the upstream alive.
 */
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool, type Dispatcher } from "undici";
import type { Credential } from "./estate.ts";
import { serveUnderTest } from "./process-under-test.ts";

export interface BareProxyInput {
  readonly authorities: string;
  readonly server: Credential;
  readonly upstreamPort: number;
}

const notForwarded = new Set(["host", "connection", "content-length", "transfer-encoding", "keep-alive"]);

serveUnderTest(async (input) => {
  const { authorities, server: credential, upstreamPort } = input as BareProxyInput;
  const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, { connections: null, pipelining: 1 });
  const server = createServer(
    {
      ...credential,
      ca: authorities,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.3",
      keepAliveTimeout: 60_000,
      noDelay: true,
    },
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => forward(pool, request, response, chunks));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      await pool.destroy();
    },
  };
});

function forward(pool: Pool, request: IncomingMessage, response: ServerResponse, chunks: readonly Buffer[]): void {
  const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  const { stream } = JSON.parse(body.toString()) as { stream: boolean };
  const answer: Buffer[] = [];
  let status = 0;
  let headers: string[] = [];
  pool.dispatch(
    {
      path: request.url ?? "/",
      method: request.method as Dispatcher.HttpMethod,
      headers: crossing(request.rawHeaders),
      body,
    },
    {
      onRequestStart: () => undefined,
      onResponseStart(controller, code) {
        status = code;
        headers = crossing((controller.rawHeaders ?? []) as string[]);
        if (stream) response.writeHead(status, headers).flushHeaders();
      },
      onResponseData(_controller, chunk) {
        if (stream) response.write(chunk);
        else answer.push(chunk);
      },
      onResponseEnd() {
        if (stream) return void response.end();
        const whole = answer.length === 1 ? (answer[0] as Buffer) : Buffer.concat(answer);
        JSON.parse(whole.toString());
        response.writeHead(status, [...headers, "content-length", String(whole.length)]).end(whole);
      },
      onResponseError: () => void response.destroy(),
    },
  );
}

function crossing(raw: readonly (string | Buffer)[]): string[] {
  const out: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = String(raw[at]);
    if (!notForwarded.has(name.toLowerCase())) out.push(name, String(raw[at + 1]));
  }
  return out;
}
