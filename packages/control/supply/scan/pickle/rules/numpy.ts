/**
 * NumPy: arrays, dtypes, scalars, random generators, ufuncs. In: nothing. Out: rules.
 *
 * `dtype.__setstate__` takes the type's flags from the file: without the flag that says "items are objects", NumPy
 * would read raw bytes as pointers to Python objects. So a dtype's text and flags must agree, and an array's state
 * must be a list for objects and bytes for the rest (numpy/_core/src/multiarray/descriptor.c, methods.c).
 */
import { isConstant, isKind, type Instance, type Value } from "../values.ts";
import {
  anything,
  constantName,
  constants,
  each,
  inertClass,
  instance,
  type Act,
  type BuildAct,
  type Problem,
  type Rule,
  type Rules,
} from "./rule.ts";

const dtypeText = /^[<>|=]?(?:[?bBhHiIlLqQpPefdgFDGc]|[biufcSUVaMmOS]\d{0,9}|[Mm]8?\[[^\]]{0,16}\])$/;
const dtypeWords = new Set([
  "bool",
  "int",
  "float",
  "complex",
  "str",
  "bytes",
  "object",
  "int8",
  "int16",
  "int32",
  "int64",
]);
for (const word of ["uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64", "complex64", "complex128"])
  dtypeWords.add(word);

/** `numpy.dtype("f8", False, True)`. */
const dtype: Act = ([text, ...rest]) => {
  if (isKind(text, "instance") && text.of === "numpy:dtype") return text;
  if (isKind(text, "name")) {
    const plain = /^(?:bool|u?int|float|complex|str|bytes|datetime|timedelta|void|half|single|double|record)/.test(
      text.name,
    );
    if (!plain && !text.name.startsWith("object")) return { problem: "its type is no scalar type" };
    return instance("numpy:dtype", { objects: !plain });
  }
  if (typeof text !== "string" || !rest.every((arg) => isConstant(arg))) return { problem: "its type is no text" };
  if (!dtypeText.test(text) && !dtypeWords.has(text))
    return { problem: `its type \`${text.slice(0, 40)}\` was not proven` };
  const code = text.replace(/^[<>|=]/, "");
  return instance("numpy:dtype", {
    dtype: code,
    objects: code.startsWith("O") || text === "object",
    ...itemBytes(code),
  });
};

function itemBytes(code: string): { itemBytes?: number } {
  const size = /^([biufcOSaVMm])(\d+)/.exec(code);
  if (size !== null) return { itemBytes: Number(size[2]) };
  const unicode = /^U(\d+)/.exec(code);
  return unicode === null ? {} : { itemBytes: Number(unicode[1]) * 4 };
}

/** Flags of a type whose items are objects: 63; of a structure that has some: 27 (`NPY_FROM_FIELDS`). */
const objectFlags = 27;

const dtypeState: BuildAct = (target, state) => {
  if (!isKind(state, "tuple") || state.items.length < 6) return { problem: "its state has a form that was not proven" };
  const items = state.items;
  // (version, order, subarray, names, fields, size, alignment[, flags[, metadata]]); versions 0 to 2 lack some.
  const fields = items.find((item) => isKind(item, "dict"));
  const subarray = items[2];
  const flags = items[7];
  let objects = target.facts.objects === true;
  if (isKind(fields, "dict")) {
    if (fields.more) return { problem: "it has more fields than are looked at" };
    objects ||= [...fields.entries.values()].some(holdsObjects);
  }
  if (isKind(subarray, "tuple")) objects ||= holdsObjects(subarray);
  if (!objects && typeof flags === "number" && flags !== 0 && (flags & 1) !== 0) objects = true;
  if (objects && (typeof flags !== "number" || (flags & objectFlags) !== objectFlags))
    return {
      problem: "its items are objects but its flags say that they are not: NumPy would read bytes as pointers",
      verdict: "dangerous",
    };
  const size = items[5];
  return instance("numpy:dtype", {
    ...target.facts,
    objects,
    ...(typeof size === "number" && size > 0 ? { itemBytes: size } : {}),
  });
};

function holdsObjects(value: Value): boolean {
  if (isKind(value, "instance")) return value.facts.objects === true;
  if (isKind(value, "tuple") || isKind(value, "list")) return value.more || value.items.some(holdsObjects);
  return isKind(value, "opaque");
}

const arrayTypes = new Set(
  "numpy:ndarray numpy:matrix numpy:recarray numpy:memmap numpy.ma.core:MaskedArray numpy.ma:MaskedArray".split(" "),
);
for (const other of "numpy.matrixlib.defmatrix:matrix numpy.core.records:recarray numpy.core.memmap:memmap numpy.rec:recarray".split(
  " ",
))
  arrayTypes.add(other);

/** `_reconstruct(numpy.ndarray, (0,), b"b")`: an empty array of a known class. */
const reconstruct: Act = ([cls, shape, kind]) => {
  if (!isKind(cls, "name") || !arrayTypes.has(`${cls.module}:${cls.name}`.replace("numpy._core", "numpy.core")))
    return { problem: "it makes something that is no listed array class" };
  if (!isKind(shape, "tuple") || !isConstant(shape) || product(shape.items) > 0)
    return { problem: "it makes an array that is not empty" };
  if (!isConstant(kind ?? null) && !isKind(kind, "instance")) return { problem: "its kind is no text" };
  return instance("numpy:ndarray");
};

function product(items: readonly Value[]): number {
  return items.reduce<number>((all, item) => all * (typeof item === "number" ? item : Infinity), 1);
}

/** (version, shape, dtype, Fortran order, data). */
const arrayState: BuildAct = (target, state) => {
  if (isKind(state, "tuple") && state.items.length === 2 && isKind(state.items[0], "tuple"))
    return arrayState(target, state.items[0], undefined as never);
  if (!isKind(state, "tuple") || state.items.length < 4) return { problem: "its state has a form that was not proven" };
  const items = state.items.length >= 5 ? state.items.slice(1) : state.items;
  const [shape, type, , data] = items;
  if (!isKind(shape, "tuple") || !isKind(type, "instance") || type.of !== "numpy:dtype")
    return { problem: "its state has a form that was not proven" };
  if (type.facts.objects === true && !isKind(data, "list"))
    return { problem: "its items are objects but its data is no list", verdict: "dangerous" };
  if (type.facts.objects !== true && !isBytes(data)) return { problem: "its data is not bytes" };
  return target;
};

function isBytes(value: Value | undefined): boolean {
  return (
    typeof value === "string" ||
    isKind(value, "bytes") ||
    isKind(value, "list") ||
    (isKind(value, "instance") && (value.of === "builtins:bytes" || value.of === "builtins:bytearray"))
  );
}

/** `scalar(dtype, bytes)`; with a type of objects NumPy takes the second argument as the object, or as a pointer to it. */
const scalar: Act = ([type, data]): Value | Problem => {
  if (!isKind(type, "instance") || type.of !== "numpy:dtype") return { problem: "its type is no dtype" };
  if (type.facts.objects === true) return { problem: "it makes a scalar of an object type" };
  return data === undefined || isBytes(data) ? instance("numpy:scalar") : { problem: "its data is not bytes" };
};

const fromBuffer: Act = ([data, type]) =>
  isBytes(data) && isKind(type, "instance") && type.of === "numpy:dtype" && type.facts.objects !== true
    ? instance("numpy:ndarray")
    : { problem: "it is called with strange arguments" };

const generators = new Set(["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64", "RandomState", "Generator"]);

/** Constructors of random generators take the generator's name, or its class. */
const generator: Act = (args, { of }) => {
  const fine = args.every(
    (arg) =>
      (typeof arg === "string" && generators.has(arg)) ||
      (isKind(arg, "name") &&
        (generators.has(arg.name) || /^__(?:bit_generator|randomstate|generator)_ctor$/.test(arg.name))) ||
      isKind(arg, "instance"),
  );
  return fine ? instance(of) : { problem: "it makes something that is no known generator" };
};

const generatorState: BuildAct = (target, state) =>
  isConstant(state) || isKind(state, "dict") || isKind(state, "tuple")
    ? target
    : { problem: "its state has a form that was not proven" };

/** `_ufunc_reconstruct(module, name)` imports what it is told: only from NumPy and SciPy's own tables. */
const ufunc: Act = ([module, name]) => {
  const known = ["numpy", "numpy.core._multiarray_umath", "numpy._core._multiarray_umath", "scipy.special._ufuncs"];
  if (
    typeof module !== "string" ||
    typeof name !== "string" ||
    !known.includes(module) ||
    !/^[a-z][a-z0-9_]*$/.test(name)
  )
    return { problem: "it imports something that is no ufunc of NumPy or SciPy", verdict: "dangerous" };
  return instance("numpy:ufunc");
};

const maReconstruct: Act = ([cls, base, shape]) =>
  isKind(cls, "name") &&
  isKind(base, "name") &&
  base.name === "ndarray" &&
  isKind(shape, "tuple") &&
  product(shape.items) === 0
    ? instance("numpy.ma.core:MaskedArray")
    : { problem: "it is called with strange arguments" };

const maState: BuildAct = (target, state) =>
  isKind(state, "tuple") && (state.items.length === 7 || state.items.length === 6)
    ? checkMa(target, state.items)
    : { problem: "its state has a form that was not proven" };

function checkMa(target: Instance, items: readonly Value[]): Value | Problem {
  const type = items[2];
  if (!isKind(type, "instance") || type.of !== "numpy:dtype") return { problem: "its type is no dtype" };
  if (type.facts.objects === true && !isKind(items[4], "list"))
    return { problem: "its items are objects but its data is no list", verdict: "dangerous" };
  return target;
}

const scalarTypes =
  "float16 float32 float64 float128 longdouble int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool_ bool str_ bytes_ " +
  "complex64 complex128 generic number integer floating inexact signedinteger unsignedinteger datetime64 timedelta64 void " +
  "intc intp uintp uint uintc longlong ulonglong int_ float_ double single half object_ unicode_ string_ character long " +
  "ulong complexfloating cdouble csingle clongdouble short ushort byte ubyte int0 uint0 void0 bool8 str0 bytes0 object0";

const functions =
  "abs absolute add all any amax amin arange arccos arcsin arctan argmax argmin argsort around array asarray ceil clip " +
  "concatenate cos cosh cumsum deg2rad diff divide dot equal exp exp2 expm1 fabs floor greater identity isfinite isnan " +
  "less linspace log log10 log1p log2 logical_and logical_not logical_or max maximum mean median min minimum mod multiply " +
  "nan_to_num nanmax nanmean nanmedian nanmin nanstd nansum negative norm ones ones_like percentile power prod ptp " +
  "quantile rad2deg ravel reciprocal reshape rint round sign sin sinh sort sqrt square squeeze stack std subtract sum tan " +
  "tanh transpose true_divide unique var vstack hstack where zeros zeros_like cbrt average float_power trunc heaviside";

const dtypeClasses =
  "Bool Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 Float16 Float32 Float64 LongDouble Complex64 Complex128 Object Str Bytes String Void DateTime64 TimeDelta64"
    .split(" ")
    .map((name) => (name === "String" ? "StringDType" : `${name}DType`))
    .join(" ");

/** A string type's items are written as a list, like objects. */
const stringType: Act = (args) =>
  args.every((arg) => isConstant(arg))
    ? instance("numpy:dtype", { objects: true })
    : { problem: "it is called with more than plain data" };

const random: Rule = { make: generator, call: generator, build: generatorState };

export const numpyRules: Rules = {
  "numpy:dtype": { make: dtype, call: dtype, build: dtypeState },
  "numpy:ndarray": { build: arrayState },
  "numpy:poly1d": inertClass,
  ...each("numpy.core._multiarray_umath", functions, { callable: true }),
  ...each("numpy", scalarTypes, { make: constants, call: constants }),
  ...each("numpy", functions, { callable: true }),
  ...each("numpy.core.multiarray", "_reconstruct", { call: reconstruct }),
  ...each("numpy.core.multiarray", "scalar", { call: scalar }),
  "numpy.core.numeric:_frombuffer": { call: fromBuffer },
  "numpy.core:_ufunc_reconstruct": { call: ufunc },
  "numpy.core.multiarray:_ufunc_reconstruct": { call: ufunc },
  "numpy.ma.core:_mareconstruct": { call: maReconstruct },
  "numpy.ma.core:MaskedArray": { build: maState },
  "numpy.ma:MaskedArray": { build: maState },
  "numpy.ma.core:MaskedConstant": { call: anything },
  ...Object.fromEntries(
    [...arrayTypes].filter((name) => !/ndarray|MaskedArray$/.test(name)).map((name) => [name, constantName]),
  ),
  ...each("numpy.random._pickle", "__randomstate_ctor __generator_ctor __bit_generator_ctor", random),
  ...each("numpy.random", "__RandomState_ctor", random),
  ...each("numpy.random.mtrand", "RandomState __randomstate_ctor", random),
  ...each("numpy.random._mt19937", "MT19937", random),
  ...each("numpy.random._pcg64", "PCG64 PCG64DXSM", random),
  ...each("numpy.random._philox", "Philox", random),
  ...each("numpy.random._sfc64", "SFC64", random),
  ...each("numpy.random._generator", "Generator", random),
  ...each("numpy.random.bit_generator", "SeedSequence", { make: anything, build: generatorState }),
  ...each("numpy.dtypes", dtypeClasses, constantName),
  "numpy.core._internal:_convert_to_stringdtype_kwargs": { call: stringType },
  "numpy.random.bit_generator:__pyx_unpickle_SeedSequence": {
    call: cythonUnpickle("numpy.random.bit_generator:SeedSequence"),
  },
  "numpy.lib.polynomial:poly1d": inertClass,
  "numpy.lib._polynomial_impl:poly1d": inertClass,
  ...each("numpy.polynomial.polynomial", "Polynomial", inertClass),
  ...each("numpy.polynomial.chebyshev", "Chebyshev", inertClass),
  ...each("numpy.polynomial.legendre", "Legendre", inertClass),
  "numpy.core.records:record": constantName,
  "numpy:record": constantName,
};

/** `__pyx_unpickle_X(cls, checksum, state)`: Cython's own; the class must be the one it is for. */
export function cythonUnpickle(expected: string): Act {
  return ([cls, checksum, state]) => {
    if (!isKind(cls, "name") || `${cls.module}:${cls.name}` !== expected) return { problem: "it makes another class" };
    if (typeof checksum !== "number" || !(state === undefined || state === null || isKind(state, "tuple")))
      return { problem: "it is called with strange arguments" };
    return instance(expected);
  };
}
