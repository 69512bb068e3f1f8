/**
 * What a client finds out that has no token yet: which authorization servers give tokens for a route, and for what. In: an
 * address below the well-known one. Out: the metadata of the route that is served at just that path; anybody may read it.
 *
 * @see RFC 9728; MCP 2026-07-28, "Protected Resource Metadata Discovery Requirements"
 */
import type { ServerResponse } from "node:http";
import { CordonError, type ErrorCode } from "@cordon/core/errors";
import { firstScopesOf, scopesOfRoute } from "@cordon/core/oauth/route-scopes";
import type { Route, Snapshot } from "@cordon/core/policy/snapshot";
import { resourceUri } from "./access-tokens.ts";
import { proofAlgorithms, tokenChallenge, type ResourceChallenge } from "./challenge.ts";
import type { RequestHead } from "./request-head.ts";

export const wellKnownPath = "/.well-known/oauth-protected-resource";

type Known = Pick<Snapshot, "routes" | "tokenIssuers" | "clients">;

/** Whether a path is one where metadata would be. */
export function isMetadataPath(path: string): boolean {
  return path === wellKnownPath || path.startsWith(`${wellKnownPath}/`);
}

/** Where a route's metadata is: the well-known part comes before the route's path (RFC 9728, section 3.1). */
export function metadataUrl(origin: string, { path }: Pick<Route, "path">): string {
  return `${origin}${wellKnownPath}${path === "/" ? "" : path}`;
}

/** @throws {CordonError} `ROUTE_UNKNOWN`, `METHOD_NOT_ALLOWED` */
export function answerMetadata(known: Known, origin: string, head: RequestHead, response: ServerResponse): void {
  if (head.method !== "GET" && head.method !== "HEAD")
    throw new CordonError("METHOD_NOT_ALLOWED", "the metadata of a protected resource is read by GET");
  const rest = head.path.slice(wellKnownPath.length);
  const route = known.routes.find(({ path }) => path === (rest === "" ? "/" : rest));
  const metadata = route === undefined ? undefined : metadataOf(route, known, origin);
  if (metadata === undefined)
    throw new CordonError("ROUTE_UNKNOWN", "nothing that takes access tokens is served at that path");
  const body = JSON.stringify(metadata);
  response.writeHead(200, [
    ...["content-type", "application/json", "content-length", String(Buffer.byteLength(body))],
    ...["cache-control", "max-age=60", "access-control-allow-origin", "*"],
  ]);
  response.end(head.method === "HEAD" ? undefined : body);
}

/** @returns undefined where no token is taken */
export function metadataOf(route: Route, { tokenIssuers, clients }: Known, origin: string): object | undefined {
  const issuers = [...(tokenIssuers?.keys() ?? [])];
  const scopes = firstScopesOf(route);
  if (issuers.length === 0 || scopes.length === 0) return undefined;
  const theirs = [...(tokenIssuers?.values() ?? [])].flatMap(({ foreign }) => Object.values(foreign?.clients ?? {}));
  const bearer = [...(clients?.values() ?? []), ...theirs].some((client) => client.bearer);
  return {
    resource: resourceUri(origin, route),
    authorization_servers: issuers,
    scopes_supported: scopes,
    bearer_methods_supported: ["header"],
    resource_name: `${route.namespace}/${route.name}`,
    dpop_signing_alg_values_supported: proofAlgorithms.split(" "),
    // RFC 9728, section 2: true where every token must be bound.
    dpop_bound_access_tokens_required: !bearer,
  };
}

/**
 * What a challenge says of a route, so that a client can find its way from it.
 *
 * @param scopes what to ask for, where the client has nothing yet
 */
export function resourceChallenge(
  route: Route | undefined,
  { tokenIssuers }: Known,
  origin: string,
  scopes?: "first",
): ResourceChallenge {
  if (route === undefined || (tokenIssuers?.size ?? 0) === 0 || scopesOfRoute(route).length === 0) return {};
  const scope = scopes === undefined ? {} : { scope: firstScopesOf(route).join(" ") };
  return { parameters: { resource_metadata: metadataUrl(origin, route), ...scope }, bearer: route.kind === "mcp" };
}

/** The headers of a refusal, where a client can do something about it: get a token, or a better one. */
export function refusalHeaders(
  refused: { readonly code: ErrorCode; readonly message: string },
  requestId: string,
  route: Route | undefined,
  known: Known,
  origin: string,
): readonly string[] {
  const challenge = tokenChallenge(refused, known, resourceChallenge(route, known, origin, "first"));
  return challenge.length === 0 ? [] : ["cordon-request-id", requestId, ...challenge];
}
