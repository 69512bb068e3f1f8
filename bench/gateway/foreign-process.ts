/**
 * A measured program that is not ours: it takes part in no conversation, so its use of CPU and memory is read from
 * `/proc`. In: a command, and the port on which it will listen. Out: a {@link ProcessUnderTest}.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { testedCpu, type ProcessUnderTest, type Usage } from "./process-under-test.ts";

export interface ForeignProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts a program that is not ours: one process, that listens on `port`. What it says is shown where it does not start. */
export async function startForeign(program: ForeignProgram, port: number, pinned: boolean): Promise<ProcessUnderTest> {
  const whole = [program.command, ...program.args];
  const [command = "", ...args] = pinned ? ["taskset", "-c", testedCpu, ...whole] : whole;
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...program.env } });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.once("error", (error) => (said += error.message));
  const patience = performance.now() + 20_000;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || child.pid === undefined || performance.now() > patience) {
      child.kill("SIGKILL");
      throw new Error(`${program.command} does not listen on ${port}: ${said.trim()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    port,
    usage: async () => usageOf(child.pid ?? 0),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** Linux counts a process's CPU time in hundredths of a second. */
const tickMicros = 10_000;

function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [utime = 0, stime = 0] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return { cpuMicros: (utime + stime) * tickMicros, rssBytes: Number(resident?.[1]) * 1024 };
}
