/**
 * The allow-list of names that a pickle may import. In: a module and a name as they stand in the stream. Out: the rule
 * that holds for it, or undefined: not listed. Modules that were renamed are looked up by the name they have now.
 */
import { builtinRules } from "./builtins.ts";
import { joblibRules } from "./joblib.ts";
import { libraryRules } from "./libraries.ts";
import { libraryClassRules } from "./library-classes.ts";
import { numpyRules } from "./numpy.ts";
import { anything, anyState, type Rule } from "./rule.ts";
import { standardLibraryRules } from "./standard-library.ts";
import { torchRules } from "./torch.ts";

export type AllowList = (module: string, name: string) => ListedName | undefined;

export interface ListedName {
  /** `module:name` by which rules know it. */
  readonly key: string;
  readonly rule: Rule;
}

/** Modules of Python 2, which `pickle` maps to those of Python 3 up to protocol 2. */
const renamed: Readonly<Record<string, string>> = {
  __builtin__: "builtins",
  copy_reg: "copyreg",
  exceptions: "builtins",
};

const rules = new Map<string, Rule>(
  [libraryClassRules, libraryRules, builtinRules, standardLibraryRules, numpyRules, torchRules, joblibRules].flatMap(
    (group) => Object.entries(group),
  ),
);

export const allowList: AllowList = (module, name) => {
  const key = `${canonicalModule(module)}:${name}`;
  const rule = rules.get(key);
  return rule === undefined ? undefined : { key, rule };
};

/** The list for archives of TorchScript, whose own unpickler takes classes from the archive's code. */
export const torchScriptAllowList: AllowList = (module, name) =>
  /^__torch__(?:\.\w+)*$/.test(module) || (module === "torch" && name === "ScriptObject")
    ? { key: `${module}:${name}`, rule: { make: anything, call: anything, build: anyState } }
    : allowList(module, name);

/** The name that a module has now. */
export function canonicalModule(module: string): string {
  const now = Object.hasOwn(renamed, module) ? renamed[module] : undefined;
  if (now !== undefined) return now;
  return module.startsWith("numpy._core") ? `numpy.core${module.slice("numpy._core".length)}` : module;
}
