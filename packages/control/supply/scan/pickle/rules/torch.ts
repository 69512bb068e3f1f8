/**
 * PyTorch: storages, tensors and how they are rebuilt (torch/_utils.py, torch/_tensor.py), dtypes, functions of
 * `torch.nn.functional`. In: nothing. Out: rules. What rebuilds through a function given in the file is followed.
 */
import { isConstant, isKind, type Value } from "../values.ts";
import {
  anything,
  anyState,
  constantName,
  constants,
  each,
  inertClass,
  instance,
  isProblem,
  stateProblem,
  type Act,
  type BuildAct,
  type Problem,
  type Rules,
} from "./rule.ts";

/** Names of storage classes: what a persistent id may name. */
export const storageNames =
  "DoubleStorage FloatStorage HalfStorage BFloat16Storage LongStorage IntStorage ShortStorage CharStorage ByteStorage " +
  "BoolStorage QUInt8Storage QInt8Storage QInt32Storage QUInt4x2Storage QUInt2x4Storage ComplexFloatStorage " +
  "ComplexDoubleStorage UntypedStorage TypedStorage";
const tensorNames =
  "FloatTensor DoubleTensor HalfTensor BFloat16Tensor LongTensor IntTensor ShortTensor CharTensor ByteTensor BoolTensor";
const dtypes =
  "float32 float float64 double float16 half bfloat16 uint8 int8 int16 short int32 int int64 long bool complex32 chalf " +
  "complex64 cfloat complex128 cdouble quint8 qint8 qint32 quint4x2 quint2x4 float8_e5m2 float8_e4m3fn " +
  "float8_e5m2fnuz float8_e4m3fnuz float8_e8m0fnu float4_e2m1fn_x2 bits8 bits16 bits1x8 bits2x4 bits4x2 uint16 uint32 uint64 " +
  "uint1 uint2 uint3 uint4 uint5 uint6 uint7 int1 int2 int3 int4 int5 int6 int7 strided sparse_coo sparse_csr sparse_csc " +
  "sparse_bsr sparse_bsc per_tensor_affine per_tensor_symmetric per_channel_affine per_channel_symmetric " +
  "per_channel_affine_float_qparams contiguous_format channels_last channels_last_3d preserve_format";

const isTensor = (value: Value | undefined): boolean =>
  isKind(value, "instance") && (value.of.startsWith("torch") || value.of === "numpy:ndarray");

/** The first argument is what a persistent id or `_load_from_bytes` gave; the rest sizes, flags and hooks. */
const fromStorage: Act = ([storage, ...rest]) => {
  if (!isTensor(storage)) return { problem: "it is made of something that is no storage or tensor" };
  const fine = rest.every((arg) => isConstant(arg) || isKind(arg, "instance") || isKind(arg, "name"));
  return fine ? instance("torch:Tensor") : { problem: "it is called with strange arguments" };
};

/** Everything in the arguments is data, tensors or dtypes. */
const ofData: Act = (args) =>
  args.every((arg) => plain(arg)) ? instance("torch:Tensor") : { problem: "it is called with strange arguments" };

function plain(value: Value, depth = 0): boolean {
  if (isConstant(value) || isKind(value, "instance")) return true;
  if (isKind(value, "name")) return value.module.split(".")[0] === "torch";
  return (isKind(value, "tuple") || isKind(value, "list")) && !value.more && depth < 4
    ? value.items.every((item) => plain(item, depth + 1))
    : false;
}

const parameterWithState: Act = ([data, , , state = null]) => {
  if (!isTensor(data)) return { problem: "it is made of something that is no tensor" };
  return stateProblem(state) ?? instance("torch:Tensor");
};

/** `_rebuild_from_type_v2(func, type, args, state)` calls `func(*args)`, then sets state: each is judged as if it stood alone. */
const fromType: Act = ([func, type, args, state = null], context): Value | Problem => {
  if (func === undefined || type === undefined || !isKind(args, "tuple"))
    return { problem: "it is called with strange arguments" };
  if (!context.listedClass(type)) return { problem: "its type is no listed class" };
  const problem = stateProblem(state);
  if (problem !== undefined) return problem;
  const made = context.call(func, args.items);
  return isProblem(made) ? made : instance("torch:Tensor");
};

const loadFromBytes: Act = ([payload], context) =>
  payload === undefined ? { problem: "it is called without bytes" } : context.nested(payload, "torch");

const loads: Act = ([payload, ...more], context) =>
  payload === undefined || more.length > 0
    ? { problem: "it loads a pickle in a way that was not proven", verdict: "dangerous" }
    : context.nested(payload, "pickle");

/** `Tensor.__setstate__`: a storage with its layout, or flags and hooks. */
const tensorState: BuildAct = (target, state) =>
  isKind(state, "tuple") || isKind(state, "dict") || state === null
    ? (stateProblem(isKind(state, "tuple") && state.items.length !== 2 ? null : state) ?? target)
    : { problem: "its state has a form that was not proven" };

const functional =
  "relu relu_ relu6 elu elu_ selu celu gelu silu mish hardswish hardsigmoid hardtanh leaky_relu leaky_relu_ prelu rrelu glu " +
  "logsigmoid sigmoid tanh softmax log_softmax softmin softplus softsign tanhshrink softshrink threshold dropout " +
  "adaptive_avg_pool1d adaptive_avg_pool2d avg_pool1d avg_pool2d max_pool1d max_pool2d interpolate upsample pad normalize " +
  "linear bilinear embedding conv1d conv2d conv3d batch_norm layer_norm group_norm cross_entropy mse_loss l1_loss nll_loss " +
  "smooth_l1_loss huber_loss binary_cross_entropy binary_cross_entropy_with_logits kl_div cosine_similarity one_hot " +
  "scaled_dot_product_attention pixel_shuffle unfold fold";
const torchFunctions =
  "relu relu_ sigmoid tanh softmax log_softmax exp log sqrt abs sin cos sum mean max min cat stack zeros ones add mul sub div " +
  "square sign clamp erf selu celu softplus dropout layer_norm batch_norm logical_and logical_or zeros_like ones_like " +
  "matmul bmm mm einsum norm floor ceil round identity";

const tensorFunction = { callable: true } as const;

export const torchRules: Rules = {
  ...each("torch", storageNames, constantName),
  ...each("torch.cuda", storageNames, constantName),
  ...each("torch.storage", `${storageNames} _UntypedStorage _TypedStorage`, constantName),
  ...each("torch", dtypes, constantName),
  ...each("torch", "dtype layout memory_format qscheme", constantName),
  ...each("torch", tensorNames, { make: constants, call: ofData, build: tensorState }),
  ...each("torch.cuda", tensorNames, { make: constants, call: ofData, build: tensorState }),
  "torch:Tensor": { make: ofData, call: ofData, build: tensorState },
  "torch._tensor:Tensor": { make: ofData, call: ofData, build: tensorState },
  "torch.tensor:Tensor": { make: ofData, call: ofData, build: tensorState },
  ...each("torch.nn.parameter", "Parameter Buffer", { make: ofData, call: ofData, build: tensorState }),
  ...each("torch.nn", "Parameter Buffer", { make: ofData, call: ofData, build: tensorState }),
  ...each("torch.nn.parameter", "UninitializedParameter UninitializedBuffer", {
    make: ofData,
    call: ofData,
    build: tensorState,
  }),
  "torch:Size": { make: constants, call: constants, callable: true },
  "torch:device": { make: constants, call: constants, callable: true },
  "torch.serialization:_get_layout": { call: constants },
  ...each("torch._utils", "_rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3", { call: fromStorage }),
  ...each("torch._utils", "_rebuild_parameter", { call: fromStorage }),
  ...each("torch._utils", "_rebuild_parameter_with_state", { call: parameterWithState }),
  ...each(
    "torch._utils",
    "_rebuild_qtensor _rebuild_sparse_tensor _rebuild_sparse_csr_tensor _rebuild_nested_tensor _rebuild_meta_tensor_no_storage " +
      "_rebuild_device_tensor_from_numpy _rebuild_device_tensor_from_cpu_tensor _rebuild_xla_tensor",
    { call: ofData },
  ),
  ...each("torch._tensor", "_rebuild_from_type_v2 _rebuild_from_type", { call: fromType }),
  "torch.storage:_load_from_bytes": { call: loadFromBytes },
  ...each("pickle", "loads", { call: loads }),
  ...each("_pickle", "loads", { call: loads }),
  ...each("torch.nn.functional", functional, tensorFunction),
  ...each(
    "torch._C._nn",
    "gelu silu relu6 hardswish leaky_relu elu_ hardtanh softplus log_sigmoid mish",
    tensorFunction,
  ),
  ...each("torch._C._special", "special_expit", tensorFunction),
  ...each("torch", torchFunctions, tensorFunction),
  "torch._C:_VariableFunctions": constantName,
  ...each("torch._C", "Generator Size device dtype", { make: anything, call: constants, build: anyState }),
  "torch.distributions.constraints:_Real": inertClass,
};
