/**
 * Cedar's official engine as the shadow of the compiled one. In: evaluations that were picked. Out: how many were compared,
 * and every disagreement, told once. It runs in a thread, one at a time, and rests nine times as long as it works: a tenth of
 * a core at most, whatever the engine costs. What comes while it is busy is left out and counted. No answer waits for it, and
 * none is changed by it.
 */
import { Worker } from "node:worker_threads";
import type { Instant } from "@cordon/core/instant";
import type { ShadowSample, ShadowSet } from "@cordon/core/policy/cedar-shadow";

export interface PolicyShadow extends AsyncDisposable {
  /** For the engine, see `CompileOptions`. */
  readonly sample: { readonly oneIn: number; readonly take: (sample: ShadowSample) => void };
  status(): ShadowStatus;
  /** Told of each disagreement; the same words once an hour at most. */
  hear(listener: (disagreement: Disagreement) => void): void;
}

export interface ShadowStatus {
  readonly oneIn: number;
  readonly compared: number;
  readonly disagreements: number;
  /** Left out because the shadow was busy. */
  readonly skipped: number;
  readonly last: Disagreement | undefined;
}

export interface Disagreement {
  readonly at: Instant;
  readonly words: string;
  readonly details: string;
}

export interface ShadowOptions {
  readonly oneIn: number;
  readonly now: () => Instant;
  readonly onProblem: (error: unknown) => void;
}

/** A sample for the thread; a set is sent along once, and named by its number from then on. */
export interface ToShadow {
  readonly set: number;
  readonly policies: ShadowSet | undefined;
  readonly sample: Omit<ShadowSample, "shadowed"> & { readonly shadowed: Omit<ShadowSample["shadowed"], "set"> };
}

export interface FromShadow {
  readonly tookMs: number;
  /** The set is not kept any more: it must be sent again. */
  readonly missing: boolean;
  readonly disagreement: { readonly words: string; readonly details: string } | undefined;
}

const restTimes = 9;
const sameAgainMs = 3_600_000;
/** Different disagreements that are remembered to have been told. */
const maxTold = 1_000;
/** A thread that gives no answer for so long is ended, and another begun. */
const patienceMs = 60_000;

export function openPolicyShadow({ oneIn, now, onProblem }: ShadowOptions): PolicyShadow {
  const listeners: ((disagreement: Disagreement) => void)[] = [];
  const told = new Map<string, Instant>();
  let counts = { compared: 0, disagreements: 0, skipped: 0 };
  let last: Disagreement | undefined;
  let busy = false;
  let closed = false;
  let rest: NodeJS.Timeout | undefined;
  let worker: Worker | undefined;
  let sets = new WeakMap<object, number>();
  let lastSet = 0;

  const free = (afterMs: number): void => {
    clearTimeout(rest);
    rest = setTimeout(() => (busy = false), afterMs);
    rest.unref();
  };
  const end = (why: unknown): void => {
    if (worker === undefined) return;
    const ended = worker;
    worker = undefined;
    sets = new WeakMap();
    void ended.terminate();
    if (closed) return;
    onProblem(new Error(`the shadow of the policy engine was begun anew: ${String(why)}`));
    free(patienceMs);
  };
  const heard = ({ tookMs, missing, disagreement }: FromShadow): void => {
    if (missing) {
      sets = new WeakMap();
      counts = { ...counts, skipped: counts.skipped + 1 };
      return free(0);
    }
    counts = { ...counts, compared: counts.compared + 1 };
    free(tookMs * restTimes);
    if (disagreement === undefined) return;
    counts = { ...counts, disagreements: counts.disagreements + 1 };
    last = { at: now(), ...disagreement };
    if (now() - (told.get(disagreement.words) ?? -Infinity) < sameAgainMs) return;
    if (told.size >= maxTold) told.clear();
    told.set(disagreement.words, now());
    for (const listener of listeners) listener(last);
  };
  const thread = (): Worker => {
    if (worker !== undefined) return worker;
    const begun = new Worker(workerUrlBeside(import.meta.url));
    begun.unref();
    begun.on("message", heard);
    begun.on("error", (error) => worker === begun && end(error));
    begun.on("exit", () => worker === begun && end("it ended"));
    worker = begun;
    return begun;
  };

  return {
    sample: {
      oneIn,
      take({ shadowed: { set, ...shadowed }, evaluation }) {
        if (busy || closed) {
          counts = { ...counts, skipped: counts.skipped + 1 };
          return;
        }
        busy = true;
        try {
          const to = thread();
          let number = sets.get(set);
          const policies: ShadowSet | undefined =
            number === undefined ? { matched: set.matched, slotted: set.slotted, reads: set.reads } : undefined;
          if (number === undefined) sets.set(set, (number = lastSet += 1));
          to.postMessage({ set: number, policies, sample: { shadowed, evaluation } } satisfies ToShadow);
          clearTimeout(rest);
          rest = setTimeout(() => end(`no answer for ${patienceMs} ms`), patienceMs);
          rest.unref();
        } catch (error) {
          end(error); // the engine that is shadowed must not notice
        }
      },
    },
    status: () => ({ oneIn, ...counts, last }),
    hear: (listener) => void listeners.push(listener),
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(rest);
      await worker?.terminate();
    },
  };
}

/** The worker's file beside this one: the source when run from sources, `shadow-worker.js` in a bundle. */
function workerUrlBeside(moduleUrl: string): URL {
  return new URL(moduleUrl.endsWith(".ts") ? "./shadow-worker.ts" : "./shadow-worker.js", moduleUrl);
}
