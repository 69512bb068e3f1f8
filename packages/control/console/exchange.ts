/** One request and its answer, as every part of the console's server reads and writes them. Bodies are bounded. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { CordonError, type ErrorCode } from "@cordon/core/errors";

/** Longest request body that the console reads, in bytes. */
export const maxConsoleRequestBytes = 64 * 1024;

/** What goes to the operator's log. */
export interface ConsoleEvent {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly words: string;
}

/**
 * The body's bytes.
 *
 * @throws {CordonError} `REQUEST_TOO_LARGE`
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Read to its end even when too long, so that the caller sees the answer; what is too long is not kept.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes <= maxConsoleRequestBytes) chunks.push(chunk);
    else if (bytes > 16 * maxConsoleRequestBytes) break;
  }
  if (bytes > maxConsoleRequestBytes)
    throw new CordonError("REQUEST_TOO_LARGE", `The body is longer than ${maxConsoleRequestBytes} bytes.`);
  return Buffer.concat(chunks);
}

export function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    ...(response.hasHeader("cache-control") ? {} : { "cache-control": "no-store" }),
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}

export function sendJson(response: ServerResponse, value: unknown): void {
  send(response, 200, "application/json", JSON.stringify(value));
}

/** An error answer. The connection ends with it: what else was on its way is not read. */
export function refuse(response: ServerResponse, status: number, code: ErrorCode, message: string): void {
  if (!response.headersSent) response.setHeader("connection", "close");
  send(response, status, "application/json", JSON.stringify({ error: { code, message } }));
}

/**
 * A log line that a stranger can cause: the first at once, then one every ten seconds that says how many there were.
 *
 * @param monotonicMs a clock that is never set
 */
export function quietly(
  log: (event: ConsoleEvent) => void,
  monotonicMs: () => number,
): (event: string, words: string) => void {
  const everyMs = 10_000;
  let saidAt = Number.NEGATIVE_INFINITY;
  let unsaid = 0;
  return (event, words) => {
    if (monotonicMs() - saidAt < everyMs) {
      unsaid += 1;
      return;
    }
    const more = unsaid === 0 ? "" : ` (and ${unsaid} more like it since the last line)`;
    saidAt = monotonicMs();
    unsaid = 0;
    log({ level: "warn", event, words: words + more });
  };
}
