/**
 * Two ends of one pipe within this process. In: nothing. Out: two duplex streams; what is written to one is read from the
 * other, with backpressure. An end that is destroyed ends the other's reading, after what it had written.
 */
import { Duplex } from "node:stream";

class End extends Duplex {
  other: End | undefined;
  #taken: (() => void) | undefined;
  #finished = false;

  constructor() {
    super({ allowHalfOpen: true, emitClose: true });
  }

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    // For an empty piece the other end would not always ask for more.
    if (chunk.length === 0) return done();
    if (this.other === undefined || this.other.destroyed || this.other.#finished) return done();
    this.other.#taken = () => done();
    this.other.push(chunk);
  }

  override _final(done: () => void): void {
    this.other?.finish();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.other?.finish();
    this._read(); // whoever writes to it waits for nobody
    done(error);
  }

  finish(): void {
    if (this.#finished || this.destroyed) return;
    this.#finished = true;
    this.push(null);
  }
}

export function openPair(): readonly [Duplex, Duplex] {
  const [a, b] = [new End(), new End()];
  a.other = b;
  b.other = a;
  return [a, b];
}
