/**
 * The way to the control plane. In: its address, whom to expect, and our own SVID as it is now. Out: calls of its API for
 * agents, parsed and bounded; or a `CordonError` in the control plane's own words.
 *
 * Connections are kept and used again; a new SVID begins new ones. Each was verified before a byte was sent.
 */
import type { TLSSocket } from "node:tls";
import { Pool, type buildConnector } from "undici";
import type { z } from "zod";
import { maxNodeResponseBytes } from "@cordon/core/contract/node-api";
import { errorResponse } from "@cordon/core/contract/local-api";
import { CordonError, errorCodes, isCordonError, type ErrorCode } from "@cordon/core/errors";
import type { X509Svid } from "@cordon/core/identity/svid";
import { dialPeer, type Dial } from "../net/dial-peer.ts";

export interface ControlLinkOptions {
  /** `https://host:port`. */
  readonly url: URL;
  readonly svid: () => X509Svid | undefined;
  readonly judge: Dial["judge"];
}

export interface Call<T> {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly schema: z.ZodType<T>;
  readonly body?: unknown;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ControlLink extends AsyncDisposable {
  /** `undefined` for an answer without content. @throws {CordonError} `CONTROL_UNREACHABLE`, or as it was refused */
  call<T>(call: Call<T>): Promise<T | undefined>;
}

const defaultTimeoutMs = 10_000;

export function openControlLink(options: ControlLinkOptions): ControlLink {
  const { url } = options;
  let pool: { readonly svid: X509Svid | undefined; readonly dispatcher: Pool } | undefined;
  const retired = new Set<Promise<void>>();

  const dispatcher = (): Pool => {
    const svid = options.svid();
    if (pool !== undefined && pool.svid === svid) return pool.dispatcher;
    if (pool !== undefined) {
      const closing = pool.dispatcher.close().catch(() => undefined);
      retired.add(closing);
      void closing.finally(() => retired.delete(closing));
    }
    const fresh = new Pool(url.origin, {
      connections: 4,
      pipelining: 1,
      connect: (_target, callback) => void dial(url, svid, options.judge, callback),
    });
    pool = { svid, dispatcher: fresh };
    return fresh;
  };

  return {
    async call({ method, path, schema, body, timeoutMs = defaultTimeoutMs, signal }) {
      const limits = [AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])];
      const { status, bytes } = await exchange(url, async () => {
        const response = await dispatcher().request({
          method,
          path,
          headers: body === undefined ? {} : { "content-type": "application/json" },
          body: body === undefined ? null : JSON.stringify(body),
          signal: AbortSignal.any(limits),
          headersTimeout: 0,
          bodyTimeout: timeoutMs,
        });
        return { status: response.statusCode, bytes: await readAll(response.body) };
      });
      if (status === 204) return undefined;
      const value = parse(bytes, url);
      if (status < 200 || status > 299) throw refusalOf(status, value, url);
      const parsed = schema.safeParse(value);
      if (!parsed.success) throw unreachable(url, `its answer to ${method} ${path} is not one this version knows`);
      return parsed.data;
    },
    async [Symbol.asyncDispose]() {
      await pool?.dispatcher.destroy();
      await Promise.all(retired);
    },
  };
}

async function dial(
  url: URL,
  svid: X509Svid | undefined,
  judge: Dial["judge"],
  callback: buildConnector.Callback,
): Promise<void> {
  let socket: TLSSocket;
  try {
    socket = await dialPeer({ ...addressOf(url), protocol: "http/1.1", svid, judge });
  } catch (error) {
    return callback(error as Error, null);
  }
  callback(null, socket);
}

/** Host and port to dial. */
export function addressOf(url: URL): { readonly host: string; readonly port: number } {
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || "443") };
}

/** @throws {CordonError} `USAGE` */
export function parseControlUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "https:" || url.pathname !== "/" || url.search !== "" || url.username !== "")
    throw new CordonError("USAGE", `\`${text}\` is not the control plane's address; write https://HOST:PORT`);
  return url;
}

async function exchange<T>(url: URL, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (isCordonError(error)) throw untrusted(url, error);
    const cause = error as Error & { readonly code?: string };
    throw unreachable(url, cause.name === "TimeoutError" ? "no answer in time" : (cause.code ?? cause.message), error);
  }
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxNodeResponseBytes) throw new Error("the answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Buffer, url: URL): unknown {
  try {
    return JSON.parse(bytes.toString("utf8")) as unknown;
  } catch (cause) {
    throw unreachable(url, "its answer is not JSON", cause);
  }
}

function refusalOf(status: number, value: unknown, url: URL): CordonError {
  const parsed = errorResponse.safeParse(value);
  if (!parsed.success) return unreachable(url, `it answered ${status} without an error`);
  const { code, message } = parsed.data.error;
  if ((errorCodes as readonly string[]).includes(code)) return new CordonError(code as ErrorCode, message);
  return new CordonError("CONTROL_UNREACHABLE", `${message} (${code})`);
}

function untrusted(url: URL, cause: CordonError): CordonError {
  return new CordonError(
    "UPSTREAM_UNTRUSTED",
    `what answers at ${url.origin} is not the control plane: ${cause.message}. Nothing was sent to it.`,
    { cause },
  );
}

function unreachable(url: URL, why: string, cause?: unknown): CordonError {
  return new CordonError(
    "CONTROL_UNREACHABLE",
    `The control plane at ${url.origin} cannot be reached: ${why}. Check that \`cordon up\` runs there, with \`agents\` ` +
      "in its cordon.yaml.",
    { cause },
  );
}
