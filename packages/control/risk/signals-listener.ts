/**
 * Where other systems reach Cordon with signals: transmitters that push, receivers that manage and poll their streams, device
 * management. In: an address, who may come with which token. Out: a listening server. Plain HTTP on loopback alone.
 *
 * Who calls is told by a bearer token of the configuration, compared in constant time; in the header only (RFC 6750, 2.1).
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { isLoopbackHost } from "@cordon/core/contract/addresses";
import { postureFacts } from "@cordon/core/contract/device-api";
import { parseStrictJson, type JsonValue } from "@cordon/core/contract/strict-json";
import { CordonError, isCordonError } from "@cordon/core/errors";
import { checked } from "../api/local-exchange.ts";
import type { Devices } from "../devices/devices.ts";
import type { Receiver } from "./ssf/receiver.ts";
import type { StreamReceiver, Transmitter } from "./ssf/transmitter.ts";

export interface Known<T> {
  readonly token: () => Promise<string | undefined>;
  readonly is: T;
}

export interface SignalsListenerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly tls?: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly transmitters: readonly Known<Receiver>[];
  readonly receivers: readonly Known<StreamReceiver>[];
  readonly management: readonly Known<{ readonly name: string }>[];
  readonly transmitter: () => Transmitter;
  readonly devices: Pick<Devices, "report">;
  readonly onFailure: (error: unknown) => void;
}

export interface SignalsListener extends AsyncDisposable {
  readonly url: string;
}

interface Answer {
  readonly status: number;
  readonly body?: JsonValue | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

const maxBytes = 262_144;
const eventTypeList = z.array(z.string().max(512)).max(64);
const createRequest = z.looseObject({
  events_requested: eventTypeList.optional(),
  delivery: z.looseObject({ method: z.string(), endpoint_url: z.string().optional() }).optional(),
});
const updateRequest = z.looseObject({ stream_id: z.string(), events_requested: eventTypeList.optional() });
const statusRequest = z.looseObject({
  stream_id: z.string(),
  status: z.enum(["enabled", "paused", "disabled"]),
  reason: z.string().max(500).optional(),
});
const verifyRequest = z.looseObject({ stream_id: z.string(), state: z.string().max(1_024).optional() });
const pollRequest = z.looseObject({
  maxEvents: z.int().min(0).max(10_000).optional(),
  ack: z.array(z.string().max(256)).max(10_000).optional(),
  setErrs: z.record(z.string().max(256), z.unknown()).optional(),
});

/** @throws {CordonError} `CONFIG_INVALID` */
export async function openSignalsListener(options: SignalsListenerOptions): Promise<SignalsListener> {
  const { listen, tls } = options;
  if (tls === undefined && !isLoopbackHost(listen.host))
    throw new CordonError(
      "CONFIG_INVALID",
      `\`signals.listen\` is ${listen.host}, not on loopback: it takes \`signals.tls\``,
    );
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    void respond(request, options).then((answer) => send(response, answer));
  };
  const server =
    tls === undefined
      ? createHttp({ maxHeaderSize: 16_384 }, handle)
      : createHttps(
          {
            cert: await readFile(tls.certFile),
            key: await readFile(tls.keyFile),
            minVersion: "TLSv1.2",
            maxHeaderSize: 16_384,
          },
          handle,
        );
  server.headersTimeout = 5_000;
  server.requestTimeout = 15_000;
  server.maxConnections = 512;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        new CordonError(
          "CONFIG_INVALID",
          `cannot listen on ${listen.host}:${listen.port} for signals (${cause.code}); see \`signals.listen\``,
          { cause },
        ),
      ),
    );
    server.listen(listen.port, listen.host, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  const host = address.includes(":") ? `[${address}]` : address;
  return {
    url: `${tls === undefined ? "http" : "https"}://${host}:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The answer to one request; never rejects. */
async function respond(request: IncomingMessage, options: SignalsListenerOptions): Promise<Answer> {
  try {
    return await route(request, options);
  } catch (error) {
    if (!isCordonError(error)) {
      options.onFailure(error);
      return { status: 500, body: { error: "INTERNAL", message: "this failed here; the log says why" } };
    }
    const status = statusOf[error.code] ?? 500;
    if (status >= 500) options.onFailure(error);
    const headers = status === 401 ? { "www-authenticate": 'Bearer error="invalid_token"' } : undefined;
    return { status, body: { error: error.code, message: error.message }, ...(headers && { headers }) };
  }
}

const statusOf: Readonly<Record<string, number>> = {
  REQUEST_MALFORMED: 400,
  BODY_AMBIGUOUS: 400,
  REQUEST_TOO_LARGE: 413,
  TOKEN_INVALID: 401,
  ROUTE_UNKNOWN: 404,
  COMPONENT_UNKNOWN: 404,
  STORE_CONFLICT: 409,
  STORE_UNAVAILABLE: 503,
};

async function route(request: IncomingMessage, options: SignalsListenerOptions): Promise<Answer> {
  const url = new URL(request.url ?? "/", "http://signals");
  const { method = "" } = request;
  const id = url.searchParams.get("stream_id");
  const pushed = /^\/ssf\/push\/([a-z0-9-]{1,63})$/.exec(url.pathname)?.[1];
  if (pushed !== undefined && method === "POST") return takePushed(request, pushed, options);
  const device = /^\/v1\/devices\/([a-z0-9-]{1,63})\/posture$/.exec(url.pathname)?.[1];
  if (device !== undefined && method === "POST") {
    const { name } = await who(request, options.management);
    await options.devices.report(device, checked(postureFacts, await readJson(request)), name);
    return { status: 204 };
  }
  const transmitter = options.transmitter();
  if (method === "GET" && url.pathname === "/.well-known/ssf-configuration")
    return { status: 200, body: transmitter.configuration() };
  if (method === "GET" && url.pathname === "/ssf/jwks") return { status: 200, body: transmitter.jwks() };
  const receiver = await who(request, options.receivers);
  const body = ["POST", "PATCH", "PUT"].includes(method) ? await readJson(request) : undefined;
  switch (`${method} ${url.pathname}`) {
    case "POST /ssf/stream":
      return { status: 201, body: await transmitter.create(receiver, checked(createRequest, body)) };
    case "GET /ssf/stream":
      return { status: 200, body: await transmitter.read(receiver, id) };
    case "PATCH /ssf/stream":
    case "PUT /ssf/stream":
      return { status: 200, body: await transmitter.update(receiver, checked(updateRequest, body)) };
    case "DELETE /ssf/stream":
      if (id === null) throw new CordonError("REQUEST_MALFORMED", "name the stream: `?stream_id=`");
      await transmitter.remove(receiver, id);
      return { status: 204 };
    case "GET /ssf/status":
      return { status: 200, body: await transmitter.status(receiver, id) };
    case "POST /ssf/status":
      return { status: 200, body: await transmitter.setStatus(receiver, checked(statusRequest, body)) };
    case "POST /ssf/verify":
      await transmitter.verify(receiver, checked(verifyRequest, body));
      return { status: 204 };
    case "POST /ssf/poll":
      return { status: 200, body: await transmitter.poll(receiver, checked(pollRequest, body)) };
    default:
      throw new CordonError("ROUTE_UNKNOWN", `there is no ${method} ${url.pathname.slice(0, 100)} here`);
  }
}

/** RFC 8935, section 2: 202 and nothing more, or 400 with one of its errors. */
async function takePushed(
  request: IncomingMessage,
  name: string,
  { transmitters }: SignalsListenerOptions,
): Promise<Answer> {
  const known = transmitters.find(({ is }) => is.name === name);
  if (known === undefined) throw new CordonError("ROUTE_UNKNOWN", "nobody pushes here");
  const expected = await known.token();
  if (expected !== undefined && !same(bearer(request), expected))
    return { status: 401, body: { err: "authentication_failed", description: "the token is missing, or not the one" } };
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/secevent+jwt")
    return { status: 400, body: { err: "invalid_request", description: "send `application/secevent+jwt`" } };
  const refusal = await known.is.take((await readAll(request)).toString("latin1").trim());
  if (refusal === undefined) return { status: 202 };
  return { status: 400, body: { err: refusal.error, description: refusal.words } };
}

/** @throws {CordonError} `TOKEN_INVALID` */
async function who<T>(request: IncomingMessage, known: readonly Known<T>[]): Promise<T> {
  const token = bearer(request);
  let found: T | undefined;
  // All are compared: how long it takes tells nobody which one was near.
  for (const one of known) if (same(token, await one.token())) found = one.is;
  if (found === undefined) throw new CordonError("TOKEN_INVALID", "the token is missing, or nobody's");
  return found;
}

function bearer(request: IncomingMessage): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(request.headers.authorization ?? "")?.[1];
}

function same(shown: string | undefined, expected: string | undefined): boolean {
  if (shown === undefined || expected === undefined || expected === "") return false;
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(shown), digest(expected));
}

async function readJson(request: IncomingMessage): Promise<JsonValue> {
  return parseStrictJson(await readAll(request), { depth: 16, names: 4_096 });
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new CordonError("REQUEST_TOO_LARGE", `at most ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  if (response.destroyed) return;
  const text = body === undefined ? "" : JSON.stringify(body);
  response.writeHead(status, {
    ...headers,
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...{ "content-length": String(Buffer.byteLength(text)), "cache-control": "no-store", connection: "close" },
  });
  response.end(text);
}
