import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  bytesOf,
  call,
  data,
  dict,
  global,
  int,
  stream,
  text,
  tuple,
  u32,
  u64,
  type Part,
} from "../testing/assemble.ts";
import { field, npy, safetensors, tar, zip } from "../testing/archives.ts";
import { scanBytes } from "../testing/scan-bytes.ts";
import type { Verdict } from "../verdict.ts";
import { op } from "../pickle/opcodes.ts";

const attack = stream(call(global("os", "system"), text("id")));
const harmless = stream(dict(text("a"), int(1)));

function expect(bytes: Uint8Array, name: string, verdict: Verdict, rule?: string): void {
  const report = scanBytes(bytes, name);
  assert.deepEqual([report.verdict, name], [verdict, name], JSON.stringify(report.findings));
  if (rule !== undefined)
    assert.ok(
      report.findings.some((finding) => finding.rule === rule),
      JSON.stringify(report.findings),
    );
}

test("a zip is read inside, stored and deflated, and so is a zip in a zip", () => {
  expect(
    zip({ name: "a.pkl", content: harmless }, { name: "b.pkl", content: harmless, deflate: true }),
    "a.zip",
    "proven-safe",
  );
  expect(zip({ name: "b.pkl", content: attack, deflate: true }), "a.zip", "dangerous", "pickle/dangerous-import");
  expect(
    zip({ name: "in.zip", content: zip({ name: "b.pkl", content: attack }) }),
    "a.zip",
    "dangerous",
    "pickle/dangerous-import",
  );
});

test("what a zip's directory and its members say differently is malformed", () => {
  const content = harmless;
  expect(zip({ name: "a.pkl", content, local: { name: "b.pkl" } }), "a.zip", "malformed", "zip/disagreement");
  expect(zip({ name: "a.pkl", content, local: { size: 3 } }), "a.zip", "malformed", "zip/disagreement");
  expect(zip({ name: "a.pkl", content, local: { flags: 1 } }), "a.zip", "encrypted", "zip/disagreement");
  expect(zip({ name: "a.pkl", content, flags: 0x20 }), "a.zip", "malformed", "zip/disagreement");
  expect(zip({ name: "a.pkl", content, crc: 1 }), "a.zip", "malformed", "zip/checksum");
  expect(zip({ name: "a.pkl", content }, { name: "A.pkl", content }), "a.zip", "malformed", "zip/duplicate");
});

test("a wrong encryption flag hides nothing", () => {
  expect(zip({ name: "a.pkl", content: attack, flags: 1 }), "a.zip", "dangerous", "pickle/dangerous-import");
});

test("names and links that lead out of the folder are dangerous, in zip and tar", () => {
  expect(zip({ name: "../a.txt", content: harmless }), "a.zip", "dangerous", "zip/path-traversal");
  expect(zip({ name: "a", content: Buffer.from("/etc"), mode: 0o120777 }), "a.zip", "dangerous", "zip/symlink");
  expect(tar("../../a", harmless), "a.tar", "dangerous", "tar/path-traversal");
  expect(tar("a", new Uint8Array(), "2", "/etc/passwd"), "a.tar", "dangerous", "tar/link");
  expect(tar("a.pkl", harmless), "a.tar", "proven-safe");
  expect(tar("a.pkl", attack), "a.tar", "dangerous", "pickle/dangerous-import");
});

test("two formats in one file are malformed, and both are read", () => {
  const archive = zip({ name: "a.pkl", content: harmless });
  expect(bytesOf(attack, archive), "a.pkl", "dangerous", "pickle/dangerous-import");
  expect(bytesOf(archive, attack), "a.zip", "dangerous", "pickle/dangerous-import");
  expect(bytesOf(tar("a.pkl", harmless), attack), "a.tar", "dangerous", "pickle/dangerous-import");
});

function torchZip(pickle: Uint8Array, ...more: readonly { name: string; content: Uint8Array }[]): Uint8Array {
  return zip(
    { name: "archive/data.pkl", content: pickle },
    { name: "archive/version", content: Buffer.from("3\n") },
    { name: "archive/data/0", content: new Uint8Array(16) },
    ...more,
  );
}

const storage = (cls: Part): Uint8Array =>
  bytesOf(tuple(text("storage"), cls, text("0"), text("cpu"), int(4)), op.BINPERSID);
const tensor = (cls: Part): Uint8Array =>
  call(
    global("torch._utils", "_rebuild_tensor_v2"),
    storage(cls),
    int(0),
    tuple(int(4)),
    tuple(int(1)),
    bytesOf(op.NEWFALSE),
    call(global("collections", "OrderedDict")),
  );

test("PyTorch's zip: tensors are proven, a foreign storage class, a call and a stray file are not", () => {
  const good = stream(dict(text("w"), tensor(global("torch", "FloatStorage"))));
  expect(torchZip(good), "model.pt", "proven-safe");
  assert.equal(scanBytes(torchZip(good), "model.pt").format, "pytorch-zip");
  expect(torchZip(stream(tensor(global("os", "FloatStorage")))), "model.pt", "dangerous");
  expect(torchZip(attack), "model.pt", "dangerous", "pickle/dangerous-import");
  expect(
    torchZip(good, { name: "archive/extra.pkl", content: attack }),
    "model.pt",
    "dangerous",
    "pickle/dangerous-import",
  );
});

test("TorchScript code may compute, not write files or call other namespaces", () => {
  const code = (body: string): Uint8Array =>
    torchZip(harmless, {
      name: "archive/code/__torch__.py",
      content: Buffer.from(`def forward(self, x):\n  return ${body}\n`),
    });
  expect(code("torch.relu(x)"), "m.pt", "proven-safe");
  expect(code('torch.save(x, "/tmp/x")'), "m.pt", "dangerous", "torchscript/operator");
  expect(code("ops.evil.run(x)"), "m.pt", "unknown-import", "torchscript/namespace");
});

test("PyTorch's old format accounts for every byte", () => {
  const magic = bytesOf(op.PROTO, 2, op.LONG1, 10, Buffer.from("6cfc9c46f9206aa85019", "hex"), op.STOP);
  const version = bytesOf(op.PROTO, 2, op.BININT2, 0xe9, 3, op.STOP);
  const legacy = (pickle: Uint8Array, ...end: readonly Part[]): Uint8Array =>
    bytesOf(
      magic,
      version,
      stream(dict(text("little_endian"), bytesOf(op.NEWTRUE))),
      pickle,
      stream(bytesOf(op.EMPTY_LIST, text("0"), op.APPEND)),
      ...end,
    );
  const good = stream(tensor(global("torch", "FloatStorage")));
  expect(legacy(good, u64(4), new Uint8Array(16)), "model.bin", "proven-safe");
  expect(legacy(good, u64(4), new Uint8Array(16), "more"), "model.bin", "malformed", "pytorch/trailing-bytes");
  expect(legacy(good, u64(2 ** 40), new Uint8Array(16)), "model.bin", "malformed");
  expect(legacy(attack, u64(4), new Uint8Array(16)), "model.bin", "dangerous");
});

test("NumPy: numbers are proven, objects are a pickle, headers are never evaluated", () => {
  expect(npy("'<f8'", "(2,)", new Uint8Array(16)), "a.npy", "proven-safe");
  expect(npy("[('a', '<i4'), ('b', '|O')]", "(1,)", attack), "a.npy", "dangerous", "pickle/dangerous-import");
  expect(npy("'|O'", "(1,)", attack), "a.npy", "dangerous", "pickle/dangerous-import");
  expect(npy("__import__('os').system('id')", "(1,)", new Uint8Array(8)), "a.npy", "malformed");
  expect(npy("'<f8'", "(1000000000000, 1000000000)", new Uint8Array(8)), "a.npy", "malformed");
  expect(zip({ name: "x.npy", content: npy("'|O'", "()", attack), deflate: true }), "a.npz", "dangerous");
});

test("compressed files are read inside, and bytes behind the stream are malformed", () => {
  expect(gzipSync(attack), "model.joblib", "dangerous", "pickle/dangerous-import");
  expect(bytesOf(gzipSync(harmless), "x"), "model.pkl.gz", "malformed", "compressed/trailing-bytes");
  expect(gzipSync(gzipSync(harmless)), "model.pkl.gz", "proven-safe");
});

test("joblib's arrays are skipped by joblib, and are instructions to any other loader", () => {
  const wrapper = (payload: Uint8Array): Uint8Array =>
    stream(
      bytesOf(global("joblib.numpy_pickle", "NumpyArrayWrapper"), op.EMPTY_TUPLE, op.NEWOBJ),
      dict(
        text("shape"),
        tuple(int(payload.length)),
        text("dtype"),
        call(global("numpy", "dtype"), text("i1")),
        text("order"),
        text("C"),
      ),
      op.BUILD,
      payload,
    );
  expect(wrapper(new Uint8Array(40)), "m.joblib", "proven-safe");
  expect(wrapper(bytesOf(op.POP, call(global("os", "system"), text("id")), op.STOP)), "m.joblib", "dangerous");
  const loads = bytesOf(op.POP, call(global("pickle", "loads"), data(harmless)), op.STOP);
  expect(wrapper(loads), "m.joblib", "dangerous", "joblib/nested-load");
});

test("safetensors: the header accounts for every byte, and metadata holds no code", () => {
  const good = '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
  const eight = new Uint8Array(8);
  expect(safetensors(good, eight), "m.safetensors", "proven-safe");
  expect(safetensors(good, new Uint8Array(9)), "m.safetensors", "malformed", "safetensors/layout");
  expect(
    safetensors(good.replace("[0,8]", "[1,9]"), new Uint8Array(9)),
    "m.safetensors",
    "malformed",
    "safetensors/layout",
  );
  expect(safetensors(good.replace("[2]", "[3]"), eight), "m.safetensors", "malformed", "safetensors/tensor");
  expect(safetensors(`{"w":1,${good.slice(1)}`, eight), "m.safetensors", "malformed", "safetensors/header");
  const overlap =
    '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}';
  expect(safetensors(overlap, new Uint8Array(6)), "m.safetensors", "malformed", "safetensors/layout");
  expect(
    safetensors(`{"__metadata__":{"x":"import os; os.system('id')"},${good.slice(1)}`, eight),
    "m.safetensors",
    "dangerous",
  );
  expect(attack, "m.safetensors", "dangerous", "content/name");
});

test("GGUF: counts and offsets hold, and templates are checked", () => {
  const string = (value: string): Uint8Array => bytesOf(u64(Buffer.byteLength(value)), Buffer.from(value));
  const gguf = (template: string, tensors = 0): Uint8Array =>
    bytesOf(
      "GGUF",
      u32(3),
      u64(tensors),
      u64(2),
      string("general.name"),
      u32(8),
      string("m"),
      string("tokenizer.chat_template"),
      u32(8),
      string(template),
    );
  expect(gguf("{{ messages[0]['content'] }}"), "m.gguf", "proven-safe");
  expect(gguf("{{ ''.__class__.__mro__ }}"), "m.gguf", "dangerous", "jinja/special-attribute");
  expect(gguf("{{ x }}", 1e9), "m.gguf", "malformed", "gguf/counts");
});

test("ONNX: external data stays in the folder, operators in known domains, in nested graphs too", () => {
  const node = (domain: string, ...attributes: readonly Uint8Array[]): Uint8Array =>
    field(
      1,
      bytesOf(
        field(1, "x"),
        field(2, "y"),
        field(4, "Relu"),
        field(7, domain),
        ...attributes.map((attribute) => field(5, attribute)),
      ),
    );
  const model = (...graph: readonly Uint8Array[]): Uint8Array =>
    bytesOf(field(1, 8), field(2, "maker"), field(7, bytesOf(...graph)));
  const external = (location: string): Uint8Array =>
    field(5, bytesOf(field(8, "w"), field(13, bytesOf(field(1, "location"), field(2, location)))));
  expect(model(node("")), "m.onnx", "proven-safe");
  expect(model(node(""), external("weights.bin")), "m.onnx", "proven-safe");
  expect(model(node(""), external("../../etc/passwd")), "m.onnx", "dangerous", "onnx/external-path");
  expect(model(node("evil.ops")), "m.onnx", "unknown-import", "onnx/custom-domain");
  const branch = field(
    6,
    bytesOf(node("", field(5, field(13, bytesOf(field(1, "location"), field(2, "/etc/shadow")))))),
  );
  expect(model(node("", branch)), "m.onnx", "dangerous", "onnx/external-path");
});

test("TensorFlow: Python and file operators are dangerous, in functions too", () => {
  const node = (name: string): Uint8Array => bytesOf(field(1, "n"), field(2, name));
  const saved = (graph: Uint8Array): Uint8Array => bytesOf(field(1, 1), field(2, field(2, graph)));
  expect(saved(field(1, node("MatMul"))), "saved_model.pb", "proven-safe");
  expect(saved(field(1, node("WriteFile"))), "saved_model.pb", "dangerous", "tensorflow/operator");
  const inFunction = field(2, field(1, bytesOf(field(1, field(1, "f")), field(3, node("EagerPyFunc")))));
  expect(saved(bytesOf(field(1, node("MatMul")), inFunction)), "saved_model.pb", "dangerous", "tensorflow/operator");
});

test("Keras: layers of Keras pass, Lambda and foreign modules do not", () => {
  const keras = (...layers: readonly object[]): Uint8Array =>
    zip(
      { name: "metadata.json", content: Buffer.from("{}") },
      {
        name: "config.json",
        content: Buffer.from(JSON.stringify({ module: "keras", class_name: "Sequential", config: { layers } })),
      },
    );
  expect(
    keras({ module: "keras.layers", class_name: "Dense", config: {}, registered_name: null }),
    "m.keras",
    "proven-safe",
  );
  expect(
    keras({
      module: "keras.layers",
      class_name: "Lambda",
      config: { function: { class_name: "__lambda__", config: { code: "4wE" } } },
    }),
    "m.keras",
    "dangerous",
    "keras/lambda",
  );
  expect(keras({ module: "os", class_name: "function", config: "system" }), "m.keras", "dangerous", "keras/module");
  expect(
    keras({ module: "keras.utils", class_name: "function", config: "get_file" }),
    "m.keras",
    "dangerous",
    "keras/module",
  );
  expect(
    keras({ module: "my.layers", class_name: "Mine", config: {}, registered_name: "my>Mine" }),
    "m.keras",
    "unknown-import",
  );
  expect(
    keras({ module: "keras.layers", class_name: "StringLookup", config: { vocabulary: "/etc/passwd" } }),
    "m.keras",
    "dangerous",
    "keras/file-path",
  );
});

test("configurations: custom code is unknown, a name that lies is malformed, programs are unsupported", () => {
  expect(Buffer.from('{"hidden_size": 3}'), "config.json", "proven-safe");
  expect(
    Buffer.from('{"auto_map": {"AutoModel": "modeling.Net"}}'),
    "config.json",
    "unknown-import",
    "config/custom-code",
  );
  expect(Buffer.from("import os\n"), "modeling.py", "unsupported", "text/code");
  expect(Buffer.from("a: !!python/object/apply:os.system ['id']\n"), "x.yaml", "dangerous", "yaml/object-tag");
  expect(Buffer.from("# Card\nRun `subprocess.run(['ls'])`\n"), "README.md", "proven-safe");
  expect(data(new Uint8Array(3)), "notes.txt", "unsupported");
});

test("text is text, whatever letter it starts with; a pickle in text form is a pickle whatever its name", () => {
  for (const words of [
    "cat\ndog\nfish\n",
    "import that\nand this\n",
    "copyright 2026\nall rights\n",
    "i\na\nb\n",
    "]}(\n",
    "I am\n",
  ])
    expect(Buffer.from(words), "vocab.txt", "proven-safe");
  const protocol0 = "cos\nsystem\n(S'id'\ntR.";
  expect(Buffer.from("csome_package.models\nload\n(S'id'\ntR"), "model.bin", "malformed", "pickle/unknown-import");
  for (const name of ["model.bin", "notes.txt", "model"])
    expect(Buffer.from(protocol0), name, "dangerous", "pickle/dangerous-call");
});

test("a header of safetensors over several lines is no pickle", () => {
  const pretty = '{\n  "w": {"dtype":"U8","shape":[0],"data_offsets":[0,0]}\n}'.padEnd(99);
  expect(safetensors(pretty), "m.safetensors", "proven-safe");
});

test("MessagePack is values, and an array of objects in it is a pickle", () => {
  const packed = (bytes: Uint8Array): Uint8Array =>
    bytesOf(0x82, 0xa1, "a", 0x93, 1, 0xc3, 0xcb, new Uint8Array(8), 0xa1, "b", 0xc4, bytes.length, bytes);
  expect(packed(new Uint8Array(20)), "model", "proven-safe");
  assert.equal(scanBytes(packed(new Uint8Array(20)), "model").format, "msgpack");
  expect(packed(attack), "model", "dangerous", "pickle/dangerous-call");
  expect(bytesOf(packed(new Uint8Array(20)), 0xff, 0xff), "model", "unsupported");
});
