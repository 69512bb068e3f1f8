/**
 * What a paired browser may ask, path by path. In: a request whose signature stands. Out: its answer. Everything here
 * reads; nothing changes what is in force.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type {
  EstateResponse,
  OverviewResponse,
  PoliciesResponse,
  VerifyEvent,
} from "@cordon/core/contract/console-api";
import type { SegmentationResponse } from "@cordon/core/contract/segmentation-api";
import { isCordonError } from "@cordon/core/errors";
import { policyValue, readValue } from "../registry/objects.ts";
import type { StateStore } from "../store/state-store.ts";
import type { ConsoleKey } from "./console-keys.ts";
import { refuse, send, sendJson } from "./exchange.ts";
import type { LiveEntries } from "./live-entries.ts";
import { readable, readableEstate, readableOverview, readableSegmentation, type Reader } from "./reading.ts";

export type Verdict = Extract<VerifyEvent, { type: "verdict" }>;

/** What the console shows, as the process that has it hands it in. */
export interface ConsoleRooms {
  readonly store: Pick<StateStore, "list">;
  readonly live: LiveEntries;
  readonly readerFor: (key: ConsoleKey) => Reader;
  readonly overview: () => OverviewResponse;
  readonly estate: () => Omit<EstateResponse, "flows">;
  readonly segmentation: () => SegmentationResponse;
  /** @throws {CordonError} `PROOF_INVALID` where there is no such entry */
  readonly receipt: (index: number) => Promise<string>;
  /** Verifies the ledger's folder off this thread; ends early when `signal` aborts. */
  readonly verify: (
    progress: (entries: number, size: number) => void,
    signal: AbortSignal,
  ) => Promise<Omit<Verdict, "type">>;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly key: ConsoleKey;
  /** The body that the signature covers. */
  readonly body: Buffer;
  /** Opens the live updates for this browser. */
  readonly follow: (since: number | undefined) => void;
}

type Operation = (exchange: Exchange) => Promise<void> | void;

/** Operations by `METHOD /path`; the receipt's index is the rest of its path. */
export function consoleOperations(rooms: ConsoleRooms): (method: string, path: string) => Operation | undefined {
  const verification = oneAtATime(rooms);
  const operations: Readonly<Record<string, Operation>> = Object.assign(Object.create(null) as object, {
    "GET /v1/overview": ({ response, key }) =>
      sendJson(response, readableOverview(rooms.readerFor(key), rooms.overview())),
    "GET /v1/estate": ({ response, key }) => {
      const all: EstateResponse = { ...rooms.estate(), flows: [...rooms.live.flows()] };
      sendJson(response, readableEstate(rooms.readerFor(key), all));
    },
    "GET /v1/segmentation": ({ response, key }) =>
      sendJson(response, readableSegmentation(rooms.readerFor(key), rooms.segmentation())),
    "GET /v1/policies": async ({ response, key }) => sendJson(response, await policies(rooms, rooms.readerFor(key))),
    "GET /v1/events": ({ url, response, follow }) => {
      const since = url.searchParams.get("since");
      if (since === null) return follow(undefined);
      const index = indexOf(since);
      if (index === undefined) return refuseIndex(response);
      follow(index);
    },
    "POST /v1/ledger/verify": verification,
  } satisfies Record<string, Operation>);
  return (method, path) => {
    const index = method === "GET" ? /^\/v1\/ledger\/receipt\/([^/]+)$/.exec(path)?.[1] : undefined;
    return index === undefined
      ? operations[`${method} ${path}`]
      : ({ response, key }) => receipt(rooms, response, index, rooms.readerFor(key));
  };
}

async function policies({ store }: ConsoleRooms, reader: Reader): Promise<PoliciesResponse> {
  const objects = (await store.list("policy")).filter(
    ({ namespace }) => reader.sees === "all" || namespace === reader.namespace,
  );
  return {
    policies: objects.map((object) => {
      const { origin, text } = readValue(policyValue, object);
      return { namespace: object.namespace, name: object.name, origin, text };
    }),
  };
}

async function receipt(rooms: ConsoleRooms, response: ServerResponse, text: string, reader: Reader): Promise<void> {
  const index = indexOf(text);
  if (index === undefined) return refuseIndex(response);
  if (reader.sees !== "all") {
    // A receipt holds the entry: of what is at hand, those that they may read; of the rest nobody looks.
    const held = rooms.live.from(0, Number.POSITIVE_INFINITY).find((one) => one.index === index);
    if (held === undefined || readable(reader, held.entry) === undefined)
      return refuse(response, 403, "ACCESS_DENIED", "Receipts of what is not your own are for auditors.");
  }
  try {
    send(response, 200, "text/plain; charset=utf-8", await rooms.receipt(index));
  } catch (error) {
    if (!isCordonError(error, "PROOF_INVALID")) throw error;
    refuse(response, 404, "PROOF_INVALID", error.message);
  }
}

/** Verification reads the whole ledger: one at a time, and only while the browser listens. */
function oneAtATime(rooms: ConsoleRooms): Operation {
  let running = false;
  return async ({ response }) => {
    if (running)
      return refuse(response, 409, "STORE_CONFLICT", "The ledger is being verified already; wait for that verdict.");
    running = true;
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const line = (event: VerifyEvent): void => {
      if (!response.destroyed && !response.writableNeedDrain) response.write(`${JSON.stringify(event)}\n`);
    };
    try {
      response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
      response.flushHeaders();
      const verdict = await rooms
        .verify((entries, size) => line({ type: "progress", entries, size }), gone.signal)
        .catch(unverified);
      response.end(`${JSON.stringify({ type: "verdict", ...verdict } satisfies VerifyEvent)}\n`);
    } finally {
      running = false;
    }
  };
}

/** What could not be verified is not verified: a verdict, and not a good one. */
function unverified(error: unknown): Omit<Verdict, "type"> {
  const code = isCordonError(error) ? error.code : "LEDGER_UNAVAILABLE";
  const words = `the verification could not be carried out: ${error instanceof Error ? error.message : String(error)}`;
  return { ok: false, size: 0, root: "", findings: [{ code, words }], checkpoint: "", copies: [] };
}

function indexOf(text: string): number | undefined {
  return /^(?:0|[1-9][0-9]{0,14})$/.test(text) ? Number(text) : undefined;
}

function refuseIndex(response: ServerResponse): void {
  refuse(response, 400, "REQUEST_MALFORMED", "An entry's index is a whole number.");
}
