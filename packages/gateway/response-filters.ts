/** Filters of answers as one. In: filters. Out: one after the other, that cuts the answer where one of them fails. */
import type { FilterCut, ResponseFilter } from "./ports.ts";

type Out = Uint8Array | FilterCut;
const nothing = new Uint8Array(0);

/** One filter after the other: what the first lets pass is what the second sees. */
export function filtersInTurn(first: ResponseFilter, second: ResponseFilter): ResponseFilter {
  const on = (passed: Out): Out | Promise<Out> =>
    passed instanceof Uint8Array && passed.length > 0 ? second.push(passed) : passed;
  const ended = (rest: Out): Out | Promise<Out> => {
    if (!(rest instanceof Uint8Array)) return rest;
    const out = rest.length > 0 ? second.push(rest) : nothing;
    return out instanceof Promise ? out.then(last) : last(out);
  };
  const last = (out: Out): Out | Promise<Out> => {
    if (!(out instanceof Uint8Array)) return out;
    const joined = (end: Out): Out => (end instanceof Uint8Array ? Buffer.concat([out, end]) : end);
    const end = second.end();
    return end instanceof Promise ? end.then(joined) : joined(end);
  };
  return {
    whole: first.whole === true || second.whole === true,
    push(chunk) {
      const passed = first.push(chunk);
      return passed instanceof Promise ? passed.then(on) : on(passed);
    },
    end() {
      const rest = first.end();
      return rest instanceof Promise ? rest.then(ended) : ended(rest);
    },
    tellTo(told) {
      first.tellTo?.((out) => {
        const passed = on(out);
        if (passed instanceof Promise) void passed.catch(failed).then(told);
        else told(passed);
      });
      second.tellTo?.(told);
    },
    close() {
      first.close?.();
      second.close?.();
    },
    get findings() {
      return [...first.findings, ...second.findings];
    },
    get masks() {
      return first.masks + second.masks;
    },
  };
}

/** The same filter, that cuts where it would throw or reject. */
export function cuttingWhereItFails(filter: ResponseFilter): ResponseFilter {
  const safely = (run: () => Out | Promise<Out>): Out | Promise<Out> => {
    try {
      const out = run();
      return out instanceof Promise ? out.catch(failed) : out;
    } catch (error) {
      return failed(error);
    }
  };
  return {
    whole: filter.whole === true,
    push: (chunk) => safely(() => filter.push(chunk)),
    end: () => safely(() => filter.end()),
    tellTo: (told) => filter.tellTo?.(told),
    close: () => filter.close?.(),
    get findings() {
      return filter.findings;
    },
    get masks() {
      return filter.masks;
    },
  };
}

function failed(error: unknown): FilterCut {
  return { cut: `the response filter failed: ${(error as Error).message}` };
}
