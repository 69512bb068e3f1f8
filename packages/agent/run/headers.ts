/**
 * Which headers cross the endpoint. In: headers as received. Out: the headers to send on: end-to-end ones only
 * (RFC 9110, 7.6.1), without the caller's credential and without the run's secret wherever it may hide.
 */
import { credentialHeaders } from "./caller.ts";

const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  // Answered by this hop: Node's server sends `100 Continue` itself.
  "expect",
]);

/** The request headers to forward, names and values alternating. `host` is left to the client of the next hop. */
export function forwardedRequestHeaders(rawHeaders: readonly string[], secret: string): string[] {
  const nominated = nominatedBy(rawHeaders);
  const forwarded: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    const value = rawHeaders[at + 1] ?? "";
    const lower = name.toLowerCase();
    if (lower === "host" || hopByHop.has(lower) || nominated.has(lower) || credentialHeaders.has(lower)) continue;
    if (value.includes(secret)) continue;
    forwarded.push(name, value);
  }
  return forwarded;
}

/** The response headers to hand to the caller. */
export function forwardedResponseHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | string[]> {
  const connection = headers["connection"];
  const nominated = new Set(
    tokensOf(connection === undefined ? [] : Array.isArray(connection) ? connection : [connection]),
  );
  const forwarded: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !hopByHop.has(name) && !nominated.has(name)) forwarded[name] = value;
  return forwarded;
}

function nominatedBy(rawHeaders: readonly string[]): ReadonlySet<string> {
  const connection: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.toLowerCase() === "connection") connection.push(rawHeaders[at + 1] ?? "");
  return new Set(tokensOf(connection));
}

function tokensOf(values: readonly string[]): readonly string[] {
  return values.flatMap((value) => value.split(",").map((token) => token.trim().toLowerCase()));
}
