/** A request body that streams through. In: the request. Out: its bytes, measured, within bounds of size and time. */
import type { IncomingMessage } from "node:http";
import { Transform, type Readable } from "node:stream";
import { CordonError } from "@cordon/core/errors";
import type { ContentMeter } from "./content-meter.ts";

/**
 * Measures a body that streams through, and stops it at the route's limit, or when nothing has come for `idleMs`
 * although there was room for it.
 */
export function meteredBody(request: IncomingMessage, meter: ContentMeter, maxBytes: number, idleMs: number): Readable {
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (meter.bytes + chunk.length > maxBytes) {
        done(
          new CordonError("REQUEST_TOO_LARGE", `the body is larger than ${maxBytes} bytes, the limit of this route`),
        );
        return;
      }
      meter.push(chunk);
      done(null, chunk);
    },
  });
  // Whoever reads it hears of its end; an upload whose interaction is over has no reader, and harms nobody.
  through.on("error", () => undefined);
  let before = meter.bytes;
  const idle = setInterval(() => {
    if (request.complete) clearInterval(idle);
    if (meter.bytes === before && !through.writableNeedDrain && !request.complete)
      through.destroy(new CordonError("REQUEST_TIMEOUT", `nothing of the body arrived for ${idleMs} ms`));
    before = meter.bytes;
  }, idleMs);
  through.once("close", () => clearInterval(idle));
  request.once("error", (error) => through.destroy(error));
  const closed = (): void => {
    if (!request.complete)
      through.destroy(new CordonError("REQUEST_MALFORMED", "the client closed before its body was whole"));
  };
  if (request.destroyed) closed(); // while it was being decided: its `close` has been
  else request.once("close", closed);
  return request.pipe(through);
}
