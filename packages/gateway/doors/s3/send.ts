/**
 * Sends an admitted S3 operation to its store. In: an exchange, the operation, the gateway's own key. Out: the request on its
 * way, signed anew: nothing that the client signed or claimed of itself is in it.
 */
import { createHash } from "node:crypto";
import { CordonError } from "@cordon/core/errors";
import {
  emptyHash,
  sha256Hex,
  signingHeaders,
  unsignedPayload,
  uriEncode,
  writeQuery,
  type AccessKey,
} from "@cordon/core/s3/sigv4";
import { statusOf } from "../../error-status.ts";
import type { Exchange } from "../../exchange.ts";
import type { Ask } from "../../forwarder.ts";
import { bugWords } from "../../observation/bug-words.ts";
import type { GatewayDependencies } from "../../ports.ts";
import { upstreamTarget, type Upstreams } from "../../upstream/upstreams.ts";
import { checkedBody, chunkingOf, contentChecker, headerMap } from "./content.ts";
import type { S3Sending } from "./plan.ts";

export interface SendDeps extends Pick<GatewayDependencies, "now" | "log" | "resolveSecret" | "monotonicMs"> {
  readonly upstreams: Upstreams;
}

/** A rotated key is picked up within this time, without a restart. */
const keyTtlMs = 30_000;

/** @returns the store's access key and its secret; asynchronous only where they have to be read */
export function openS3Keys({ resolveSecret, monotonicMs }: Pick<SendDeps, "resolveSecret" | "monotonicMs">) {
  const held = new Map<string, { readonly pair: readonly string[]; readonly readAtMs: number }>();
  return ({ accessKeyId, secretAccessKey }: S3Sending): readonly string[] | Promise<readonly string[]> => {
    const key = JSON.stringify([accessKeyId, secretAccessKey]);
    const known = held.get(key);
    if (known !== undefined && monotonicMs() - known.readAtMs < keyTtlMs) return known.pair;
    return Promise.all([resolveSecret(accessKeyId), resolveSecret(secretAccessKey)]).then((pair) => {
      if (held.size >= 64) held.clear();
      held.set(key, { pair, readAtMs: monotonicMs() });
      return pair;
    });
  };
}

export function sendS3(
  deps: SendDeps,
  exchange: Exchange,
  s3: S3Sending,
  ask: Ask,
  whole: Buffer | undefined,
  key: AccessKey,
): void {
  const { request, requestMeter } = exchange.start;
  const { upstream } = ask.intent;
  const url = new URL(upstream.url);
  const base = url.pathname.replace(/\/$/, "");
  const headers = new Map([...s3.headers, ["host", url.host] as const]);
  try {
    const streams = s3.hasBody && whole === undefined;
    const length = s3.hasBody ? (whole?.length ?? contentLength(request.rawHeaders)) : undefined;
    // What was read whole may have been changed by inspection: its checksums with it.
    if (whole !== undefined) for (const name of headers.keys()) if (isChecksum(name)) headers.delete(name);
    if (s3.body !== undefined) {
      if (whole?.equals(s3.body) !== true)
        throw new CordonError("ACCESS_DENIED", "what says what to delete would have to be changed to pass inspection");
      headers.set("content-md5", createHash("md5").update(s3.body).digest("base64")); // S3 wants a checksum of it
    }
    const payload = payloadOf(s3, whole);
    const { method = "GET" } = request;
    const path = decodeURI(base) + s3.path;
    const signed = signingHeaders({ method, path, query: s3.query, headers, payload }, key, s3.region, deps.now());
    const sent = [...[...headers].flat(), ...signed, "accept-encoding", "identity"];
    if (length !== undefined) sent.push("content-length", String(length));
    const target = uriEncode(s3.path, true) + (s3.query.length === 0 ? "" : `?${writeQuery(s3.query)}`);
    const body = streams
      ? checkedBody(request, {
          checker: contentChecker(headerMap(request.rawHeaders)),
          meter: requestMeter,
          maxBytes: ask.maxBodyBytes,
          idleMs: upstream.timeouts.idleMs,
        })
      : (whole ?? null);
    exchange.forward(deps.upstreams.dispatcher(upstream), upstreamTarget(upstream, target), sent, body);
  } catch (error) {
    const known =
      error instanceof CordonError
        ? error
        : new CordonError("INTERNAL", "Cordon failed to sign the request for the store", { cause: error });
    if (known !== error)
      deps.log({ level: "error", event: "interaction-failed", words: bugWords(error), requestId: exchange.start.id });
    void exchange.cutFor(known, statusOf[known.code]);
  }
}

/** The client's own hash where it gave one, which the store checks too; a stream's is not known before its end. */
function payloadOf({ hasBody, payload }: S3Sending, whole: Buffer | undefined): string {
  if (!hasBody) return emptyHash;
  if (whole !== undefined) return sha256Hex(whole);
  return payload !== undefined && /^[0-9a-f]{64}$/.test(payload) ? payload : unsignedPayload;
}

function contentLength(raw: readonly string[]): number {
  const headers = headerMap(raw);
  const chunking = chunkingOf(headers);
  if (chunking !== undefined) return chunking.length;
  const declared = headers.get("content-length");
  if (declared === undefined)
    throw new CordonError("REQUEST_MALFORMED", "the request is refused: an upload must say its `content-length`");
  return Number(declared);
}

function isChecksum(name: string): boolean {
  return name === "content-md5" || /^x-amz-checksum-(?:crc|sha)/.test(name);
}
