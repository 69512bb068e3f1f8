/**
 * S3 clients at a run's endpoint. In: a request signed with the keys that this run gave its program (SigV4, in a header or a
 * presigned address). Out: what goes on to the gateway, or a refusal. The signature ends here: behind it, the run's SVID
 * says who calls. Chunks that are signed one by one are judged as they pass.
 */
import { Transform } from "node:stream";
import { CordonError } from "@cordon/core/errors";
import type { Instant } from "@cordon/core/instant";
import { decodeChunked, isChunked, type ChunkedDecoder } from "@cordon/core/s3/aws-chunked";
import { decode, readQuery, unsignedPayload, verifySignature, type AccessKey } from "@cordon/core/s3/sigv4";

/** Where the gateway's S3 route is expected, as `/v1` is for OpenAI's. */
export const s3Path = "/s3";

export interface S3Passage {
  /** In place of the client's own. */
  readonly rawHeaders: readonly string[];
  /** Set where the body comes out of signed chunks. */
  readonly decoder: ChunkedDecoder | undefined;
}

/** Whether a request is for S3: then its signature, not the run's secret, says that the program sent it. */
export function isS3Request(target: string): boolean {
  return target.startsWith(`${s3Path}/`) || target.startsWith(`${s3Path}?`);
}

/** @throws {CordonError} `SIGNATURE_INVALID`, `REQUEST_MALFORMED`, `ENCODING_UNSUPPORTED` */
export function admitS3(
  method: string,
  target: string,
  rawHeaders: readonly string[],
  key: AccessKey,
  now: Instant,
): S3Passage {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    if (headers.has(name))
      throw new CordonError("REQUEST_MALFORMED", `the header \`${name.slice(0, 64)}\` is sent twice`);
    headers.set(name, rawHeaders[at + 1] ?? "");
  }
  const mark = target.indexOf("?");
  const [path, query] = mark < 0 ? [target, ""] : [target.slice(0, mark), target.slice(mark)];
  const request = { method, path: decode(path), query: readQuery(query), headers };
  const { payload, seed } = verifySignature(request, key, now);
  if (!isChunked(payload) || !payload.startsWith("STREAMING-AWS4-")) return { rawHeaders, decoder: undefined };
  const length = headers.get("x-amz-decoded-content-length") ?? "";
  if (!/^(?:0|[1-9][0-9]{0,14})$/.test(length))
    throw new CordonError("REQUEST_MALFORMED", "the chunked body has no `x-amz-decoded-content-length`");
  const trailer = headers.get("x-amz-trailer");
  const decoder = decodeChunked({ payload, length: Number(length), trailer, seed });
  return { rawHeaders: withoutChunks(rawHeaders, length), decoder };
}

function withoutChunks(rawHeaders: readonly string[], length: string): string[] {
  const out: string[] = [];
  const left = ["content-length", "transfer-encoding", "x-amz-decoded-content-length", "x-amz-trailer"];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name, value] = [rawHeaders[at] ?? "", rawHeaders[at + 1] ?? ""];
    const lower = name.toLowerCase();
    if (left.includes(lower) || lower === "x-amz-content-sha256") continue;
    if (lower !== "content-encoding") out.push(name, value);
    else {
      const kept = value
        .split(",")
        .map((one) => one.trim())
        .filter((one) => one.toLowerCase() !== "aws-chunked");
      if (kept.length > 0) out.push(name, kept.join(","));
    }
  }
  return [...out, "content-length", length, "x-amz-content-sha256", unsignedPayload];
}

/** The content as it comes out of its chunks; its last piece waits until all has held. */
export function unchunked(decoder: ChunkedDecoder): Transform {
  let last: Buffer | undefined;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        for (const piece of decoder.push(chunk)) {
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
        decoder.end();
        done(null, last);
      } catch (error) {
        done(error as Error);
      }
    },
  });
}
