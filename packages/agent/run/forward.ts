/**
 * Forwards one request to the gateway and streams the answer back. In: the caller's request and response, and a way to
 * dispatch. Out: the answer on the response, chunk by chunk as it arrives; backpressure both ways; a caller that leaves
 * cancels the gateway's request.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { PassThrough, type Transform } from "node:stream";
import type { Dispatcher } from "undici";
import { isCordonError } from "@cordon/core/errors";
import type { CheckpointKeeper } from "./checkpoints.ts";
import { delegationHeader } from "@cordon/core/identity/delegation";
import { deviceHeader } from "@cordon/core/risk/device-proof";
import { forwardedRequestHeaders, forwardedResponseHeaders } from "./headers.ts";
import { unchunked, type S3Passage } from "./s3-caller.ts";
import { refusalBody } from "./refusal.ts";

export interface ForwardOptions {
  readonly dispatcher: Dispatcher;
  /** Base URL of the gateway; only its origin is used. */
  readonly origin: string;
  readonly secret: string;
  readonly checkpoints: Pick<CheckpointKeeper, "begin">;
  readonly deviceProof?: () => string;
  /** Lets the run act for a person; then nothing that its process says about that passes. */
  readonly delegation?: (() => string) | undefined;
  /** Of a request to S3 whose signature held. */
  readonly s3?: S3Passage;
}

/** Forwards `request`; never throws: what goes wrong becomes the answer, or cuts it when it had begun. */
export function forward(request: IncomingMessage, response: ServerResponse, options: ForwardOptions): void {
  if (response.destroyed) return; // left while the identity was being renewed: its `close` is not told again
  const target = request.url ?? "/";
  let controller: Dispatcher.DispatchController | undefined;
  let callerLeft = false;
  const keepCheckpoint = options.checkpoints.begin();
  response.once("close", () => {
    if (response.writableFinished) return;
    callerLeft = true;
    controller?.abort(new Error("the caller left"));
  });

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      controller = started;
      if (callerLeft) started.abort(new Error("the caller left"));
    },
    onResponseStart(_controller, status, headers, statusMessage) {
      // An informational answer other than 101 (which nobody asked for) is not the answer.
      if (status < 200) return;
      const checkpoint = headers["cordon-checkpoint"];
      if (typeof checkpoint === "string") keepCheckpoint(checkpoint);
      response.writeHead(status, statusMessage ?? "", forwardedResponseHeaders(headers));
      response.flushHeaders();
    },
    onResponseData(current, chunk) {
      if (response.write(chunk)) return;
      current.pause();
      response.once("drain", () => current.resume());
    },
    onResponseEnd() {
      finish(response);
    },
    onResponseError(_controller, error) {
      fail(response, target, error);
    },
  };

  const body = bodyOf(request, options.s3);
  try {
    options.dispatcher.dispatch(
      {
        origin: options.origin,
        path: target,
        method: request.method ?? "GET",
        headers: [
          ...withDelegation(
            forwardedRequestHeaders(options.s3?.rawHeaders ?? request.rawHeaders, options.secret),
            options.delegation,
          ),
          ...(options.deviceProof === undefined ? [] : [deviceHeader, options.deviceProof()]),
        ],
        body,
      },
      handler,
    );
  } catch (error) {
    fail(response, target, error);
  }
}

/** A run that acts for one person acts for nobody else; any other says for whom with each request, as it was told. */
function withDelegation(headers: readonly string[], delegation: ForwardOptions["delegation"]): readonly string[] {
  if (delegation === undefined) return headers;
  const own = (at: number): boolean => headers[at - (at % 2)]?.toLowerCase() !== delegationHeader;
  return [...headers.filter((_, at) => own(at)), delegationHeader, delegation()];
}

/** Answers with `status` and a refusal body, or cuts an answer that had begun. */
export function answer(response: ServerResponse, target: string, status: number, code: string, words: string): void {
  if (response.destroyed) return;
  if (response.headersSent) {
    // A truncated answer must look truncated: ending it would make it look whole.
    response.destroy();
    return;
  }
  const body = refusalBody(target, status, code, words);
  response.writeHead(status, {
    "content-type": body.startsWith("<") ? "application/xml" : "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.write(body);
  finish(response);
}

/** How long the rest of a request is read, in milliseconds, once its answer is written. */
const lingerMs = 30_000;

/**
 * Ends an answer, but not before the caller has sent its whole request: Node closes the connection at the answer's end,
 * and a caller that is still writing would see a reset instead of the answer.
 */
function finish(response: ServerResponse): void {
  const request = response.req;
  if (request.complete || request.destroyed) return void response.end();
  const timer = setTimeout(() => response.destroy(), lingerMs);
  timer.unref();
  request.once("close", () => {
    clearTimeout(timer);
    response.end();
  });
  request.once("end", () => response.end());
  request.resume();
}

/** The 502 for a gateway that could not be reached or was not the gateway; says what to do. */
function fail(response: ServerResponse, target: string, error: unknown): void {
  if (isCordonError(error, "SIGNATURE_INVALID") || isCordonError(error, "REQUEST_MALFORMED"))
    return answer(response, target, error.code === "SIGNATURE_INVALID" ? 403 : 400, error.code, error.message);
  if (isCordonError(error)) return answer(response, target, 502, error.code.toLowerCase(), error.message);
  const reason = error instanceof Error ? error.message || error.name : String(error);
  answer(
    response,
    target,
    502,
    "gateway_unreachable",
    `The Cordon gateway did not answer (${reason}). Check that \`cordon up\` runs and \`cordon status\` is fine; then retry.`,
  );
}

/**
 * The request's body, or null when it has none; it has one exactly when it says so (RFC 9112, 6.3).
 *
 * It goes through a stream of our own: when the gateway fails, undici destroys the body it was given, and the rest of the
 * caller's must then be read and dropped, or the caller sees its connection reset instead of the answer.
 */
function bodyOf(request: IncomingMessage, s3: S3Passage | undefined): Transform | null {
  const length = request.headers["content-length"];
  if (request.headers["transfer-encoding"] === undefined && (length === undefined || length === "0")) return null;
  const body = s3?.decoder === undefined ? new PassThrough({ highWaterMark: 65_536 }) : unchunked(s3.decoder);
  request.pipe(body);
  // A caller that breaks off must not look like one that finished: the forwarded body breaks off too.
  request.once("close", () => {
    if (!request.complete) body.destroy(new Error("the caller left"));
  });
  request.on("error", () => undefined);
  body.on("error", () => undefined);
  body.once("close", () => {
    request.unpipe(body);
    request.resume();
  });
  return body;
}
