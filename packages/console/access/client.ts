/**
 * Signed requests to the control plane. In: this browser's key. Out: answers read by the contract's schemas, or a
 * {@link RequestRefused} that says what is wrong.
 */
import {
  estateResponse,
  overviewResponse,
  pairResponse,
  policiesResponse,
  signatureHeader,
  type EstateResponse,
  type OverviewResponse,
  type PairResponse,
  type PoliciesResponse,
} from "@cordon/core/contract/console-api";
import { RequestRefused, refusalOf, unreachable } from "./refusal.ts";
import { makeNonce, signRequest, type BrowserKey, type PublicKeyJwk } from "./sign.ts";

export interface ConsoleClient {
  readonly overview: (signal?: AbortSignal) => Promise<OverviewResponse>;
  readonly estate: (signal?: AbortSignal) => Promise<EstateResponse>;
  readonly policies: (signal?: AbortSignal) => Promise<PoliciesResponse>;
  /** A receipt's text: the proof that one entry is in the ledger. */
  readonly receipt: (index: number, signal?: AbortSignal) => Promise<string>;
  /** Asks by POST, with a body that the signature covers; and by GET. */
  readonly post: <T>(target: string, schema: Schema<T>, body: unknown) => Promise<T>;
  readonly get: <T>(target: string, schema: Schema<T>, signal?: AbortSignal) => Promise<T>;
  /** Ledger entries from an index on, as bytes of newline-delimited JSON; without one, all that are at hand. */
  readonly events: (since: number | undefined, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  /** Has the ledger recomputed; progress and verdict as bytes of newline-delimited JSON. */
  readonly verify: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
}

export interface Schema<T> {
  safeParse(value: unknown): { readonly success: true; readonly data: T } | { readonly success: false };
}

const noBody = new Uint8Array();

export function openClient(key: BrowserKey): ConsoleClient {
  const read = async <T>(target: string, schema: Schema<T>, signal?: AbortSignal): Promise<T> =>
    parseAnswer(schema, await (await send(key, "GET", target, signal)).text());
  return {
    get: read,
    post: async (target, schema, body) =>
      parseAnswer(schema, await (await send(key, "POST", target, undefined, JSON.stringify(body))).text()),
    overview: (signal) => read("/v1/overview", overviewResponse, signal),
    estate: (signal) => read("/v1/estate", estateResponse, signal),
    policies: (signal) => read("/v1/policies", policiesResponse, signal),
    receipt: async (index, signal) => await (await send(key, "GET", `/v1/ledger/receipt/${index}`, signal)).text(),
    events: async (since, signal) =>
      streamOf(await send(key, "GET", since === undefined ? "/v1/events" : `/v1/events?since=${since}`, signal)),
    verify: async (signal) => streamOf(await send(key, "POST", "/v1/ledger/verify", signal)),
  };
}

/** Exchanges the one-time code for a key id. The only request without a signature: the code stands for it. */
export async function pairBrowser(code: string, publicKey: PublicKeyJwk, label: string): Promise<PairResponse> {
  const body = JSON.stringify({ code, publicKey, label });
  const response = await answered("/v1/pair", {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
  return parseAnswer(pairResponse, await response.text());
}

/** Asks without a signature: what a passkey, or a code, stands for instead. */
export async function postOpenly<T>(target: string, schema: Schema<T>, body: unknown): Promise<T> {
  const headers = { "content-type": "application/json" };
  return parseAnswer(
    schema,
    await (await answered(target, { method: "POST", body: JSON.stringify(body), headers })).text(),
  );
}

async function send(
  key: BrowserKey,
  method: "GET" | "POST",
  target: string,
  signal?: AbortSignal,
  body?: string,
): Promise<Response> {
  const at = { timestampMs: Date.now(), nonce: makeNonce() };
  const bytes = body === undefined ? noBody : new TextEncoder().encode(body);
  const signature = await signRequest(key, { method, host: location.host, target, body: bytes }, at);
  const headers = { [signatureHeader]: signature, ...(body !== undefined && { "content-type": "application/json" }) };
  return answered(target, { method, headers, ...(body !== undefined && { body }), ...(signal && { signal }) });
}

/** Nothing here is proven by a cookie, but which browser a program began in. */
function cookiesOf(target: string): RequestCredentials {
  return target.startsWith("/oauth/consent/") ? "same-origin" : "omit";
}

async function answered(target: string, request: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(target, {
      ...request,
      cache: "no-store",
      credentials: cookiesOf(target),
      redirect: "error",
    });
  } catch (error) {
    if (request.signal?.aborted === true) throw error;
    throw unreachable(error);
  }
  if (response.ok) return response;
  const serverMs = Date.parse(response.headers.get("date") ?? "");
  throw refusalOf(response.status, await response.text(), serverMs, Date.now());
}

function parseAnswer<T>(schema: Schema<T>, text: string): T {
  const parsed = schema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new RequestRefused("refused", "", "Cordon answered in a form that this page does not know: reload the page.");
}

function streamOf(response: Response): ReadableStream<Uint8Array> {
  if (response.body === null) throw new RequestRefused("refused", "", "Cordon sent an answer without a body.");
  return response.body;
}
