/**
 * What happens to a request, in this order: is it meant for us and from our own pages; is it signed by a paired key; what
 * does it ask. Only the pages themselves and the pairing go without a signature. In: the rooms. Out: an answer to each.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { signatureHeader } from "@cordon/core/contract/console-api";
import { readBody, refuse, send } from "./exchange.ts";
import type { Followers } from "./followers.ts";
import type { consoleOperations } from "./operations.ts";
import { guardOrigin } from "./origin-guard.ts";
import type { OauthDoor } from "./oauth-door.ts";
import type { PeopleDoor } from "./people-door.ts";
import { pairBrowser, type PairingRooms } from "./pair-browser.ts";
import { authenticate, type SignatureCheck } from "./signature.ts";
import { readStatic } from "./static-files.ts";

export interface RequestRooms {
  /** The console's own origins; known once it listens. */
  readonly origins: () => readonly string[];
  /** Folder of the built pages. */
  readonly pages: string;
  readonly pairing: PairingRooms;
  readonly check: SignatureCheck;
  /** Signing in, people and grants; absent where there is no such thing. */
  readonly people?: PeopleDoor | undefined;
  /** The authorization server; absent where there is no such thing. */
  readonly oauth?: OauthDoor | undefined;
  readonly followers: Pick<Followers, "add">;
  readonly operationFor: ReturnType<typeof consoleOperations>;
  /** One line for the operator's log that a stranger can cause. */
  readonly complain: (event: string, words: string) => void;
}

const unsignedWords =
  "This request is not signed by a paired browser, or its signature does not stand. " +
  "`cordon console pair` prints a code to pair this one with.";

type Answering = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** @returns what answers one request; it rejects with what went wrong where nothing was answered yet */
export function answerRequests(rooms: RequestRooms): Answering {
  return async (request, response) => {
    const from = request.socket.remoteAddress ?? "an unknown address";
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    const isApi = path === "/v1" || path.startsWith("/v1/");
    const ofOauth = rooms.oauth?.owns(request.method ?? "", path);
    const guarded = guardOrigin(request, rooms.origins(), isApi || ofOauth === "page");
    if ("status" in guarded) {
      rooms.complain("console-request-refused", `from ${from}: ${guarded.words}`);
      return refuse(response, guarded.status, "REQUEST_MALFORMED", guarded.words);
    }
    if (rooms.oauth !== undefined && ofOauth !== undefined)
      return rooms.oauth.answer(
        request,
        response,
        path,
        rooms.origins().find((own) => new URL(own).host === guarded.host) ?? "",
      );
    if (!isApi) return servePage(rooms.pages, path, request, response);
    if (path === "/v1/pair" && request.method === "POST") return pairBrowser(request, response, rooms.pairing);
    if (await rooms.people?.open(`${request.method} ${path}`, request, response)) return;
    return callApi(rooms, { host: guarded.host, from }, request, response);
  };
}

async function servePage(
  pages: string,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD")
    return refuse(response, 405, "REQUEST_MALFORMED", "Pages are asked for with GET.");
  const { status, type, cache, body } = await readStatic(pages, path);
  response.setHeader("cache-control", cache);
  send(response, status, type, body);
}

async function callApi(
  rooms: RequestRooms,
  { host, from }: { readonly host: string; readonly from: string },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = "", url: target = "" } = request;
  const header = request.headersDistinct[signatureHeader]?.join(",");
  const caller = await authenticate({ method, host, target, header, body: () => readBody(request) }, rooms.check);
  if (caller === undefined) {
    rooms.complain("console-request-refused", `${method} from ${from}: no signature stands`);
    return refuse(response, 401, "IDENTITY_REQUIRED", unsignedWords);
  }
  const url = new URL(target, "http://console");
  const address = request.socket.remoteAddress ?? "unknown";
  if (await rooms.people?.signed(`${method} ${url.pathname}`, { ...caller, address }, response)) return;
  const operation = rooms.operationFor(method, url.pathname);
  if (operation === undefined) return refuse(response, 404, "ROUTE_UNKNOWN", "The console's API has no such path.");
  const follow = (since: number | undefined): void => rooms.followers.add(response, caller.key, since);
  await operation({ request, response, url, key: caller.key, body: caller.body, follow });
}
