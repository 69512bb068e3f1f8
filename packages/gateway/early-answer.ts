/**
 * What an upstream said before the decision that allowed it is durable. In: head and pieces, as they come. Out: the same,
 * once they may be sent. An answer that is short is here whole by then, and its upstream is free for the next request;
 * past {@link mostEarlyBytes} the upstream waits.
 */
import type { Dispatcher } from "undici";

/** Held for one exchange, in bytes; one piece more may come. */
export const mostEarlyBytes = 64 * 1024;

export class EarlyAnswer {
  readonly controller: Dispatcher.DispatchController;
  readonly status: number;
  readonly raw: readonly (string | Buffer)[];
  /** All of the answer has come. */
  ended = false;
  /** The upstream waits. */
  paused = false;
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(controller: Dispatcher.DispatchController, status: number, raw: readonly (string | Buffer)[]) {
    this.controller = controller;
    this.status = status;
    this.raw = raw;
  }

  /** @param piece must not change afterwards */
  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes < mostEarlyBytes || this.paused) return;
    this.paused = true;
    this.controller.pause();
  }

  /** What has come of the body, in one piece; it is let go of. */
  take(): Buffer | undefined {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces.length > 1 ? Buffer.concat(pieces, this.#bytes) : pieces[0];
  }
}
