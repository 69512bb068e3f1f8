/**
 * The thread that inspects long bodies, so that the gateway's own thread goes on serving. In: texts and a time budget. Out:
 * findings, or a failure that says what happened: too long, a crash, too many waiting. A thread that takes too long or runs
 * out of memory is ended with its job, and another is started for the next.
 */
import { Worker } from "node:worker_threads";
import { CordonError, type ErrorCode } from "@cordon/core/errors";
import type { Finding } from "@cordon/core/inspection/finding";
import type { Registered } from "@cordon/core/inspection/fingerprints/registered";
import type { Direction, PartJudgement } from "@cordon/core/inspection/inspect";
import type { Part } from "@cordon/core/inspection/subject";
import { openFairLine } from "./fair-line.ts";
import { InspectionFailure } from "./inspection-failure.ts";

export interface ToInspector {
  readonly direction: Direction;
  readonly texts: readonly string[];
  readonly parts: readonly Part[];
  /** Looked for after what is built in. */
  readonly registered?: Registered | undefined;
}

export type FromInspector =
  | { readonly type: "ready" }
  | {
      readonly type: "found";
      /** For each text, what each detector found. */
      readonly spans: readonly (readonly (readonly Finding[])[])[];
      /** For each part, what each judge said. */
      readonly parts: readonly (readonly PartJudgement[])[];
    }
  /** A job that needs what this installation lacks. */
  | { readonly type: "unavailable"; readonly code: ErrorCode; readonly words: string };

export type Found = Extract<FromInspector, { type: "found" }>;

export interface InspectionThread {
  /**
   * @param principal whose content it is: where many wait, each principal's are read in turn
   * @throws {InspectionFailure} as a rejection
   */
  inspect(job: ToInspector, budgetMs: number, principal: string): Promise<Found>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface InspectionThreadOptions {
  /** The thread's program; tests give one that fails. */
  readonly workerUrl?: URL;
  readonly maxHeapMb?: number;
  /** How long a new thread may take until it is ready. */
  readonly startMs?: number;
  /** Hears, with each job that fails for it, what this installation lacks: words for the operator alone. */
  readonly onUnavailable?: (error: CordonError) => void;
}

interface Waiting {
  readonly job: ToInspector;
  readonly budgetMs: number;
  readonly resolve: (found: Found) => void;
  readonly reject: (failure: InspectionFailure) => void;
  /** Ends its waiting. */
  readonly patience: NodeJS.Timeout;
}

/** Jobs that wait at most. When it is one principal who fills the line, it is that one who is refused. */
export const maxWaiting = 32;

/** Opens it; a thread is started with the first job. */
export function openInspectionThread({
  workerUrl = workerUrlBeside(import.meta.url),
  maxHeapMb = 256,
  startMs = 10_000,
  onUnavailable = () => undefined,
}: InspectionThreadOptions = {}): InspectionThread {
  const line = openFairLine<Waiting>(maxWaiting);
  let running: Waiting | undefined;
  let thread: Worker | undefined;
  let ready = false;
  let clock: NodeJS.Timeout | undefined;

  /** Ends the thread, and the job that it was at. */
  const end = (failure: InspectionFailure): Promise<unknown> => {
    clearTimeout(clock);
    const [ended, lost] = [thread, running];
    thread = undefined;
    running = undefined;
    ready = false;
    lost?.reject(failure);
    const gone = ended?.terminate() ?? Promise.resolve();
    next();
    return gone;
  };

  const start = (): Worker => {
    const made = new Worker(workerUrl, { resourceLimits: { maxOldGenerationSizeMb: maxHeapMb } });
    made.unref();
    const own = (act: () => void): void => {
      if (thread === made) act();
    };
    made.on("message", (message: FromInspector) =>
      own(() => {
        clearTimeout(clock);
        if (message.type === "ready") {
          ready = true;
          if (running !== undefined) send(made, running);
          return;
        }
        const done = running;
        running = undefined;
        if (message.type === "found") done?.resolve(message);
        else {
          done?.reject(new InspectionFailure("unavailable", "a part of inspection is not usable on this gateway"));
          onUnavailable(new CordonError(message.code, message.words));
        }
        next();
      }),
    );
    const lost = (why: string): void =>
      own(() => void end(new InspectionFailure("crash", `the inspecting thread ended: ${why}`)));
    made.on("error", (error) => lost(error instanceof Error ? error.message : String(error)));
    made.on("exit", (code) => lost(`exit code ${code}`));
    clock = setTimeout(
      () => own(() => void end(new InspectionFailure("crash", `the inspecting thread did not start in ${startMs} ms`))),
      startMs,
    );
    return made;
  };

  const send = (to: Worker, { job, budgetMs }: Waiting): void => {
    clock = setTimeout(
      () => void end(new InspectionFailure("timeout", `inspection took longer than ${budgetMs} ms`)),
      budgetMs,
    );
    to.postMessage(job);
  };

  const next = (): void => {
    if (running !== undefined) return;
    running = line.next();
    if (running === undefined) return;
    clearTimeout(running.patience);
    thread ??= start();
    if (ready) send(thread, running);
  };

  return {
    inspect: (job, budgetMs, principal) =>
      new Promise((resolve, reject) => {
        const waiting: Waiting = {
          ...{ job, budgetMs, resolve, reject },
          patience: setTimeout(() => {
            line.leave(principal, waiting);
            reject(new InspectionFailure("busy", `it waited ${startMs} ms for its turn`));
          }, startMs),
        };
        const turnedAway = line.join(principal, waiting);
        clearTimeout(turnedAway?.patience);
        turnedAway?.reject(new InspectionFailure("busy", `${maxWaiting} others wait for inspection already`));
        next();
      }),
    async [Symbol.asyncDispose]() {
      const closed = new InspectionFailure("crash", "the gateway is shutting down");
      for (const { reject, patience } of line.clear()) {
        clearTimeout(patience);
        reject(closed);
      }
      await end(closed);
    },
  };
}

/** The worker's file beside this one: the source when run from sources, `inspection-worker.js` in a bundle. */
function workerUrlBeside(moduleUrl: string): URL {
  return new URL(moduleUrl.endsWith(".ts") ? "./inspection-worker.ts" : "./inspection-worker.js", moduleUrl);
}
