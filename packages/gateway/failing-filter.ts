/** A filter that fails ends its answer. In: a filter. Out: the same one, that cuts where it would throw or reject. */
import type { FilterCut, ResponseFilter } from "./ports.ts";

type Out = Uint8Array | FilterCut;

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
