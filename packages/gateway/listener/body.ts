/**
 * Reads a request body whole, within bounds of size and time. In: a request. Out: its bytes, or a refusal.
 */
import type { IncomingMessage } from "node:http";
import { CordonError } from "@cordon/core/errors";

/**
 * @param maxBytes most bytes accepted; a declared length over it is refused before anything is read
 * @throws {CordonError} `REQUEST_TOO_LARGE`, `REQUEST_TIMEOUT`, `REQUEST_MALFORMED` (aborted)
 */
export function readBody(request: IncomingMessage, maxBytes: number, timeoutMs: number): Promise<Buffer> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const timer = setTimeout(
      () => finish(new CordonError("REQUEST_TIMEOUT", `the body did not arrive within ${timeoutMs} ms`)),
      timeoutMs,
    );
    const finish = (error?: CordonError): void => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onClose);
      if (error) {
        request.pause();
        reject(error);
      } else resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes));
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxBytes) return finish(tooLarge(maxBytes));
      chunks.push(chunk);
    };
    const onEnd = (): void => finish();
    const onClose = (): void =>
      finish(new CordonError("REQUEST_MALFORMED", "the client closed before its body was whole"));
    // An error is followed by its `close`; whoever serves the request listens for it.
    request.on("data", onData).on("end", onEnd).on("close", onClose);
  });
}

function tooLarge(maxBytes: number): CordonError {
  return new CordonError("REQUEST_TOO_LARGE", `the body is larger than ${maxBytes} bytes, the limit of this route`);
}

/**
 * Refuses a JSON request whose bytes another parser might read in another character set.
 *
 * @throws {CordonError} `ENCODING_UNSUPPORTED`
 */
export function requireJsonContentType(contentType: string | undefined): void {
  const [type, ...parameters] = (contentType ?? "").split(";").map((part) => part.trim().toLowerCase());
  const charsets = parameters.filter((parameter) => parameter.startsWith("charset"));
  if (type !== "application/json" || charsets.some((charset) => !/^charset="?utf-8"?$/.test(charset)))
    throw new CordonError("ENCODING_UNSUPPORTED", "send content-type `application/json` (UTF-8)");
}

/**
 * Refuses a body in a coding that nobody here decodes: what cannot be read cannot be inspected.
 *
 * @throws {CordonError} `ENCODING_UNSUPPORTED`
 */
export function refuseEncodedBody(request: IncomingMessage): void {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "identity")
    throw new CordonError("ENCODING_UNSUPPORTED", "compressed request bodies are refused; send the body as it is");
}
