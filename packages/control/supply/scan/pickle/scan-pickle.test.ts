import assert from "node:assert/strict";
import { test } from "node:test";
import {
  build,
  bytesOf,
  call,
  data,
  dict,
  global,
  int,
  list,
  make,
  proto,
  stackGlobal,
  stream,
  text,
  tuple,
  u64,
} from "../testing/assemble.ts";
import { scanBytes } from "../testing/scan-bytes.ts";
import { op } from "./opcodes.ts";

const rules = (bytes: Uint8Array): string[] => scanBytes(bytes).findings.map(({ rule }) => rule);
const none = bytesOf(op.NONE);
const emptyTuple = bytesOf(op.EMPTY_TUPLE);

test("plain data of every kind is proven safe", () => {
  const report = scanBytes(
    stream(dict(text("a"), list(int(1), none, text("b")), text("c"), tuple(data(bytesOf(1, 2))))),
  );
  assert.deepEqual([report.verdict, report.format, report.findings], ["proven-safe", "pickle", []]);
});

test("a call of os.system is dangerous, and the finding says where, what and with what", () => {
  const report = scanBytes(stream(call(global("posix", "system"), text("id"))));
  assert.equal(report.verdict, "dangerous");
  const [finding] = report.findings;
  assert.deepEqual(
    [finding?.rule, finding?.offset, finding?.opcode, finding?.name, finding?.resolution],
    ["pickle/dangerous-import", 2, "GLOBAL", "posix.system", "constant"],
  );
  assert.match(report.findings[1]?.words ?? "", /calls posix\.system.*"id"/);
});

test("an import that is not listed is unknown, not dangerous", () => {
  assert.equal(scanBytes(stream(make(global("my_project.models", "Net")))).verdict, "unknown-import");
});

test("names resolved through the memo are resolved", () => {
  const report = scanBytes(
    stream(text("system"), op.MEMOIZE, op.POP, text("os"), op.BINGET, 0, op.STACK_GLOBAL, tuple(text("id")), op.REDUCE),
  );
  assert.deepEqual([report.findings[0]?.name, report.findings[0]?.resolution], ["os.system", "memo"]);
});

test("MEMOIZE counts entries, whatever indexes PUT used", () => {
  const bytes = stream(
    text("posix"),
    op.BINPUT,
    7,
    op.POP,
    text("system"),
    op.MEMOIZE,
    op.POP,
    op.BINGET,
    7,
    op.BINGET,
    1,
    op.STACK_GLOBAL,
    emptyTuple,
    op.REDUCE,
  );
  assert.equal(scanBytes(bytes).findings[0]?.name, "posix.system");
});

test("a computed name is dangerous", () => {
  const computed = call(global("builtins", "getattr"), global("builtins", "str"), text("lower"));
  assert.ok(rules(stream(computed, text("system"), op.STACK_GLOBAL)).length > 0);
});

test("a chain of getattr is followed to the name that it reaches", () => {
  const chain = call(global("builtins", "getattr"), global("torch", "Tensor"), text("__globals__"));
  const report = scanBytes(stream(chain));
  assert.equal(report.verdict, "dangerous");
  assert.equal(report.findings[0]?.name, "torch.Tensor.__globals__");
});

test("a dotted name that leads through another module is dangerous", () => {
  const report = scanBytes(stream(stackGlobal("torch", "serialization.os.system")));
  assert.equal(report.verdict, "dangerous");
});

test("INST and OBJ call what they name", () => {
  for (const bytes of [
    bytesOf(op.MARK, text("id"), op.INST, "os\nsystem\n", op.STOP),
    bytesOf(op.MARK, global("os", "system"), text("id"), op.OBJ, op.STOP),
  ])
    assert.deepEqual(rules(bytes).toSorted(), ["pickle/dangerous-call", "pickle/dangerous-import"]);
});

test("attributes of a class itself are not written", () => {
  const slots = tuple(none, dict(text("shape"), global("builtins", "len")));
  assert.ok(rules(stream(build(global("collections", "OrderedDict"), slots))).includes("pickle/attribute-write"));
});

test("state may not bring a method that loaders look up", () => {
  const net = make(global("argparse", "Namespace"));
  const report = scanBytes(stream(build(net, dict(text("__setstate__"), global("builtins", "len")))));
  assert.equal(report.verdict, "dangerous");
});

test("what ran before a stream breaks counts, and a broken stream is never safe", () => {
  const broken = bytesOf(proto(4), call(global("os", "system"), text("id")), op.POP, op.BINGET, 9);
  assert.deepEqual(
    new Set(rules(broken)),
    new Set(["pickle/dangerous-import", "pickle/dangerous-call", "pickle/broken"]),
  );
  assert.equal(scanBytes(bytesOf(proto(4), list(int(1)), op.BINGET, 9)).verdict, "malformed");
});

test("streams that follow the first are read, also with the first one's memo", () => {
  assert.equal(scanBytes(bytesOf(stream(int(1)), stream(call(global("os", "system"))))).verdict, "dangerous");
  const first = stream(text("os"), op.MEMOIZE, op.POP, text("system"), op.MEMOIZE);
  const second = bytesOf(proto(4), op.BINGET, 0, op.BINGET, 1, op.STACK_GLOBAL, op.STOP);
  assert.equal(scanBytes(bytesOf(first, second)).verdict, "dangerous");
});

test("bytes that follow the pickle and are none are malformed", () => {
  assert.equal(scanBytes(bytesOf(stream(int(1)), "\xff\xfe whatever")).verdict, "malformed");
});

test("extension codes, persistent ids and foreign buffers are not proven", () => {
  assert.deepEqual(rules(stream(op.EXT1, 5)), ["pickle/extension-code"]);
  assert.deepEqual(rules(stream(text("x"), op.BINPERSID)), ["pickle/persistent-id"]);
  assert.deepEqual(rules(stream(op.NEXT_BUFFER)), ["pickle/out-of-band"]);
});

test("a frame that lies is malformed", () => {
  assert.ok(rules(bytesOf(proto(4), op.FRAME, u64(2), text("abc"), op.STOP)).includes("pickle/frame"));
  assert.ok(rules(bytesOf(proto(4), op.FRAME, u64(1e12), op.NONE, op.STOP)).includes("pickle/frame"));
});

test("a pickle in a constant is found, raw, in base64 and in hexadecimal", () => {
  const inner = stream(call(global("os", "system"), text("id")));
  const base64 = Buffer.from(inner).toString("base64");
  const hex = Buffer.from(inner).toString("hex");
  for (const hidden of [data(inner), text(base64), text(hex)]) {
    const report = scanBytes(stream(dict(text("weights"), hidden)));
    assert.equal(report.verdict, "dangerous");
    assert.ok(report.findings.some(({ rule }) => rule === "pickle/hidden-payload"));
  }
});

test("a pickle handed to loads is scanned as one", () => {
  const inner = stream(call(global("os", "system"), text("id")));
  assert.equal(scanBytes(stream(call(global("pickle", "loads"), data(inner)))).verdict, "dangerous");
  assert.equal(scanBytes(stream(call(global("torch.storage", "_load_from_bytes"), data(inner)))).verdict, "dangerous");
});

test("hashing that takes exponential time is dangerous", () => {
  const doubled = Array.from({ length: 60 }, () => [op.DUP, op.TUPLE2]).flat();
  assert.ok(rules(stream(op.EMPTY_DICT, tuple(), ...doubled, op.NONE, op.SETITEM)).includes("pickle/hash-bomb"));
});

test("a memo index that would fill the memory is dangerous", () => {
  assert.ok(rules(stream(op.NONE, op.LONG_BINPUT, "\xff\xff\xff\xff")).includes("pickle/memo-bomb"));
});

test("a NumPy type whose flags hide that its items are objects is dangerous", () => {
  const dtype = (flags: number): Uint8Array =>
    build(
      call(global("numpy", "dtype"), text("O8"), int(0), int(1)),
      tuple(int(3), text("|"), none, none, none, int(-1), int(-1), int(flags)),
    );
  assert.equal(scanBytes(stream(dtype(63))).verdict, "proven-safe");
  assert.equal(scanBytes(stream(dtype(0))).verdict, "dangerous");
});

test("partial holds only what is harmless to call", () => {
  const partial = global("functools", "partial");
  assert.equal(scanBytes(stream(call(partial, global("torch.nn.functional", "gelu")))).verdict, "proven-safe");
  assert.equal(scanBytes(stream(call(partial, global("builtins", "getattr")))).verdict, "unknown-import");
  const replaced = build(
    call(partial, global("torch", "relu")),
    tuple(global("os", "system"), emptyTuple, dict(), none),
  );
  assert.equal(scanBytes(stream(replaced)).verdict, "dangerous");
});

test("containers are made of literals, not of ranges that fill the memory", () => {
  const huge = call(global("builtins", "range"), int(1e9));
  assert.equal(scanBytes(stream(call(global("builtins", "list"), huge))).verdict, "unknown-import");
  assert.equal(scanBytes(stream(call(global("builtins", "bytearray"), int(1e9)))).verdict, "unknown-import");
});

test("a stream over the budget is unsupported, not clean", () => {
  const long = stream(Buffer.from("N0".repeat(200_000)), op.NONE);
  assert.equal(scanBytes(long, "a.pkl", { steps: 100_000 }).verdict, "unsupported");
});

test("what a harmless function gives is not written to, filled or called unseen", () => {
  const ufunc = call(global("numpy.core", "_ufunc_reconstruct"), text("numpy"), text("add"));
  const added = call(global("operator", "add"), int(1), int(2));
  for (const object of [ufunc, added, call(global("dill._dill", "_load_type"), text("CodeType"))]) {
    assert.equal(scanBytes(stream(object)).verdict, "proven-safe");
    assert.equal(scanBytes(stream(build(object, dict(text("a"), int(1))))).verdict, "unknown-import");
    assert.equal(scanBytes(stream(call(object, int(1)))).verdict, "unknown-import");
    assert.equal(scanBytes(stream(bytesOf(object, int(1), op.APPEND))).verdict, "unknown-import");
  }
});

test("a name cut off at the end of the file is still called by pickle.py", () => {
  assert.equal(scanBytes(bytesOf(op.MARK, text("id"), op.INST, "os\nsystem!")).findings[0]?.name, "os.system");
});

test("pickle.py spreads text over arguments", () => {
  assert.deepEqual(rules(stream(global("os", "system"), text("w"), op.REDUCE)).toSorted(), [
    "pickle/dangerous-call",
    "pickle/dangerous-import",
  ]);
});

test("a call that would read an iterator without end is not proven", () => {
  const endless = call(global("itertools", "repeat"), int(0));
  assert.equal(scanBytes(stream(endless)).verdict, "proven-safe");
  for (const [module, name] of [
    ["collections", "deque"],
    ["collections", "Counter"],
    ["builtins", "set"],
  ] as const)
    assert.equal(scanBytes(stream(call(global(module, name), endless))).verdict, "unknown-import");
});
