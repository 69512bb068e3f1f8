/**
 * An upload's content, checked as it passes. In: a body's bytes, the head's claims. Out: the content, out of its chunks; its
 * last piece only once all of it is what the head says, so that a store never gets the whole of something else.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Transform, type Readable } from "node:stream";
import { CordonError } from "@cordon/core/errors";
import { decodeChunked, isChunked, type ChunkedOptions } from "@cordon/core/s3/aws-chunked";
import { sameText, unsignedPayload } from "@cordon/core/s3/sigv4";
import type { ContentMeter } from "../../content-meter.ts";

export interface ContentChecker {
  push(bytes: Buffer): Buffer[];
  /** @throws {CordonError} where the content is not what its head says */
  end(): void;
}

/** @throws {CordonError} `REQUEST_MALFORMED`, `ENCODING_UNSUPPORTED` */
export function contentChecker(headers: ReadonlyMap<string, string>): ContentChecker {
  const chunking = chunkingOf(headers);
  if (chunking !== undefined) return decodeChunked({ ...chunking, seed: undefined });
  const payload = headers.get("x-amz-content-sha256") ?? unsignedPayload;
  if (payload === unsignedPayload) return { push: (bytes) => [bytes], end: () => undefined };
  if (!/^[0-9a-f]{64}$/.test(payload))
    throw new CordonError(
      "ENCODING_UNSUPPORTED",
      "`x-amz-content-sha256` says a way of signing that is not known here",
    );
  const hash = createHash("sha256");
  return {
    push(bytes) {
      hash.update(bytes);
      return [bytes];
    },
    end() {
      if (!sameText(hash.digest("hex"), payload))
        throw new CordonError("REQUEST_MALFORMED", "the body is refused: it is not what `x-amz-content-sha256` says");
    },
  };
}

export interface CheckedBodyOptions {
  readonly checker: ContentChecker;
  readonly meter: ContentMeter;
  readonly maxBytes: number;
  readonly idleMs: number;
}

/** The content as a stream, measured and bounded; it fails, and with it the upload, where it is not what it should be. */
export function checkedBody(request: IncomingMessage, options: CheckedBodyOptions): Readable {
  const { checker, meter, maxBytes, idleMs } = options;
  let last: Buffer | undefined;
  let arrived = 0;
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      arrived += chunk.length;
      try {
        for (const piece of checker.push(chunk)) {
          if (piece.length === 0) continue;
          if (meter.bytes + piece.length > maxBytes)
            throw new CordonError(
              "REQUEST_TOO_LARGE",
              `the body is larger than ${maxBytes} bytes, the limit of this route`,
            );
          meter.push(piece);
          if (last !== undefined) this.push(last);
          last = piece;
        }
        done();
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      try {
        checker.end();
        done(null, last);
      } catch (error) {
        done(error as Error);
      }
    },
  });
  through.on("error", () => undefined);
  let before = arrived;
  const idle = setInterval(() => {
    if (arrived === before && !through.writableNeedDrain && !request.complete)
      through.destroy(new CordonError("REQUEST_TIMEOUT", `nothing of the body arrived for ${idleMs} ms`));
    before = arrived;
  }, idleMs);
  through.once("close", () => clearInterval(idle));
  request.once("error", (error) => through.destroy(error));
  request.once("close", () => {
    if (!request.complete)
      through.destroy(new CordonError("REQUEST_MALFORMED", "the client closed before its body was whole"));
  });
  return request.pipe(through);
}

/** @throws {CordonError} `REQUEST_MALFORMED` where a header that S3 reads is sent twice */
export function headerMap(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    if (headers.has(name))
      throw new CordonError("REQUEST_MALFORMED", `the request is refused: \`${name.slice(0, 64)}\` is sent twice`);
    headers.set(name, (raw[at + 1] as string).trim());
  }
  return headers;
}

/** How the body is chunked, where it is. */
export function chunkingOf(headers: ReadonlyMap<string, string>): Omit<ChunkedOptions, "seed"> | undefined {
  const payload = headers.get("x-amz-content-sha256");
  if (payload === undefined || !isChunked(payload)) return undefined;
  const length = headers.get("x-amz-decoded-content-length") ?? "";
  if (!/^(?:0|[1-9][0-9]{0,14})$/.test(length))
    throw new CordonError("REQUEST_MALFORMED", "the chunked body is refused: it has no `x-amz-decoded-content-length`");
  return { payload, length: Number(length), trailer: headers.get("x-amz-trailer") };
}
