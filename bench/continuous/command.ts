/**
 * `npm run bench -- continuous [--quick] [--streams N,N] [--two]`: how long from a change until the streams that it concerns
 * are cut. In: how many streams are live. Out: percentiles, from asking for the change (before it is committed) to the end of
 * the connection at the client, its cut on record; in one process, and where the change is made in another that shares a
 * PostgreSQL with it. Cordon, its clients and the model server are processes of their own, over real connections.
 */
import { fork, type ChildProcess } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { machine } from "../gateway/machine.ts";
import { percentile } from "../gateway/statistics.ts";
import type { Ask, ChangeKind } from "./cordon.child.ts";
import type { OpenStreams } from "./clients.child.ts";
import { createSchema } from "./postgres.ts";

interface Level {
  readonly streams: number;
  readonly processes: 1 | 2;
  readonly changes: number;
  readonly cut: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** All that are left, by one change. */
  readonly atOnce: { readonly cut: number; readonly p50Ms: number; readonly p99Ms: number };
  readonly rssMiB: number;
}

const changeKinds: readonly ChangeKind[] = ["revocation", "isolation", "session-revoked"];

export async function benchContinuous(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      streams: { type: "string" },
      one: { type: "boolean", default: false },
      two: { type: "boolean", default: false },
    },
  });
  const asked = values.streams?.split(",").map(Number) ?? (values.quick ? [10, 200] : [10, 1_000, 10_000]);
  const most = Math.floor((openFilesLimit() - 400) / 2);
  const levels: Level[] = [];
  for (const streams of values.two ? [] : asked) levels.push(await measure(Math.min(streams, most), 1));
  const shared = values.one ? undefined : await createSchema();
  if (shared === undefined && !values.one)
    process.stderr.write("two processes: skipped, no PostgreSQL (CORDON_TEST_POSTGRES)\n");
  if (shared !== undefined) {
    await using _schema = shared;
    const streams = values.streams === undefined ? (values.quick ? 200 : 1_000) : Math.min(asked[0] ?? 1_000, most);
    levels.push(await measure(streams, 2, shared.url));
  }
  process.stdout.write("from a change to the end of the streams that it concerns, at the client\n");
  for (const { streams, processes, changes, cut, p50Ms, p99Ms, maxMs, atOnce, rssMiB } of levels)
    process.stdout.write(
      `  ${String(streams).padStart(6)} live, ${processes === 1 ? "one process " : "two processes"}: ` +
        `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, longest ${maxMs.toFixed(1)} ms (${cut} cut by ${changes} changes); ` +
        `the other ${atOnce.cut} at once: p50 ${atOnce.p50Ms.toFixed(0)} ms, p99 ${atOnce.p99Ms.toFixed(0)} ms; ${rssMiB} MiB\n`,
    );
  if (asked.some((streams) => streams > most))
    process.stdout.write(
      `  this machine lets one process open ${openFilesLimit()} files: at most ${most} streams of two connections each\n`,
    );
  await mkdir("bench/results", { recursive: true });
  const at = new Date().toISOString();
  await writeFile("bench/results/continuous.json", JSON.stringify({ at, machine: machine(), levels }, undefined, 2));
}

async function measure(streams: number, processes: 1 | 2, storeUrl?: string): Promise<Level> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cordon-bench-continuous-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const upstream = childOf("upstream.child.ts");
  stack.defer(() => upstream.end());
  const { port: upstreamPort } = (await upstream.next()) as { port: number };
  const each = Math.max(1, Math.min(10, Math.floor(streams / 100)));
  const components = Math.ceil(streams / each);
  const start = async (name: string) => {
    const path = join(folder, `${name}.yaml`);
    await writeFile(path, configuration(name, upstreamPort, components, folder, storeUrl));
    const child = childOf("cordon.child.ts");
    stack.defer(() => child.end());
    child.say({ path, env: storeUrl === undefined ? {} : { BENCH_STORE: storeUrl } });
    return { child, port: ((await child.next()) as { port: number }).port };
  };
  const first = await start("first");
  const second = processes === 2 ? await start("second") : first;
  const clients = childOf("clients.child.ts");
  stack.defer(() => clients.end());

  const names = Array.from({ length: components }, (_, at) => `c-${at}`);
  let opened = 0;
  for (const component of names) {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    first.child.say({
      ask: "issue",
      component,
      publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
    });
    const svid = (await first.child.next()) as OpenStreams["svid"];
    const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const own = Math.min(each, streams - opened);
    clients.say({ port: second.port, component, streams: own, svid, key });
    await clients.next();
    opened += own;
    if (opened % 1_000 === 0) process.stderr.write(`${opened} streams open\n`);
  }
  // Streams that have just begun are looked at with every change; these have lasted, as live ones do.
  await sleep(1_500 + streams / 5);
  second.child.say({ ask: "live" });
  const { live, rssBytes } = (await second.child.next()) as { live: number; rssBytes: number };
  if (live !== streams) throw new Error(`${live} streams are live, not ${streams}`);

  const took: number[] = [];
  const changes = Math.min(30, Math.floor(components / 2));
  for (let round = 0; round < changes; round++) {
    const component = names[round] as string;
    const kind = changeKinds[round % changeKinds.length] as ChangeKind;
    const own = await change(first.child, clients, kind, component, each);
    if (process.env["CORDON_BENCH_VERBOSE"] !== undefined)
      process.stderr.write(`${kind}: ${own.map((ms) => ms.toFixed(1)).join(" ")}\n`);
    took.push(...own);
  }
  const left = streams - took.length;
  const atOnce = await change(first.child, clients, "isolation-of-resource", "chat", left);
  return {
    ...{ streams, processes, changes, cut: took.length },
    p50Ms: percentile(took, 50),
    p99Ms: percentile(took, 99),
    maxMs: Math.max(...took),
    atOnce: { cut: atOnce.length, p50Ms: percentile(atOnce, 50), p99Ms: percentile(atOnce, 99) },
    rssMiB: Math.round(rssBytes / 2 ** 20),
  };
}

/** Makes a change; how long each stream took to end. Any other stream that ends is a failure. */
async function change(
  cordon: Child,
  clients: Child,
  kind: ChangeKind,
  component: string,
  expected: number,
): Promise<number[]> {
  cordon.say({ ask: "change", kind, component });
  const { askedAt } = (await cordon.next()) as { askedAt: number };
  const ends: [string, number][] = [];
  for (let waited = 0; ends.length < expected; waited += 50) {
    await sleep(50);
    clients.say({ ask: "closed" });
    ends.push(...((await clients.next()) as { closed: [string, number][] }).closed);
    if (waited > 60_000) throw new Error(`${kind}: ${ends.length} of ${expected} streams were cut`);
  }
  const stray = ends.find(([name]) => kind !== "isolation-of-resource" && name !== component);
  if (stray !== undefined) throw new Error(`${kind} of ${component} cut a stream of ${stray[0]}`);
  return ends.map(([, at]) => at - askedAt);
}

interface Child {
  say(message: Ask | OpenStreams | object): void;
  next(): Promise<unknown>;
  end(): Promise<void>;
}

function childOf(file: string): Child {
  const child: ChildProcess = fork(new URL(file, import.meta.url), {
    serialization: "advanced",
    execArgv: ["--max-old-space-size=8192"],
  });
  const answers: unknown[] = [];
  const waiting: ((answer: unknown) => void)[] = [];
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.on("message", (answer: unknown) => {
    const next = waiting.shift();
    if (next === undefined) answers.push(answer);
    else next(answer);
  });
  return {
    say: (message) => void child.send(message),
    async next() {
      const known = answers.shift();
      const answer =
        known ??
        (await Promise.race([
          new Promise((resolve) => waiting.push(resolve)),
          ended.then(() => ({ error: `${file} ended` })),
        ]));
      const { error } = answer as { error?: string };
      if (error !== undefined) throw new Error(error);
      return answer;
    },
    async end() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function configuration(
  name: string,
  upstreamPort: number,
  components: number,
  folder: string,
  storeUrl?: string,
): string {
  const clients = Array.from({ length: components }, (_, at) => `  - { name: c-${at}, kind: agent, boundary: api }\n`);
  const store = storeUrl === undefined ? "" : "store: { url: { env: BENCH_STORE } }\n";
  return `version: 1
trustDomain: bench.example
state: ./state-${name}
${store}keys: { root: { file: "${join(folder, "root.key")}" } }
gateway: { listen: "127.0.0.1:0", drainSeconds: 0, limits: { connections: 50000 } }
console: { enabled: false }
components:
  - { name: gateway, kind: service, boundary: api }
  - { name: chat, kind: endpoint, boundary: model }
${clients.join("")}upstreams:
  - { name: chat, url: "http://127.0.0.1:${upstreamPort}", authentication: loopback, timeouts: { idleMs: 3600000 } }
routes:
  - { name: chat, kind: openai, path: /v1, models: { m: { component: chat, upstream: chat } } }
policies:
  - { name: inline, text: '@id("infers") permit (principal, action == Action::"infer", resource);' }
`;
}

/** Of this process, which its children inherit. */
function openFilesLimit(): number {
  const line = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
  return Number(line?.[1] ?? 1_024);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
