/**
 * What the allow-list says about a name. In: nothing. Out: the shape of a rule, and the small words that rules are
 * written in. A rule is a proof obligation: whoever adds one has read what CPython and the library do in that place.
 */
import type { Refusal } from "../../verdict.ts";
import { isConstant, isKind, type Facts, type Instance, type Value } from "../values.ts";

export interface Problem {
  readonly problem: string;
  /** `unknown-import` where it is not said. */
  readonly verdict?: Refusal;
}

/** What a rule may ask of the judge. */
export interface ActContext {
  /** `module:name` that the rule stands for. */
  readonly of: string;
  /** Imports a computed name, as `getattr` on a module's attribute does. */
  readonly importComputed: (module: string, name: string) => Value;
  /** Judges a payload that is handed to another loader; its findings are reported by it. */
  readonly nested: (payload: Value, loader: "pickle" | "torch") => Value;
  readonly call: (callee: Value, args: readonly Value[]) => Value;
  readonly make: (cls: Value, args: readonly Value[]) => Value;
  /** Whether a value may be called later, by anybody, with anything. */
  readonly callable: (value: Value) => boolean;
  /** Whether it is a class on the list. */
  readonly listedClass: (value: Value) => boolean;
}

export type Act = (args: readonly Value[], context: ActContext) => Value | Problem;
export type BuildAct = (target: Instance, state: Value, context: ActContext) => Value | Problem;
export type Fill = "append" | "item" | "add";

export interface Rule {
  /** REDUCE: the object is called. */
  readonly call?: Act;
  /** NEWOBJ and `copyreg._reconstructor`: `__new__` without `__init__`. Only classes have it. */
  readonly make?: Act;
  readonly build?: BuildAct;
  readonly fill?: readonly Fill[];
  /** Harmless whoever calls it with whatever: may stand in a `partial` or as a factory. */
  readonly callable?: true;
}

export type Rules = Readonly<Record<string, Rule>>;

export function isProblem(value: Value | Problem): value is Problem {
  return typeof value === "object" && value !== null && "problem" in value;
}

export function instance(of: string, facts: Facts = {}): Instance {
  return { kind: "instance", of, facts };
}

/** Any arguments: they were judged when they were made, and the callee only stores them. */
export const anything: Act = (_, { of }) => instance(of);

/** Plain data only. */
export const constants: Act = (args, { of }) =>
  args.every((arg) => isConstant(arg)) ? instance(of) : { problem: "it is called with more than plain data" };

/** Instance state that goes into `__dict__`, or slots by name: a dict, or a pair of them (PEP 307). */
export const dictState: BuildAct = (target, state) => stateProblem(state) ?? target;

export function stateProblem(state: Value): Problem | undefined {
  const parts = isKind(state, "tuple") && state.items.length === 2 ? state.items : [state];
  for (const part of parts) {
    if (part === null) continue;
    if (!isKind(part, "dict")) return { problem: "its state has a form that was not proven" };
    if (part.special !== undefined)
      return { problem: `its state sets ${part.special}, which loaders look up and call`, verdict: "dangerous" };
  }
  return undefined;
}

/** State that the class's own reviewed code takes, whatever its form. */
export const anyState: BuildAct = (target) => target;

/** A class whose instances are made without code of their own and filled by {@link dictState}. */
export const inertClass: Rule = { make: anything, build: dictState };

/** The same, that may be called too: its constructor only stores its arguments. */
export const dataClass: Rule = { make: anything, call: anything, build: dictState };

/** A constant of a module: may be named, nothing else. */
export const constantName: Rule = {};

/** A function without effects: naming and calling it are fine. */
export const pureFunction: Rule = { call: (_, { of }) => instance(`${of}()`), callable: true };

/** The same rule for several names of one module. */
export function each(module: string, names: string, rule: Rule): Rules {
  return Object.fromEntries(names.split(/\s+/).map((name) => [`${module}:${name}`, rule]));
}

/**
 * What is wrong with a value that will be called later, or stands among the arguments of such a call. Names must be
 * harmless to call; `data` lets plain data and instances through.
 */
export function callableProblem(value: Value, context: ActContext, data = false): Problem | undefined {
  if (isKind(value, "name"))
    return context.callable(value) || context.listedClass(value)
      ? undefined
      : { problem: `it holds ${value.module}.${value.name}, which is not proven harmless whoever calls it` };
  if (isKind(value, "opaque")) return { problem: "it holds a computed object" };
  if (!data && !isKind(value, "instance")) return { problem: "what it is to call is no function" };
  if (!data && isKind(value, "instance") && value.of !== "functools:partial" && !value.of.startsWith("operator:"))
    return { problem: `it calls a ${value.of.replace(":", ".")}, which was not proven` };
  if (isKind(value, "tuple") || isKind(value, "list")) {
    if (value.more) return { problem: "it has more arguments than are looked at" };
    for (const item of value.items) {
      const problem = callableProblem(item, context, true);
      if (problem !== undefined) return problem;
    }
  }
  if (isKind(value, "dict")) {
    if (value.more && !value.otherKeys) return { problem: "it has more arguments than are looked at" };
    for (const item of value.entries.values()) {
      const problem = callableProblem(item, context, true);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}
