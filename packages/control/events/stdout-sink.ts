/**
 * Events on standard output, one line of JSON each. In: events. Out: bytes on descriptor 1, written apart from
 * `process.stdout`, whose writes to a pipe would hold the whole process up when nobody reads it.
 */
import { write } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { EventSink } from "./event-sink.ts";

/** How long a reader who is not ready is given before asking again. */
const notReadyMs = 20;

/** Writes some of the bytes; resolves with how many. */
export type WriteSome = (bytes: Uint8Array) => Promise<number>;

export function stdoutSink(writeSome: WriteSome = writeTo(1)): EventSink {
  return {
    name: "stdout",
    async write(events) {
      let left: Uint8Array = Buffer.from(events.map(({ text }) => `${text}\n`).join(""));
      while (left.length > 0) left = left.subarray(await writeSome(left));
      return 0;
    },
    async [Symbol.asyncDispose]() {
      // the descriptor is the process's
    },
  };
}

function writeTo(descriptor: number): WriteSome {
  return async (bytes) => {
    try {
      return await new Promise<number>((resolve, reject) =>
        write(descriptor, bytes, (error, written) => (error === null ? resolve(written) : reject(error))),
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      await sleep(notReadyMs);
      return 0;
    }
  };
}
