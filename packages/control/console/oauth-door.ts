/**
 * The authorization server at the console's address. In: requests below `/oauth`, and for its metadata. Out: an answer by the
 * protocol's own code; or, for the page that asks a person, by Cordon's: signed by the key of a browser that is signed in, and
 * only in the browser that the program began in.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { signatureHeader } from "@cordon/core/contract/console-api";
import { oauthApproval } from "@cordon/core/contract/oauth-api";
import type { Oauth } from "../oauth/open-oauth.ts";
import { consentPath } from "../oauth/provider.ts";
import { attemptOf } from "../people/failed-attempts.ts";
import type { People } from "../people/open-people.ts";
import { readBody, refuse, sendJson } from "./exchange.ts";
import { readJson } from "./read-json.ts";
import { authenticate, type SignatureCheck } from "./signature.ts";

export interface OauthDoor {
  /** Whether a path is the authorization server's; the second kind only the console's own page may ask for. */
  owns(method: string, path: string): "protocol" | "page" | undefined;
  /** @param origin the console's, as browsers have it */
  answer(request: IncomingMessage, response: ServerResponse, path: string, origin: string): Promise<void>;
}

export interface OauthDoorRooms {
  /** Absent until it is open. */
  readonly oauth: () => Oauth | undefined;
  readonly people: Pick<People, "personOf">;
  readonly check: SignatureCheck;
}

const prefix = "/oauth";
/** Where metadata of an issuer with a path is looked for (RFC 8414, section 3.1), and the provider's own name for it. */
const metadata: ReadonlyMap<string, string> = new Map([
  ["/.well-known/oauth-authorization-server/oauth", "/.well-known/oauth-authorization-server"],
  ["/.well-known/openid-configuration/oauth", "/.well-known/openid-configuration"],
]);
const consentPattern = /^\/oauth\/consent\/([A-Za-z0-9_-]{16,64})(?:\/(view|approve|deny))?$/;

export function openOauthDoor(rooms: OauthDoorRooms): OauthDoor {
  return {
    owns(method, path) {
      if (rooms.oauth() === undefined) return undefined;
      if (path.startsWith(`${consentPath}/`)) return method === "POST" ? "page" : "protocol";
      return path.startsWith(`${prefix}/`) || metadata.has(path) ? "protocol" : undefined;
    },
    async answer(request, response, path, origin) {
      const oauth = rooms.oauth();
      if (oauth === undefined) return refuse(response, 404, "ROUTE_UNKNOWN", "Nothing is served here.");
      const [, uid, verb] = consentPattern.exec(path) ?? [];
      if (uid === undefined) return serveProtocol(oauth, request, response, path, origin);
      if (verb === undefined && request.method === "GET") return toPage(response, uid);
      if (verb === undefined || request.method !== "POST")
        return refuse(response, 405, "METHOD_NOT_ALLOWED", "The page asks with POST.");
      return answerPage(rooms, oauth, { request, response, uid, verb, host: new URL(origin).host });
    },
  };
}

/** The page lives in the console; what is asked is kept here, under the name that the page is given. */
function toPage(response: ServerResponse, uid: string): void {
  response.writeHead(303, { location: `/#/authorize/${uid}`, "cache-control": "no-store" }).end();
}

async function serveProtocol(
  oauth: Oauth,
  request: IncomingMessage & { originalUrl?: string },
  response: ServerResponse,
  path: string,
  origin: string,
): Promise<void> {
  const target = request.url ?? "";
  const query = target.slice(path.length);
  const own = metadata.get(path) ?? path.slice(prefix.length);
  request.url = own + (path === `${prefix}/auth` ? withScope(oauth, query) : query);
  request.originalUrl = prefix + request.url;
  // What browsers see is known here; what a client says of it is not read.
  for (const name of Object.keys(request.headers)) if (name.startsWith("x-forwarded-")) delete request.headers[name];
  request.headers["x-forwarded-proto"] = new URL(origin).protocol.slice(0, -1);
  dropBrowserSession(request);
  await oauth.serve(request, response);
}

/** A program that asks for a resource and for nothing in particular asks for all of it; the person sees what that is. */
function withScope(oauth: Oauth, query: string): string {
  const asked = new URLSearchParams(query);
  const [resource, ...more] = asked.getAll("resource");
  if (asked.has("scope") || resource === undefined || more.length > 0) return query;
  const scope = oauth.everyScope(resource, asked.get("client_id") ?? "");
  if (scope === undefined) return query;
  asked.set("scope", scope);
  return `?${asked.toString()}`;
}

/**
 * The provider's session cookie is never read: nobody is signed in by a browser's cookie, so that none can be planted or
 * kept. It lives for the redirects of one authorization, which have cookies of their own.
 */
function dropBrowserSession({ headers }: IncomingMessage): void {
  const kept = (headers.cookie ?? "").split(";").filter((pair) => !/^\s*cordon_oauth(?:\.sig)?=/.test(pair));
  if (kept.join("") === "") delete headers.cookie;
  else headers.cookie = kept.join(";");
}

async function answerPage(
  rooms: OauthDoorRooms,
  oauth: Oauth,
  asked: {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly uid: string;
    readonly verb: string;
    readonly host: string;
  },
): Promise<void> {
  const { request, response, uid, verb, host } = asked;
  const { method = "", url: target = "" } = request;
  const header = request.headersDistinct[signatureHeader]?.join(",");
  const caller = await authenticate({ method, host, target, header, body: () => readBody(request) }, rooms.check);
  const person = caller && (await rooms.people.personOf(caller.key));
  if (caller === undefined || person === undefined)
    return refuse(response, 401, "IDENTITY_REQUIRED", "Sign in with a passkey first, in this browser.");
  const { consent, deps } = oauth;
  const address = request.socket.remoteAddress ?? "unknown";
  try {
    if (verb === "view") return sendJson(response, await consent.view(request, response, uid, person.user));
    const location =
      verb === "deny"
        ? await consent.deny(request, response, uid)
        : await consent.approve(request, response, uid, person.user, readJson(oauthApproval, caller.body).assertion);
    sendJson(response, { location });
  } catch (error) {
    const attempt = attemptOf(error);
    if (attempt !== undefined) deps.attemptFailed?.({ ...attempt, address });
    throw error;
  }
}
