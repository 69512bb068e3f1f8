/**
 * Agents as they run for real: `cordon up` and `cordon agent` as processes of their own, and workloads that are programs
 * of their own. In: registrations. Out: handles to start, kill and start them again.
 *
 * A workload here is a copy of the Node runtime under a name of its own: to the kernel, and so to an agent, that is a
 * program like any other. A second copy with a byte more is the same program with another digest.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, chmodSync, copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { controlClient, type ControlClient } from "@cordon/agent/run/control-client";

export const program = join(import.meta.dirname, "..", "..", "..", "packages", "cli", "main.ts");
const workloadProgram = join(import.meta.dirname, "workload.child.ts");

export interface AgentEstateOptions {
  /** YAML items of `components`, besides the gateway. `${good}` and the like are not expanded: build the text yourself. */
  readonly components: (facts: EstateFacts) => string;
  /** More top-level YAML. */
  readonly extra?: string;
  readonly identity?: string;
  readonly agents?: string;
  readonly policies?: string;
}

export interface EstateFacts {
  readonly folder: string;
  readonly uid: number;
  /** A program, and its SHA-256. */
  readonly good: string;
  readonly goodDigest: string;
  /** The same program with another digest. */
  readonly evil: string;
}

export interface AgentEstate extends AsyncDisposable, EstateFacts {
  readonly control: ControlClient;
  readonly controlUrl: string;
  /** Starts the control plane; resolves once it answers. */
  startControl(): Promise<ChildProcess>;
  /** Starts an agent; enrols it by join token the first time. */
  startAgent(node: string, args?: readonly string[], env?: Readonly<Record<string, string>>): Promise<AgentProcess>;
  /** Starts a workload that asks an agent, and hears what it says. */
  startWorkload(executable: string, args: readonly string[], options?: WorkloadOptions): Workload;
}

export interface AgentProcess {
  readonly socketPath: string;
  readonly child: ChildProcess;
  readonly said: () => string;
}

export interface WorkloadOptions {
  readonly uid?: number;
}

export interface Workload {
  readonly child: ChildProcess;
  /** What it said, one JSON value a line. */
  readonly heard: readonly Heard[];
  /** The next thing it says that `wanted` likes, said already or not. */
  hear(wanted: (one: Heard) => boolean, what: string, timeoutMs?: number): Promise<Heard>;
  readonly ended: Promise<number | null>;
}

export interface Heard {
  readonly event: string;
  readonly [name: string]: unknown;
}

export async function openAgentEstate(options: AgentEstateOptions): Promise<AgentEstate> {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "cordon-agent-"));
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "bin"), { mode: 0o755 });
  const [good, evil] = [join(folder, "bin", "assistant"), join(folder, "bin", "impostor")];
  copyFileSync(process.execPath, good);
  copyFileSync(process.execPath, evil);
  appendFileSync(evil, "x");
  for (const file of [good, evil]) chmodSync(file, 0o755);
  const goodDigest = createHash("sha256").update(readFileSync(good)).digest("hex");
  const facts: EstateFacts = { folder, uid: process.getuid?.() ?? 0, good, goodDigest, evil };
  const [agentsPort, gatewayPort] = [await freePort(), await freePort()];
  const controlUrl = `https://127.0.0.1:${agentsPort}`;
  await writeFile(
    join(folder, "cordon.yaml"),
    `version: 1
trustDomain: test.example
state: ./state
gateway: { listen: "127.0.0.1:${gatewayPort}", drainSeconds: 0 }
console: { enabled: false }
agents: { listen: "127.0.0.1:${agentsPort}"${options.agents ?? ""} }
identity: ${options.identity ?? "{ svidTtlSeconds: 3600 }"}
components:
  - { name: gateway, kind: service, boundary: api }
${options.components(facts)}
policies:
  - { file: policies.cedar }
${options.extra ?? ""}`,
  );
  await writeFile(join(folder, "policies.cedar"), options.policies ?? "");

  const children = new Set<ChildProcess>();
  const track = (child: ChildProcess): ChildProcess => {
    children.add(child);
    child.once("exit", () => children.delete(child));
    return child;
  };
  opening.defer(async () => {
    await Promise.all([...children].map((child) => stop(child)));
  });
  const socketPath = join(folder, "state", "control.sock");
  const control = controlClient(socketPath, { timeoutMs: 2_000 });
  const owned = opening.move();
  const nodes = new Set<string>();

  return {
    ...facts,
    control,
    controlUrl,
    async startControl() {
      const child = track(
        spawn(process.execPath, [program, "up", "--config", join(folder, "cordon.yaml"), "--log", "text"], {
          env: { PATH: process.env["PATH"] },
          stdio: ["ignore", "ignore", "pipe"],
        }),
      );
      const said = gather(child);
      await answers(child, said, () => control.status());
      return child;
    },
    async startAgent(node, args, env = {}) {
      const agentSocket = join(folder, `${node}.sock`);
      const enrolled: string[] = [];
      if (args === undefined && !nodes.has(node)) {
        const { token } = await control.newJoinToken({ node });
        const file = join(folder, `${node}.token`);
        await writeFile(file, token, { mode: 0o600 });
        enrolled.push("--join-token-file", file);
      }
      nodes.add(node);
      const paths = ["--socket", agentSocket, "--folder", join(folder, `node-${node}`)];
      const child = track(
        spawn(process.execPath, [program, "agent", "--control", controlUrl, ...paths, ...enrolled, ...(args ?? [])], {
          env: { PATH: process.env["PATH"], ...env },
          stdio: ["ignore", "pipe", "pipe"],
        }),
      );
      const said = gather(child);
      await answers(child, said, () =>
        said().includes("serving unix://") ? Promise.resolve() : Promise.reject(new Error("not yet")),
      );
      return { socketPath: agentSocket, child, said };
    },
    startWorkload(executable, args, { uid } = {}) {
      const child = track(
        spawn(executable, [workloadProgram, ...args], {
          env: { PATH: process.env["PATH"] },
          stdio: ["pipe", "pipe", "inherit"],
          ...(uid === undefined ? {} : { uid }),
        }),
      );
      return listenTo(child);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export async function stop(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await gone;
  clearTimeout(timer);
}

/** Hears the lines of JSON that a process says. */
export function listenTo(child: ChildProcess): Workload {
  const heard: Heard[] = [];
  const waiting = new Set<() => void>();
  let rest = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("{")) heard.push(JSON.parse(line) as Heard);
    for (const look of waiting) look();
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  return {
    child,
    heard,
    ended,
    hear(wanted, what, timeoutMs = 20_000) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`it was never heard: ${what}; heard ${JSON.stringify(heard).slice(0, 2000)}`));
        }, timeoutMs);
        const look = (): void => {
          const found = heard.find(wanted);
          if (found === undefined) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      });
    },
  };
}

function gather(child: ChildProcess): () => string {
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return () => said;
}

async function answers(child: ChildProcess, said: () => string, ask: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${said()}`);
    const well = await ask().then(
      () => true,
      () => false,
    );
    if (well) return;
    await sleep(100);
  }
  throw new Error(`it did not start: ${said()}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
