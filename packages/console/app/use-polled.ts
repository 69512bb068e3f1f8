/** A value that is asked for again and again while it is on the screen. In: a question. Out: the newest answer, or why there is none. */
import { useEffect, useState } from "react";
import { RequestRefused } from "../access/refusal.ts";

export interface Polled<T> {
  /** The last good answer, which stays while a later one fails. */
  readonly value: T | undefined;
  readonly problem: RequestRefused | undefined;
}

/** @param ask must be the same function between renders */
export function usePolled<T>(ask: (signal: AbortSignal) => Promise<T>, everyMs: number): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>({ value: undefined, problem: undefined });
  useEffect(() => {
    const ending = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const askAgain = async (): Promise<void> => {
      try {
        const value = await ask(ending.signal);
        if (!ending.signal.aborted) setPolled({ value, problem: undefined });
      } catch (error) {
        if (ending.signal.aborted) return;
        const problem =
          error instanceof RequestRefused ? error : new RequestRefused("refused", "", String(error), error);
        setPolled(({ value }) => ({ value, problem }));
      }
      if (!ending.signal.aborted) timer = setTimeout(() => void askAgain(), everyMs);
    };
    void askAgain();
    return () => {
      ending.abort();
      clearTimeout(timer);
    };
  }, [ask, everyMs]);
  return polled;
}
