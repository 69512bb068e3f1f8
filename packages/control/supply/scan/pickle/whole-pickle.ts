/** Asks whether bytes are a pickle, without reporting anything. In: a source. Out: whether, and how much it imports. */
import type { Budget } from "../bytes/budget.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { dangerOf } from "./danger.ts";
import { openJudge } from "./judge.ts";
import { PickleMachine } from "./machine.ts";
import { allowList, canonicalModule } from "./rules/allow-list.ts";
import { opaque } from "./values.ts";

export interface PickleLikeness {
  /** One past STOP; undefined when the stream breaks. */
  readonly end: number | undefined;
  /** Names that it imports before it stops or breaks, as far as they can be names. */
  readonly imports: number;
  /** Those among them that are on the allow-list, or known to be dangerous: no text has them by chance. */
  readonly known: number;
  readonly steps: number;
}

/** A dotted name of Python. */
const identifier = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;

export function tryPickle(source: ByteSource, budget: Budget): PickleLikeness {
  let imports = 0;
  let known = 0;
  const judge = openJudge({
    allowed: (module, name) => {
      const listed = allowList(module, name);
      if (identifier.test(module.slice(0, 200)) && identifier.test(name.slice(0, 200))) {
        imports++;
        if (listed !== undefined || dangerOf(canonicalModule(module), name) !== undefined) known++;
      }
      return listed;
    },
    report: () => undefined,
    persistent: undefined,
    nested: () => opaque("nested"),
    constant: () => undefined,
    afterBuild: undefined,
  });
  const { end, steps } = new PickleMachine(source, 0, budget, judge).run();
  return { end, imports, known, steps };
}
