/**
 * Python's standard library, as far as models hold it: containers, dates, numbers, paths, patterns. In: nothing. Out:
 * rules. What takes callables takes only those that are harmless whoever calls them.
 */
import { isConstant, isKind, type Value } from "../values.ts";
import {
  anything,
  anyState,
  callableProblem,
  constantName,
  constants,
  dataClass,
  dictState,
  each,
  inertClass,
  instance,
  pureFunction,
  type Act,
  type BuildAct,
  type Rule,
  type Rules,
} from "./rule.ts";

const mapping: Rule = { make: anything, call: anything, build: dictState, fill: ["item"] };

/** The factory of a defaultdict is called for each missing key. */
const withFactory: Act = (args, context) => {
  const [factory = null] = args;
  if (factory !== null) {
    const problem = callableProblem(factory, context);
    if (problem !== undefined) return problem;
  }
  return instance(context.of);
};

/** `partial(f, …)` is called later by whoever finds it: everything callable in it must be harmless to call. */
const partial: Act = (args, context) => {
  const [callee] = args;
  if (callee === undefined) return { problem: "it is called without a function" };
  for (const arg of args) {
    const problem = callableProblem(arg, context, arg !== callee);
    if (problem !== undefined) return problem;
  }
  return instance(context.of);
};

/** `partial.__setstate__((func, args, keywords, dict))` replaces the function. */
const partialState: BuildAct = (target, state, context) => {
  if (!isKind(state, "tuple") || state.items.length !== 4)
    return { problem: "its state has a form that was not proven" };
  const [callee = null, args = null, keywords = null] = state.items;
  const inner: Value[] = [];
  if (isKind(args, "tuple")) inner.push(...args.items);
  if (isKind(keywords, "dict")) inner.push(...keywords.entries.values());
  if ((isKind(args, "tuple") && args.more) || (isKind(keywords, "dict") && keywords.more))
    return { problem: "it has more arguments than are looked at" };
  for (const value of [callee, ...inner]) {
    const problem = callableProblem(value, context, value !== callee);
    if (problem !== undefined) return problem;
  }
  return target;
};

/** `attrgetter("a.b")` reads attributes later; `__globals__` and the like lead out. */
const attributeGetter: Act = (args, { of }) => {
  if (!args.every((arg) => typeof arg === "string"))
    return { problem: "its names are not written out", verdict: "dangerous" };
  if (args.some((arg) => arg.includes("__")))
    return { problem: "it reaches for a special attribute", verdict: "dangerous" };
  return instance(of);
};

const pattern: Act = (args, { of }) => {
  const [text] = args;
  const known = typeof text === "string" || isKind(text, "bytes") || isKind(text, "instance");
  return known ? instance(of) : { problem: "its pattern is no text" };
};

/** `array._array_reconstructor(array.array, "d", 3, bytes)`. */
const arrayReconstructor: Act = ([cls, ...rest]) =>
  isKind(cls, "name") && cls.module === "array" && cls.name === "array" && rest.every((arg) => isConstant(arg))
    ? instance("array:array")
    : { problem: "it is called with strange arguments" };

/** `random.Random`: a class of CPython whose `__setstate__` takes a tuple of numbers. */
const randomState: BuildAct = (target, state) =>
  isKind(state, "tuple") ? target : { problem: "its state has a form that was not proven" };

export const standardLibraryRules: Rules = {
  "collections:OrderedDict": { ...mapping, callable: true },
  "collections:Counter": { ...mapping, callable: true },
  "collections:defaultdict": { make: withFactory, call: withFactory, build: dictState, fill: ["item"] },
  "collections:deque": { make: anything, call: anything, build: dictState, fill: ["append"], callable: true },
  ...each("collections", "ChainMap UserDict UserList UserString", dataClass),

  ...each("datetime", "datetime date time timedelta timezone", {
    make: constants,
    call: dateArguments(),
    build: dictState,
  }),
  "decimal:Decimal": { make: constants, call: constants, build: dictState },
  "_decimal:Decimal": { make: constants, call: constants, build: dictState },
  "fractions:Fraction": { make: constants, call: constants, build: dictState },
  "uuid:UUID": { make: anything, call: constants, build: dictState },
  "uuid:SafeUUID": { make: constants, call: constants },
  ...each("pathlib", "Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath", {
    make: constants,
    call: constants,
    build: dictState,
  }),
  ...each("pathlib._local", "Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath", {
    make: constants,
    call: constants,
    build: dictState,
  }),
  "argparse:Namespace": dataClass,
  // Gives the logger of that name: what it does is set by the program, not the file.
  "logging:getLogger": { call: constants },
  "UserDict:IterableUserDict": dataClass,
  "types:SimpleNamespace": dataClass,
  "types:MappingProxyType": { call: anything },
  "random:Random": { make: anything, call: constants, build: randomState },
  "re:_compile": { call: pattern },
  "re:compile": { call: pattern },
  "functools:partial": { make: partial, call: partial, build: partialState },
  ...each("operator", "itemgetter", { call: constants, make: constants }),
  ...each("operator", "attrgetter", { call: attributeGetter, make: attributeGetter }),
  ...each("operator", "add sub mul truediv floordiv mod neg pos eq ne lt le gt ge and_ or_ not_ xor abs", pureFunction),
  ...each(
    "_operator",
    "add sub mul truediv floordiv mod neg pos eq ne lt le gt ge and_ or_ not_ xor abs",
    pureFunction,
  ),
  "array:_array_reconstructor": { call: arrayReconstructor },
  "array:array": { make: constants, call: constants, build: dictState, fill: ["append"] },
  ...each("_io", "BytesIO StringIO", { make: constants, call: constants, build: anyState }),
  ...each("io", "BytesIO StringIO", { make: constants, call: constants, build: anyState }),
  ...each("itertools", "count repeat chain cycle", { call: constants }),
  ...each("string", "Template", dataClass),
  ...each("ipaddress", "IPv4Address IPv4Network IPv6Address IPv6Network", {
    call: constants,
    make: constants,
    build: dictState,
  }),
  "zoneinfo:ZoneInfo": { call: zoneKey(), make: zoneKey() },
  "zoneinfo:ZoneInfo._unpickle": { call: zoneKey() },
  ...each("math", "sqrt exp log log2 log10 log1p pow floor ceil sin cos tan tanh isnan", pureFunction),
  ...each(
    "typing",
    "Any Union Optional List Dict Tuple Set Callable Sequence Mapping Iterable NamedTuple TypeVar Generic Literal Type",
    constantName,
  ),
  ...each("abc", "ABC ABCMeta", constantName),
  ...each("enum", "Enum IntEnum Flag IntFlag auto", constantName),
  "numbers:Number": constantName,
  "numbers:Integral": constantName,
  "numbers:Real": constantName,
  "threading:Lock": inertClass,
  "time:struct_time": { call: constants, make: constants },
  // Time zones: tables of offsets, named by text.
  "pytz:_UTC": { call: constants },
  "pytz:_p": { call: constants },
  "dateutil.tz.tz:tzutc": dataClass,
  "dateutil.tz.tz:tzlocal": dataClass,
  "dateutil.tz.tz:tzoffset": { make: constants, call: constants, build: dictState },
};

function dateArguments(): Act {
  return (args, { of }) => {
    const fine = args.every((arg) => isConstant(arg) || isKind(arg, "instance"));
    return fine ? instance(of) : { problem: "it is called with more than plain data" };
  };
}

/** A zone is read from the time zone database by its key, which may not lead out of it. */
function zoneKey(): Act {
  return (args, { of }) => {
    const [key] = args;
    const fine = typeof key === "string" && /^[A-Za-z0-9_+-]+(?:\/[A-Za-z0-9_+-]+)*$/.test(key);
    return fine && args.every((arg) => isConstant(arg)) ? instance(of) : { problem: "its key is no zone's name" };
  };
}
