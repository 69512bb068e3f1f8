/** Ways round a scanner by files that are not, or not only, pickles. In: nothing. Out: each with the verdicts. */
import { deflateSync, gzipSync } from "node:zlib";
import type { Verdict } from "../verdict.ts";
import { field, npy, safetensors, zip } from "./archives.ts";
import { bytesOf, dict, stream, u32, u64 } from "./assemble.ts";
import { attack, silent, notAPickle, onNoList, notRead, lambdaOnly, type BypassClass } from "./bypass-class.ts";

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

const keras = (layer: object): Uint8Array =>
  zip(
    { name: "metadata.json", content: Buffer.from("{}") },
    {
      name: "config.json",
      content: Buffer.from(JSON.stringify({ class_name: "Sequential", config: { layers: [layer] } })),
    },
  );

export const bypassFiles: readonly BypassClass[] = [
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
    "a Lambda within a wrapper within a model",
    "m.keras",
    keras({
      class_name: "TimeDistributed",
      config: { layer: { class_name: "Lambda", config: { function: ["4w==", null] } } },
    }),
    "dangerous",
    notAPickle,
    silent,
  ),
  file(
    "TFOpLambda that calls load_library",
    "m.keras",
    keras({ class_name: "TFOpLambda", config: { function: "load_library" } }),
    "dangerous",
    notAPickle,
    lambdaOnly,
  ),
  file(
    "TensorFlowOpLayer that holds WriteFile",
    "m.keras",
    keras({ class_name: "TensorFlowOpLayer", config: { node_def: '{"name":"x","op":"WriteFile"}' } }),
    "dangerous",
    notAPickle,
    lambdaOnly,
  ),
  file(
    "PyTorch bytes in a Keras layer",
    "m.keras",
    keras({
      class_name: "TorchModuleWrapper",
      config: { module: { class_name: "__bytes__", config: { value: "gAI=" } } },
    }),
    "dangerous",
    notAPickle,
    lambdaOnly,
  ),
  file(
    "a Keras vocabulary at /etc/passwd (CVE-2025-12058)",
    "m.keras",
    keras({ class_name: "StringLookup", config: { vocabulary: "/etc/passwd" } }),
    "dangerous",
    notAPickle,
    lambdaOnly,
  ),
  file(
    "a TensorFlow operator that nobody knows",
    "saved_model.pb",
    saved(tfNode("Const"), tfNode("EvilPluginOp")),
    "unknown-import",
    notAPickle,
    onNoList,
  ),
  file(
    "a TensorFlow checkpoint at a place that the graph names",
    "saved_model.pb",
    saved(
      field(1, bytesOf(field(1, "place"), field(2, "Const"))),
      field(1, bytesOf(field(1, "s"), field(2, "SaveV2"), field(3, "place"), field(3, "names"))),
    ),
    "dangerous",
    notAPickle,
    onNoList,
  ),
  file(
    "an ONNX operator of a foreign domain",
    "m.onnx",
    onnx(field(1, bytesOf(field(2, "y"), field(4, "Evil"), field(7, "evil.ops")))),
    "unknown-import",
    notAPickle,
    notRead,
  ),
  file(
    "a chat template that computes 10**12",
    "tokenizer_config.json",
    Buffer.from(JSON.stringify({ chat_template: "{% for i in range(10**12) %}a{% endfor %}" })),
    "unknown-import",
    notAPickle,
    notRead,
  ),
  file(
    "a pickle beside data.pkl, called otherwise",
    "m.pt",
    zip(
      { name: "archive/data.pkl", content: stream(dict()) },
      { name: "archive/version", content: Buffer.from("3") },
      { name: "archive/notes.txt", content: attack },
    ),
    "dangerous",
    silent,
    silent,
  ),
  file(
    "data.pkl twice in a PyTorch archive",
    "m.pt",
    zip(
      { name: "archive/data.pkl", content: stream(dict()) },
      { name: "archive/data.pkl", content: attack },
      { name: "archive/version", content: Buffer.from("3") },
    ),
    "dangerous",
    silent,
    silent,
  ),
  file(
    "a zip in a zip",
    "m.zip",
    zip({ name: "inner.zip", content: zip({ name: "m.pkl", content: attack }) }),
    "dangerous",
    silent,
    silent,
  ),
  file("a pickle compressed twice", "m.pkl", gzipSync(gzipSync(attack)), "dangerous", silent, silent),
  file(
    "custom code by auto_map",
    "config.json",
    Buffer.from('{"auto_map":{"AutoModel":"modeling.Net"}}'),
    "unknown-import",
    notAPickle,
    notRead,
  ),
];
