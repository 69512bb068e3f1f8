/**
 * Asks another system over HTTP, bounded in time and bytes. In: a configured address. Out: status and body; redirects are not
 * followed: whom we ask is the configuration's to say. Plain HTTP is for loopback (`core/contract/addresses.ts`).
 */
import { readFile } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isLoopbackHost } from "@cordon/core/contract/addresses";
import { CordonError } from "@cordon/core/errors";

export interface Asked {
  readonly url: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly caFile?: string | undefined;
  readonly maxBytes?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface Fetched {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** @throws {CordonError} `UPSTREAM_UNREACHABLE` naming the host, never the path: that may hold a secret */
export async function fetchBounded(asked: Asked): Promise<Fetched> {
  const { maxBytes = 16 * 2 ** 20, timeoutMs = 30_000, method = "GET", headers = {}, body } = asked;
  const url = new URL(asked.url);
  if (url.protocol !== "https:" && !isLoopbackHost(url.hostname))
    throw new CordonError("CONFIG_INVALID", `${url.host} is not on this machine: use \`https:\``);
  const ca = asked.caFile === undefined ? {} : { ca: await readFile(asked.caFile) };
  const signals = [AbortSignal.timeout(timeoutMs), ...(asked.signal === undefined ? [] : [asked.signal])];
  try {
    return await new Promise((resolve, reject) => {
      const start = url.protocol === "https:" ? httpsRequest : httpRequest;
      const outgoing = start(url, {
        ...ca,
        ...{ method, agent: false, maxHeaderSize: 16_384, signal: AbortSignal.any(signals) },
        headers: {
          "accept-encoding": "identity",
          ...headers,
          ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
        },
      });
      outgoing.once("error", reject);
      outgoing.once("response", (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > maxBytes) outgoing.destroy(new Error(`its answer is longer than ${maxBytes} bytes`));
          else chunks.push(chunk);
        });
        response.once("error", reject);
        response.once("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      });
      outgoing.end(body);
    });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new CordonError("UPSTREAM_UNREACHABLE", `${url.host} does not answer: ${code ?? message}`, { cause });
  }
}
