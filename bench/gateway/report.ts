/** What the gateway benchmark found. In: rounds. Out: ratios first, then rows, on the screen; everything as JSON. */
import { mkdir, writeFile } from "node:fs/promises";
import type { Machine } from "./machine.ts";
import { spreadOf, spreadText, type Spread } from "./statistics.ts";
import { targetWords, type TargetName } from "./targets.ts";

export interface ThroughputRound {
  readonly target: "direct" | TargetName;
  readonly perSecond: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How much of its CPU the load generator and upstream used, 0 to 1: near 1 they were the limit. */
  readonly loadBusy: number;
  readonly cpuMicrosPerRequest?: number;
  /** How much of its CPU the process under test used: well under 1, something else on the machine took it. */
  readonly testedBusy?: number;
  readonly rssBytes?: number;
}

export interface StreamRound {
  readonly target: TargetName;
  readonly firstByteMs: number;
  readonly streams: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Results {
  readonly command: string;
  readonly at: string;
  readonly machine: Machine;
  readonly pinned: boolean;
  readonly inFlight: number;
  readonly connections: number;
  readonly streamsPerSecond: number;
  readonly syncMicros: number;
  readonly createMicros: number;
  /** Those that ran, in their order; and why others did not. */
  readonly targets: readonly TargetName[];
  readonly missing: readonly string[];
  readonly throughput: readonly ThroughputRound[];
  readonly streams: readonly StreamRound[];
}

const throughputBar = 0.5;
const addedBarMs = 2;
const residentBarMiB = 250;

/** Below this share of its CPU a saturated process was starved, and requests per second say nothing about it. */
const leastBusy = 0.9;
/** A bare proxy that adds more than this at p99 was held up by something else, and so was Cordon. */
const quietP99Ms = 5;

/** Prints the results and writes them to `bench/results/`. */
export async function report(results: Results): Promise<void> {
  const lines = [
    ...headline(results),
    "",
    ...besideBare(results),
    "",
    ...throughputRows(results),
    "",
    ...streamRows(results),
    "",
    ...setting(results),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  const folder = new URL("../results/", import.meta.url);
  await mkdir(folder, { recursive: true });
  const file = new URL(`gateway-${results.at.replaceAll(/[:.]/g, "-")}.json`, folder);
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`);
}

function headline({ targets, throughput, streams, connections }: Results): string[] {
  if (!targets.includes("bare") || !targets.includes("cordon"))
    return ["no verdicts: these need both the bare proxy and Cordon"];
  const rate = pairs(
    throughput,
    (round) => round.perSecond,
    (cordon, bare) => cordon / bare,
  );
  const cpu = pairs(
    throughput,
    (round) => round.cpuMicrosPerRequest ?? Number.NaN,
    (cordon, bare) => cordon / bare,
  );
  const starved = throughput.filter(({ testedBusy = 1 }) => testedBusy < leastBusy).length;
  const lines = [
    `requests per second, Cordon / bare proxy   ${spreadText(rate, 2)}   bar: at least ${throughputBar}: ${verdict(rate.median >= throughputBar, starved === 0)}`,
    `CPU per request, Cordon / bare proxy       ${spreadText(cpu, 2)}`,
  ];
  for (const firstByteMs of [20, 0]) {
    const of = streams.filter((round) => round.firstByteMs === firstByteMs);
    const added = pairs(
      of,
      (round) => round.p99Ms,
      (cordon, bare) => cordon - bare,
    );
    const bare = spreadOf(of.filter(({ target }) => target === "bare").map(({ p99Ms }) => p99Ms));
    const held = verdict(added.median <= addedBarMs, bare.median <= quietP99Ms);
    const bar = firstByteMs === 20 ? `   bar: at most ${addedBarMs} ms: ${held}` : "";
    lines.push(
      `added time to first token, p99, upstream first byte at ${firstByteMs} ms   ${spreadText(added, 2)} ms${bar}`,
    );
  }
  const resident = spreadOf(
    throughput.filter(({ target }) => target === "cordon").map(({ rssBytes }) => (rssBytes ?? Number.NaN) / 2 ** 20),
  );
  const bar = `   bar: at most ${residentBarMiB} MiB: ${verdict(resident.max <= residentBarMiB, true)}`;
  lines.push(
    `resident memory of Cordon, whole, with ${connections} connections   ${spreadText(resident, 0)} MiB${bar}`,
  );
  return lines;
}

/** Every target against the bare proxy, round by round; and the direct one, which nothing stands in the way of. */
function besideBare({ targets, missing, throughput, streams }: Results): string[] {
  const columns = ["requests/s", "CPU", "p50 ms more", "p99 ms more", "TTFT p99 ms more", "memory"];
  const rows = targets.map((name) => {
    const of = (figure: (round: ThroughputRound) => number, relate: (one: number, bare: number) => number): string =>
      spreadText(pairs(throughput, figure, relate, name), 2).padEnd(24);
    const times = (one: number, bare: number): number => one / bare;
    const more = (one: number, bare: number): number => one - bare;
    const at20 = streams.filter(({ firstByteMs }) => firstByteMs === 20);
    return (
      name.padEnd(14) +
      of(({ perSecond }) => perSecond, times) +
      of(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest ?? Number.NaN, times) +
      of(({ p50Ms }) => p50Ms, more) +
      of(({ p99Ms }) => p99Ms, more) +
      spreadText(
        pairs(at20, ({ p99Ms }) => p99Ms, more, name),
        2,
      ).padEnd(24) +
      of(({ rssBytes }) => rssBytes ?? Number.NaN, times)
    );
  });
  return [
    "beside the bare proxy of the same round: times its figure, or milliseconds more; median (min - max)",
    "".padEnd(14) + columns.map((column) => column.padEnd(24)).join(""),
    ...rows,
    ...targets.map((name) => `  ${name}: ${targetWords[name]}`),
    ...missing.map((why) => `  left out: ${why}`),
  ];
}

/** Each round of a target with the bare one of the same turn: what disturbed one most likely disturbed the other. */
function pairs<R extends { readonly target: string }>(
  rounds: readonly R[],
  figure: (round: R) => number,
  relate: (one: number, bare: number) => number,
  name: TargetName = "cordon",
): Spread {
  const [bare, ones] = ["bare", name].map((each) => rounds.filter(({ target }) => target === each).map(figure));
  return spreadOf((ones ?? []).map((value, i) => relate(value, bare?.[i] ?? Number.NaN)));
}

function throughputRows({ targets, throughput, inFlight, connections }: Results): string[] {
  const rows = (["direct", ...targets] as const).map((name) => {
    const rounds = throughput.filter(({ target }) => target === name);
    const of = (figure: (round: ThroughputRound) => number | undefined, digits: number): string => {
      const values = rounds.map(figure).filter((value) => value !== undefined);
      return (values.length === 0 ? "" : spreadText(spreadOf(values), digits)).padEnd(26);
    };
    const failed = rounds.reduce((sum, round) => sum + round.failed, 0);
    return (
      name.padEnd(14) +
      of((round) => round.perSecond, 0) +
      of((round) => round.cpuMicrosPerRequest, 1) +
      of((round) => round.p50Ms, 2) +
      of((round) => round.p99Ms, 1) +
      of((round) => (round.rssBytes === undefined ? undefined : round.rssBytes / 2 ** 20), 0) +
      of((round) => (round.testedBusy === undefined ? undefined : round.testedBusy * 100), 0) +
      of((round) => round.loadBusy * 100, 0) +
      failed
    );
  });
  const columns = [
    "requests/s",
    "CPU us/request",
    "p50 ms",
    "p99 ms",
    "RSS MiB",
    "its CPU busy %",
    "load's CPU busy %",
  ];
  return [
    `${inFlight} calls of 1 KB in flight, over ${connections} connections of as many of 1,000 principals, to 100 models; median (min - max) of rounds`,
    " ".repeat(14) + columns.map((column) => column.padEnd(26)).join("") + "failed",
    ...rows,
  ];
}

function streamRows({ targets, streams, streamsPerSecond }: Results): string[] {
  const rows = [20, 0].flatMap((firstByteMs) =>
    targets.map((name) => {
      const rounds = streams.filter((round) => round.target === name && round.firstByteMs === firstByteMs);
      const of = (figure: (round: StreamRound) => number): string =>
        spreadText(spreadOf(rounds.map(figure)), 2).padEnd(26);
      const count = rounds.reduce((sum, round) => sum + round.streams, 0);
      const failed = rounds.reduce((sum, round) => sum + round.failed, 0);
      return (
        `${name.padEnd(14)}${String(firstByteMs).padEnd(18)}` +
        of((round) => round.p50Ms) +
        of((round) => round.p99Ms) +
        `${String(count).padEnd(10)}${failed}`
      );
    }),
  );
  return [
    `${streamsPerSecond} streams begun a second; time to first byte beyond what the upstream took, median (min - max) of rounds`,
    `${"".padEnd(14)}${"upstream at ms".padEnd(18)}${"p50 ms".padEnd(26)}${"p99 ms".padEnd(26)}${"streams".padEnd(10)}failed`,
    ...rows,
  ];
}

/** From here on it shows: a ledger under load makes about a hundred files a second. */
const slowCreateMicros = 100;
const slowCreateWords =
  "this file system is slow to make files, which Cordon's figures include: see docs/benchmarks.md, and --folder";

function setting({ command, at, machine, pinned, syncMicros, createMicros }: Results): string[] {
  const { processor, cores, memoryGiB, kernel, node } = machine;
  return [
    `${command}   ${at}`,
    `${processor}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}, Node ${node}; append and fdatasync of 4 KiB: ${syncMicros.toFixed(0)} us, a new file: ${createMicros.toFixed(0)} us`,
    ...(createMicros > slowCreateMicros ? [slowCreateWords] : []),
    pinned
      ? "process under test: all threads on CPU 0; load generator and upstream: CPU 1"
      : "not pinned: these are not figures of one core",
  ];
}

function verdict(holds: boolean, undisturbed: boolean): string {
  if (!undisturbed) return "NOT ESTABLISHED, the machine was busy with something else";
  return holds ? "holds" : "MISSED";
}
