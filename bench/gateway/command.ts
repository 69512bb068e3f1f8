/**
 * `npm run bench -- gateway`: what Cordon costs beside a bare Node proxy and the proxies that people run, in one run. In:
 * options. Out: the ratios that DESIGN.md's bars speak of, with everything they were made from.
 *
 *     --quick               seconds instead of minutes: to try it out, not for figures
 *     --targets bare,cordon which of them (and `direct`, always); those that are not on this machine are left out, with why
 *     --rounds 5            rounds of throughput; of streams, three at most
 *     --connections 1000    callers with a connection each; 1,000 principals are registered all the same
 *     --folder /tmp         where the state is kept meanwhile; its file system is part of what is measured
 *
 * Rounds alternate (direct, bare, Cordon, ..., direct, bare, ...), so that what disturbs the machine disturbs all. All
 * threads of the process under test share one CPU; the load generator and the upstream share another.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { prepareEstate, principalCount } from "./estate.ts";
import { beginStreams, ClientPool, saturate } from "./load.ts";
import { createMicros, machine, syncMicros } from "./machine.ts";
import { pinLoadGenerator, type ProcessUnderTest } from "./process-under-test.ts";
import { report, type StreamRound, type ThroughputRound } from "./report.ts";
import { percentile } from "./statistics.ts";
import { openTarget, targetNames, type Target, type TargetName } from "./targets.ts";
import { Calls } from "./traffic.ts";
import { openBenchUpstream, type BenchUpstream } from "./upstream.ts";

interface Scale {
  readonly warmSeconds: number;
  readonly rounds: number;
  readonly roundSeconds: number;
  readonly streamRounds: number;
  readonly streamSeconds: number;
}

// Until compilers are done: after 5 s V8's compiler threads still took a quarter of the core, after 20 s a twelfth.
const full: Scale = { warmSeconds: 20, rounds: 5, roundSeconds: 3, streamRounds: 3, streamSeconds: 3 };
const quick: Scale = { warmSeconds: 2, rounds: 3, roundSeconds: 1, streamRounds: 1, streamSeconds: 1 };

const inFlight = 64;
const streamsPerSecond = 200;

export async function benchGateway(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      targets: { type: "string", default: targetNames.join(",") },
      rounds: { type: "string" },
      connections: { type: "string", default: "1000" },
      folder: { type: "string" },
    },
  });
  const base = values.quick ? quick : full;
  const rounds = Number(values.rounds ?? base.rounds);
  const scale: Scale = { ...base, rounds, streamRounds: Math.min(base.streamRounds, rounds) };
  const names = values.targets.split(",").map(targetNamed);
  const connections = Number(values.connections);
  if (!(connections >= inFlight && connections <= principalCount && scale.rounds > 0))
    throw new Error(`--connections is ${inFlight} to ${principalCount}, and --rounds at least 1`);
  await using closing = new AsyncDisposableStack();
  const folder = await mkdtemp(join(values.folder ?? tmpdir(), "cordon-bench-"));
  closing.defer(() => rm(folder, { recursive: true, force: true }));
  const pinned = pinLoadGenerator();
  if (!pinned) say("taskset is missing: nothing is pinned, so these are not figures of one core");

  say("making the estate: 1,000 principals, 100 models, 40 policies");
  const upstream = closing.use(await openBenchUpstream());
  const estate = await prepareEstate(folder, upstream.port);
  const options = { estate, upstreamPort: upstream.port, folder, connections, pinned };
  const targets: Target[] = [];
  const missing: string[] = [];
  for (const name of names) {
    const opened = await openTarget(name, options, closing);
    if (typeof opened === "string") missing.push(`${name}: ${opened}`);
    else targets.push(opened);
  }
  for (const why of missing) say(`left out: ${why}`);
  const plain = estate.clients.slice(0, connections).map(() => ({ port: upstream.port, credential: undefined }));
  const direct = closing.use(await ClientPool.open(plain));

  const calls = new Calls(false);
  say("warming up");
  await saturate(direct, calls, inFlight, 1);
  for (const { pool, calls: own } of targets) await saturate(pool, own, inFlight, scale.warmSeconds);

  const throughput = await throughputRounds(targets, direct, calls, scale);
  const streams = await streamRounds(targets, upstream, scale);
  await report({
    command: ["npm run bench -- gateway", ...args].join(" "),
    at: new Date().toISOString(),
    machine: machine(),
    pinned,
    inFlight,
    connections,
    streamsPerSecond,
    syncMicros: syncMicros(folder),
    createMicros: createMicros(folder),
    targets: targets.map(({ name }) => name),
    missing,
    throughput,
    streams,
  });
}

function targetNamed(text: string): TargetName {
  const found = targetNames.find((name) => name === text);
  if (found === undefined) throw new Error(`--targets takes ${targetNames.join(", ")}; \`${text}\` is none of them`);
  return found;
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
    for (const { name, process, pool, calls: own } of targets)
      done.push(await measure(name, process, pool, own, roundSeconds));
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
  await pool.revive();
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
  const done: StreamRound[] = [];
  for (const { pool, streamedCalls } of targets) {
    await pool.revive();
    await beginStreams(pool, streamedCalls, upstream, { perSecond: streamsPerSecond, seconds: 1 });
  }
  for (const firstByteMs of [20, 0]) {
    upstream.firstByteMs = firstByteMs;
    for (let round = 1; round <= rounds; round++) {
      say(`streams with the upstream's first byte at ${firstByteMs} ms, round ${round} of ${rounds}`);
      for (const { name, pool, streamedCalls } of targets) {
        await pool.revive();
        const { addedMs, failed } = await beginStreams(pool, streamedCalls, upstream, {
          perSecond: streamsPerSecond,
          seconds,
        });
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
