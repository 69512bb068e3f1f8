/**
 * Marks of formats that are not read, and what names promise. In: the first bytes, or a name. Out: what they say.
 */
import type { Refusal } from "./verdict.ts";

interface Unread {
  readonly what: string;
  readonly verdict: Refusal;
}

const unread: readonly (readonly [string, string])[] = [
  ["377abcaf271c", "a 7z archive"],
  ["526172211a07", "a RAR archive"],
  ["28b52ffd", "Zstandard"],
  ["7f454c46", "a Linux program or library"],
  ["4d5a", "a Windows program or library"],
  ["cffaedfe", "a macOS program or library"],
  ["cafebabe", "a Java class or macOS program"],
  ["e3000000", "Python bytecode"],
  ["43424d31", "a CatBoost model"],
  ["67676d6c", "a GGML file of before GGUF"],
  ["67676a74", "a GGML file of before GGUF"],
  ["50415231", "a Parquet file"],
  ["4f626a01", "an Avro file"],
  ["4152524f5731", "an Arrow file"],
];

export function unreadOf(head: Uint8Array): Unread | undefined {
  const hex = Buffer.from(head.subarray(0, 8)).toString("hex");
  const found = unread.find(([mark]) => hex.startsWith(mark));
  return found === undefined ? undefined : { what: found[1], verdict: "unsupported" };
}

const media: readonly (readonly [string, string])[] = [
  ["89504e470d0a1a0a", "image"],
  ["ffd8ff", "image"],
  ["47494638", "image"],
  ["25504446", "pdf"],
];

/** Pictures beside a model: no model loader interprets them. */
export function mediaOf(head: Uint8Array): string | undefined {
  const hex = Buffer.from(head.subarray(0, 8)).toString("hex");
  return media.find(([mark]) => hex.startsWith(mark))?.[1];
}

const promises: readonly (readonly [RegExp, string, RegExp])[] = [
  [
    /\.(?:pkl|pickle|p|pk|pck|dill|cloudpickle|joblib|sav)$/i,
    "pickle",
    /^(?:pickle|numpy|pytorch|joblib|zip|torchscript|.*\+)/,
  ],
  [/\.(?:pt|pth|ckpt|bin|dat|model)$/i, "", /^(?!image|pdf)/],
  [/\.safetensors$/i, "safetensors", /^safetensors$/],
  [/\.(?:json)$/i, "json", /^(?:json|keras-config)$/],
  [/\.(?:onnx)$/i, "protobuf", /^onnx$/],
  [/\.(?:pb)$/i, "protobuf", /^(?:tensorflow|keras|onnx|unknown)/],
  [/\.gguf$/i, "gguf", /^gguf$/],
  [/\.(?:npy)$/i, "numpy", /^(?:numpy|pickle|numpy-raw)/],
  [/\.npz$/i, "zip", /^(?:numpy-npz|zip)/],
  [/\.keras$/i, "zip", /^keras/],
  [/\.(?:h5|hdf5|he5)$/i, "hdf5", /hdf5$/],
  [/\.tflite$/i, "tflite", /^tflite$/],
  [
    /\.(?:txt|md|csv|tsv|jsonl|ya?ml|toml|cfg|ini|html?|rst|xml|pmml|jinja2?|j2)$/i,
    "text",
    /^(?:text|settings|jinja-template|json)/,
  ],
  [/\.(?:png|jpe?g|gif|pdf)$/i, "media", /^(?:image|pdf)$/],
];

/** The family that a name promises; undefined when it promises none. */
export function knownAs(name: string): string | undefined {
  return promises.find(([pattern, kind]) => kind !== "" && pattern.test(name))?.[1];
}

/** Whether a format may stand under a name. */
export function namedFor(name: string, format: string): boolean {
  return promises.every(([pattern, , formats]) => !pattern.test(name) || formats.test(format));
}
