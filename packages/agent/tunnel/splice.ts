/**
 * Two connections joined, with backpressure. In: a near and a far socket. A near end that has said everything may still be
 * answered; a far end that is over is over for both, for what ended it may have been a cut. What breaks one breaks the
 * other.
 */
import type { Socket } from "node:net";

export function splice(near: Socket, far: Socket): void {
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    from.on("error", () => undefined);
    from.pipe(to);
    from.once("close", () => {
      // A connection that broke must not look like one that ended.
      if (!from.readableEnded) to.destroy();
    });
  }
  far.once("end", () => {
    if (near.writableFinished) far.destroySoon();
    near.once("finish", () => {
      near.destroySoon();
      far.destroySoon();
    });
  });
}
