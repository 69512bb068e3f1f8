/**
 * Files that are nearly right. Whatever they are, the scan ends, throws nothing, and a verdict of `proven-safe` holds: no
 * name outside of the allow-list is imported by any stream that it was given for.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { allowList } from "./pickle/rules/allow-list.ts";
import { bypassClasses } from "./testing/bypass-classes.ts";
import { field, npy, safetensors, tar, zip } from "./testing/archives.ts";
import { bytesOf, dict, int, list, stream, text, u32, u64 } from "./testing/assemble.ts";
import { namesImported } from "./testing/names-imported.ts";
import { randomNumbers, randomStream } from "./testing/random-streams.ts";
import { scanBytes } from "./testing/scan-bytes.ts";
import { verdicts } from "./verdict.ts";

test("a stream that is proven safe imports listed names only", () => {
  const random = randomNumbers(7);
  let proven = 0;
  for (let count = 0; count < 8000; count++) {
    const bytes = randomStream(random);
    if (scanBytes(bytes).verdict !== "proven-safe") continue;
    proven++;
    for (const name of namesImported(bytes)) {
      const [module = "", attribute = ""] = name.split(" ");
      assert.ok(allowList(module, attribute) !== undefined, `${name}: ${Buffer.from(bytes).toString("hex")}`);
    }
  }
  assert.ok(proven > 100, `only ${proven} streams are proven safe: the test says nothing`);
});

const harmless = stream(dict(text("a"), list(int(1), text("b"))));
const seeds: readonly (readonly [string, Uint8Array])[] = [
  ...bypassClasses.map(({ name, bytes }) => [name, bytes] as const),
  ["m.pkl", harmless],
  ["m.npy", npy("[('a', '<i4'), ('b', '<f8', (2,))]", "(1,)", new Uint8Array(20))],
  ["m.safetensors", safetensors('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', new Uint8Array(8))],
  ["m.zip", zip({ name: "a.pkl", content: harmless, deflate: true }, { name: "b.txt", content: Buffer.from("text") })],
  ["m.tar", tar("a.pkl", harmless)],
  ["m.pkl.gz", gzipSync(harmless)],
  ["m.gguf", bytesOf("GGUF", u32(3), u64(0), u64(1), u64(1), "a", u32(9), u32(4), u64(2), u32(1), u32(2))],
  ["m.onnx", bytesOf(field(1, 8), field(7, field(1, bytesOf(field(2, "y"), field(4, "Relu")))))],
  ["m.json", Buffer.from('{"class_name":"Sequential","config":{"layers":[{"class_name":"Dense","config":{}}]}}')],
  ["m.jinja", Buffer.from("{% for m in messages %}{{ m['content'] | trim }}{% endfor %}")],
  ["model", bytesOf(0x82, 0xa1, "a", 0x93, 1, 0xc3, 0xcb, new Uint8Array(8), 0xa1, "b", 0xc4, 9, new Uint8Array(9))],
  ["m.ubj", bytesOf("{L", new Uint8Array(7), 1, "a[$d#l", new Uint8Array(3), 2, new Uint8Array(8), "}")],
];

test("no change of a file makes the scan throw or hang", () => {
  const random = randomNumbers(8);
  for (let count = 0; count < 6000; count++) {
    const [name, original] = seeds[random() % seeds.length] ?? ["", new Uint8Array()];
    const cut = random() % 4 === 0 ? original.slice(0, random() % (original.length + 1)) : original.slice();
    for (let changes = random() % 4; changes > 0 && cut.length > 0; changes--)
      cut[random() % cut.length] = random() & 255;
    const bytes = random() % 8 === 0 ? bytesOf(cut, cut) : cut;
    const report = scanBytes(bytes, name, { steps: 3_000_000, inflatedBytes: 2 ** 24 });
    assert.ok(verdicts.includes(report.verdict));
    assert.equal(report.verdict === "proven-safe", report.findingCount === 0);
  }
});
