/**
 * `npm run bench -- supply [--quick]`: what verifying a model costs. In: options. Out: megabytes a second of hashing, of
 * signing's manifest, of verifying in place and into the content store, beside plain `node:crypto` over the same file;
 * memory at the end.
 *
 * `npm run bench -- poison [--quick]`: what the poisoning screen finds of what is planted in public datasets.
 */
import { createHash, generateKeyPairSync, randomFillSync } from "node:crypto";
import { copyFile, open, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openContentStore } from "@cordon/control/supply/integrity/content-store";
import { hashFile } from "@cordon/control/supply/integrity/hash-file";
import { signingKeyOf } from "@cordon/control/keys/provider/key-provider";
import { signModel } from "@cordon/control/supply/signatures/sign-model";
import { verifyModel } from "@cordon/control/supply/signatures/verify-model";
import { machine } from "../gateway/machine.ts";
import { measurePoison } from "./poison.ts";

const megabyte = 1_000_000;
/** CONTRIBUTING's bar for full hashing with progress. */
const barMegabytes = 100;

interface Row {
  readonly what: string;
  readonly megabytesPerSecond: number;
}

export async function benchSupply(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { quick: { type: "boolean", default: false } } });
  const folder = await mkdtemp(join(tmpdir(), "cordon-bench-supply-"));
  try {
    const rows = await measureHashing(folder, (values.quick ? 256 : 1024) * megabyte);
    const sparse = values.quick ? undefined : await measureSparse(folder);
    const hashing = rows.filter(({ what }) => what.startsWith("hash") || what.endsWith("in place"));
    const slowest = Math.min(...hashing.map(({ megabytesPerSecond }) => megabytesPerSecond));
    const lines = [
      ...rows.map(
        ({ what, megabytesPerSecond }) => `${what.padEnd(46)} ${megabytesPerSecond.toFixed(0).padStart(6)} MB/s`,
      ),
      `slowest hashing: ${slowest.toFixed(0)} MB/s (bar: ${barMegabytes} MB/s)`,
      ...(sparse === undefined
        ? []
        : [
            `10 GB sparse file hashed in ${sparse.seconds.toFixed(1)} s, ${sparse.residentMegabytes.toFixed(0)} MB resident`,
          ]),
      `on ${machine().processor}, Node ${machine().node}`,
    ];
    process.stdout.write(`${lines.join("\n")}\n`);
    await keep("supply", {
      command: "npm run bench -- supply",
      at: new Date().toISOString(),
      machine: machine(),
      rows,
      sparse,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureHashing(folder: string, bytes: number): Promise<Row[]> {
  const model = join(folder, "model");
  await mkdir(model);
  await writeRandom(join(model, "weights.bin"), bytes);
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  let heard = 0;
  const onBytes = (count: number): void => void (heard += count);
  const time = async (what: string, work: () => Promise<unknown>): Promise<Row> => {
    const started = performance.now();
    await work();
    return { what, megabytesPerSecond: bytes / megabyte / ((performance.now() - started) / 1000) };
  };
  await plainHash(join(model, "weights.bin")); // the file is in the page cache from here on, for all alike
  const rows = [
    await time("node:crypto SHA-256, read in 1 MiB pieces", () => plainHash(join(model, "weights.bin"))),
    await time("hash a file, with progress", () => hashFile(join(model, "weights.bin"), { type: "sha256", onBytes })),
    await time("hash in shards of 100 MB", () =>
      hashFile(join(model, "weights.bin"), { type: "sha256", shardBytes: 100 * megabyte }),
    ),
  ];
  if (heard !== bytes) throw new Error(`progress heard of ${heard} of ${bytes} bytes`);
  const { bundle } = await signModel(model, { key: signingKeyOf(privateKey) });
  const options = { trust: { method: "key", key: publicKey } as const, now: Date.now() };
  const verify = async (store?: Awaited<ReturnType<typeof openContentStore>>): Promise<void> => {
    const { verdict } = await verifyModel(model, Buffer.from(bundle), {
      ...options,
      ...(store === undefined ? {} : { store }),
    });
    if (verdict !== "verified") throw new Error("the model did not verify");
  };
  rows.push(await time("verify a signed model in place", () => verify()));
  rows.push(
    await time("plain copy and sync, the disk's own speed", () =>
      plainCopy(join(model, "weights.bin"), join(folder, "copy")),
    ),
  );
  const store = await openContentStore(join(folder, "store"));
  rows.push(await time("verify into the content store (hash, copy, sync)", () => verify(store)));
  return rows;
}

async function measureSparse(
  folder: string,
): Promise<{ readonly seconds: number; readonly residentMegabytes: number }> {
  const file = join(folder, "sparse.bin");
  const handle = await open(file, "w");
  await handle.truncate(10_000 * megabyte);
  await handle.close();
  const started = performance.now();
  await hashFile(file, { type: "sha256" });
  return { seconds: (performance.now() - started) / 1000, residentMegabytes: process.memoryUsage.rss() / megabyte };
}

async function plainHash(file: string): Promise<string> {
  const handle = await open(file, "r");
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  const hash = createHash("sha256");
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
  }
  await handle.close();
  return hash.digest("hex");
}

async function plainCopy(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const handle = await open(to, "r+");
  await handle.sync();
  await handle.close();
}

async function writeRandom(file: string, bytes: number): Promise<void> {
  const handle = await open(file, "w");
  const block = randomFillSync(Buffer.allocUnsafe(16 * megabyte));
  for (let left = bytes; left > 0; left -= block.length) await handle.write(block, 0, Math.min(left, block.length));
  await handle.close();
}

export async function benchPoison(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { quick: { type: "boolean", default: false } } });
  const figures = measurePoison(values.quick);
  if (figures.length === 0) throw new Error("the datasets are not at ../shared/data: nothing was measured");
  const share = (value: number): string => (Number.isNaN(value) ? "-" : `${(value * 100).toFixed(0)}%`);
  process.stdout.write(
    `dataset              poison                   planted flagged recall precision\n${figures
      .map(
        ({ dataset, poison, planted, flagged, recall, precision }) =>
          `${dataset.padEnd(20)} ${poison.padEnd(24)} ${String(planted).padStart(7)} ${String(flagged).padStart(7)} ${share(recall).padStart(6)} ${share(precision).padStart(9)}`,
      )
      .join("\n")}\n`,
  );
  await keep("poison", {
    command: `npm run bench -- poison${values.quick ? " --quick" : ""}`,
    at: new Date().toISOString(),
    machine: machine(),
    figures,
  });
}

async function keep(name: string, results: object): Promise<void> {
  const folder = join(import.meta.dirname, "..", "results");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(results, undefined, 2)}\n`);
}
