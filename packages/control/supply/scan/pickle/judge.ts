/**
 * Judges what a pickle stream does, action by action, against the allow-list. In: a context with the list and where
 * findings go. Out: the judge that a {@link PickleMachine} asks. Whatever is not proven is reported at the place where
 * it happens; the machine goes on with an unknown value.
 */
import type { Refusal, ScanFinding } from "../verdict.ts";
import { atlas, printable } from "../verdict.ts";
import { dangerOf } from "./danger.ts";
import type { Judge, PickleMachine, Place } from "./machine.ts";
import { opcodeName } from "./opcodes.ts";
import { StreamBroke } from "./read-argument.ts";
import { canonicalModule, type AllowList, type ListedName } from "./rules/allow-list.ts";
import { isProblem, type ActContext, type Fill, type Problem } from "./rules/rule.ts";
import { describe, isKind, isObj, makeTuple, opaque, type Instance, type Name, type Value } from "./values.ts";

export interface JudgeContext {
  readonly allowed: AllowList;
  readonly report: (finding: ScanFinding) => void;
  /** What a persistent id stands for; undefined where a plain loader raises. */
  readonly persistent: ((id: Value) => Value | Problem) | undefined;
  /** Judges a payload that stands as bytes or text in this stream and is handed to a loader. */
  readonly nested: (payload: Value, loader: "pickle" | "torch", place: Place) => Value;
  /** A long constant: may hold a payload that nobody here loads. */
  readonly constant: (value: Value, place: Place) => void;
  /** What happens after BUILD of a wrapper whose loader reads on. */
  readonly afterBuild: ((target: Instance, machine: PickleMachine, place: Place) => Value) | undefined;
}

export function openJudge(context: JudgeContext): Judge {
  const seen = new Set<string>();

  const report = (
    rule: string,
    verdict: Refusal,
    words: string,
    place: Place,
    extra: Partial<Pick<ScanFinding, "name" | "resolution" | "atlas">> = {},
  ): void => {
    const key = `${rule} ${extra.name ?? words}`;
    if (seen.has(key)) return;
    seen.add(key);
    const opcode = opcodeName(place.opcode);
    context.report({
      rule,
      verdict,
      atlas: extra.atlas ?? (verdict === "dangerous" ? atlas.embeddedMalware : atlas.unsafeArtefact),
      offset: place.offset,
      ...(opcode === undefined ? {} : { opcode }),
      ...(extra.name === undefined ? {} : { name: extra.name }),
      ...(extra.resolution === undefined ? {} : { resolution: extra.resolution }),
      words,
    });
  };

  const listed = (value: Value): ListedName | undefined =>
    isKind(value, "name") ? context.allowed(value.module, value.name) : undefined;

  const actContext = (of: string, place: Place): ActContext => ({
    of,
    importComputed: (module, name) => judge.importName(module, name, "computed", place),
    nested: (payload, loader) => context.nested(payload, loader, place),
    call: (callee, args) => judge.call(callee, makeTuple(args), place),
    make: (cls, args) => judge.make(cls, makeTuple(args), undefined, place),
    callable: (value) => listed(value)?.rule.callable === true,
    listedClass: (value) => listed(value)?.rule.make !== undefined,
  });

  const settle = (result: Value | Problem, name: Name, place: Place): Value => {
    if (!isProblem(result)) return result;
    const full = `${name.module}.${name.name}`;
    report(
      "pickle/unproven-use",
      result.verdict ?? "unknown-import",
      `${printable(full)} is listed, but not used like this: ${result.problem}`,
      place,
      { name: full, resolution: name.resolution },
    );
    return opaque(`an unproven use of ${full}`);
  };

  const argsOf = (args: Value): readonly Value[] => {
    if (isKind(args, "tuple") || isKind(args, "list")) return args.more ? [...args.items, opaque("more")] : args.items;
    // pickle.py takes any iterable; the C unpickler raises.
    if (isKind(args, "dict")) return [...args.entries.keys()];
    if (typeof args === "string") return Array.from(args);
    if (isObj(args)) return [args];
    throw new StreamBroke("the arguments of a call are no tuple");
  };

  const unlistedCall = (callee: Value, args: readonly Value[], place: Place): Value => {
    if (isKind(callee, "name")) {
      const full = `${callee.module}.${callee.name}`;
      const danger = dangerOf(canonicalModule(callee.module), callee.name);
      if (danger !== undefined)
        report(
          "pickle/dangerous-call",
          "dangerous",
          `loading it calls ${printable(full)}, which ${danger}, with ${printable(describe(makeTuple(args)), 160)}`,
          place,
          { name: full, resolution: callee.resolution },
        );
      return opaque(`the result of ${full}`);
    }
    report(
      "pickle/computed-call",
      "unknown-import",
      `loading it calls ${printable(describe(callee))}, which was not imported by name`,
      place,
    );
    return opaque("the result of a computed call");
  };

  const judge: Judge = {
    importName(module, name, resolution, place) {
      if (typeof module !== "string" || typeof name !== "string") {
        if (
          !isKind(module, "opaque") &&
          !isKind(name, "opaque") &&
          !isKind(module, "instance") &&
          !isKind(name, "instance")
        )
          throw new StreamBroke("the names of an import are no strings");
        report("pickle/computed-import", "dangerous", "it imports a name that it computes while it loads", place, {
          resolution: "computed",
        });
        return opaque("an import by a computed name");
      }
      const full = `${module}.${name}`;
      const value: Name = { kind: "name", module, name, offset: place.offset, resolution };
      const known = context.allowed(module, name);
      if (known !== undefined) return value;
      const danger = dangerOf(canonicalModule(module), name);
      if (danger !== undefined)
        report("pickle/dangerous-import", "dangerous", `it imports ${printable(full)}, which ${danger}`, place, {
          name: full,
          resolution,
        });
      else
        report(
          "pickle/unknown-import",
          "unknown-import",
          `it imports ${printable(full)}, which is not on the allow-list`,
          place,
          {
            name: full,
            resolution,
          },
        );
      return value;
    },

    call(callee, args, place) {
      const list = argsOf(args);
      const known = listed(callee);
      if (known === undefined || !isKind(callee, "name")) {
        if (!isObj(callee)) throw new StreamBroke("it calls something that is no function");
        if (isKind(callee, "bytes") || isKind(callee, "tuple") || isKind(callee, "list") || isKind(callee, "dict"))
          throw new StreamBroke("it calls something that is no function");
        return unlistedCall(callee, list, place);
      }
      const act = known.rule.call;
      if (act === undefined) return settle({ problem: "it may be named, not called while loading" }, callee, place);
      if (list.some(isIterator))
        return settle({ problem: "it is given an iterator, which may never end" }, callee, place);
      return settle(act(list, actContext(known.key, place)), callee, place);
    },

    instantiate(cls, args, place) {
      if (args.length === 0 && listed(cls)?.rule.make !== undefined)
        return judge.make(cls, makeTuple([]), undefined, place);
      return judge.call(cls, makeTuple(args), place);
    },

    make(cls, args, keywords, place) {
      const list = [...argsOf(args), ...(isKind(keywords, "dict") ? keywords.entries.values() : [])];
      const known = listed(cls);
      if (known === undefined || !isKind(cls, "name")) {
        if (!isObj(cls)) throw new StreamBroke("it makes an instance of something that is no class");
        return unlistedCall(cls, list, place);
      }
      const act = known.rule.make;
      if (act === undefined) return settle({ problem: "it is no class that may be made without a call" }, cls, place);
      return settle(act(list, actContext(known.key, place)), cls, place);
    },

    build(target, state, place, machine) {
      if (isKind(target, "name")) {
        report(
          "pickle/attribute-write",
          "dangerous",
          `it writes attributes of ${printable(describe(target))} itself, for every user of that class or function`,
          place,
          { name: `${target.module}.${target.name}`, resolution: target.resolution },
        );
        return target;
      }
      if (isKind(target, "opaque")) return target;
      if (!isKind(target, "instance")) {
        // An empty state is passed over; for another one the loader raises, later than here.
        return target;
      }
      const [module, name] = splitKey(target.of);
      const known = context.allowed(module, name);
      const act = known?.rule.build;
      const asName: Name = { kind: "name", module, name, offset: place.offset, resolution: "constant" };
      if (act === undefined) return settle({ problem: "its state was not proven" }, asName, place);
      const built = settle(act(target, state, actContext(target.of, place)), asName, place);
      if (context.afterBuild !== undefined && isKind(built, "instance"))
        return context.afterBuild(built, machine, place);
      return built;
    },

    fill(target, how: Fill, place) {
      if (isKind(target, "opaque")) return;
      if (isKind(target, "instance")) {
        const [module, name] = splitKey(target.of);
        if (context.allowed(module, name)?.rule.fill?.includes(how) === true) return;
        report(
          "pickle/unproven-fill",
          "unknown-import",
          `it calls the ${how === "item" ? "__setitem__" : how} method of a ${printable(target.of.replace(":", "."))}`,
          place,
          { name: target.of.replace(":", ".") },
        );
        return;
      }
      if (isKind(target, "name")) {
        report(
          "pickle/attribute-write",
          "dangerous",
          `it puts items into ${printable(describe(target))} itself`,
          place,
          {
            name: `${target.module}.${target.name}`,
          },
        );
        return;
      }
      // `[0][0] = x` and `bytearray.append` work; where they do not, the stream breaks later than it does for a loader.
      if (!isObj(target)) throw new StreamBroke("it puts items into something that takes none");
    },

    persistent(id, place) {
      if (context.persistent === undefined) {
        report(
          "pickle/persistent-id",
          "unknown-import",
          "it asks its loader for an object by a persistent id; what that gives is not in this file",
          place,
        );
        return opaque("a persistent id");
      }
      const result = context.persistent(id);
      if (!isProblem(result)) return result;
      report("pickle/persistent-id", result.verdict ?? "malformed", `a persistent id: ${result.problem}`, place);
      return opaque("a persistent id");
    },

    extension(code, place) {
      report(
        "pickle/extension-code",
        "unknown-import",
        `it imports extension ${code} of copyreg's registry, whose names depend on the machine that loads it`,
        place,
        { name: `copyreg extension ${code}` },
      );
      return opaque("an extension");
    },

    buffer(place) {
      report("pickle/out-of-band", "unsupported", "it takes a buffer from outside this file", place);
      return opaque("an out-of-band buffer");
    },

    constant: (value, place) => context.constant(value, place),

    irregular(rule, words, place) {
      const verdict = rule.endsWith("-bomb") ? "dangerous" : "malformed";
      report(rule, verdict, words, place, {
        atlas: verdict === "dangerous" ? atlas.denialOfService : atlas.unsafeArtefact,
      });
    },
  };
  return judge;
}

/** `deque(itertools.repeat(0))` never returns. */
function isIterator(value: Value): boolean {
  return isKind(value, "instance") && (value.of.startsWith("itertools:") || /^builtins:x?range$/.test(value.of));
}

function splitKey(key: string): [string, string] {
  const at = key.indexOf(":");
  return [key.slice(0, at), key.slice(at + 1)];
}
