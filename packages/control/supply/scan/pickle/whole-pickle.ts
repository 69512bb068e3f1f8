/** Asks whether bytes are a pickle, without reporting anything. In: a source. Out: whether, and how much it imports. */
import type { Budget } from "../bytes/budget.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { openJudge } from "./judge.ts";
import { PickleMachine } from "./machine.ts";
import { allowList } from "./rules/allow-list.ts";
import { opaque } from "./values.ts";

export interface PickleLikeness {
  /** One past STOP; undefined when the stream breaks. */
  readonly end: number | undefined;
  /** Names that it imports before it stops or breaks. */
  readonly imports: number;
  readonly steps: number;
}

export function tryPickle(source: ByteSource, budget: Budget): PickleLikeness {
  let imports = 0;
  const judge = openJudge({
    allowed: (module, name) => {
      imports++;
      return allowList(module, name);
    },
    report: () => undefined,
    persistent: undefined,
    nested: () => opaque("nested"),
    constant: () => undefined,
    afterBuild: undefined,
  });
  const { end, steps } = new PickleMachine(source, 0, budget, judge).run();
  return { end, imports, steps };
}
