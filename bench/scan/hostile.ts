/**
 * The second half of `npm run bench -- scan`: files that are made to exhaust whoever scans them. In: a folder. Out: for each
 * its size, what it would become, the time until there is a verdict, and how much the process has grown by. No verdict may be
 * "proven safe" for what was not looked at whole; none may take longer than the scanner's own bound.
 */
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { scanPaths } from "@cordon/control/supply/scan/scan-paths";

/** The default time limit of `cordon model scan` for a file. */
const boundMs = 120_000;

interface Hostile {
  readonly what: string;
  readonly file: string;
}

export function measureHostile(folder: string, quick: boolean): void {
  process.stdout.write(`\n${"hostile".padEnd(52)}${"ms".padStart(9)}${"grown MB".padStart(10)}  verdict\n`);
  for (const { what, file } of makeHostile(folder, quick)) {
    const before = process.memoryUsage().rss;
    const start = performance.now();
    const [report] = [...scanPaths([file], { now: () => performance.now() })];
    const took = performance.now() - start;
    const grown = Math.max(0, process.memoryUsage().rss - before) / 1e6;
    const held = took < boundMs ? "" : "   NOT within the bound";
    process.stdout.write(
      `${what.padEnd(52)}${took.toFixed(0).padStart(9)}${grown.toFixed(0).padStart(10)}  ${report?.verdict ?? "none"}${held}\n`,
    );
  }
  process.stdout.write(
    `peak resident memory of the whole run: ${(process.resourceUsage().maxRSS / 1000).toFixed(0)} MB\n`,
  );
}

function makeHostile(folder: string, quick: boolean): Hostile[] {
  const made = (what: string, name: string, bytes: Uint8Array): Hostile => {
    const file = join(folder, name);
    writeFileSync(file, bytes);
    return { what, file };
  };
  const latin = (text: string): Buffer => Buffer.from(text, "latin1");
  const attack = latin("cos\nsystem\n(S'id'\ntR.");
  const doubling = Array.from({ length: 200 }, (_, at) => Buffer.from([0x28, 0x68, at, 0x68, at, 0x74, 0x71, at + 1]));
  const sparse = join(folder, "sparse.safetensors");
  const header = latin('{"w":{"dtype":"U8","shape":[10000000000],"data_offsets":[0,10000000000]}}');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(sparse, Buffer.concat([length, header]));
  truncateSync(sparse, 8 + header.length + 1e10);
  const sparsePickle = join(folder, "sparse.pkl");
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(1e10));
  writeFileSync(sparsePickle, Buffer.concat([Buffer.from([0x80, 4, 0x8e]), size]));
  truncateSync(sparsePickle, 11 + 1e10);
  writeFileSync(sparsePickle, attack, { flag: "a" });
  const zeros = gzipSync(Buffer.alloc((quick ? 64 : 512) * 2 ** 20));
  return [
    { what: "safetensors of 10 GB, sparse", file: sparse },
    { what: "10 GB of bytes in a pickle, a command after them", file: sparsePickle },
    made("2^200 tuples by doubling", "doubling.pkl", Buffer.concat([latin("\x80\x02]q\x00"), ...doubling, latin(".")])),
    made(
      "the same as a key, whose hash never ends",
      "hash.pkl",
      Buffer.concat([latin("\x80\x02)q\x00"), ...doubling, latin("}h\xc8K\x01s.")]),
    ),
    made(
      "a million lists, one in the other",
      "deep.pkl",
      Buffer.concat([latin("\x80\x02"), Buffer.alloc(1e6, "]"), Buffer.alloc(1e6 - 1, "a"), latin(".")]),
    ),
    made("memo index 2^31 - 1", "memo.pkl", latin("\x80\x02]r\xff\xff\xff\x7f.")),
    made("a number of two gigabytes, announced", "long.pkl", latin("\x80\x02\x8b\xff\xff\xff\x7fx.")),
    made(
      "range(2^31) as a list",
      "range.pkl",
      latin("\x80\x02cbuiltins\nlist\n(cbuiltins\nrange\n(J\xff\xff\xff\x7ftRtR."),
    ),
    made(`${quick ? 64 : 512} MB of zeros in gzip, a pickle by name`, "zeros.pkl.gz", zeros),
    made("the same compressed again", "zeros2.pkl.gz", gzipSync(zeros)),
    made(
      "a million instructions that keep nothing",
      "busy.pkl",
      Buffer.concat([latin("\x80\x02"), ...Array.from({ length: 1e6 }, () => latin("K\x010")), latin("N.")]),
    ),
  ];
}
