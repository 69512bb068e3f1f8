/** The names that our machine sees a stream import, for comparison with CPython. */
import { defaultLimits, openBudget } from "../bytes/budget.ts";
import { memorySource } from "../bytes/byte-source.ts";
import { Unreadable } from "../bytes/unreadable.ts";
import { openJudge } from "../pickle/judge.ts";
import { PickleMachine } from "../pickle/machine.ts";
import { instance } from "../pickle/rules/rule.ts";

export function namesImported(bytes: Uint8Array): ReadonlySet<string> {
  const names = new Set<string>();
  const judge = openJudge({
    allowed: (module, name) => {
      names.add(`${module} ${name}`);
      return undefined;
    },
    report: () => undefined,
    persistent: () => instance("test:persistent"),
    nested: () => instance("test:nested"),
    constant: () => undefined,
    afterBuild: undefined,
  });
  const budget = openBudget({ ...defaultLimits, steps: 1_000_000 }, () => 0);
  try {
    new PickleMachine(memorySource(bytes), 0, budget, judge).run();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
  }
  return names;
}
