/**
 * Who is behind a request. In: the request. Out: its {@link Caller}: by the connection's certificate where there is one, else
 * by an OAuth access token, else by a JWT-SVID; or a refusal.
 */
import type { IncomingMessage } from "node:http";
import type { IdentitySource } from "@cordon/core/identity/svid";
import { openAccessTokens, type AccessTokenDeps } from "./access-tokens.ts";
import { bearerToken, tokenVerifier, type Caller } from "./caller.ts";
import type { Connections } from "./connections.ts";
import type { RequestHead } from "./request-head.ts";
import type { TrustNewsDeps } from "./trust-news.ts";

export interface IdentifierDeps extends AccessTokenDeps, TrustNewsDeps {
  readonly identity: IdentitySource;
  readonly connections: Pick<Connections, "callerOf">;
}

type Identify = (
  request: IncomingMessage,
  head: RequestHead,
  route: { readonly path: string } | undefined,
) => Caller | Promise<Caller>;

/** @returns what identifies one request; a promise only where another trust domain is asked for a newer bundle first, or other
 *   gateways whether they know the DPoP proof */
export function identifier(deps: IdentifierDeps): Identify {
  const verifyToken = tokenVerifier(deps.identity.current().id, deps);
  const accessTokens = openAccessTokens(deps);
  return (request, head, route) =>
    deps.connections.callerOf(request) ??
    accessTokens.callerOf(request, head, route) ??
    verifyToken(bearerToken(request), deps.now());
}
