/**
 * The console's server: its pages, and the API that they ask (core/contract/console-api.ts). In: where to listen, the
 * folder of the pages, and the rooms that have what is shown. Out: an open server, a desk that makes pairing codes, and
 * the keys of the browsers that are paired.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { isLoopbackHost, type ListenAddress } from "@cordon/core/contract/addresses";
import { consoleOrigins } from "@cordon/core/contract/console-address";
import { CordonError, isCordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import type { LedgerEntry } from "@cordon/core/ledger/entry";
import type { StateStore } from "../store/state-store.ts";
import { openConsoleKeys, type ConsoleKey, type ConsoleKeys } from "./console-keys.ts";
import { openConsoleTls, type TlsFiles } from "./console-tls.ts";
import { answerRequests } from "./answer-requests.ts";
import { quietly, refuse, type ConsoleEvent } from "./exchange.ts";
import { openFollowers } from "./followers.ts";
import { listenForBrowsers } from "./listening.ts";
import { securityHeaders } from "./headers.ts";
import { rememberNonces } from "./nonces.ts";
import { consoleOperations, type ConsoleRooms } from "./operations.ts";
import { unknownReader, type Reader } from "./reading.ts";
import { openPairingDesk, type PairingDesk } from "./pairing.ts";
import type { Oauth } from "../oauth/open-oauth.ts";
import type { People, PeopleOptions } from "../people/open-people.ts";
import { standingSession } from "../people/sessions.ts";
import type { RelyingParty } from "../people/verify-passkey.ts";
import { openOauthDoor } from "./oauth-door.ts";
import { openPeopleDoor } from "./people-door.ts";
import type { PeopleOperationRooms } from "./people-operations.ts";

export interface ConsoleOptions {
  readonly listen: ListenAddress;
  /** What browsers call it; without it, `localhost`. */
  readonly origin?: string | undefined;
  readonly tls?: TlsFiles | undefined;
  /** The built pages; where they are missing, the server says how to build them. */
  readonly staticFolder: string;
  readonly rooms: Omit<ConsoleRooms, "store" | "readerFor">;
  /** What somebody may read; without it, who signed in reads nothing of others. */
  readonly readerOf?: (key: ConsoleKey) => Reader;
  readonly store: Pick<StateStore, "transact" | "get" | "list">;
  /** Writes to the ledger; what cannot be recorded does not happen. */
  readonly record: (entry: LedgerEntry) => Promise<unknown>;
  /** Opens the rooms of people, given the keys and where browsers find the console. */
  readonly people?: (console: Pick<PeopleOptions, "keys" | "relyingParty" | "monotonicMs">) => Promise<People>;
  /** Opens the authorization server, once browsers' address of the console is known. */
  readonly oauth?: (people: People, origin: string) => Promise<Oauth | undefined>;
  /** Withdraws a component's identity. */
  readonly revoke?: PeopleOperationRooms["revoke"];
  /** Where people seal values and open tokens. */
  readonly tokens?: PeopleOperationRooms["tokens"];
  readonly log: (event: ConsoleEvent) => void;
  readonly now: () => Instant;
  readonly monotonicMs: () => number;
  /** Default 5,000. */
  readonly heartbeatMs?: number;
  /** How long a browser may leave live updates unread. Default 10,000. */
  readonly slowAfterMs?: number;
}

export interface ConsoleServer extends AsyncDisposable {
  /** What to put into the address bar. */
  readonly url: string;
  readonly port: number;
  readonly pairing: Pick<PairingDesk, "newCode">;
  readonly keys: Pick<ConsoleKeys, "list" | "revoke">;
  readonly people: People | undefined;
  readonly oauth: Oauth | undefined;
}

const limits = { maxHeaderSize: 16_384, headersTimeout: 5_000, requestTimeout: 10_000 };

/**
 * Opens the console.
 *
 * @throws {CordonError} `CONFIG_INVALID` where others could reach it without TLS, the certificate cannot be used, or the
 *   address is taken
 */
export async function openConsole(options: ConsoleOptions): Promise<ConsoleServer> {
  const { listen, now, monotonicMs, record, log } = options;
  if (options.tls === undefined && !isLoopbackHost(listen.host))
    throw new CordonError(
      "CONFIG_INVALID",
      `The console speaks plain HTTP on a loopback address only, and ${listen.host} is none: set \`console.tls: ` +
        "{ certFile, keyFile }` and `console.origin: https://...`, or `console.listen: 127.0.0.1:8440`.",
    );
  await using opening = new AsyncDisposableStack();
  const tls = options.tls === undefined ? undefined : opening.use(await openConsoleTls(options.tls, log));
  const sessionStands = async (id: string): Promise<boolean> =>
    (await standingSession({ store: options.store, now }, id)) !== undefined;
  const keys = openConsoleKeys({ store: options.store, record, now, sessionStands });
  const desk = openPairingDesk({ now, monotonicMs });
  const readerFor = options.readerOf ?? unknownReader;
  const followers = opening.use(openFollowers(options.rooms.live, keys, readerFor, options));
  const complain = quietly(log, monotonicMs);
  let origins: readonly string[] = [];
  const relyingParty = (): RelyingParty => {
    const origin = origins[0] ?? "";
    return { origin, rpId: new URL(origin).hostname };
  };
  const people = await options.people?.({ keys, relyingParty, monotonicMs });
  if (people !== undefined) opening.use(people);
  let oauth: Oauth | undefined;
  const check = { keys, nonces: rememberNonces(), now, startedAt: now() };
  const revoke = options.revoke ?? (() => Promise.reject(new CordonError("ROUTE_UNKNOWN", "nothing is revoked here")));
  const answer = answerRequests({
    origins: () => origins,
    pages: options.staticFolder,
    pairing: { desk, keys, record, now, complain },
    check,
    people:
      people &&
      openPeopleDoor({
        ...{ people, live: options.rooms.live, revoke, tokens: options.tokens },
        ...{ url: () => origins[0] ?? "", oauth: () => oauth },
      }),
    oauth: people && openOauthDoor({ oauth: () => oauth, people, check }),
    followers,
    operationFor: consoleOperations({ ...options.rooms, store: options.store, readerFor }),
    complain,
  });
  const isHttps = options.tls !== undefined || options.origin?.startsWith("https:") === true;
  const always = Object.entries(securityHeaders(isHttps));
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    for (const [name, value] of always) response.setHeader(name, value);
    answer(request, response).catch((error: unknown) => fail(response, error, log));
  };
  const logFailure = (words: string): void => log({ level: "error", event: "console-failed", words });
  const makeServer = (): Server => {
    const server =
      tls === undefined ? createServer(limits, listener) : createTlsServer({ ...limits, ...tls.context() }, listener);
    server.maxConnections = 256;
    server.once("listening", () => server.on("error", ({ message }) => logFailure(message)));
    tls?.follow(server);
    return server;
  };
  const { port } = opening.use(await listenForBrowsers(makeServer, listen));
  origins = consoleOrigins({ host: listen.host, port }, options);
  if (people !== undefined) oauth = await options.oauth?.(people, origins[0] ?? "");
  if (oauth !== undefined) opening.use(oauth);
  const owned = opening.move();
  return {
    url: origins[0] ?? "",
    port,
    pairing: desk,
    keys,
    people,
    oauth,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** An answer for what went wrong: the caller's mistake in words, ours in the log. */
function fail(response: ServerResponse, error: unknown, log: ConsoleOptions["log"]): void {
  const status = isCordonError(error) ? (statusOf[error.code] ?? 500) : 500;
  if (status >= 500)
    log({ level: "error", event: "console-failed", words: error instanceof Error ? error.message : String(error) });
  if (response.headersSent) response.destroy();
  else if (isCordonError(error) && status < 500) refuse(response, status, error.code, error.message);
  else
    refuse(
      response,
      status,
      isCordonError(error) ? error.code : "INTERNAL",
      "The control plane failed on this request; its log says why.",
    );
}

const statusOf: Readonly<Record<string, number>> = {
  REQUEST_MALFORMED: 400,
  REQUEST_TOO_LARGE: 413,
  BODY_AMBIGUOUS: 400,
  STORE_CONFLICT: 409,
  UPSTREAM_UNREACHABLE: 424,
  ACCESS_DENIED: 403,
  SIGNATURE_INVALID: 403,
  SVID_REVOKED: 403,
  SVID_INVALID: 400,
  SPIFFE_ID_INVALID: 400,
  COMPONENT_UNKNOWN: 404,
  ROUTE_UNKNOWN: 404,
  STORE_UNAVAILABLE: 503,
  LEDGER_UNAVAILABLE: 503,
};
