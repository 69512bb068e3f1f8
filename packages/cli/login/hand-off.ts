/**
 * The browser hand-off of `cordon login`. In: the console's page to open. Out: the one-time code that the page brings to this
 * machine's loopback address, for the key that waits here (RFC 8252, section 7.3).
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { PublicKeyJwk } from "@cordon/core/contract/people-api";
import { CordonError } from "@cordon/core/errors";

export interface HandOff extends AsyncDisposable {
  /** The page that a person opens in a browser of this machine. */
  readonly url: string;
  /** Resolves with the code; rejects after `waitMs`. */
  readonly code: Promise<string>;
}

export interface HandOffOptions {
  readonly console: string;
  readonly publicKey: PublicKeyJwk;
  readonly label: string;
  readonly grant?: string | undefined;
  readonly waitMs: number;
}

/** What both sides show: 40 bits of the key's digest, so that a person sees that they confirm this command line's key. */
export function keyWords(publicKey: PublicKeyJwk): string {
  const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const digest = createHash("sha256").update(`${publicKey.x}.${publicKey.y}`).digest();
  const letters = Array.from(digest.subarray(0, 8), (byte) => alphabet[byte & 31]).join("");
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

export async function openHandOff({ console, publicKey, label, grant, waitMs }: HandOffOptions): Promise<HandOff> {
  const state = randomBytes(16).toString("base64url");
  const coming = Promise.withResolvers<string>();
  coming.promise.catch(() => undefined);
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const code = url.searchParams.get("code") ?? "";
    // A name that leads here by DNS is not ours; and only the page that was opened from here knows the state.
    const own = /^127\.0\.0\.1:\d{1,5}$/.test(request.headers.host ?? "");
    if (request.method !== "GET" || url.pathname !== "/" || !own || !same(url.searchParams.get("state") ?? "", state))
      return answer(response, 404, "There is nothing here.");
    answer(response, 200, "You are signed in on the command line. This window can be closed.");
    coming.resolve(code);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const timer = setTimeout(
    () => coming.reject(new CordonError("IDENTITY_REQUIRED", `Nobody confirmed the login within ${waitMs / 1000} s.`)),
    waitMs,
  );
  const { port } = server.address() as AddressInfo;
  const query = new URLSearchParams({
    ...{ x: publicKey.x, y: publicKey.y, port: String(port), state, label },
    ...(grant === undefined ? {} : { grant }),
  });
  return {
    url: `${console}/#/login?${query.toString()}`,
    code: coming.promise,
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function answer(response: ServerResponse, status: number, words: string): void {
  const page = `<!doctype html><meta charset="utf-8"><title>Cordon</title><p style="font:16px system-ui;margin:3em">${words}</p>`;
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    "referrer-policy": "no-referrer",
    connection: "close",
  });
  response.end(page);
}
