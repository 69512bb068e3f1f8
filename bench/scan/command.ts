/**
 * `npm run bench -- scan [--quick]`: how fast model files are scanned. In: nothing; files are made in a temporary folder.
 * Out: for each kind the size, the time, megabytes a second, and the ratio to reading and hashing the same bytes (SHA-256)
 * in the same run. Weights are skipped by design, so headers-only formats go by far faster than the disk. Then what hostile
 * files cost.
 */
import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { scanPaths } from "@cordon/control/supply/scan/scan-paths";
import { machine } from "../gateway/machine.ts";
import { measureHostile } from "./hostile.ts";

interface Sample {
  readonly what: string;
  readonly file: string;
  /** Bar of the project, megabytes a second. */
  readonly bar?: number;
}

export function benchScan(args: readonly string[]): Promise<void> {
  const quick = args.includes("--quick");
  const folder = mkdtempSync(join(tmpdir(), "bench-scan-"));
  try {
    const { processor, cores, node } = machine();
    process.stdout.write(`${processor}, ${cores} cores, Node ${node}\n\n`);
    process.stdout.write(
      `${"what".padEnd(44)}${"MB".padStart(8)}${"scan ms".padStart(10)}${"MB/s".padStart(12)}${"of hashing".padStart(12)}\n`,
    );
    for (const sample of makeSamples(folder, quick)) measure(sample, quick);
    measureHostile(folder, quick);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return Promise.resolve();
}

function measure({ what, file, bar }: Sample, quick: boolean): void {
  const bytes = statSync(file).size;
  let best = Infinity;
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    const start = performance.now();
    const [report] = [...scanPaths([file], { now: () => performance.now() })];
    best = Math.min(best, performance.now() - start);
    if (report?.verdict !== "proven-safe")
      throw new Error(`${what}: ${report?.verdict} ${JSON.stringify(report?.findings[0])}`);
  }
  const rate = bytes / 1000 / best;
  const hashed = hashRate(file, bytes);
  const bars = bar === undefined ? "" : `   bar ${bar} MB/s: ${rate >= bar ? "held" : "NOT held"}`;
  process.stdout.write(
    `${what.padEnd(44)}${(bytes / 1e6).toFixed(1).padStart(8)}${best.toFixed(1).padStart(10)}${rate.toFixed(0).padStart(12)}${`${(rate / hashed).toFixed(2)}x`.padStart(12)}${bars}\n`,
  );
}

/** Megabytes a second of SHA-256 over the first 256 MB. */
function hashRate(file: string, bytes: number): number {
  const block = Buffer.alloc(2 ** 20);
  const descriptor = openSync(file, "r");
  const hash = createHash("sha256");
  const wanted = Math.min(bytes, 256 * 2 ** 20);
  const start = performance.now();
  for (let at = 0; at < wanted;) {
    const count = readSync(descriptor, block, 0, block.length, at);
    hash.update(block.subarray(0, count));
    at += count;
  }
  hash.digest();
  closeSync(descriptor);
  return wanted / 1000 / (performance.now() - start);
}

function makeSamples(folder: string, quick: boolean): Sample[] {
  const scale = quick ? 1 : 8;
  const at = (name: string): string => join(folder, name);
  const made = (name: string, bytes: Uint8Array): string => {
    writeFileSync(at(name), bytes);
    return at(name);
  };
  const numbers = pickleOfNumbers(500_000 * scale);
  const words = pickleOfWords(200_000 * scale);
  return [
    {
      what: "safetensors, headers only, 8 GB sparse",
      file: sparseSafetensors(at("large.safetensors"), 500, 16e6),
      bar: 500,
    },
    { what: "safetensors, 100,000 small tensors", file: sparseSafetensors(at("many.safetensors"), 100_000, 64) },
    { what: "pickle of integers and floats", file: made("numbers.pkl", numbers) },
    { what: "pickle of a vocabulary (dict of text)", file: made("words.pkl", words) },
    { what: "the same, gzip (decoded size not counted)", file: made("words.pkl.gz", gzipSync(words)) },
    { what: "pickle of one array of 256 MB", file: largeArray(at("array.pkl"), 256e6) },
  ];
}

function sparseSafetensors(file: string, tensors: number, bytes: number): string {
  const entries = Array.from({ length: tensors }, (_, index) => [
    `model.layers.${index}.weight`,
    { dtype: "F32", shape: [bytes / 4], data_offsets: [index * bytes, (index + 1) * bytes] },
  ]);
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(file, Buffer.concat([length, header]));
  truncateSync(file, 8 + header.length + tensors * bytes);
  return file;
}

function pickleOfNumbers(count: number): Uint8Array {
  const item = Buffer.from([0x4a, 1, 2, 3, 4, 0x47, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0x4b, 7]);
  const batch = Buffer.concat([Buffer.from("("), ...Array.from({ length: 500 }, () => item), Buffer.from("e")]);
  return Buffer.concat([
    Buffer.from("\x80\x04]", "latin1"),
    ...Array.from({ length: count / 500 }, () => batch),
    Buffer.from("."),
  ]);
}

function pickleOfWords(count: number): Uint8Array {
  const parts = [Buffer.from("\x80\x04}(", "latin1")];
  for (let index = 0; index < count; index++) {
    const word = Buffer.from(`word${index.toString(36)}`);
    parts.push(
      Buffer.from([0x8c, word.length]),
      word,
      Buffer.from([0x94, 0x4a, index & 255, (index >> 8) & 255, index >> 16, 0]),
    );
  }
  return Buffer.concat([...parts, Buffer.from("u.")]);
}

/** BINBYTES8 of zeros, sparse. */
function largeArray(file: string, bytes: number): string {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes));
  writeFileSync(file, Buffer.concat([Buffer.from([0x80, 4, 0x8e]), length]));
  truncateSync(file, 11 + bytes);
  writeFileSync(file, ".", { flag: "a" });
  return file;
}
