/**
 * `npm run bench -- soak [--seconds 60] [--watch all|metrics|none]`: whether memory is flat. In: how long. Out: resident memory at
 * several points of a saturated run, its slope over the second half, and CPU a request.
 *
 * Everything that watches Cordon is on (metrics, scraped twice a second; events into a file), for what watches can leak too.
 * With less of it on, the difference in CPU a request is what watching costs.
 */
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { prepareEstate } from "../gateway/estate.ts";
import { ClientPool, saturate } from "../gateway/load.ts";
import { asCordonStarts, pinLoadGenerator, startUnderTest } from "../gateway/process-under-test.ts";
import { Calls } from "../gateway/traffic.ts";
import { openBenchUpstream } from "../gateway/upstream.ts";
import { heapGrowth, isFlat, residentGrowth, type Sample } from "./slope.ts";

const points = 20;
const inFlight = 64;
const warmSeconds = 5;
const operationsPort = 18_441;
const scrapeEveryMs = 500;
const metrics = `operations: { listen: "127.0.0.1:${operationsPort}" }\n`;
const watching: Readonly<Record<string, string>> = {
  all: `${metrics}events: [{ file: events.jsonl, keep: 1 }]\n`,
  metrics,
  none: "",
};

export async function benchSoak(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: "string", default: "60" }, watch: { type: "string", default: "all" } },
  });
  const seconds = Number(values.seconds);
  const watch = watching[values.watch];
  if (watch === undefined) throw new Error(`--watch is one of ${Object.keys(watching).join(", ")}`);
  await using closing = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cordon-soak-"));
  closing.defer(() => rm(folder, { recursive: true, force: true }));
  const pinned = pinLoadGenerator();
  const upstream = closing.use(await openBenchUpstream());
  const { clients, configuration } = await prepareEstate(folder, upstream.port);
  await appendFile(configuration, watch);
  const cordon = closing.use(
    await startUnderTest(
      new URL("../gateway/cordon-process.ts", import.meta.url),
      { configuration },
      pinned,
      await asCordonStarts(),
    ),
  );
  const pool = closing.use(await ClientPool.open(clients.map((credential) => ({ port: cordon.port, credential }))));
  const heaps: number[] = [];
  const scraping = watch === "" ? undefined : setInterval(() => void scrapeHeap(heaps), scrapeEveryMs);
  closing.defer(() => clearInterval(scraping));

  const calls = new Calls(false);
  await saturate(pool, calls, inFlight, warmSeconds);
  const samples: Sample[] = [];
  const before = await cordon.usage();
  let requests = 0;
  let failed = 0;
  for (let point = 0; point < points; point++) {
    const load = await saturate(pool, calls, inFlight, seconds / points);
    requests += load.answered;
    failed += load.failed;
    const { rssBytes } = await cordon.usage();
    samples.push({ requests, rssBytes });
    const heap = heaps.at(-1);
    const beside = heap === undefined ? "" : `, heap ${mebibytes(heap)}`;
    process.stdout.write(`${String(requests).padStart(9)} requests  ${mebibytes(rssBytes)} MiB resident${beside}\n`);
  }
  const { cpuMicros } = await cordon.usage();
  const resident = residentGrowth(samples);
  const heap = heapGrowth(heaps);
  process.stdout.write(
    `\n${isFlat(resident, heap) ? "flat" : "GROWING"}: heap after collection ${percent(heap)} from the second third to the ` +
      `last, resident memory ${percent(resident)} over the second half; ${failed} calls failed\n` +
      `${((cpuMicros - before.cpuMicros) / requests).toFixed(1)} us of CPU a request, all threads, ` +
      `watched: ${values.watch}; ${(requests / seconds).toFixed(0)} requests/s\n`,
  );
}

/** What Prometheus does. Keeps the main thread's heap; an answer that fails says nothing. */
async function scrapeHeap(heaps: number[]): Promise<void> {
  try {
    const text = await (await fetch(`http://127.0.0.1:${operationsPort}/metrics`)).text();
    heaps.push(Number(/^nodejs_heap_size_used_bytes (.*)$/m.exec(text)?.[1]));
  } catch {
    // the next one may
  }
}

function percent(share: number): string {
  return Number.isNaN(share) ? "unknown" : `${share >= 0 ? "+" : ""}${(share * 100).toFixed(1)} %`;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1).padStart(7);
}
