/**
 * `npm run bench -- gateway [--quick]`: what Cordon costs beside a bare Node proxy, in one run. In: options. Out: the
 * ratios that DESIGN.md's bars speak of, with everything they were made from.
 *
 * Rounds alternate (bare, Cordon, bare, Cordon, ...), so that what disturbs the machine disturbs both. All threads of
 * the process under test share one CPU; the load generator and the upstream share another.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { prepareEstate } from "./estate.ts";
import { beginStreams, ClientPool, saturate } from "./load.ts";
import { machine, syncMicros } from "./machine.ts";
import { pinLoadGenerator, startUnderTest, type ProcessUnderTest } from "./process-under-test.ts";
import { report, type Results, type StreamRound, type ThroughputRound } from "./report.ts";
import { percentile } from "./statistics.ts";
import { Calls } from "./traffic.ts";
import { openBenchUpstream, type BenchUpstream } from "./upstream.ts";

interface Scale {
  readonly warmSeconds: number;
  readonly rounds: number;
  readonly roundSeconds: number;
  readonly streamRounds: number;
  readonly streamSeconds: number;
}

const full: Scale = { warmSeconds: 5, rounds: 5, roundSeconds: 3, streamRounds: 3, streamSeconds: 3 };
const quick: Scale = { warmSeconds: 2, rounds: 3, roundSeconds: 1, streamRounds: 1, streamSeconds: 1 };

const inFlight = 64;
const streamsPerSecond = 200;

interface Target {
  readonly name: "bare" | "cordon";
  readonly process: ProcessUnderTest;
  readonly pool: ClientPool;
}

export async function benchGateway(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: "boolean", default: false }, folder: { type: "string" }, only: { type: "string" } },
  });
  const scale = values.quick ? quick : full;
  await using closing = new AsyncDisposableStack();
  const folder = await mkdtemp(join(values.folder ?? tmpdir(), "cordon-bench-"));
  closing.defer(() => rm(folder, { recursive: true, force: true }));
  const pinned = pinLoadGenerator();
  if (!pinned) say("taskset is missing: nothing is pinned, so these are not figures of one core");

  say("making the estate: 1,000 principals, 100 models, 40 policies");
  const upstream = closing.use(await openBenchUpstream());
  const estate = await prepareEstate(folder, upstream.port);
  const { clients, authorities, server, configuration } = estate;
  const upstreamPort = upstream.port;
  const files = {
    bare: { file: new URL("bare-proxy.ts", import.meta.url), input: { authorities, server, upstreamPort } },
    cordon: { file: new URL("cordon-process.ts", import.meta.url), input: { configuration } },
  } as const;
  const targets: Target[] = [];
  for (const name of ["bare", "cordon"] as const) {
    if (values.only !== undefined && values.only !== name) continue;
    const started = closing.use(await startUnderTest(files[name].file, files[name].input, pinned));
    const endpoints = clients.map((credential) => ({ port: started.port, credential }));
    targets.push({ name, process: started, pool: closing.use(await ClientPool.open(endpoints)) });
  }
  const direct = closing.use(await ClientPool.open(clients.map(() => ({ port: upstreamPort, credential: undefined }))));

  const calls = new Calls(false);
  say("warming up");
  await saturate(direct, calls, inFlight, 1);
  for (const { pool } of targets) await saturate(pool, calls, inFlight, scale.warmSeconds);

  const throughput = await throughputRounds(targets, direct, calls, scale);
  const streams = await streamRounds(targets, upstream, scale);
  const results: Results = {
    command: `npm run bench -- gateway${values.quick ? " --quick" : ""}`,
    at: new Date().toISOString(),
    machine: machine(),
    pinned,
    inFlight,
    streamsPerSecond,
    syncMicros: syncMicros(folder),
    throughput,
    streams,
  };
  await report(results);
}

async function throughputRounds(
  targets: readonly Target[],
  direct: ClientPool,
  calls: Calls,
  { rounds, roundSeconds }: Scale,
): Promise<ThroughputRound[]> {
  const done: ThroughputRound[] = [];
  for (let round = 1; round <= rounds; round++) {
    say(`throughput, round ${round} of ${rounds}`);
    done.push(await measure("direct", undefined, direct, calls, roundSeconds / 2));
    for (const { name, process, pool } of targets) done.push(await measure(name, process, pool, calls, roundSeconds));
  }
  return done;
}

async function measure(
  target: ThroughputRound["target"],
  tested: ProcessUnderTest | undefined,
  pool: ClientPool,
  calls: Calls,
  seconds: number,
): Promise<ThroughputRound> {
  const before = await tested?.usage();
  const loadBefore = process.cpuUsage();
  const load = await saturate(pool, calls, inFlight, seconds);
  const loadUsed = process.cpuUsage(loadBefore);
  const after = await tested?.usage();
  const { answered, failed } = load;
  return {
    target,
    failed,
    perSecond: answered / load.seconds,
    p50Ms: percentile(load.latenciesMs, 50),
    p99Ms: percentile(load.latenciesMs, 99),
    loadBusy: (loadUsed.user + loadUsed.system) / (load.seconds * 1e6),
    ...(before === undefined || after === undefined
      ? {}
      : {
          cpuMicrosPerRequest: (after.cpuMicros - before.cpuMicros) / answered,
          testedBusy: (after.cpuMicros - before.cpuMicros) / (load.seconds * 1e6),
          rssBytes: after.rssBytes,
        }),
  };
}

async function streamRounds(
  targets: readonly Target[],
  upstream: BenchUpstream,
  { streamRounds: rounds, streamSeconds: seconds }: Scale,
): Promise<StreamRound[]> {
  const calls = new Calls(true);
  const done: StreamRound[] = [];
  for (const { pool } of targets)
    await beginStreams(pool, calls, upstream, { perSecond: streamsPerSecond, seconds: 1 });
  for (const firstByteMs of [20, 0]) {
    upstream.firstByteMs = firstByteMs;
    for (let round = 1; round <= rounds; round++) {
      say(`streams with the upstream's first byte at ${firstByteMs} ms, round ${round} of ${rounds}`);
      for (const { name, pool } of targets) {
        const { addedMs, failed } = await beginStreams(pool, calls, upstream, { perSecond: streamsPerSecond, seconds });
        const [p50Ms, p99Ms] = [percentile(addedMs, 50), percentile(addedMs, 99)];
        done.push({ target: name, firstByteMs, streams: addedMs.length, failed, p50Ms, p99Ms });
      }
    }
  }
  return done;
}

function say(words: string): void {
  process.stderr.write(`${words}\n`);
}
