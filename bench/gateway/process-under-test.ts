/**
 * A process that is measured: started with every thread on one CPU, asked now and then what it has used. In: its file
 * and what it is given. Out: its port, and its use of CPU and memory. Both sides of the conversation are here.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";

/** What a process under test says of itself. CPU over all its threads. */
export interface Usage {
  readonly cpuMicros: number;
  readonly rssBytes: number;
}

export interface ProcessUnderTest extends AsyncDisposable {
  readonly port: number;
  usage(): Promise<Usage>;
}

/** The CPU for the process under test, and that for load generator and upstream. */
export const testedCpu = "0";
const loadCpu = "1";

/** Pins this process, all threads, to the load's CPU. False where `taskset` is missing: figures are not of one core then. */
export function pinLoadGenerator(): boolean {
  return spawnSync("taskset", ["-a", "-c", "-p", loadCpu, String(process.pid)]).status === 0;
}

/** How Node is started for a process under test. */
export interface NodeStart {
  readonly flags: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** As `cordon up` starts it, by the same file. */
export async function asCordonStarts(): Promise<NodeStart> {
  const flags = (await import(new URL("../../bin/runtime-flags.js", import.meta.url).href)) as {
    nodeFlags: readonly string[];
    nodeEnvironment(command: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
  };
  return { flags: flags.nodeFlags, env: flags.nodeEnvironment("up", process.env) };
}

/** @param input handed to the process as its first message */
export async function startUnderTest(
  file: URL,
  input: unknown,
  pinned: boolean,
  { flags, env }: NodeStart = { flags: [], env: process.env },
): Promise<ProcessUnderTest> {
  const own = process.env["CORDON_BENCH_NODE_OPTIONS"]?.split(" ") ?? [];
  const node = [process.execPath, ...flags, ...own, file.pathname];
  const [command = "", ...args] = pinned ? ["taskset", "-c", testedCpu, ...node] : node;
  const stdio = ["ignore", "inherit", "inherit", "ipc"] as const;
  const child = spawn(command, args, { stdio: [...stdio], serialization: "advanced", env });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.send(input as object);
  const { port } = (await answerOf(child)) as { port: number };
  return {
    port,
    async usage() {
      child.send({ ask: "usage" });
      return (await answerOf(child)) as Usage;
    },
    async [Symbol.asyncDispose]() {
      child.send({ ask: "end" });
      const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

function answerOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`the process under test ended with ${code}`));
    child.once("exit", onExit);
    child.once("message", (message) => {
      child.off("exit", onExit);
      resolve(message);
    });
  });
}

/** The other side: starts what `open` says, answers until told to end. */
export function serveUnderTest(
  open: (input: unknown) => Promise<{
    readonly port: number;
    close(): Promise<void>;
  }>,
): void {
  process.once("disconnect", () => process.exit(1)); // never outlive the benchmark
  process.once("message", (input) => {
    void open(input).then((opened) => {
      process.on("message", (message: { ask: "usage" | "end" }) => {
        if (message.ask === "end") return void opened.close().then(() => process.exit(0));
        const { user, system } = process.cpuUsage();
        const usage: Usage = {
          cpuMicros: user + system,
          rssBytes: process.memoryUsage.rss(),
        };
        process.send?.(usage);
      });
      process.send?.({ port: opened.port });
    });
  });
}
