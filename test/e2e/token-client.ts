/** A client with an access token and a key, over TLS without a certificate. In: an estate. Out: calls, each part of which a test may bend. */
import { randomBytes } from "node:crypto";
import { request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { accessTokenHash, compact, type SigningPair } from "@cordon/core/oauth/test-tokens";
import type { Estate } from "./estate.ts";

export interface TokenClient {
  readonly estate: Pick<Estate, "cordon">;
  readonly key: SigningPair;
}

export interface TokenCallOptions {
  readonly method?: string;
  readonly scheme?: "DPoP" | "Bearer";
  /** Instead of one that is made for this call; `undefined`: none. */
  readonly proof?: string | undefined;
  readonly headers?: Record<string, string>;
}

export interface TokenAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

/** A proof for one call, as RFC 9449 wants it. */
export function dpopProof(
  { estate, key }: TokenClient,
  token: string,
  method: string,
  path: string,
  bent: Record<string, unknown> = {},
): string {
  const htu = estate.cordon.gateway.origin + (path.split("?", 1)[0] ?? "");
  const claims = {
    ...{ jti: randomBytes(16).toString("base64url"), htm: method, htu, iat: Math.floor(Date.now() / 1000) },
    ath: accessTokenHash(token),
    ...bent,
  };
  return compact({ typ: "dpop+jwt", alg: "ES256", jwk: key.jwk }, claims, key.privateKey);
}

/** Calls the gateway; resolves with the answer's head, its body still to be read. */
export function streamWith(
  client: TokenClient,
  token: string,
  path: string,
  body?: string,
  options: TokenCallOptions = {},
): Promise<IncomingMessage> {
  const { method = body === undefined ? "GET" : "POST", scheme = "DPoP", headers = {} } = options;
  const proof = "proof" in options ? options.proof : dpopProof(client, token, method, path);
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        ...{ host: "127.0.0.1", port: client.estate.cordon.gateway.port, path, method, agent: false },
        rejectUnauthorized: false, // who the gateway is, is not what these tests are about
        headers: {
          authorization: `${scheme} ${token}`,
          ...(proof !== undefined && { dpop: proof }),
          ...(body !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
          ...headers,
        },
      },
      resolve,
    );
    request.once("error", reject);
    request.end(body);
  });
}

export async function callWith(...call: Parameters<typeof streamWith>): Promise<TokenAnswer> {
  const response = await streamWith(...call);
  const pieces: Buffer[] = [];
  for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
  return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(pieces).toString() };
}
