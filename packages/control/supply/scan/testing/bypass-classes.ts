/**
 * Ways in which scanners of model files were walked round, each built here from instructions. In: nothing. Out: for each,
 * a file, our verdict, and what follows from what picklescan 1.0.5 and ModelScan 0.8.8 publish: lists, issues, test files.
 * `docs/model-scanning.md` prints the table; `bypass-classes.test.ts` holds both.
 */
import { op } from "../pickle/opcodes.ts";
import type { Verdict } from "../verdict.ts";
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
  u64,
} from "./assemble.ts";
import { attack, silent, suspicious, onNoList, type BypassClass } from "./bypass-class.ts";
import { bypassFiles } from "./bypass-files.ts";

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

const pickles: readonly BypassClass[] = [
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
  pickle("runpy.run_path", run("runpy", "run_path", text("x")), "dangerous", "found", "found"),
  pickle("timeit.timeit", run("timeit", "timeit", text("x")), "dangerous", "found", onNoList),
  pickle("pydoc.pipepager", run("pydoc", "pipepager", text("x"), text("id")), "dangerous", "found", onNoList),
  pickle("pip.main", run("pip", "main", text("x")), "dangerous", "found", onNoList),
  pickle("ctypes.CDLL", run("ctypes", "CDLL", text("x.so")), "dangerous", "found", onNoList),
  pickle(
    "asyncio's process transport",
    run("asyncio.unix_events", "_UnixSubprocessTransport._start", text("id")),
    "dangerous",
    "found",
    "found",
  ),
  pickle(
    "distutils.file_util.write_file",
    run("distutils.file_util", "write_file", text("x")),
    "dangerous",
    "found",
    onNoList,
  ),
  pickle("uuid._get_command_stdout", run("uuid", "_get_command_stdout", text("id")), "dangerous", "found", onNoList),
  pickle(
    "numpy.f2py.crackfortran.myeval",
    run("numpy.f2py.crackfortran", "myeval", text("1")),
    "dangerous",
    "found",
    onNoList,
  ),
  pickle("marshal.loads", run("marshal", "loads", data(Buffer.from("c"))), "dangerous", suspicious, onNoList),
  pickle("types.FunctionType", run("types", "FunctionType", none), "dangerous", suspicious, onNoList),
  pickle("torch.hub.load", run("torch.hub", "load", text("x/y")), "dangerous", suspicious, onNoList),
  pickle("pandas.read_pickle", run("pandas", "read_pickle", text("x")), "dangerous", suspicious, onNoList),
  pickle(
    "multiprocessing.util.spawnv_passfds",
    run("multiprocessing.util", "spawnv_passfds", text("id")),
    "dangerous",
    suspicious,
    onNoList,
  ),
  pickle(
    "collections.defaultdict over a command",
    run("collections", "defaultdict", global("os", "system")),
    "dangerous",
    "found",
    "found",
  ),
  pickle(
    "the class of an object replaced by BUILD",
    stream(build(call(global("argparse", "Namespace")), dict(text("__class__"), global("os", "_wrap_close")))),
    "dangerous",
    "found",
    "found",
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
];

export const bypassClasses: readonly BypassClass[] = [...pickles, ...bypassFiles];

/** The table as Markdown. */
export function bypassTable(): string {
  const rows = bypassClasses.map(
    ({ what, ours, picklescan, modelscan }) => `| ${what} | \`${ours}\` | ${picklescan} | ${modelscan} |`,
  );
  return ["| way round | Cordon | picklescan 1.0.5 | ModelScan 0.8.8 |", "| --- | --- | --- | --- |", ...rows].join(
    "\n",
  );
}
