/**
 * `builtins`, `copyreg` and `_codecs`: what pickle itself is made of. In: nothing. Out: rules. Types that hold data may
 * be made from data; what reaches attributes is followed symbolically; the rest is not listed.
 */
import { isConstant, isKind, isObj, makeTuple, type Value } from "../values.ts";
import {
  anything,
  constantName,
  constants,
  dataClass,
  each,
  instance,
  type Act,
  type Problem,
  type Rule,
  type Rules,
} from "./rule.ts";

/** `list(range(10**12))` takes the machine's memory: containers are made of literals. */
const ofLiteral: Act = (args, { of }) => {
  const [first] = args;
  if (args.length > 1) return { problem: "it is called with more than one argument" };
  const literal =
    first === undefined ||
    isKind(first, "list") ||
    isKind(first, "tuple") ||
    isKind(first, "set") ||
    isKind(first, "dict");
  if (!literal) return { problem: "it is made of something that is no literal" };
  if (of === "builtins:set" || of === "builtins:frozenset") return { kind: "set", frozen: of.endsWith("frozenset") };
  if (of === "builtins:list" && isKind(first, "list")) return { ...first, items: [...first.items] };
  if (of === "builtins:tuple" && first !== undefined && (isKind(first, "list") || isKind(first, "tuple")))
    return first.more ? instance(of) : makeTuple(first.items);
  return instance(of);
};

/** `bytearray(10**12)` allocates: bytes come from bytes, or from text in Latin-1. */
const ofBytes: Act = (args, { of }) => {
  const [first] = args;
  if (first === undefined || isKind(first, "bytes")) return first ?? instance(of);
  if (typeof first === "string" || (isKind(first, "instance") && first.of === "builtins:bytes")) return instance(of);
  if (isKind(first, "list") && isConstant(first)) return instance(of);
  return { problem: "it is made of something that is neither bytes nor text" };
};

const ofText: Act = (args, context) => {
  const [first = "", ...more] = args;
  if (typeof first === "string" && more.length === 0) return first;
  return constants(args, context);
};

/** `_codecs.encode(text, "latin1")`: how protocol 2 writes bytes. Other codecs decompress, or run code of their own. */
const encode: Act = ([text, encoding = "utf-8", ...more]) => {
  const codec = typeof encoding === "string" ? encoding.toLowerCase().replaceAll("_", "-") : "";
  if (more.length > 0 || !["latin1", "latin-1", "iso-8859-1", "utf-8", "utf8", "ascii"].includes(codec))
    return { problem: "it is called with a codec that was not proven" };
  if (isKind(text, "bytes")) return text;
  if (typeof text === "string") return instance("builtins:bytes", { arguments: [text] });
  return { problem: "it encodes something that is no text" };
};

/** `getattr(Outer, "Inner")`: how older protocols write nested classes and methods. Followed, never done. */
const attribute: Act = ([target, name, ...more], context): Value | Problem => {
  if (typeof name !== "string" || more.length > 0 || target === undefined)
    return { problem: "it is called with a name that is not written out", verdict: "dangerous" };
  if (isKind(target, "name")) return context.importComputed(target.module, `${target.name}.${name}`);
  if (name.startsWith("__")) return { problem: `it takes the attribute ${name}`, verdict: "dangerous" };
  return { problem: `it takes the attribute ${name} of an object` };
};

/** `copyreg._reconstructor(cls, base, state)`: `base.__new__(cls, state)`, then `base.__init__` of a builtin type. */
const reconstructor: Act = ([cls, base, state, ...more], context) => {
  if (cls === undefined || more.length > 0) return { problem: "it is called with strange arguments" };
  const plain = ["object", "dict", "list", "tuple", "set", "frozenset", "float", "int", "str", "bytes", "complex"];
  if (
    !isKind(base, "name") ||
    base.module.replace("__builtin__", "builtins") !== "builtins" ||
    !plain.includes(base.name)
  )
    return { problem: "its base is no builtin type" };
  if (state !== undefined && !isConstant(state) && !isObj(state)) return { problem: "its state is not plain data" };
  return context.make(cls, []);
};

const newobj: Act = ([cls, ...args], context) =>
  cls === undefined ? { problem: "it is called without a class" } : context.make(cls, args);

const newobjEx: Act = ([cls, args, keywords], context) => {
  if (cls === undefined || !isKind(args, "tuple") || !isKind(keywords, "dict"))
    return { problem: "it is called with strange arguments" };
  return context.make(cls, [...args.items, ...keywords.entries.values()]);
};

const container: Rule = { make: ofLiteral, call: ofLiteral, callable: true };
const scalar: Rule = { make: constants, call: constants, callable: true };

/** Exceptions only store their arguments. */
const exceptions =
  "BaseException Exception ArithmeticError AssertionError AttributeError EOFError FileNotFoundError FloatingPointError " +
  "ImportError IndexError KeyError LookupError MemoryError NameError NotImplementedError OSError OverflowError " +
  "PermissionError RecursionError ReferenceError RuntimeError StopIteration SyntaxError SystemError TimeoutError " +
  "TypeError UnicodeDecodeError UnicodeEncodeError UnicodeError ValueError Warning DeprecationWarning FutureWarning " +
  "RuntimeWarning UserWarning ZeroDivisionError InterruptedError ConnectionError ConnectionResetError BrokenPipeError";

export const builtinRules: Rules = {
  "builtins:object": {
    make: anything,
    call: () => instance("builtins:object"),
  },
  ...each("builtins", "set frozenset list tuple dict", container),
  "builtins:dict": { ...container, fill: ["item"] },
  "builtins:list": { ...container, fill: ["append"] },
  "builtins:set": { ...container, fill: ["add"] },
  "builtins:bytes": { make: ofBytes, call: ofBytes },
  "builtins:bytearray": { make: ofBytes, call: ofBytes },
  "builtins:str": { make: ofText, call: ofText, callable: true },
  "builtins:unicode": { make: ofText, call: ofText, callable: true },
  ...each("builtins", "int float bool complex long slice", scalar),
  ...each("builtins", "range xrange", { make: constants, call: constants }),
  // Looking only: harmless whoever calls them.
  ...each(
    "builtins",
    "len abs min max sum round any all sorted repr ord chr hash isinstance issubclass zip enumerate",
    {
      callable: true,
    },
  ),
  ...each("builtins", "Ellipsis NotImplemented None True False property staticmethod classmethod super", constantName),
  ...each("builtins", exceptions, dataClass),
  // `type(None)` and `type(...)` only: with three arguments it makes a class.
  "builtins:type": {
    call: (args) => (args.length === 1 ? instance("builtins:NoneType") : { problem: "it makes a class" }),
  },
  ...each("builtins", "str.lower str.upper str.strip str.title str.split str.casefold unicode.lower unicode.upper", {
    callable: true,
  }),
  "builtins:getattr": { call: attribute },
  "copyreg:_reconstructor": { call: reconstructor },
  "copyreg:__newobj__": { call: newobj },
  "copyreg:__newobj_ex__": { call: newobjEx },
  "_codecs:encode": { call: encode },
};
